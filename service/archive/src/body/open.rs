// SPDX-License-Identifier: Apache-2.0

//! Opening: archive in, authenticated plaintext out, or the name of what broke.

use core::ops::Range;
use std::io::{self, Read, Seek, SeekFrom, Write};

use sealer_wire::{Error, ErrorCode, Result};

use super::diagnose::{Finding, diagnose};
use super::keys::{BodyHeader, BodyKey};
use super::{HEADER, SEGMENT, Structure, TAG, body_cut_short, segment_bytes};
use crate::dek::Dek;
use crate::frame::{Header, read_header};
use crate::job::Job;
use crate::output::Output;
use crate::pipeline::{self, LOOK_AHEAD, Segment, Work};
use crate::stream::{read_error, read_full};

/// What a wholly authenticated body had in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Bytes of plaintext handed out.
    pub plaintext_bytes: u64,
    /// Segments of the body, 1 or more.
    pub segments: u64,
}

/// Opens the body behind `header` and writes its plaintext to `output`.
///
/// `input` stands at the body ([`read_header`] leaves it there) and is read to its end. `output`
/// gets authenticated segments only, a stream in order. Success means that the last segment verified and
/// nothing follows it; after an error a stream got an authenticated prefix, a file also parts of it
/// only, of which the caller must not make a restored file.
///
/// Errors, with what each one promises:
/// - `TRUNCATED`: bytes are missing at the end. Certain for a cut at a segment boundary, inside
///   the body's header or inside the first 16 bytes of a segment. A cut elsewhere looks like a
///   changed last segment; it is told apart where [`Header::recorded_bytes`] is known.
/// - `TRAILING_DATA`: the whole body is there and verifies, and bytes follow it.
/// - `SEGMENT_TAMPERED`: a segment does not authenticate. The text says so where it is a segment
///   of this body at the wrong place (swapped, repeated, left out). Also what a wrong key or
///   another archive's core comes to, in segment 0.
/// - `CANCELLED`, `NO_SPACE`, `IO`, `INTERNAL`.
pub fn open_body<W: Write + Send>(
    job: &Job,
    header: &Header,
    dek: &Dek,
    mut input: impl Read + Send,
    output: impl Into<Output<W>>,
) -> Result<Opened> {
    let mut bytes = [0; HEADER];
    if read_full(job, &mut input, &mut bytes)? < HEADER {
        return Err(body_cut_short());
    }
    let key = BodyKey::derive(dek, &BodyHeader::decode(&bytes)?, &header.associated_data())?;
    let recorded_segments_bytes = header
        .recorded_bytes
        .map(|archive| archive.saturating_sub(header.body_offset() + HEADER as u64));
    let totals = pipeline::run(
        job,
        &Opening {
            key,
            recorded_segments_bytes,
        },
        input,
        output.into(),
    )?;
    Ok(Opened {
        plaintext_bytes: totals.plaintext_bytes,
        segments: totals.segments,
    })
}

/// [`open_body`] without handing anything out: the full verification of an archive.
pub fn verify_body(
    job: &Job,
    header: &Header,
    dek: &Dek,
    input: impl Read + Send,
) -> Result<Opened> {
    open_body(job, header, dek, input, io::sink())
}

/// Reads the header of the archive that `input` stands at and computes its structure from its
/// length. No key is needed and nothing is authenticated. Leaves `input` at the body.
///
/// A cut that leaves a possible length cannot be seen by this.
/// Errors: those of [`read_header`], `SEGMENT_TAMPERED` (the body's length byte), `TRUNCATED`,
/// `TOO_LARGE` (more than 2^32 segments).
pub fn structure(input: &mut (impl Read + Seek)) -> Result<(Header, Structure)> {
    let seek = |error: io::Error| read_error(&error);
    let header = read_header(input)?;
    let body = input.stream_position().map_err(seek)?;
    let end = input.seek(SeekFrom::End(0)).map_err(seek)?;
    input.seek(SeekFrom::Start(body)).map_err(seek)?;
    let structure = Structure::from_body_bytes(end.saturating_sub(body)).ok_or_else(|| {
        if end.saturating_sub(body) > Structure::MAX_BODY_BYTES {
            return Error::new(ErrorCode::TooLarge, "more than 2^32 segments");
        }
        body_cut_short()
    })?;
    let mut bytes = [0; HEADER];
    input.read_exact(&mut bytes).map_err(seek)?;
    BodyHeader::decode(&bytes)?;
    input.seek(SeekFrom::Start(body)).map_err(seek)?;
    Ok((header, structure))
}

