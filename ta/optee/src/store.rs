// SPDX-License-Identifier: Apache-2.0

//! Records as persistent objects of the trusted storage.
//!
//! OP-TEE encrypts and authenticates an object and replaces it as a whole. One that it finds damaged
//! it removes, which the core allows for: it never has only one.

use alloc::string::String;
use alloc::vec::Vec;
use core::result::Result;

use optee_utee::{
    DataFlag, ErrorKind, GenericObject, MiscellaneousConstants, ObjectEnumHandle,
    ObjectStorageConstants, PersistentObject,
};
use sealer_core::{Store, StoreError};
use sealer_wire::limits;
use zeroize::Zeroizing;

/// Largest object that is read back: a record is bounded by what fits a message, and some.
const MAX_OBJECT: usize = 2 * limits::MESSAGE;

/// The trusted application's own storage.
#[derive(Default)]
pub struct TeeStore;

impl Store for TeeStore {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Some(mut object) = open(name, DataFlag::ACCESS_READ)? else {
            return Ok(None);
        };
        if object.info().map_err(store_error)?.data_size() > MAX_OBJECT {
            return Err(StoreError::Corrupt);
        }
        let bytes = object.read_remaining_to_vec().map_err(store_error)?;
        Ok(Some(Zeroizing::new(bytes)))
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let flags = DataFlag::ACCESS_WRITE | DataFlag::OVERWRITE;
        let storage = ObjectStorageConstants::Private;
        PersistentObject::create(storage, name.as_bytes(), flags, None, bytes)
            .map(drop)
            .map_err(store_error)
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        match open(name, DataFlag::ACCESS_WRITE_META) {
            Ok(Some(object)) => object.close_and_delete().map_err(store_error),
            Ok(None) => Ok(()),
            // OP-TEE has removed it; if not, this says so.
            Err(StoreError::Corrupt) => open(name, DataFlag::ACCESS_WRITE_META).and_then(|object| {
                object.map_or(Ok(()), |object| {
                    object.close_and_delete().map_err(store_error)
                })
            }),
            Err(error) => Err(error),
        }
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut objects = ObjectEnumHandle::allocate().map_err(store_error)?;
        match objects.start(ObjectStorageConstants::Private as u32) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::ItemNotFound => return Ok(Vec::new()),
            Err(error) => return Err(store_error(error)),
        }
        let mut names = Vec::new();
        let mut id = [0; MiscellaneousConstants::TeeObjectIdMaxLen as usize];
        loop {
            match objects.get_next(None, &mut id) {
                Ok(length) => {
                    let name = usize::try_from(length).ok().and_then(|n| id.get(..n));
                    if let Some(name) = name.and_then(|name| core::str::from_utf8(name).ok())
                        && name.starts_with(prefix)
                    {
                        names.try_reserve(1).map_err(|_| StoreError::Io)?;
                        names.push(name.into());
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::ItemNotFound => return Ok(names),
                    // A damaged object has no name to give; the vault's other slot names it.
                    ErrorKind::CorruptObject => {}
                    _ => return Err(store_error(error)),
                },
            }
        }
    }
}

/// `None` if there is no such object.
fn open(name: &str, flags: DataFlag) -> Result<Option<PersistentObject>, StoreError> {
    match PersistentObject::open(ObjectStorageConstants::Private, name.as_bytes(), flags) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.kind() == ErrorKind::ItemNotFound => Ok(None),
        Err(error) => Err(store_error(error)),
    }
}

fn store_error(error: optee_utee::Error) -> StoreError {
    match error.kind() {
        ErrorKind::CorruptObject | ErrorKind::CorruptObject2 => StoreError::Corrupt,
        ErrorKind::StorageNoSpace => StoreError::NoSpace,
        _ => StoreError::Io,
    }
}
