// SPDX-License-Identifier: Apache-2.0

//! Segments over the cores: read in order, worked on in parallel, written in order.
//!
//! # Threads
//!
//! All threads do the same, the caller's own among them, each with one buffer for its life:
//!
//! ```text
//! lock the intake ─▶ read segment i ─▶ unlock ─▶ seal or open it ─▶ wait for turn i
//!       ▲                                                              │
//!       └────────── turn i + 1 ◀── write segment i ◀── lock the outlet ┘
//! ```
//!
//! A segment stays on the core whose cache it was read into, and nothing is queued: memory is
//! threads times buffer, however fast or slow either side is. There are two threads more than
//! cores, so that all cores work while one thread reads and one writes, and at most
//! [`MAX_THREADS`]. Input of one segment never starts a thread.
//!
//! # Ordering
//!
//! The intake numbers segments while it is locked, so reading order is index order. The outlet
//! knows whose turn it is. A thread that waits for turn i holds no lock and has finished its work;
//! whoever owns a lower index needs neither the intake nor a turn that waits on i: no cycle, so no
//! deadlock.
//!
//! Into a file nobody waits for a write: in turn i the thread takes the place of segment i, passes
//! the turn on, and fills the place. Threads are joined before the outcome is read, so success
//! means that every place was filled. After a failure the file has what happened to be filled.
//!
//! A failure of segment i (read, seal, open) is published in turn i, after every earlier segment
//! was written: what came out of a stream before the failure, and which failure is reported, do not
//! depend on scheduling. A failed write ends the run at once.
//!
//! # Locks
//!
//! - intake: the input, the numbering and the look-ahead. Held while reading, never while working
//!   or writing.
//! - outlet: the output, the turn and the outcome. Held while writing to a stream, not while
//!   writing to a file. The condition variable beside it wakes those who wait for their turn.
//!
//! No thread holds both. A panic in a reader, writer or work sets the outcome to `INTERNAL` from a
//! guard, so that no thread waits for a turn that never comes (one on the caller's own thread
//! goes on to the caller); poisoned locks are taken over, as
//! the outcome already tells that the run is over.
//!
//! # Look-ahead
//!
//! Whether a segment is the last is part of its nonce, so it must be known before the segment is
//! worked on. Every read therefore asks for [`LOOK_AHEAD`] bytes more than the segment has. What
//! comes is kept for the next one; 64 bytes rather than one keep the rest of it aligned.

use core::ops::Range;
use std::io::{Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use sealer_wire::{Error, ErrorCode, Result};

use crate::job::Job;
use crate::mapping::Mapping;
use crate::output::Output;
use crate::stream::{read_full, write_error, write_full};

/// Most threads of one operation. Each has one buffer of at most 2 MiB + 64 bytes.
pub const MAX_THREADS: usize = 8;

/// Bytes read beyond a segment.
pub(crate) const LOOK_AHEAD: usize = 64;

/// One segment as it was read: `buffer[at..at + length]` of its thread.
pub(crate) struct Segment {
    /// Position in the stream, from 0.
    pub(crate) index: u32,
    /// Whether the input ended with it.
    pub(crate) last: bool,
    /// Input bytes before it.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) length: usize,
}

/// What is done to segments.
pub(crate) trait Work: Sync {
    /// What the intake hands out with each segment, made while numbering it.
    type Permit: Send;

    /// Where in a buffer a segment's input begins.
    const INPUT_AT: usize;
    /// Bytes of a buffer, enough for `INPUT_AT`, the longest segment and [`LOOK_AHEAD`].
    const BUFFER: usize;

    /// Input bytes of the full segment `index`.
    fn input_bytes(index: u32) -> usize;

    /// Called once per segment, in order, under the intake's lock.
    fn permit(state: &mut Self::State) -> Result<Self::Permit>;

    /// What `permit` keeps between calls.
    type State: Default + Send;

    /// Works on one segment; returns where in `buffer` its output is, and its plaintext bytes.
    fn work(
        &self,
        permit: Self::Permit,
        segment: &Segment,
        buffer: &mut [u8],
    ) -> Result<(Range<usize>, usize)>;
}

/// What a finished run moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) segments: u64,
    pub(crate) plaintext_bytes: u64,
    pub(crate) output_bytes: u64,
}

