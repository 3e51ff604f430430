// SPDX-License-Identifier: Apache-2.0

//! A medium in memory that counts, fails and is cut like a real one.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use sealer_core::{Store, StoreError};
use zeroize::Zeroizing;

/// What the operation at which the power goes leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing was done.
    Before,
    /// All was done, and nobody was told.
    After,
    /// The object is empty.
    Empty,
    /// The object has the first half of the new bytes.
    Half,
    /// The object has the length of the new bytes and a sector of zeros in them.
    Zeros,
    /// The object has other bytes.
    Garbage,
    /// The object is gone.
    Gone,
}

impl Cut {
    pub const ALL: [Cut; 7] = [
        Cut::Before,
        Cut::After,
        Cut::Empty,
        Cut::Half,
        Cut::Zeros,
        Cut::Garbage,
        Cut::Gone,
    ];
}

#[derive(Clone, Default)]
pub struct State {
    pub objects: BTreeMap<String, Vec<u8>>,
    pub reads: u64,
    pub writes: u64,
    pub removes: u64,
    /// Operations of any kind until the power goes.
    pub cut: Option<(u64, Cut)>,
    /// Every write from now on fails so.
    pub write_error: Option<StoreError>,
    /// Every read from now on fails so.
    pub read_error: Option<StoreError>,
    /// Objects that the medium itself finds damaged.
    pub corrupt: Vec<String>,
    dead: bool,
}

/// A handle to the medium; it outlives the sealer that uses it.
#[derive(Clone, Default)]
pub struct Medium(Rc<RefCell<State>>);

impl Medium {
    pub fn get(&self) -> Ref<'_, State> {
        self.0.borrow()
    }

    pub fn set(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// An independent medium with the same content and no faults.
    pub fn copy(&self) -> Medium {
        let copy = Medium::default();
        copy.set().objects = self.get().objects.clone();
        copy
    }

    /// The power is back.
    pub fn revive(&self) {
        let mut state = self.set();
        (state.cut, state.dead) = (None, false);
    }

    /// All operations so far.
    pub fn operations(&self) -> u64 {
        let state = self.get();
        state.reads + state.writes + state.removes
    }

    /// Names of the objects, in ascending order.
    pub fn names(&self) -> Vec<String> {
        self.get().objects.keys().cloned().collect()
    }
}

impl State {
    /// Counts down to the cut. `Some` at the operation that is cut; every later one fails.
    fn tick(&mut self) -> Result<Option<Cut>, StoreError> {
        if self.dead {
            return Err(StoreError::Io);
        }
        match &mut self.cut {
            Some((0, cut)) => {
                self.dead = true;
                Ok(Some(*cut))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

impl Store for Medium {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let mut state = self.set();
        state.reads += 1;
        if state.tick()?.is_some() {
            return Err(StoreError::Io);
        }
        if let Some(error) = state.read_error {
            return Err(error);
        }
        if state.corrupt.iter().any(|corrupt| corrupt == name) {
            return Err(StoreError::Corrupt);
        }
        Ok(state.objects.get(name).cloned().map(Zeroizing::new))
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        assert!(name.len() <= 64, "longer than a GlobalPlatform object id");
        let mut state = self.set();
        state.writes += 1;
        if let Some(error) = state.write_error {
            return Err(error);
        }
        let cut = state.tick()?;
        let left = match cut {
            None | Some(Cut::After) => Some(bytes.to_vec()),
            Some(Cut::Before) => state.objects.get(name).cloned(),
            Some(Cut::Empty) => Some(Vec::new()),
            Some(Cut::Half) => Some(bytes[..bytes.len() / 2].to_vec()),
            Some(Cut::Zeros) => {
                let mut torn = bytes.to_vec();
                let from = torn.len() / 2;
                torn[from..].fill(0);
                Some(torn)
            }
            Some(Cut::Garbage) => Some(bytes.iter().map(|byte| byte ^ 0x5a).collect()),
            Some(Cut::Gone) => None,
        };
        match left {
            Some(left) => state.objects.insert(name.to_owned(), left),
            None => state.objects.remove(name),
        };
        if cut.is_some() {
            Err(StoreError::Io)
        } else {
            Ok(())
        }
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        let mut state = self.set();
        state.removes += 1;
        let cut = state.tick()?;
        if cut.is_none() || cut == Some(Cut::After) {
            state.objects.remove(name);
        }
        if cut.is_some() {
            Err(StoreError::Io)
        } else {
            Ok(())
        }
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut state = self.set();
        state.reads += 1;
        if state.tick()?.is_some() {
            return Err(StoreError::Io);
        }
        let names = state.objects.keys();
        // In no order: the core must not count on any.
        Ok(names
            .rev()
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect())
    }
}
