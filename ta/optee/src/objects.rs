// SPDX-License-Identifier: Apache-2.0

//! Persistent objects by OP-TEE's own system calls.
//!
//! GlobalPlatform's functions end a trusted application whenever storage fails in a way that the
//! specification does not list, such as a directory of objects that was tampered with or a
//! tee-supplicant that went away. Here every failure is a code.

use alloc::vec::Vec;
use core::ffi::c_ulong;
use core::mem::MaybeUninit;
use core::ptr;

use optee_utee::{GenericObject, ObjectHandle, raw};
use zeroize::Zeroizing;

/// A `TEE_` result other than success.
pub type Code = u32;

/// Longest name (GlobalPlatform: `TEE_OBJECT_ID_MAX_LEN`).
const MAX_NAME: usize = 64;

/// No name that the core gives.
const ABSENT: &[u8] = b"?";

/// The trusted application's private storage.
const STORAGE: c_ulong = raw::TEE_STORAGE_PRIVATE as c_ulong;

/// An open object, closed when dropped.
pub struct Object(ObjectHandle);

impl Object {
    /// Opens an object for reading.
    pub fn open(name: &str) -> Result<Object, Code> {
        Self::open_with(name.as_bytes(), raw::TEE_DATA_FLAG_ACCESS_READ)
    }

    /// Creates an object with its content, in place of one of that name. The old one is whole until
    /// the new one is.
    pub fn replace(name: &str, bytes: &[u8]) -> Result<(), Code> {
        let flags = raw::TEE_DATA_FLAG_ACCESS_WRITE | raw::TEE_DATA_FLAG_OVERWRITE;
        let mut object = 0;
        // SAFETY: the pointers are to `name`, `bytes` and `object`, with their lengths; there are
        // no attributes.
        let code = unsafe {
            raw::_utee_storage_obj_create(
                STORAGE,
                name.as_ptr().cast(),
                name.len(),
                c_ulong::from(flags),
                0,
                bytes.as_ptr().cast(),
                bytes.len(),
                &mut object,
            )
        };
        check(code)?;
        handle(object).map(drop)
    }

    /// Removes an object.
    pub fn remove(name: &str) -> Result<(), Code> {
        let object = Self::open_with(name.as_bytes(), raw::TEE_DATA_FLAG_ACCESS_WRITE_META)?;
        // SAFETY: the handle is of an open object.
        let handle = unsafe { *object.0.as_raw_ref() };
        // SAFETY: as above; OP-TEE closes it, whatever the result, and `forget` keeps us from it.
        let code = unsafe { raw::_utee_storage_obj_del(handle as c_ulong) };
        object.0.forget();
        check(code)
    }

    /// Opens an object. Once more after a failure that says nothing: OP-TEE 4.3 to 4.10 may hold its
    /// directory of objects open for a tee-supplicant that is not there any more (see [`Names`];
    /// another trusted application is enough). It lets go of it with the first failure.
    ///
    /// This is for opening only. The first use of such a directory must not be a replacement, which
    /// may find its own new file under the number of the old directory's, and remove the object
    /// that it was to replace. The core reads what it is about to replace.
    fn open_with(name: &[u8], flags: u32) -> Result<Object, Code> {
        match Self::open_once(name, flags) {
            Err(raw::TEE_ERROR_GENERIC) => Self::open_once(name, flags),
            result => result,
        }
    }

    fn open_once(name: &[u8], flags: u32) -> Result<Object, Code> {
        let mut object = 0;
        // SAFETY: the pointers are to `name`, with its length, and to `object`.
        let code = unsafe {
            raw::_utee_storage_obj_open(
                STORAGE,
                name.as_ptr().cast(),
                name.len(),
                c_ulong::from(flags),
                &mut object,
            )
        };
        check(code)?;
        handle(object).map(Object)
    }

    /// Bytes of content.
    pub fn size(&self) -> Result<usize, Code> {
        // OP-TEE has it in memory: of an open object it is always had.
        match self.0.info() {
            Ok(info) => Ok(info.data_size()),
            Err(error) => Err(error.raw_code()),
        }
    }