/// Runs `work` over all of `input`.
///
/// Errors: those of `work`, `CANCELLED`, `NO_SPACE`, `IO`, `INTERNAL`.
pub(crate) fn run<W: Work>(
    job: &Job,
    work: &W,
    input: impl Read + Send,
    output: Output<impl Write + Send>,
) -> Result<Totals> {
    let run = Run {
        job,
        work,
        intake: Mutex::new(Intake::<_, W>::new(input)),
        outlet: Mutex::new(Outlet {
            output,
            turn: 0,
            totals: Totals::default(),
            outcome: None,
        }),
        turns: Condvar::new(),
    };
    // It holds plaintext; a mapping is wiped.
    let mut buffer = Mapping::new(W::BUFFER)?;
    if run.step(&mut buffer) {
        thread::scope(|scope| {
            let mut others = Vec::with_capacity(MAX_THREADS);
            for _ in 1..threads() {
                let spawned =
                    thread::Builder::new()
                        .name("archive".into())
                        .spawn_scoped(scope, || match Mapping::new(W::BUFFER) {
                            Ok(mut buffer) => run.drain(&mut buffer),
                            Err(error) => log::warn!("an archive thread has no buffer: {error}"),
                        });
                match spawned {
                    Ok(other) => others.push(other),
                    Err(error) => {
                        // Fewer threads than wanted is slower, not wrong.
                        log::warn!("an archive thread could not be started: {error}");
                        break;
                    }
                }
            }
            run.drain(&mut buffer);
            for other in others {
                // A panic has become the outcome already.
                let _ = other.join();
            }
        });
    }
    let outlet = run
        .outlet
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match outlet.outcome {
        Some(outcome) => outcome.map(|()| outlet.totals),
        None => Err(Error::new(
            ErrorCode::Internal,
            "the pipeline ended without an outcome",
        )),
    }
}

/// Threads of one run: see the module's documentation.
pub(crate) fn threads() -> usize {
    thread::available_parallelism()
        .map_or(1, |cores| cores.get())
        .saturating_add(2)
        .min(MAX_THREADS)
}

struct Intake<R, W: Work> {
    input: R,
    state: W::State,
    next: u64,
    offset: u64,
    ahead: [u8; LOOK_AHEAD],
    ahead_bytes: usize,
    ended: bool,
}

impl<R: Read, W: Work> Intake<R, W> {
    fn new(input: R) -> Self {
        Intake {
            input,
            state: W::State::default(),
            next: 0,
            offset: 0,
            ahead: [0; LOOK_AHEAD],
            ahead_bytes: 0,
            ended: false,
        }
    }

    /// Reads the next segment; `None` after the last or after a failure. The index is part of a
    /// failure, too: it is published in its turn.
    #[allow(clippy::type_complexity)]
    fn take(
        &mut self,
        job: &Job,
        buffer: &mut [u8],
    ) -> Option<(u64, Result<(W::Permit, Segment)>)> {
        if self.ended {
            return None;
        }
        let turn = self.next;
        self.next += 1;
        let taken = self.read(job, turn, buffer);
        self.ended |= taken.is_err();
        Some((turn, taken))
    }

    fn read(&mut self, job: &Job, turn: u64, buffer: &mut [u8]) -> Result<(W::Permit, Segment)> {
        let defect = || Error::new(ErrorCode::Internal, "a segment does not fit its buffer");
        job.check()?;
        let permit = W::permit(&mut self.state)?;
        let index = u32::try_from(turn)
            .map_err(|_| Error::new(ErrorCode::TooLarge, "more than 2^32 segments"))?;
        let full = W::input_bytes(index);
        let room = buffer
            .get_mut(W::INPUT_AT..)
            .and_then(|room| room.get_mut(..full + LOOK_AHEAD))
            .ok_or_else(defect)?;
        let (ahead, rest) = room
            .split_at_mut_checked(self.ahead_bytes)
            .ok_or_else(defect)?;
        ahead.copy_from_slice(self.ahead.get(..self.ahead_bytes).ok_or_else(defect)?);
        let filled = self.ahead_bytes + read_full(job, &mut self.input, rest)?;
        let length = filled.min(full);
        let beyond = room.get(length..filled).ok_or_else(defect)?;
        self.ahead
            .get_mut(..beyond.len())
            .ok_or_else(defect)?
            .copy_from_slice(beyond);
        self.ahead_bytes = beyond.len();
        self.ended = beyond.is_empty();
        let segment = Segment {
            index,
            last: self.ended,
            offset: self.offset,
            length,
        };
        self.offset += length as u64;
        Ok((permit, segment))
    }
}

