// SPDX-License-Identifier: Apache-2.0

//! Where bytes go: a stream, in order, or a regular file, each segment at its place.
//!
//! Most of the time of a large operation goes into the system copying to the page cache. A stream
//! has one position, so that is one thread's work at a time; a file takes it from all at once.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sealer_wire::{Error, ErrorCode, Result};

use crate::job::Job;
use crate::stream::write_error;

/// An output of [`crate::write_archive`] and [`crate::open_body`]. A writer becomes one by itself.
#[derive(Debug)]
pub enum Output<W> {
    /// Gets bytes in order, and is flushed.
    Stream(W),
    /// Is written from position 0 on, by several threads.
    File(OutputFile),
}

impl<W: Write> From<W> for Output<W> {
    fn from(stream: W) -> Output<W> {
        Output::Stream(stream)
    }
}

impl<W: Write> Output<W> {
    /// Writes what comes before the segments. No `Write` of `Output` itself: a reference to an
    /// output would be taken for a stream.
    pub(crate) fn head(&mut self) -> Head<'_, W> {
        Head(self)
    }
}

/// One writer after another.
pub(crate) struct Head<'a, W>(&'a mut Output<W>);

impl<W: Write> Write for Head<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0 {
            Output::Stream(stream) => stream.write(bytes),
            Output::File(file) => {
                let count = file.file.write_at(bytes, file.position)?;
                file.position += count as u64;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {
            Output::Stream(stream) => stream.flush(),
            Output::File(_) => Ok(()),
        }
    }
}

/// A regular file with a position of its own. Whoever else has the file open keeps theirs.
#[derive(Debug)]
pub struct OutputFile {
    file: Arc<File>,
    position: u64,
}

impl OutputFile {
    /// `file` must be a regular one, open for writing and not for appending, where a write has no
    /// place.
    pub fn new(file: File) -> OutputFile {
        OutputFile {
            file: Arc::new(file),
            position: 0,
        }
    }

    /// Leaves the next `bytes` to the caller, who fills them at any time.
    ///
    /// Errors: `TOO_LARGE` beyond what a file can have.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<Place> {
        let place = Place {
            file: Arc::clone(&self.file),
            position: self.position,
        };
        self.position = u64::try_from(bytes)
            .ok()
            .and_then(|bytes| self.position.checked_add(bytes))
            .ok_or_else(|| Error::from(ErrorCode::TooLarge))?;
        Ok(place)
    }
}

/// A part of a file that is one thread's to write.
pub(crate) struct Place {
    file: Arc<File>,
    position: u64,
}

impl Place {
    /// Errors: `CANCELLED`, `NO_SPACE`, `IO`.
    pub(crate) fn fill(mut self, job: &Job, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            job.check()?;
            match self.file.write_at(bytes, self.position) {
                Ok(0) => return Err(Error::new(ErrorCode::Io, "the output takes no more bytes")),
                Ok(count) => {
                    self.position += count as u64;
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    job.check()?;
                    return Err(write_error(&error));
                }
            }
        }
        Ok(())
    }
}
