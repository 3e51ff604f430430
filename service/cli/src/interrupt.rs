// SPDX-License-Identifier: Apache-2.0

//! Ctrl-C, and what else asks the program to stop.
//!
//! The signals are blocked in every thread and one thread waits for them, so nothing is
//! interrupted in the middle. While an operation is waited for, the first signal is left to the
//! waiter, who cancels it. At any other time, and for the second signal, the program ends: it
//! removes the temporary files that it has, reports `CANCELLED` and exits with 1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::failure::{Failure, Result};

/// Whether the user wants the program to stop.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// A signal came.
    asked: bool,
    /// Somebody looks at `asked`.
    attended: bool,
    /// The outcome is known: a signal changes nothing any more.
    closed: bool,
    /// What must not stay behind.
    temporaries: Vec<PathBuf>,
}

impl Interrupt {
    /// Takes the signals over. To be called before any other thread is started. `report` says why
    /// the program ends.
    pub fn install(report: impl Fn() + Send + 'static) -> Result<Interrupt> {
        let signals: SigSet = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM]
            .into_iter()
            .collect();
        let failed = |e: std::io::Error| Failure::internal(format!("cannot wait for signals: {e}"));
        signals.thread_block().map_err(|e| failed(e.into()))?;
        let interrupt = Interrupt::default();
        let ours = interrupt.clone();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                while signals.wait().is_ok() {
                    ours.signal(&report);
                }
            })
            .map_err(failed)?;
        Ok(interrupt)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Not to return: the lock is held to the end, so that nothing else happens meanwhile.
    fn signal(&self, report: &impl Fn()) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let again = state.asked;
        state.asked = true;
        if state.attended && !again {
            return;
        }
        for path in state.temporaries.drain(..) {
            remove(&path);
        }
        report();
        process::exit(1);
    }

    /// Whether a signal came.
    pub fn asked(&self) -> bool {
        self.lock().asked
    }

    /// While the result lives, the caller looks at [`asked`](Self::asked) several times a second.
    pub fn attend(&self) -> Attended<'_> {
        self.lock().attended = true;
        Attended(self)
    }

    /// From now on signals change nothing: what was to be done is done.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Notes a file or folder that must not stay behind.
    pub fn remember(&self, path: &Path) {
        self.lock().temporaries.push(path.to_owned());
    }

    /// Takes that back.
    pub fn forget(&self, path: &Path) {
        self.lock().temporaries.retain(|noted| noted != path);
    }
}

/// See [`Interrupt::attend`].
pub struct Attended<'a>(&'a Interrupt);

impl Drop for Attended<'_> {
    fn drop(&mut self) {
        self.0.lock().attended = false;
    }
}

fn remove(path: &Path) {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    if let Err(error) = removed {
        eprintln!("pkb: cannot remove {}: {error}", path.display());
    }
}