struct Outlet<O> {
    output: Output<O>,
    turn: u64,
    totals: Totals,
    outcome: Option<Result<()>>,
}

struct Run<'a, W: Work, R, O> {
    job: &'a Job,
    work: &'a W,
    intake: Mutex<Intake<R, W>>,
    outlet: Mutex<Outlet<O>>,
    turns: Condvar,
}

impl<W: Work, R: Read, O: Write> Run<'_, W, R, O> {
    fn drain(&self, buffer: &mut [u8]) {
        while self.step(buffer) {}
    }

    /// Moves one segment; `false` when this thread is no longer needed.
    fn step(&self, buffer: &mut [u8]) -> bool {
        let mut guard = PanicGuard {
            run: self,
            armed: true,
        };
        let more = self.step_guarded(buffer);
        guard.armed = false;
        more
    }

    fn step_guarded(&self, buffer: &mut [u8]) -> bool {
        if self.lock_outlet().outcome.is_some() {
            return false;
        }
        let taken = {
            let mut intake = self.intake.lock().unwrap_or_else(PoisonError::into_inner);
            intake.take(self.job, buffer)
        };
        let Some((turn, taken)) = taken else {
            return false;
        };
        let worked = taken.and_then(|(permit, segment)| {
            let (output, plaintext) = self.work.work(permit, &segment, buffer)?;
            Ok((output, plaintext, segment.last))
        });

        let mut outlet = self.lock_outlet();
        while outlet.turn != turn && outlet.outcome.is_none() {
            outlet = self
                .turns
                .wait(outlet)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if outlet.outcome.is_some() {
            return false;
        }
        let published = worked.and_then(|(output, plaintext, last)| {
            let bytes = buffer.get(output).unwrap_or_default();
            let place = match &mut outlet.output {
                Output::File(file) => Some(file.reserve(bytes.len())?),
                Output::Stream(stream) => {
                    write_full(self.job, stream, bytes)?;
                    if last {
                        stream.flush().map_err(|error| write_error(&error))?;
                    }
                    None
                }
            };
            outlet.turn += 1;
            outlet.totals.segments += 1;
            outlet.totals.plaintext_bytes += plaintext as u64;
            outlet.totals.output_bytes += bytes.len() as u64;
            if last {
                outlet.outcome = Some(Ok(()));
            }
            Ok((place, bytes, plaintext))
        });
        // From here on the next one has its turn.
        let stays = outlet.outcome.is_none();
        drop(outlet);
        self.turns.notify_all();
        let written = published.and_then(|(place, bytes, plaintext)| {
            if let Some(place) = place {
                place.fill(self.job, bytes)?;
            }
            self.job.advance(plaintext as u64);
            Ok(())
        });
        match written {
            Ok(()) => stays,
            Err(error) => {
                self.fail(error);
                false
            }
        }
    }

    /// Ends the run. The first failure is the one that is told.
    fn fail(&self, error: Error) {
        let mut outlet = self.lock_outlet();
        if !matches!(outlet.outcome, Some(Err(_))) {
            outlet.outcome = Some(Err(error));
        }
        drop(outlet);
        self.job.stop();
        self.turns.notify_all();
    }

    fn lock_outlet(&self) -> MutexGuard<'_, Outlet<O>> {
        self.outlet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the run when a step unwinds, so that nobody waits for its turn.
struct PanicGuard<'a, 'b, W: Work, R: Read, O: Write> {
    run: &'a Run<'b, W, R, O>,
    armed: bool,
}

impl<W: Work, R: Read, O: Write> Drop for PanicGuard<'_, '_, W, R, O> {
    fn drop(&mut self) {
        if self.armed {
            let defect = Error::new(ErrorCode::Internal, "an archive thread panicked");
            self.run.fail(defect);
        }
    }
}