struct Opening {
    key: BodyKey,
    /// Bytes of all segments, where the catalogue knows.
    recorded_segments_bytes: Option<u64>,
}

impl Work for Opening {
    type Permit = ();
    type State = ();

    /// Plaintext is made beside the ciphertext, which so remains for a diagnosis.
    const INPUT_AT: usize = SEGMENT;
    const BUFFER: usize = 2 * SEGMENT + LOOK_AHEAD;

    fn input_bytes(index: u32) -> usize {
        segment_bytes(index)
    }

    fn permit((): &mut ()) -> Result<()> {
        Ok(())
    }

    fn work(&self, (): (), segment: &Segment, buffer: &mut [u8]) -> Result<(Range<usize>, usize)> {
        // A later segment without content is one that nobody writes: the rest of it is missing.
        let least = if segment.index == 0 { TAG } else { TAG + 1 };
        if segment.length < least {
            return Err(body_cut_short());
        }
        let defect = || Error::new(ErrorCode::Internal, "a segment does not fit its buffer");
        let end = Self::INPUT_AT + segment.length;
        let buffer = buffer.get_mut(..end).ok_or_else(defect)?;
        if self
            .key
            .open(segment.index, segment.last, buffer, Self::INPUT_AT)
        {
            let plaintext = segment.length - TAG;
            return Ok((0..plaintext, plaintext));
        }
        let ciphertext = buffer.get(Self::INPUT_AT..).ok_or_else(defect)?;
        Err(self.refusal(segment, diagnose(&self.key, segment, ciphertext)))
    }
}

impl Opening {
    fn refusal(&self, segment: &Segment, finding: Finding) -> Error {
        let index = segment.index;
        let (code, detail) = match finding {
            Finding::MoreExpected => (
                ErrorCode::Truncated,
                format!("cut behind segment {index}, which is not the last one"),
            ),
            Finding::EndsAt(length) if segment.last => (
                ErrorCode::TrailingData,
                format!("{} bytes follow the last segment", segment.length - length),
            ),
            Finding::EndsAt(_) => (
                ErrorCode::TrailingData,
                "bytes follow the last segment".to_string(),
            ),
            Finding::Misplaced(other) => (
                ErrorCode::SegmentTampered,
                format!("segment {other} stands at the place of segment {index}"),
            ),
            Finding::Unknown => self.by_length(segment),
        };
        let mut refusal = Error::from(code);
        refusal.detail = detail.into();
        refusal
    }

    /// The last resort: what the archive's recorded length says about a segment that is like none
    /// of this body.
    fn by_length(&self, segment: &Segment) -> (ErrorCode, String) {
        let index = segment.index;
        if !segment.last {
            return (
                ErrorCode::SegmentTampered,
                format!("segment {index} does not authenticate"),
            );
        }
        let present = segment.offset + segment.length as u64;
        match self.recorded_segments_bytes {
            Some(recorded) if present < recorded => (
                ErrorCode::Truncated,
                format!(
                    "cut inside segment {index}: {} bytes are missing",
                    recorded - present
                ),
            ),
            Some(_) => (
                ErrorCode::SegmentTampered,
                format!("segment {index} does not authenticate"),
            ),
            None => (
                ErrorCode::SegmentTampered,
                format!("segment {index}, where the archive ends, was changed or cut"),
            ),
        }
    }
}
