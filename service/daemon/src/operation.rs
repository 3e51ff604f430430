// SPDX-License-Identifier: Apache-2.0

//! Long work.
//!
//! # Life
//!
//! ```text
//! handler: admit ─▶ (ask the sealer) ─▶ start ─▶ IOperation to the client
//!                                         │
//! thread:                                 └▶ wait for memory ─▶ work ─▶ give back ─▶ outcome ─▶ news
//! ```
//!
//! An operation is admitted before the sealer is asked, so that no ceremony is spent on one that is
//! refused. It ends by itself, by `cancel()`, when the client's last reference to the session goes
//! (`Drop`, also when its connection ends), when its callback dies, or when the service stops. The
//! outcome is kept in the session for as long as the client holds it.
//!
//! # Limits
//!
//! Buffers are what takes memory, so they are what is limited: [`MEMORY`] in all, half of it for one
//! owner, whatever the number of cores. An operation that has to wait for them is admitted and
//! waits in the order of arrival, but does not hold up others when it is its owner's share that is
//! used up. Only how many there are is refused with `QUOTA`: [`PER_OWNER`] and [`IN_ALL`].
//!
//! # Locking
//!
//! One mutex for the table; the condition variable tells that something left it. Nothing is called
//! while it is held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use binder::{BinderFeatures, DeathRecipient, IBinder, Interface, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    IOperation::{BnOperation, IOperation},
    IOperationCallback::IOperationCallback,
    OperationProgress::OperationProgress,
    OperationResult::OperationResult,
};
use passkeybackup_archive::{Job, MAX_THREADS};
use passkeybackup_status::to_status;
use sealer_wire::{Error, ErrorCode, Owner, Result};

use crate::convert::long;
use crate::error;

/// Operations of one owner, running or waiting.
pub const PER_OWNER: usize = 4;
/// Operations in all, running or waiting.
const IN_ALL: usize = 64;
/// Buffers of all running operations, in bytes.
const MEMORY: u64 = 32 << 20;
/// Buffers of one thread of an operation: see `passkeybackup_archive`.
const PER_THREAD: u64 = (2 << 20) + 4096;
/// Input up to this length is worked on by one thread.
const ONE_SEGMENT: u64 = (1 << 20) - 4096;
/// How often a client gets news.
const NEWS: Duration = Duration::from_millis(100);
/// When a client should try again that has too many.
const RETRY_MS: u64 = 1000;
/// How long operations may take to end when the service stops.
const STOP: Duration = Duration::from_secs(10);

/// What an operation gave, in the terms of the service.
pub type Outcome = Box<dyn Fn() -> OperationResult + Send + Sync>;

/// All operations that are running or waiting.
#[derive(Default)]
pub struct Operations {
    table: Mutex<Table>,
    left: Condvar,
}

#[derive(Default)]
struct Table {
    next: u64,
    stopping: bool,
    /// In the order of arrival.
    entries: Vec<Entry>,
}

struct Entry {
    number: u64,
    owner: Owner,
    job: Arc<Job>,
    /// Bytes of buffers that it has (running) or wants (waiting); `None` before it was started.
    memory: Option<u64>,
    running: bool,
}

/// A place among the operations. Dropping it gives it back.
pub struct Admitted {
    operations: Arc<Operations>,
    number: u64,
    job: Arc<Job>,
    total_bytes: Option<u64>,
    callback: Option<Strong<dyn IOperationCallback>>,
}

