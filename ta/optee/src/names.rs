// SPDX-License-Identifier: Apache-2.0

//! The names of all objects, kept in RAM.
//!
//! To walk over its objects costs OP-TEE's storage in the normal world the square of their number:
//! each step searches the directory from its beginning, a block at a time. Nobody else writes to the
//! trusted application's storage, so one walk is enough. Where the storage is exchanged under a
//! running instance, an object that should be there is not, and the next question walks again.

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::ops::Bound;

/// Most names that are kept: beyond, every question walks.
const MOST: usize = 1024;

/// Names of objects, if they are known.
#[derive(Default)]
pub struct KnownNames {
    names: Option<BTreeSet<String>>,
    /// The one that was written last: what shows first that the storage is another one.
    last: String,
}

impl KnownNames {
    /// Known, and none yet.
    pub fn none() -> KnownNames {
        KnownNames {
            names: Some(BTreeSet::new()),
            last: String::new(),
        }
    }

    /// What has to be there if these still are the names; `None` if they are not known.
    pub fn sample(&self) -> Option<&str> {
        self.names
            .as_ref()?
            .get(self.last.as_str())
            .map(String::as_str)
    }

    /// Those that begin with `prefix`.
    pub fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = &String> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let names = self
            .names
            .iter()
            .flat_map(move |names| names.range::<str, _>(from));
        names.take_while(move |name| name.starts_with(prefix))
    }

    pub fn insert(&mut self, name: &str) {
        match &mut self.names {
            Some(names) if names.contains(name) || names.len() < MOST => {
                if !names.contains(name) {
                    names.insert(name.into());
                }
                // In place: what lives long and is made anew each time leaves holes in the heap.
                self.last.clear();
                self.last.push_str(name);
            }
            _ => self.forget(),
        }
    }

    pub fn remove(&mut self, name: &str) {
        if let Some(names) = &mut self.names {
            names.remove(name);
            if self.last == name {
                self.last = names.first().cloned().unwrap_or_default();
            }
        }
    }

    /// An object of this name was not there.
    pub fn missed(&mut self, name: &str) {
        if self
            .names
            .as_ref()
            .is_some_and(|names| names.contains(name))
        {
            self.forget();
        }
    }

    pub fn forget(&mut self) {
        self.names = None;
    }
}
