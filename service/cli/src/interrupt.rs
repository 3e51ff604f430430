// SPDX-License-Identifier: Apache-2.0

//! Ctrl-C, and what else asks the program to stop.
//!
//! The signals are blocked in every thread and one thread waits for them, so nothing is
//! interrupted in the middle. While an operation is waited for, the first signal is left to the
//! waiter, who cancels it. At any other time, and for the second signal, the program ends: it
//! removes the temporary files that it has, reports `CANCELLED` and exits with 1. A defect ends it
//! in the same way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::failure::{Failure, Result};
use crate::output;

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

impl State {
    fn remove_temporaries(&mut self) {
        for path in self.temporaries.drain(..) {
            remove(&path);
        }
    }
}

impl Interrupt {
    /// Takes the signals over. To be called before any other thread is started. `report` says why
    /// the program ends.
    pub fn install(&self, report: impl Fn() + Send + 'static) -> Result<()> {
        let signals: SigSet = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM]
            .into_iter()
            .collect();
        let failed = |e: std::io::Error| Failure::internal(format!("cannot wait for signals: {e}"));
        signals.thread_block().map_err(|e| failed(e.into()))?;
        let ours = self.clone();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                while signals.wait().is_ok() {
                    ours.signal(&report);
                }
            })
            .map_err(failed)?;
        Ok(())
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
        state.remove_temporaries();
        report();
        process::exit(1);
    }

    /// Ends the program from within the panic hook. `report` says why, and gives the exit status.
    pub fn end(&self, report: impl FnOnce() -> u8) -> ! {
        // Held to the end, as for a signal.
        let _state = self.remove_temporaries();
        process::exit(i32::from(report()))
    }

    /// Removes what must not stay behind, as nothing is unwound and so nothing dropped after the
    /// panic hook. The lock is not waited for, because the thread that panics may have it itself;
    /// `None` if it is taken.
    fn remove_temporaries(&self) -> Option<MutexGuard<'_, State>> {
        let mut state = match self.0.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        state.remove_temporaries();
        Some(state)
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
        let shown = path.display();
        output::tell(format_args!("pkb: cannot remove {shown}: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interrupt that has noted a file, and the folder of that.
    fn noted() -> (Interrupt, PathBuf, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "decrypted").unwrap();
        let interrupt = Interrupt::default();
        interrupt.remember(&path);
        (interrupt, path, folder)
    }

    #[test]
    fn a_poisoned_lock_keeps_no_file() {
        let (interrupt, path, _folder) = noted();
        let ours = interrupt.clone();
        let panicked = thread::spawn(move || {
            let _state = ours.lock();
            panic!("with the lock");
        });
        assert!(panicked.join().is_err() && interrupt.0.is_poisoned());
        assert!(interrupt.remove_temporaries().is_some());
        assert!(!path.exists());
    }

    #[test]
    fn a_lock_that_is_taken_is_not_waited_for() {
        let (interrupt, path, _folder) = noted();
        let state = interrupt.lock();
        assert!(interrupt.remove_temporaries().is_none());
        assert!(path.exists());
        drop(state);
        drop(interrupt.remove_temporaries());
        assert!(!path.exists());
        assert!(interrupt.lock().temporaries.is_empty());
    }
}