impl Operations {
    /// Takes a place; `total_bytes` is the plaintext to work on, where known. Errors: `QUOTA`;
    /// `CANCELLED` when the service is stopping.
    pub fn admit(
        self: &Arc<Self>,
        owner: &Owner,
        callback: Option<&Strong<dyn IOperationCallback>>,
        total_bytes: Option<u64>,
    ) -> Result<Admitted> {
        let job = Arc::new(match callback {
            Some(callback) => Job::with_progress(news(callback.clone(), total_bytes)),
            None => Job::new(),
        });
        let mut table = self.lock();
        if table.stopping {
            return Err(Error::new(ErrorCode::Cancelled, "the service is stopping"));
        }
        let own = table.entries.iter().filter(|entry| entry.owner == *owner);
        if own.count() >= PER_OWNER || table.entries.len() >= IN_ALL {
            return Err(Error {
                retry_after_ms: Some(RETRY_MS),
                ..error(ErrorCode::Quota, "too many operations are running")
            });
        }
        let number = table.next;
        table.next += 1;
        table.entries.push(Entry {
            number,
            owner: owner.clone(),
            job: Arc::clone(&job),
            memory: None,
            running: false,
        });
        Ok(Admitted {
            operations: Arc::clone(self),
            number,
            job,
            total_bytes,
            callback: callback.cloned(),
        })
    }

    /// Cancels what runs for owners that are no more.
    pub fn cancel(&self, gone: impl Fn(&Owner) -> bool) {
        for entry in &self.lock().entries {
            if gone(&entry.owner) {
                entry.job.cancel();
            }
        }
    }

    /// Refuses new operations, cancels all others and waits for their ends.
    pub fn stop(&self) {
        let until = Instant::now() + STOP;
        let mut table = self.lock();
        table.stopping = true;
        for entry in &table.entries {
            entry.job.cancel();
        }
        self.left.notify_all();
        while !table.entries.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::warn!("{} operations do not end", table.entries.len());
                return;
            }
            table = self
                .left
                .wait_timeout(table, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// How many there are, running or waiting.
    pub fn count(&self) -> usize {
        self.lock().entries.len()
    }

    /// Waits until there is memory for an operation. Errors: `CANCELLED`.
    fn wait_for_memory(&self, number: u64, job: &Job) -> Result<()> {
        let mut table = self.lock();
        loop {
            if job.is_cancelled() {
                return Err(Error::new(
                    ErrorCode::Cancelled,
                    "cancelled while it waited",
                ));
            }
            if table.next_to_run() == Some(number) {
                if let Some(entry) = table.entry(number) {
                    entry.running = true;
                }
                // The next one may fit beside it.
                self.left.notify_all();
                return Ok(());
            }
            table = self
                .left
                .wait_timeout(table, NEWS)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.number == number)
    }

    /// Memory in use, by everybody or by one owner.
    fn used(&self, owner: Option<&Owner>) -> u64 {
        self.entries
            .iter()
            .filter(|entry| entry.running && owner.is_none_or(|owner| entry.owner == *owner))
            .filter_map(|entry| entry.memory)
            .sum()
    }

    /// The first that waits and whose owner has some of its share left, if there is room for it.
    fn next_to_run(&self) -> Option<u64> {
        let fits = |used: u64, wanted: u64, most: u64| used == 0 || used + wanted <= most;
        let (entry, wanted) = self.entries.iter().find_map(|entry| {
            let wanted = entry.memory.filter(|_| !entry.running)?;
            fits(self.used(Some(&entry.owner)), wanted, MEMORY / 2).then_some((entry, wanted))
        })?;
        fits(self.used(None), wanted, MEMORY).then_some(entry.number)
    }
}

impl Admitted {
    /// Starts `work` on a thread of its own. Errors: `INTERNAL` if there is no thread to be had.
    pub fn start(
        self,
        work: impl FnOnce(&Job) -> Result<Outcome> + Send + 'static,
    ) -> Result<Strong<dyn IOperation>> {
        if let Some(entry) = self.operations.lock().entry(self.number) {
            entry.memory = Some(memory(self.total_bytes));
        }
        let state = Arc::new(State {
            job: Arc::clone(&self.job),
            total_bytes: self.total_bytes,
            outcome: OnceLock::new(),
        });
        let death = self
            .callback
            .as_ref()
            .and_then(|callback| cancel_on_death(callback, &self.job));
        let session = Session {
            state: Arc::clone(&state),
            _death: death,
        };
        thread::Builder::new()
            .name("operation".into())
            .spawn(move || self.run(&state, work))
            .map_err(|_| Error::new(ErrorCode::Internal, "no thread for the operation"))?;
        Ok(BnOperation::new_binder(session, BinderFeatures::default()))
    }

