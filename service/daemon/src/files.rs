// SPDX-License-Identifier: Apache-2.0

//! What descriptors of clients may be, and how they are read and written.
//!
//! A descriptor shares its position with the client and with whoever else has it, so files are read
//! and written at positions of our own. Pipes, sockets and character devices are streams.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::time::{Duration, Instant};

use binder::ParcelFileDescriptor;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use passkeybackup_archive::{Job, Output, OutputFile};
use sealer_wire::{Error, ErrorCode, Result};

use crate::error;

/// How long the header of an archive may take to come through a pipe.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// A descriptor of a client that was looked at.
#[derive(Debug)]
pub struct Descriptor {
    file: File,
    regular: bool,
    /// Every write goes to its end, wherever it was meant to go.
    appends: bool,
    identity: (u64, u64),
    bytes: u64,
}

/// What it is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Descriptor {
    /// An input: a regular file or a stream that can be read. Errors: `BAD_REQUEST`, `IO`.
    pub fn input(fd: &ParcelFileDescriptor, what: &str) -> Result<Descriptor> {
        Descriptor::open(fd, what, Access::Read)
    }

    /// An input that is a regular file. Errors: `BAD_REQUEST`, `IO`.
    pub fn input_file(fd: &ParcelFileDescriptor, what: &str) -> Result<Descriptor> {
        let input = Descriptor::input(fd, what)?;
        if !input.regular {
            return Err(error(
                ErrorCode::BadRequest,
                format!("{what} is not a regular file"),
            ));
        }
        Ok(input)
    }

    /// An output: a regular file or a stream that can be written. Errors: `BAD_REQUEST`, `IO`.
    pub fn output(fd: &ParcelFileDescriptor, what: &str) -> Result<Descriptor> {
        Descriptor::open(fd, what, Access::Write)
    }

    fn open(fd: &ParcelFileDescriptor, what: &str, access: Access) -> Result<Descriptor> {
        let io = |e: io::Error| error(ErrorCode::Io, format!("{what}: {e}"));
        let bad = |why: &str| Err(error(ErrorCode::BadRequest, format!("{what} {why}")));
        let file = File::from(fd.as_ref().try_clone().map_err(io)?);
        let flags = fcntl(&file, FcntlArg::F_GETFL).map_err(|e| io(e.into()))?;
        let flags = OFlag::from_bits_retain(flags);
        let mode = flags & OFlag::O_ACCMODE;
        let usable = match access {
            Access::Read => mode == OFlag::O_RDONLY || mode == OFlag::O_RDWR,
            Access::Write => mode == OFlag::O_WRONLY || mode == OFlag::O_RDWR,
        };
        if flags.contains(OFlag::O_PATH) || !usable {
            return bad(match access {
                Access::Read => "is not open for reading",
                Access::Write => "is not open for writing",
            });
        }
        let about = file.metadata().map_err(io)?;
        let kind = about.file_type();
        if !(kind.is_file() || kind.is_fifo() || kind.is_socket() || kind.is_char_device()) {
            return bad("is neither a file nor a stream");
        }
        Ok(Descriptor {
            file,
            regular: kind.is_file(),
            appends: flags.contains(OFlag::O_APPEND),
            identity: (about.dev(), about.ino()),
            bytes: if kind.is_file() { about.len() } else { 0 },
        })
    }

    /// Length of a regular file when it was looked at.
    pub fn bytes(&self) -> Option<u64> {
        self.regular.then_some(self.bytes)
    }

    /// Refuses an output that is also the input. Errors: `BAD_REQUEST`.
    pub fn check_differs(&self, output: &Descriptor) -> Result<()> {
        if self.regular && output.regular && self.identity == output.identity {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "input and output are the same file",
            ));
        }
        Ok(())
    }

    /// Reads it: a file from its beginning, a stream until it ends or the job is cancelled.
    pub fn reader<'job>(&self, job: &'job Job) -> Result<Box<dyn Read + Send + 'job>> {
        let file = self.file.try_clone().map_err(|e| from_io("input", &e))?;
        Ok(if self.regular {
            Box::new(At::new(file))
        } else {
            Box::new(job.input(file))
        })
    }

    /// Reads and seeks a regular file, from its beginning.
    pub fn file(&self) -> Result<At> {
        let file = self.file.try_clone().map_err(|e| from_io("input", &e))?;
        Ok(At::new(file))
    }

    /// Reads a stream for a short while: the header of an archive, on the thread of a handler.
    pub fn head(&self) -> Head<'_> {
        Head {
            file: &self.file,
            until: Instant::now() + HEADER_TIMEOUT,
        }
    }

    /// Writes it, a file from its beginning after it was emptied.
    pub fn writer<'job>(&self, job: &'job Job) -> Result<Output<Box<dyn Write + Send + 'job>>> {
        let file = self.file.try_clone().map_err(|e| from_io("output", &e))?;
        if !self.regular {
            return Ok(Output::Stream(Box::new(job.output(file))));
        }
        file.set_len(0).map_err(|e| from_io("output", &e))?;
        Ok(if self.appends {
            Output::Stream(Box::new(file))
        } else {
            Output::File(OutputFile::new(file))
        })
    }

    /// Makes durable what was written to a file.
    pub fn sync(&self) -> Result<()> {
        if self.regular {
            self.file.sync_all().map_err(|e| from_io("output", &e))?;
        }
        Ok(())
    }
}