    /// The content, which has `size` bytes.
    pub fn read(&self, size: usize) -> Result<Zeroizing<Vec<u8>>, Code> {
        let mut bytes = Zeroizing::new(Vec::new());
        bytes
            .try_reserve_exact(size)
            .map_err(|_| raw::TEE_ERROR_OUT_OF_MEMORY)?;
        bytes.resize(size, 0);
        let mut count = 0;
        // SAFETY: the handle is of an open object.
        let handle = unsafe { *self.0.as_raw_ref() };
        // SAFETY: the pointers are to `bytes`, with its length, and to `count`.
        let code = unsafe {
            raw::_utee_storage_obj_read(
                handle as c_ulong,
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                &mut count,
            )
        };
        check(code)?;
        if usize::try_from(count) != Ok(size) {
            return Err(raw::TEE_ERROR_CORRUPT_OBJECT);
        }
        Ok(bytes)
    }
}

/// Walks over all objects.
///
/// OP-TEE counts who uses its directory of objects, and from 4.3 to 4.10 it forgets to count down when an
/// enumerator is freed that has come to its end, because the end closes the directory. From then on it
/// keeps the directory open, for the tee-supplicant of that time: each new one would begin with a
/// failure. An object that is open opens the directory again, for the enumerator to be counted.
pub struct Names {
    enumerator: c_ulong,
    /// A name that was given: that many bytes of it.
    given: ([u8; MAX_NAME], usize),
}

impl Names {
    pub fn start() -> Result<Names, Code> {
        // The first use of a directory that was kept open must not be an enumerator's: OP-TEE keeps
        // what failed, and before 4.10 ends itself with its next use. That an object is not there has
        // the directory closed.
        let _absent = Object::open_once(ABSENT, raw::TEE_DATA_FLAG_ACCESS_READ);
        let mut enumerator = 0;
        // SAFETY: the pointer is to `enumerator`.
        check(unsafe { raw::_utee_storage_alloc_enum(&mut enumerator) })?;
        let names = Names {
            enumerator: c_ulong::from(enumerator),
            given: ([0; MAX_NAME], 0),
        };
        // SAFETY: the enumerator was just made.
        check(unsafe { raw::_utee_storage_start_enum(names.enumerator, STORAGE) })?;
        Ok(names)
    }

    /// The next object's name. `TEE_ERROR_ITEM_NOT_FOUND` is the end; after
    /// `TEE_ERROR_CORRUPT_OBJECT` there may be more.
    pub fn next(&mut self) -> Result<&[u8], Code> {
        let mut info = MaybeUninit::uninit();
        let mut name = [0; MAX_NAME];
        let mut length = MAX_NAME as u64;
        // SAFETY: OP-TEE writes at most `MAX_NAME` bytes to `name`, which has them, and its fixed
        // structures to `info` and `length`. `info` is not read.
        let code = unsafe {
            raw::_utee_storage_next_enum(
                self.enumerator,
                info.as_mut_ptr(),
                name.as_mut_ptr().cast(),
                &mut length,
            )
        };
        check(code)?;
        let length = usize::try_from(length).map_err(|_| raw::TEE_ERROR_CORRUPT_OBJECT)?;
        let given = name.get(..length).ok_or(raw::TEE_ERROR_CORRUPT_OBJECT)?;
        self.given = (name, given.len());
        Ok(self.given())
    }

    fn given(&self) -> &[u8] {
        let (name, length) = &self.given;
        name.get(..*length).unwrap_or_default()
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // If none can be opened, the directory stays open: the next failure closes it.
        let _open = (!self.given().is_empty())
            .then(|| Object::open_with(self.given(), raw::TEE_DATA_FLAG_ACCESS_READ));
        // SAFETY: made in `start` and used nowhere else. A failure leaves it to the session's end.
        unsafe { raw::_utee_storage_free_enum(self.enumerator) };
    }
}

fn check(code: u32) -> Result<(), Code> {
    match code {
        raw::TEE_SUCCESS => Ok(()),
        code => Err(code),
    }
}

fn handle(object: u32) -> Result<ObjectHandle, Code> {
    let pointer = ptr::with_exposed_provenance_mut(object as usize);
    ObjectHandle::from_raw(pointer).map_err(|error| error.raw_code())
}
