// SPDX-License-Identifier: Apache-2.0

//! Framing: magic, lengths, core and key part (`archive-format.md`, first line).

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use sealer_wire::{Error, ErrorCode, Result, limits};
use sha2::{Digest, Sha256};

use crate::body::{Structure, body_cut_short};
use crate::job::Job;
use crate::output::Output;
use crate::stream::{copy_error, read_error, write_full};

/// The first bytes of an archive of format version 1.
pub const MAGIC: [u8; 4] = *b"PKB1";

/// How much of a body is copied between two looks at the job.
const COPY_STEP: u64 = 16 << 20;
/// Buffer of the copy.
const COPY_BUFFER: usize = 1 << 20;

/// A header as it stands in the file. Nothing in it is authenticated yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// CBOR of `sealer_wire::header::Core`, 1 to [`limits::CORE`] bytes.
    pub core: Vec<u8>,
    /// CBOR of `sealer_wire::header::SignedKeyPart`, 1 to [`limits::KEY_PART`] bytes.
    pub key_part: Vec<u8>,
    /// Length of the whole archive in bytes where a catalogue recorded it.
    ///
    /// Only used to name a failure: a last segment that does not authenticate may have been cut
    /// or changed, and without the length nobody can tell which.
    pub recorded_bytes: Option<u64>,
}

impl Header {
    /// Where the body begins, in bytes from the start of the file.
    pub fn body_offset(&self) -> u64 {
        let bytes = MAGIC.len() + 4 + self.core.len() + 4 + self.key_part.len();
        bytes as u64
    }

    /// The associated data of the body: see [`associated_data`].
    pub fn associated_data(&self) -> [u8; 32] {
        associated_data(&self.core)
    }
}

/// SHA-256 of magic, core length and core: what ties a body to its core.
pub fn associated_data(core: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(MAGIC);
    // A core is at most 8 KiB wherever it came from; a longer one matches no archive.
    hash.update(u32::try_from(core.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(core);
    hash.finalize().into()
}

/// Reads a header and leaves `input` at the first byte of the body.
///
/// Lengths are checked before anything is allocated.
/// Errors: `NOT_AN_ARCHIVE` (other or too short magic), `UNSUPPORTED_VERSION` (`PKB2` to `PKB9`),
/// `TRUNCATED`, `TOO_LARGE` (a length above its limit), `HEADER_TAMPERED` (an empty part), `IO`.
pub fn read_header(input: &mut impl Read) -> Result<Header> {
    let mut magic = [0; 4];
    match read_exact(input, &mut magic) {
        Err(error) if error.code == ErrorCode::Truncated => {
            return Err(Error::new(
                ErrorCode::NotAnArchive,
                "shorter than the magic number",
            ));
        }
        other => other?,
    }
    match magic {
        MAGIC => {}
        [b'P', b'K', b'B', b'2'..=b'9'] => {
            return Err(Error::new(
                ErrorCode::UnsupportedVersion,
                "a later archive format",
            ));
        }
        _ => {
            return Err(Error::new(
                ErrorCode::NotAnArchive,
                "the magic number is missing",
            ));
        }
    }
    let core = read_part(input, limits::CORE, "the core has more than 8 KiB")?;
    let key_part = read_part(input, limits::KEY_PART, "the key part has more than 64 KiB")?;
    Ok(Header {
        core,
        key_part,
        recorded_bytes: None,
    })
}

/// Writes a header and returns its length in bytes.
///
/// Errors: `TOO_LARGE`, `BAD_REQUEST` (an empty part), `CANCELLED`, `NO_SPACE`, `IO`.
pub fn write_header(
    job: &Job,
    core: &[u8],
    key_part: &[u8],
    output: &mut impl Write,
) -> Result<u64> {
    let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + limits::CORE + limits::KEY_PART);
    bytes.extend_from_slice(&MAGIC);
    put_part(
        &mut bytes,
        core,
        limits::CORE,
        "the core has more than 8 KiB",
    )?;
    put_part(
        &mut bytes,
        key_part,
        limits::KEY_PART,
        "the key part has more than 64 KiB",
    )?;
    write_full(job, output, &bytes)?;
    Ok(bytes.len() as u64)
}

/// Copies an archive with another key part: same core, same body bytes. Returns the new length.
///
/// `input` stands at the start of an archive. The body is not authenticated, only its length is
/// checked. The job's progress counts body bytes.
/// Errors: those of [`read_header`] and [`write_header`], `TRUNCATED` for an impossible length.
pub fn replace_key_part<R: Read, W: Write>(
    job: &Job,
    input: &mut R,
    new_key_part: &[u8],
    output: impl Into<Output<W>>,
) -> Result<u64> {
    let header = read_header(input)?;
    let mut output = output.into();
    let mut writer = BufWriter::with_capacity(COPY_BUFFER, output.head());
    let header_bytes = write_header(job, &header.core, new_key_part, &mut writer)?;
    let failed = |error: &io::Error| {
        // What a cancelled descriptor says is not why.
        job.check().err().unwrap_or_else(|| copy_error(error))
    };
    let mut body_bytes = 0;
    loop {
        job.check()?;
        // `copy` continues after EINTR and short counts.
        let step = io::copy(&mut input.by_ref().take(COPY_STEP), &mut writer)
            .map_err(|error| failed(&error))?;
        if step == 0 {
            break;
        }
        body_bytes += step;
        job.advance(step);
    }
    Structure::from_body_bytes(body_bytes).ok_or_else(body_cut_short)?;
    writer.flush().map_err(|error| failed(&error))?;
    Ok(header_bytes + body_bytes)
}

fn put_part(bytes: &mut Vec<u8>, part: &[u8], limit: usize, too_large: &'static str) -> Result<()> {
    let length = match u32::try_from(part.len()) {
        Ok(0) => {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "an empty part of a header",
            ));
        }
        Ok(length) if part.len() <= limit => length,
        _ => return Err(Error::new(ErrorCode::TooLarge, too_large)),
    };
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

fn read_part(input: &mut impl Read, limit: usize, too_large: &'static str) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    read_exact(input, &mut length)?;
    let length = match usize::try_from(u32::from_be_bytes(length)) {
        Ok(0) => {
            return Err(Error::new(
                ErrorCode::HeaderTampered,
                "an empty part of the header",
            ));
        }
        Ok(length) if length <= limit => length,
        _ => return Err(Error::new(ErrorCode::TooLarge, too_large)),
    };
    let mut part = vec![0; length];
    read_exact(input, &mut part)?;
    Ok(part)
}

fn read_exact(input: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    // `read_exact` continues after EINTR.
    input
        .read_exact(buffer)
        .map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Error::new(ErrorCode::Truncated, "cut inside the header"),
            _ => read_error(&error),
        })
}