/// A regular file with a position of its own.
#[derive(Debug)]
pub struct At {
    file: File,
    position: u64,
}

impl At {
    fn new(file: File) -> At {
        At { file, position: 0 }
    }
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for At {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// A stream that is read for a limited time.
pub struct Head<'a> {
    file: &'a File,
    until: Instant,
}

impl Read for Head<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout)? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => {
                let mut file = self.file;
                file.read(buffer)
            }
        }
    }
}

fn from_io(what: &str, e: &io::Error) -> Error {
    let code = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
        _ => ErrorCode::Io,
    };
    error(code, format!("{what}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    fn pfd(file: File) -> ParcelFileDescriptor {
        ParcelFileDescriptor::new(file)
    }

    fn code<T>(result: Result<T>) -> Option<ErrorCode> {
        result.err().map(|e| e.code)
    }

    #[test]
    fn descriptors_are_what_they_are_wanted_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let write = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        let read = File::open(&path).unwrap();
        let directory = File::open(folder.path()).unwrap();
        let (pipe, pipe_in) = io::pipe().unwrap();

        assert_eq!(
            code(Descriptor::input(&pfd(write.try_clone().unwrap()), "x")),
            Some(ErrorCode::BadRequest)
        );
        assert_eq!(
            code(Descriptor::output(&pfd(read.try_clone().unwrap()), "x")),
            Some(ErrorCode::BadRequest)
        );
        assert_eq!(
            code(Descriptor::input(&pfd(directory), "x")),
            Some(ErrorCode::BadRequest)
        );
        let input = Descriptor::input(&pfd(read), "x").unwrap();
        let output = Descriptor::output(&pfd(write), "x").unwrap();
        assert_eq!(
            code(input.check_differs(&output)),
            Some(ErrorCode::BadRequest)
        );

        let pipe = ParcelFileDescriptor::new(File::from(std::os::fd::OwnedFd::from(pipe)));
        let stream = Descriptor::input(&pipe, "x").unwrap();
        assert_eq!(stream.bytes(), None);
        assert!(stream.check_differs(&output).is_ok());
        assert_eq!(
            code(Descriptor::input_file(&pipe, "x")),
            Some(ErrorCode::BadRequest)
        );
        drop(pipe_in);
    }

    #[test]
    fn a_file_is_read_and_written_from_its_beginning_wherever_it_stands() {
        let mut file = tempfile::tempfile().unwrap();
        let before = [0xaa; 4096];
        file.write_all(&before).unwrap();
        let fd = pfd(file.try_clone().unwrap());
        let job = Job::new();
        let descriptor = Descriptor::output(&fd, "x").unwrap();
        let dek = passkeybackup_archive::Dek::take(&mut [1; 32]).unwrap();
        let writer = descriptor.writer(&job).unwrap();
        let written =
            passkeybackup_archive::write_archive(&job, b"core", b"part", dek, &b"x"[..], writer)
                .unwrap();
        descriptor.sync().unwrap();
        let mut archive = Vec::new();
        descriptor
            .reader(&job)
            .unwrap()
            .read_to_end(&mut archive)
            .unwrap();
        assert_eq!(archive[..4], passkeybackup_archive::MAGIC);
        assert_eq!(archive.len() as u64, written.archive_bytes);
        assert_eq!(
            file.stream_position().unwrap(),
            before.len() as u64,
            "the client's position is its own"
        );
    }
}
