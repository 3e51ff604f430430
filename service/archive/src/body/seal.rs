// SPDX-License-Identifier: Apache-2.0

//! Sealing: plaintext in, archive out.

use core::ops::Range;
use std::io::{Read, Write};

use sealer_wire::Result;

use super::keys::{BodyHeader, BodyKey, Slot, Slots};
use super::{HEADER, SEGMENT, TAG, segment_bytes};
use crate::dek::Dek;
use crate::frame::{associated_data, write_header};
use crate::job::Job;
use crate::output::Output;
use crate::pipeline::{self, LOOK_AHEAD, Segment, Work};
use crate::stream::write_full;

/// What a finished backup consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of plaintext read.
    pub plaintext_bytes: u64,
    /// Bytes of the whole archive, header included.
    pub archive_bytes: u64,
    /// Segments of the body, 1 or more.
    pub segments: u64,
}

/// Writes an archive: header, then everything that `input` has until it ends, sealed.
///
/// `core` and `key_part` are the sealer's CBOR, at most 8 KiB and 64 KiB. The key is used up.
/// `output` is neither synced nor renamed here; what it got
/// before an error is not an archive and never opens as one.
///
/// Errors: `TOO_LARGE` (a header part above its limit, 2^32 segments), `BAD_REQUEST` (an empty
/// header part), `CANCELLED`, `NO_SPACE`, `IO` (any error of `input` or `output` but EINTR),
/// `INTERNAL`.
pub fn write_archive<W: Write + Send>(
    job: &Job,
    core: &[u8],
    key_part: &[u8],
    dek: Dek,
    input: impl Read + Send,
    output: impl Into<Output<W>>,
) -> Result<Written> {
    let mut output = output.into();
    let header_bytes = write_header(job, core, key_part, &mut output.head())?;
    let header = BodyHeader::random()?;
    let (plaintext_bytes, body_bytes, segments) =
        seal_body(job, &associated_data(core), dek, &header, input, output)?;
    Ok(Written {
        plaintext_bytes,
        archive_bytes: header_bytes + body_bytes,
        segments,
    })
}

/// Seals a body; returns bytes of plaintext, bytes of the body and segments.
///
/// `header` must be fresh: it decides, with the key, which nonces are used.
pub(crate) fn seal_body(
    job: &Job,
    ad: &[u8; 32],
    dek: Dek,
    header: &BodyHeader,
    input: impl Read + Send,
    mut output: Output<impl Write + Send>,
) -> Result<(u64, u64, u64)> {
    let key = BodyKey::derive(&dek, header, ad)?;
    drop(dek);
    write_full(job, &mut output.head(), &header.encode())?;
    let totals = pipeline::run(job, &Sealing { key }, input, output)?;
    Ok((
        totals.plaintext_bytes,
        HEADER as u64 + totals.output_bytes,
        totals.segments,
    ))
}

struct Sealing {
    key: BodyKey,
}

impl Work for Sealing {
    type Permit = Slot;
    type State = Slots;

    const INPUT_AT: usize = 0;
    const BUFFER: usize = SEGMENT + LOOK_AHEAD;

    fn input_bytes(index: u32) -> usize {
        segment_bytes(index) - TAG
    }

    fn permit(slots: &mut Slots) -> Result<Slot> {
        slots.next()
    }

    fn work(
        &self,
        slot: Slot,
        segment: &Segment,
        buffer: &mut [u8],
    ) -> Result<(Range<usize>, usize)> {
        let sealed = self.key.seal(slot, segment.last, buffer, segment.length)?;
        Ok((sealed, segment.length))
    }
}
