// SPDX-License-Identifier: Apache-2.0

//! Memory for secrets: pages of their own, locked into RAM, kept out of core dumps, wiped.
//!
//! Locks of `mlock(2)` are per page and do not nest, so every value has its own mapping and
//! dropping one can never unlock another. A process without the right to lock (RLIMIT_MEMLOCK)
//! still works: what it loses is protection from swap, and one warning per process says so.

use core::marker::PhantomData;
use core::mem::{align_of, size_of};
use core::ops::Deref;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::mman::{MmapAdvise, madvise, mlock};
use sealer_wire::Result;

use crate::mapping::Mapping;

static WARNED: AtomicBool = AtomicBool::new(false);

/// One `T` in its own locked pages. Not `Clone`, not `Debug`.
pub(crate) struct Locked<T> {
    /// Holds an initialized `T` at its start. Unmapping also unlocks.
    pages: Mapping,
    value: PhantomData<T>,
}

impl<T> Locked<T> {
    /// Moves `value` into locked pages.
    ///
    /// The caller's own copy, where it left one, is the caller's to wipe.
    /// Errors: `INTERNAL` where the system has no memory left to map.
    pub(crate) fn new(value: T) -> Result<Locked<T>> {
        const {
            assert!(
                align_of::<T>() <= 4096,
                "a mapping is aligned to a page only"
            )
        };
        let pages = Mapping::new(size_of::<T>())?;
        // SAFETY: the range is a live mapping.
        let locked = unsafe { mlock(pages.start().cast(), pages.len()) };
        if let Err(errno) = locked
            && !WARNED.swap(true, Ordering::Relaxed)
        {
            log::warn!("keys are not locked into memory ({errno}): they may reach swap");
        }
        // SAFETY: as above.
        let hidden =
            unsafe { madvise(pages.start().cast(), pages.len(), MmapAdvise::MADV_DONTDUMP) };
        if let Err(errno) = hidden {
            // The second belt: the process runs without core dumps.
            log::debug!("keys are not left out of core dumps ({errno})");
        }
        let place: NonNull<T> = pages.start().cast();
        // SAFETY: the mapping is writable, large enough, aligned to a page and not aliased.
        unsafe { place.write(value) };
        Ok(Locked {
            pages,
            value: PhantomData,
        })
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: initialized in `new`, valid until `drop`, never handed out mutably.
        unsafe { self.pages.start().cast().as_ref() }
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        // SAFETY: initialized in `new` and dropped only here; afterwards the pages are plain
        // bytes, which the mapping wipes and gives back.
        unsafe { self.pages.start().cast::<T>().drop_in_place() };
    }
}
