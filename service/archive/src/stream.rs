// SPDX-License-Identifier: Apache-2.0

//! Reading and writing to the end: short counts and EINTR continued, failures named once.

use std::io::{self, ErrorKind, Read, Write};

use sealer_wire::{Error, ErrorCode, Result};

use crate::job::Job;

/// Reads until `buffer` is full or the input ends; returns the bytes read.
pub(crate) fn read_full(job: &Job, input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        job.check()?;
        match input.read(rest) {
            Ok(0) => break,
            // A reader that claims more than it was given is not believed.
            Ok(count) => filled += count.min(rest.len()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                job.check()?;
                return Err(read_error(&error));
            }
        }
    }
    Ok(filled)
}

/// Writes all of `bytes`.
pub(crate) fn write_full(job: &Job, output: &mut impl Write, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        job.check()?;
        match output.write(bytes) {
            Ok(0) => return Err(Error::new(ErrorCode::Io, "the output takes no more bytes")),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                job.check()?;
                return Err(write_error(&error));
            }
        }
    }
    Ok(())
}

/// `IO`, naming the input.
pub(crate) fn read_error(error: &io::Error) -> Error {
    with_cause(ErrorCode::Io, "reading the input", error)
}

/// `NO_SPACE` for a full medium or quota, `IO` for the rest, naming the output.
pub(crate) fn write_error(error: &io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
        _ => ErrorCode::Io,
    };
    with_cause(code, "writing the output", error)
}

/// A failed copy, where the system does not tell which side failed: only an output runs full.
pub(crate) fn copy_error(error: &io::Error) -> Error {
    with_cause(write_error(error).code, "copying the body", error)
}

fn with_cause(code: ErrorCode, what: &str, error: &io::Error) -> Error {
    let mut refusal = Error::from(code);
    refusal.detail = format!("{what}: {error}").into();
    refusal
}
