// SPDX-License-Identifier: Apache-2.0

//! One running operation as its owner sees it: progress, cancellation, cancellable descriptors.

use core::fmt;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sealer_wire::{Error, ErrorCode, Result};

/// How long a stalled descriptor can delay a cancellation.
const POLL_MS: u16 = 100;
/// What a pipe takes without blocking once it polls writable (POSIX `PIPE_BUF`).
const PIPE_BUF: usize = 4096;

type Progress = Box<dyn Fn(u64) + Send + Sync>;

/// The handle of one operation, shared with whoever may cancel it or shows its progress.
///
/// One job serves one operation: once it was cancelled or failed it stays so.
#[derive(Default)]
pub struct Job {
    cancelled: AtomicBool,
    stopped: AtomicBool,
    plaintext_bytes: AtomicU64,
    on_progress: Option<Progress>,
}

impl Job {
    /// A job that nobody watches.
    pub fn new() -> Job {
        Job::default()
    }

    /// A job that reports plaintext bytes done so far, in rising order, once per segment.
    ///
    /// The call runs on a worker and delays the operation by as long as it takes.
    pub fn with_progress(on_progress: impl Fn(u64) + Send + Sync + 'static) -> Job {
        Job {
            on_progress: Some(Box::new(on_progress)),
            ..Job::default()
        }
    }

    /// Makes the operation end with `CANCELLED` as soon as it notices: after the segment in hand,
    /// or within 100 ms where it waits for an [`FdInput`] or [`FdOutput`]. An operation whose last
    /// segment is written already succeeds.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether [`Job::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Plaintext bytes sealed and written, or authenticated and handed out, so far.
    pub fn plaintext_bytes(&self) -> u64 {
        self.plaintext_bytes.load(Ordering::Relaxed)
    }

    /// A reader of `fd` that this job can interrupt while it waits for data.
    pub fn input<F: AsFd + Read>(&self, fd: F) -> FdInput<'_, F> {
        FdInput { fd, job: self }
    }

    /// A writer to `fd` that this job can interrupt while it waits for room.
    pub fn output<F: AsFd + Write>(&self, fd: F) -> FdOutput<'_, F> {
        FdOutput {
            fd,
            job: self,
            kind: None,
        }
    }

    pub(crate) fn advance(&self, plaintext_bytes: u64) {
        let done = self
            .plaintext_bytes
            .fetch_add(plaintext_bytes, Ordering::Relaxed);
        if let Some(report) = &self.on_progress {
            report(done.saturating_add(plaintext_bytes));
        }
    }

    /// `CANCELLED` once somebody cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "cancelled by the caller"));
        }
        Ok(())
    }

    /// Frees threads that wait on a descriptor after another thread failed.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    fn wait(&self, fd: &impl AsFd, events: PollFlags) -> io::Result<()> {
        loop {
            if self.is_cancelled() || self.stopped.load(Ordering::Acquire) {
                return Err(io::Error::other("the operation was stopped"));
            }
            let mut fds = [PollFd::new(fd.as_fd(), events)];
            match poll(&mut fds, PollTimeout::from(POLL_MS)) {
                Ok(0) | Err(Errno::EINTR) => {}
                // Ready, at its end or broken: the read or write itself tells which.
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("cancelled", &self.is_cancelled())
            .field("plaintext_bytes", &self.plaintext_bytes())
            .finish_non_exhaustive()
    }
}

/// Reads a descriptor; waiting for data ends when the job is cancelled. See [`Job::input`].
#[derive(Debug)]
pub struct FdInput<'job, F> {
    fd: F,
    job: &'job Job,
}

impl<F: AsFd + Read> Read for FdInput<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.job.wait(&self.fd, PollFlags::POLLIN)?;
        self.fd.read(buffer)
    }
}

/// What a descriptor is, as far as writing to it can block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A regular file or block device: never waits for a reader.
    File,
    /// A pipe, socket or terminal: written in pieces that a ready descriptor takes at once.
    Stream,
}

/// Writes to a descriptor; waiting for room ends when the job is cancelled. See [`Job::output`].
#[derive(Debug)]
pub struct FdOutput<'job, F> {
    fd: F,
    job: &'job Job,
    kind: Option<Kind>,
}

impl<F: AsFd + Write> Write for FdOutput<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => *self.kind.insert(kind_of(&self.fd)?),
        };
        self.job.wait(&self.fd, PollFlags::POLLOUT)?;
        match kind {
            Kind::File => self.fd.write(bytes),
            Kind::Stream => self.fd.write(bytes.get(..PIPE_BUF).unwrap_or(bytes)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.fd.flush()
    }
}

fn kind_of(fd: &impl AsFd) -> io::Result<Kind> {
    // The type is taken from the descriptor, through a duplicate that is closed at once.
    let file = std::fs::File::from(fd.as_fd().try_clone_to_owned()?);
    let stream = !file.metadata()?.is_file();
    Ok(if stream { Kind::Stream } else { Kind::File })
}
