// SPDX-License-Identifier: Apache-2.0

//! What the tests of the archive share: archives made through the public API, and odd streams.
#![allow(dead_code)]

use std::io::{self, ErrorKind, Read, Write};

use passkeybackup_archive::{Dek, Header, Job, Opened, open_body, read_header, write_archive};
use sealer_wire::{Error, Result};

pub const SEGMENT: usize = 1 << 20;
pub const FIRST: usize = SEGMENT - 56;
pub const NEXT: usize = SEGMENT - 16;
pub const CORE: &[u8] = b"an opaque core";
pub const KEY_PART: &[u8] = b"an opaque key part";

pub fn dek() -> Dek {
    Dek::take(&mut [0x42; 32]).unwrap()
}

/// Bytes that repeat nowhere within a segment.
pub fn plaintext(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub fn seal(plaintext: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    let written =
        write_archive(&Job::new(), CORE, KEY_PART, dek(), plaintext, &mut archive).unwrap();
    assert_eq!(written.archive_bytes, archive.len() as u64);
    assert_eq!(written.plaintext_bytes, plaintext.len() as u64);
    archive
}

/// Where segment `index` of an archive of [`seal`] begins.
pub fn segment_at(index: usize) -> usize {
    let body = 4 + 4 + CORE.len() + 4 + KEY_PART.len();
    body + if index == 0 { 40 } else { index * SEGMENT }
}

/// Opens with the right key; returns what came out and how it ended.
pub fn open(archive: &[u8]) -> (Vec<u8>, Result<Opened>) {
    open_recorded(archive, None)
}

pub fn open_recorded(archive: &[u8], recorded_bytes: Option<u64>) -> (Vec<u8>, Result<Opened>) {
    let mut input = archive;
    let mut output = Vec::new();
    let opened = read_header(&mut input).and_then(|header| {
        let header = Header {
            recorded_bytes,
            ..header
        };
        open_body(&Job::new(), &header, &dek(), input, &mut output)
    });
    (output, opened)
}

/// The refusal of a damaged archive; whatever came out must be whole segments of `plaintext`.
pub fn refusal(archive: &[u8], plaintext: &[u8]) -> Error {
    refusal_recorded(archive, plaintext, None)
}

pub fn refusal_recorded(archive: &[u8], plaintext: &[u8], recorded: Option<u64>) -> Error {
    let (output, opened) = open_recorded(archive, recorded);
    assert!(
        plaintext.starts_with(&output),
        "something unauthentic came out"
    );
    assert!(
        output.is_empty() || (output.len() - FIRST).is_multiple_of(NEXT) || output == plaintext
    );
    opened.expect_err("a damaged archive opened")
}

/// A stream that fails or misbehaves in the way a test asks for.
pub struct Odd<T> {
    pub inner: T,
    /// Bytes per call at most.
    pub chunk: usize,
    /// Every n-th call fails with EINTR.
    pub interrupt_every: Option<usize>,
    /// After so many bytes, this.
    pub fail: Option<(usize, ErrorKind)>,
    calls: usize,
    moved: usize,
}

impl<T> Odd<T> {
    pub fn new(inner: T) -> Odd<T> {
        Odd {
            inner,
            chunk: usize::MAX,
            interrupt_every: None,
            fail: None,
            calls: 0,
            moved: 0,
        }
    }

    fn next(&mut self, wanted: usize) -> io::Result<usize> {
        self.calls += 1;
        if self
            .interrupt_every
            .is_some_and(|every| self.calls.is_multiple_of(every))
        {
            return Err(ErrorKind::Interrupted.into());
        }
        let mut count = wanted.min(self.chunk);
        if let Some((after, kind)) = self.fail {
            count = count.min(after - self.moved);
            if count == 0 && wanted > 0 {
                return Err(kind.into());
            }
        }
        Ok(count)
    }
}

impl<T: Read> Read for Odd<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.next(buffer.len())?;
        let count = self.inner.read(&mut buffer[..count])?;
        self.moved += count;
        Ok(count)
    }
}

impl<T: Write> Write for Odd<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.next(bytes.len())?;
        let count = self.inner.write(&bytes[..count])?;
        self.moved += count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