    fn run(self, state: &State, work: impl FnOnce(&Job) -> Result<Outcome>) {
        let outcome = self
            .operations
            .wait_for_memory(self.number, &self.job)
            .and_then(|()| {
                catch_unwind(AssertUnwindSafe(|| work(&self.job))).unwrap_or_else(|_| {
                    Err(Error::new(ErrorCode::Internal, "an operation panicked"))
                })
            });
        if let Err(error) = &outcome {
            crate::service::log_refusal("an operation", error);
        }
        // The place is free before the client can know that the operation has ended.
        let callback = self.callback.clone();
        drop(self);
        // Only this thread sets it.
        let _ = state.outcome.set(outcome);
        if let Some(callback) = callback
            && let Err(status) = callback.onFinished()
        {
            log::debug!("a client did not hear that its operation ended: {status}");
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut table = self.operations.lock();
        table.entries.retain(|entry| entry.number != self.number);
        drop(table);
        self.operations.left.notify_all();
    }
}

/// Buffers that an operation needs.
fn memory(total_bytes: Option<u64>) -> u64 {
    let threads = match total_bytes {
        Some(bytes) if bytes <= ONE_SEGMENT => 1,
        _ => thread::available_parallelism()
            .map_or(1, |cores| cores.get())
            .saturating_add(2)
            .min(MAX_THREADS),
    };
    threads as u64 * PER_THREAD
}

/// Tells a client how far its operation is, not too often.
fn news(
    callback: Strong<dyn IOperationCallback>,
    total_bytes: Option<u64>,
) -> impl Fn(u64) + Send + Sync + 'static {
    let start = Instant::now();
    let last = AtomicU64::new(0);
    move |done| {
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = last.load(Ordering::Relaxed);
        let due = u128::from(now.saturating_sub(before)) >= NEWS.as_millis();
        if due
            && last
                .compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            let progress = OperationProgress {
                doneBytes: long(done),
                totalBytes: total_bytes.map_or(-1, long),
                finished: false,
            };
            if let Err(status) = callback.onProgress(&progress) {
                log::debug!("a client gets no news of its operation: {status}");
            }
        }
    }
}

fn cancel_on_death(
    callback: &Strong<dyn IOperationCallback>,
    job: &Arc<Job>,
) -> Option<DeathRecipient> {
    let job = Arc::clone(job);
    let mut recipient = DeathRecipient::new(move || job.cancel());
    match callback.as_binder().link_to_death(&mut recipient) {
        Ok(()) => Some(recipient),
        Err(status) => {
            // The session itself ends with the connection: this is the second belt.
            log::debug!("the death of a callback will not show: {status}");
            None
        }
    }
}

/// What the thread and the client's session share.
struct State {
    job: Arc<Job>,
    total_bytes: Option<u64>,
    outcome: OnceLock<Result<Outcome>>,
}

/// The client's object.
struct Session {
    state: Arc<State>,
    _death: Option<DeathRecipient>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.job.cancel();
    }
}

impl Interface for Session {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperation for Session {
    fn getProgress(&self) -> binder::Result<OperationProgress> {
        Ok(OperationProgress {
            doneBytes: long(self.state.job.plaintext_bytes()),
            totalBytes: self.state.total_bytes.map_or(-1, long),
            finished: self.state.outcome.get().is_some(),
        })
    }

    fn getResult(&self) -> binder::Result<Option<OperationResult>> {
        match self.state.outcome.get() {
            None => Ok(None),
            Some(Ok(outcome)) => Ok(Some(outcome())),
            Some(Err(error)) => Err(to_status(error)),
        }
    }

    fn cancel(&self) -> binder::Result<()> {
        self.state.job.cancel();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
