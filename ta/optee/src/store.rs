// SPDX-License-Identifier: Apache-2.0

//! Records as persistent objects of the trusted storage.
//!
//! OP-TEE encrypts and authenticates an object and replaces it as a whole. One that it finds damaged
//! it removes, which the core allows for: it never has only one.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound;
use core::result::Result;
use core::str::from_utf8;

use optee_utee::raw;
use sealer_core::{Store, StoreError};
use sealer_wire::limits;
use zeroize::Zeroizing;

use crate::objects::{Code, MAX_NAME, Names, Object};
#[cfg(feature = "probe")]
use crate::probe::StorageCall;

/// Largest object that is read back: a record is bounded by what fits a message, and some.
const MAX_OBJECT: usize = 2 * limits::MESSAGE;

/// Most names that are kept in RAM.
const MOST_NAMES: usize = 1024;

/// The trusted application's own storage.
///
/// To walk over the objects costs OP-TEE's storage in the normal world the square of their number,
/// so the names are kept in RAM after the first walk. Nobody else writes here, and what is put back
/// or taken away behind this instance's back shows when the object is read; a fresh instance walks
/// again.
#[derive(Default)]
pub struct TeeStore {
    /// All objects that there may be; `None` if not known.
    names: Option<BTreeSet<String>>,
}

impl Store for TeeStore {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(false);
        let Some(object) = found(Object::open(name))? else {
            return Ok(None);
        };
        let size = object.size().map_err(store_error)?;
        if size > MAX_OBJECT {
            return Err(StoreError::Corrupt);
        }
        object.read(size).map(Some).map_err(store_error)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(true);
        // Before it is tried: a failure may leave the object there.
        keep(&mut self.names, name);
        Object::replace(name, bytes).map_err(store_error)
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(true);
        match found(Object::remove(name)) {
            // OP-TEE has removed it when it found it damaged; if not, this says so.
            Err(StoreError::Corrupt) => found(Object::remove(name)).map(drop),
            result => result.map(drop),
        }?;
        if let Some(names) = &mut self.names {
            names.remove(name);
        }
        Ok(())
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(false);
        if let Some(names) = &self.names {
            let from = (Bound::Included(prefix), Bound::Unbounded);
            let names = names.range::<str, _>(from);
            return Ok(names
                .take_while(|name| name.starts_with(prefix))
                .cloned()
                .collect());
        }
        let (found, names) = walk(prefix)?;
        self.names = names;
        Ok(found)
    }
}

/// The names of all objects that begin with `prefix`; and of all, unless one is damaged and has no
/// name to give (the vault's other slot names it), or they are too many to keep.
fn walk(prefix: &str) -> Result<(Vec<String>, Option<BTreeSet<String>>), StoreError> {
    let mut found_names = Vec::new();
    let mut all = Some(BTreeSet::new());
    let Some(mut objects) = found(Names::start())? else {
        return Ok((found_names, all));
    };
    let mut room = [0; MAX_NAME];
    loop {
        match objects.next(&mut room).map(from_utf8) {
            Ok(Ok(name)) => {
                if name.starts_with(prefix) {
                    found_names.try_reserve(1).map_err(|_| StoreError::Io)?;
                    found_names.push(name.into());
                }
                keep(&mut all, name);
            }
            // Not a name that the core gives.
            Ok(Err(_)) => {}
            Err(raw::TEE_ERROR_ITEM_NOT_FOUND) => return Ok((found_names, all)),
            Err(raw::TEE_ERROR_CORRUPT_OBJECT) => all = None,
            Err(code) => return Err(store_error(code)),
        }
    }
}

/// Adds a name to those that are kept, or gives up keeping them.
fn keep(names: &mut Option<BTreeSet<String>>, name: &str) {
    match names {
        Some(kept) if kept.len() < MOST_NAMES => drop(kept.insert(name.into())),
        names => *names = None,
    }
}

/// `None` if there is no such object.
fn found<T>(result: Result<T, Code>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(raw::TEE_ERROR_ITEM_NOT_FOUND) => Ok(None),
        Err(code) => Err(store_error(code)),
    }
}

fn store_error(code: Code) -> StoreError {
    match code {
        // The last one is what OP-TEE says of a directory that is older than its counter.
        raw::TEE_ERROR_CORRUPT_OBJECT
        | raw::TEE_ERROR_CORRUPT_OBJECT_2
        | raw::TEE_ERROR_SECURITY => StoreError::Corrupt,
        raw::TEE_ERROR_STORAGE_NO_SPACE => StoreError::NoSpace,
        _ => StoreError::Io,
    }
}
