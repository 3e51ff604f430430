// SPDX-License-Identifier: Apache-2.0

//! The storage of a sealer, in memory, which fails when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use sealer_core::{Store, StoreError};
use zeroize::Zeroizing;

/// What the operation that meets the fault leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error, nothing done, and the power stays.
    Error(StoreError),
    /// The power goes, nothing done.
    Before,
    /// The power goes, all done.
    After,
    /// The power goes, half of the bytes are there.
    Torn,
    /// The power goes, the object is empty.
    Empty,
    /// The power goes, and the object with it.
    Gone,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// After how many operations the fault comes.
    fault: Option<(usize, Fault)>,
    off: bool,
    met: bool,
}

/// A handle; the medium outlives the sealer.
#[derive(Clone, Default)]
pub struct Medium(Arc<Mutex<State>>);

impl Medium {
    /// The fault comes at the `after`th operation from now.
    pub fn arm(&self, after: usize, fault: Fault) {
        let mut state = self.lock();
        state.fault = Some((after, fault));
        state.met = false;
    }

    /// No fault waits any more; the power is there. Returns whether a fault was met.
    pub fn calm(&self) -> bool {
        let mut state = self.lock();
        state.fault = None;
        state.off = false;
        std::mem::take(&mut state.met)
    }

    /// Whether the power is gone.
    pub fn is_off(&self) -> bool {
        self.lock().off
    }

    /// The power goes now.
    pub fn switch_off(&self) {
        let mut state = self.lock();
        state.off = true;
        state.met = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// The fault, if this is the operation that meets it.
    fn tick(&mut self) -> Result<Option<Fault>, StoreError> {
        if self.off {
            return Err(StoreError::Io);
        }
        match &mut self.fault {
            Some((0, fault)) => {
                let fault = *fault;
                self.fault = None;
                self.met = true;
                self.off = !matches!(fault, Fault::Error(_));
                Ok(Some(fault))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

fn told(fault: Fault) -> StoreError {
    match fault {
        Fault::Error(error) => error,
        _ => StoreError::Io,
    }
}

impl Store for Medium {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let mut state = self.lock();
        match state.tick()? {
            // No room is nothing that a read can meet.
            Some(Fault::Error(_)) => Err(StoreError::Io),
            Some(fault) => Err(told(fault)),
            None => Ok(state.objects.get(name).cloned().map(Zeroizing::new)),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let mut state = self.lock();
        let fault = state.tick()?;
        let left = match fault {
            None | Some(Fault::After) => Some(bytes.to_vec()),
            Some(Fault::Error(_) | Fault::Before) => state.objects.get(name).cloned(),
            Some(Fault::Torn) => Some(bytes[..bytes.len() / 2].to_vec()),
            Some(Fault::Empty) => Some(Vec::new()),
            Some(Fault::Gone) => None,
        };
        match left {
            Some(left) => state.objects.insert(name.to_owned(), left),
            None => state.objects.remove(name),
        };
        fault.map_or(Ok(()), |fault| Err(told(fault)))
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        let mut state = self.lock();
        let fault = state.tick()?;
        if matches!(fault, None | Some(Fault::After | Fault::Gone)) {
            state.objects.remove(name);
        }
        fault.map_or(Ok(()), |fault| Err(told(fault)))
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut state = self.lock();
        if let Some(fault) = state.tick()? {
            return Err(match fault {
                Fault::Error(_) => StoreError::Io,
                fault => told(fault),
            });
        }
        let names = state.objects.keys().rev();
        Ok(names
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect())
    }
}
