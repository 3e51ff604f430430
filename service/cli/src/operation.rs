// SPDX-License-Identifier: Apache-2.0

//! Long work of the service: wait for its end, show how far it is, cancel it on Ctrl-C.
//!
//! The service tells of progress and of the end through a callback; should that news not arrive,
//! the result is asked for every [`POLL`] anyway. The operation ends when its object is dropped, so
//! nothing is left running however this ends.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use binder::{BinderFeatures, Interface, Strong};
use indicatif::{ProgressBar, ProgressStyle};
use passkeybackup_aidl::android::security::passkeybackup::{
    IOperation::IOperation,
    IOperationCallback::{BnOperationCallback, IOperationCallback},
    OperationProgress::OperationProgress,
    OperationResult::OperationResult,
};

use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;

/// How often the result is asked for without news.
const POLL: Duration = Duration::from_secs(1);
/// How long an interruption can stay unnoticed.
const LOOK: Duration = Duration::from_millis(50);
/// How long a cancelled operation may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts an operation with `start`, and waits for its result.
pub fn run(
    interrupt: &Interrupt,
    what: &'static str,
    start: impl FnOnce(
        Option<&Strong<dyn IOperationCallback>>,
    ) -> binder::Result<Strong<dyn IOperation>>,
) -> Result<OperationResult> {
    let attended = interrupt.attend();
    let news = Arc::new(News::default());
    let callback =
        BnOperationCallback::new_binder(Listener(Arc::clone(&news)), BinderFeatures::default());
    let operation = start(Some(&callback))?;
    let bar = Bar::new(what);
    let result = wait(interrupt, &operation, &news, &bar);
    drop(bar);
    drop(attended);
    result
}

fn wait(
    interrupt: &Interrupt,
    operation: &Strong<dyn IOperation>,
    news: &News,
    bar: &Bar,
) -> Result<OperationResult> {
    let mut cancelled: Option<Instant> = None;
    let mut asked = Instant::now();
    loop {
        let latest = news.wait(LOOK);
        bar.show(latest.done, latest.total);
        if latest.finished || asked.elapsed() >= POLL {
            asked = Instant::now();
            if let Some(result) = operation.getResult()? {
                return Ok(result);
            }
        }
        match cancelled {
            None if interrupt.asked() => {
                operation.cancel()?;
                cancelled = Some(Instant::now());
            }
            Some(since) if since.elapsed() > PATIENCE => return Err(Failure::cancelled()),
            _ => {}
        }
    }
}

/// What the callback told last.
#[derive(Default)]
struct News {
    latest: Mutex<Latest>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Latest {
    done: i64,
    total: i64,
    finished: bool,
}

impl News {
    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end, at most for `time`.
    fn wait(&self, time: Duration) -> Latest {
        let (latest, _) = self
            .changed
            .wait_timeout_while(self.lock(), time, |latest| !latest.finished)
            .unwrap_or_else(PoisonError::into_inner);
        *latest
    }
}

struct Listener(Arc<News>);

impl Interface for Listener {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperationCallback for Listener {
    fn onProgress(&self, progress: &OperationProgress) -> binder::Result<()> {
        let mut latest = self.0.lock();
        latest.done = progress.doneBytes;
        latest.total = progress.totalBytes;
        Ok(())
    }

    fn onFinished(&self) -> binder::Result<()> {
        self.0.lock().finished = true;
        self.0.changed.notify_all();
        Ok(())
    }
}

/// A progress bar on standard error. indicatif draws nothing where that is no terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(what: &'static str) -> Bar {
        let bar = ProgressBar::no_length();
        bar.set_message(what);
        bar.set_style(spinner());
        Bar(bar)
    }

    fn show(&self, done: i64, total: i64) {
        let (Ok(done), Ok(total)) = (u64::try_from(done), u64::try_from(total)) else {
            self.0.set_position(u64::try_from(done).unwrap_or(0));
            return;
        };
        if total > 0 && self.0.length().is_none() {
            self.0.set_length(total);
            self.0.set_style(bounded());
        }
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn spinner() -> ProgressStyle {
    style("{spinner} {msg} {bytes} ({bytes_per_sec})")
}

fn bounded() -> ProgressStyle {
    style("{msg} [{bar:30}] {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
