// SPDX-License-Identifier: Apache-2.0

//! Where the parts of an archive are, by the written format alone (`archive-format.md`).

use std::ops::Range;

/// Length of the body's header.
const BODY_HEADER: usize = 40;
/// A ciphertext segment; the first one is shorter by the body's header.
const SEGMENT: usize = 1 << 20;

/// Where the parts of an archive are in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The length of the core, four bytes.
    pub core_length: Range<usize>,
    /// The core.
    pub core: Range<usize>,
    /// The length of the key part, four bytes.
    pub key_part_length: Range<usize>,
    /// The key part.
    pub key_part: Range<usize>,
    /// The body's own header.
    pub body_header: Range<usize>,
    /// The ciphertext segments, in their order.
    pub segments: Vec<Range<usize>>,
}

impl Layout {
    /// Reads an archive that is whole.
    ///
    /// # Panics
    /// If it is not.
    pub fn of(archive: &[u8]) -> Layout {
        assert_eq!(&archive[..4], b"PKB1", "the magic number of an archive");
        let length = |at: usize| {
            let bytes = archive[at..at + 4].try_into().expect("four bytes");
            usize::try_from(u32::from_be_bytes(bytes)).expect("a length")
        };
        let core = 8..8 + length(4);
        let key_part = core.end + 4..core.end + 4 + length(core.end);
        let body_header = key_part.end..key_part.end + BODY_HEADER;
        let mut segments = Vec::new();
        let mut start = body_header.end;
        let mut end = body_header.start + SEGMENT;
        while start < archive.len() {
            segments.push(start..end.min(archive.len()));
            start = end;
            end += SEGMENT;
        }
        Layout {
            core_length: 4..8,
            key_part_length: core.end..core.end + 4,
            core,
            key_part,
            body_header,
            segments,
        }
    }
}
