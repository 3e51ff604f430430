// SPDX-License-Identifier: Apache-2.0

//! Records as persistent objects of the trusted storage.
//!
//! OP-TEE encrypts and authenticates an object and replaces it as a whole. One that it finds damaged
//! it removes, which the core allows for: it never has only one.

use alloc::string::String;
use alloc::vec::Vec;
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

/// The trusted application's own storage.
#[derive(Default)]
pub struct TeeStore;

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
        Object::replace(name, bytes).map_err(store_error)
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(true);
        match found(Object::remove(name)) {
            // OP-TEE has removed it when it found it damaged; if not, this says so.
            Err(StoreError::Corrupt) => found(Object::remove(name)).map(drop),
            result => result.map(drop),
        }
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        #[cfg(feature = "probe")]
        let _call = StorageCall::begin(false);
        let mut names = Vec::new();
        let Some(mut objects) = found(Names::start())? else {
            return Ok(names);
        };
        let mut room = [0; MAX_NAME];
        loop {
            match objects.next(&mut room).map(from_utf8) {
                Ok(Ok(name)) if name.starts_with(prefix) => {
                    names.try_reserve(1).map_err(|_| StoreError::Io)?;
                    names.push(name.into());
                }
                // Not a name that the core gives.
                Ok(_) => {}
                Err(raw::TEE_ERROR_ITEM_NOT_FOUND) => return Ok(names),
                // A damaged object has no name to give; the vault's other slot names it.
                Err(raw::TEE_ERROR_CORRUPT_OBJECT) => {}
                Err(code) => return Err(store_error(code)),
            }
        }
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
