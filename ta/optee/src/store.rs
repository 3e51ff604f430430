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

use crate::names::KnownNames;
use crate::objects::{Code, Names, Object};

/// Largest object that is read back: a record is bounded by what fits a message, and some.
const MAX_OBJECT: usize = 2 * limits::MESSAGE;

/// The trusted application's own storage.
#[derive(Default)]
pub struct TeeStore {
    names: KnownNames,
}

impl Store for TeeStore {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Some(object) = found(Object::open(name))? else {
            self.names.missed(name);
            return Ok(None);
        };
        let size = object.size().map_err(store_error)?;
        if size > MAX_OBJECT {
            return Err(StoreError::Corrupt);
        }
        object.read(size).map(Some).map_err(store_error)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        // Before it is tried: a failure may leave the object there.
        self.names.insert(name);
        Object::replace(name, bytes).map_err(store_error)
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        match found(Object::remove(name)) {
            // OP-TEE has removed it when it found it damaged; if not, this says so.
            Err(StoreError::Corrupt) => found(Object::remove(name)).map(drop),
            result => result.map(drop),
        }?;
        self.names.remove(name);
        Ok(())
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        if let Some(sample) = self.names.sample()
            && matches!(found(Object::open(sample)), Ok(Some(_)))
        {
            return Ok(self.names.with_prefix(prefix).cloned().collect());
        }
        let (matching, names) = walk(prefix)?;
        self.names = names;
        Ok(matching)
    }
}

/// The names of all objects that begin with `prefix`, and of all. A damaged object has no name to
/// give; the vault's other slot names it.
fn walk(prefix: &str) -> Result<(Vec<String>, KnownNames), StoreError> {
    let (mut matching, mut names) = (Vec::new(), KnownNames::none());
    let Some(mut objects) = found(Names::start())? else {
        return Ok((matching, names));
    };
    loop {
        match objects.next().map(from_utf8) {
            Ok(Ok(name)) => {
                if name.starts_with(prefix) {
                    matching.try_reserve(1).map_err(|_| StoreError::Io)?;
                    matching.push(name.into());
                }
                names.insert(name);
            }
            // Not a name that the core gives.
            Ok(Err(_)) => {}
            Err(raw::TEE_ERROR_ITEM_NOT_FOUND) => return Ok((matching, names)),
            Err(raw::TEE_ERROR_CORRUPT_OBJECT) => names.forget(),
            Err(code) => return Err(store_error(code)),
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
