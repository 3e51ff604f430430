//! Memory for secrets: pages of their own, locked into RAM, kept out of core dumps, wiped.
//!
//! Locks of `mlock(2)` are per page and do not nest, so every value has its own mapping and
//! dropping one can never unlock another. A process without the right to lock (RLIMIT_MEMLOCK)
//! still works: what it loses is protection from swap, and one warning per process says so.
//!
//! This is the only module of the crate with `unsafe`.

use core::mem::{align_of, size_of};
use core::num::NonZeroUsize;
use core::ops::Deref;
use core::ptr::NonNull;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mlock, mmap_anonymous, munmap};
use sealer_wire::{Error, ErrorCode, Result};
use zeroize::Zeroize;

static WARNED: AtomicBool = AtomicBool::new(false);

/// One `T` in its own locked pages. Not `Clone`, not `Debug`.
pub(crate) struct Locked<T> {
    value: NonNull<T>,
    mapped: NonZeroUsize,
}

// SAFETY: `Locked` owns its value exclusively, like a `Box`.
unsafe impl<T: Send> Send for Locked<T> {}
// SAFETY: a shared `Locked` only hands out `&T`.
unsafe impl<T: Sync> Sync for Locked<T> {}

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
        let Some(mapped) = NonZeroUsize::new(size_of::<T>()) else {
            return Err(Error::new(ErrorCode::Internal, "a secret without content"));
        };
        // SAFETY: a fresh private anonymous mapping touches no existing memory.
        let page = unsafe {
            mmap_anonymous(
                None,
                mapped,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_PRIVATE,
            )
        }
        .map_err(|_| Error::new(ErrorCode::Internal, "no memory for a key"))?;
        // SAFETY: `page` is a live mapping of at least `mapped` bytes.
        let locked = unsafe { mlock(page, mapped.get()) };
        if let Err(errno) = locked
            && !WARNED.swap(true, Ordering::Relaxed)
        {
            log::warn!("keys are not locked into memory ({errno}): they may reach swap");
        }
        // SAFETY: as above. Advice that the kernel does not know is ignored: the process also
        // runs without core dumps.
        let _ = unsafe { madvise(page, mapped.get(), MmapAdvise::MADV_DONTDUMP) };
        let place: NonNull<T> = page.cast();
        // SAFETY: the mapping is writable, large enough, aligned to a page and not aliased.
        unsafe { place.write(value) };
        Ok(Locked {
            value: place,
            mapped,
        })
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: initialized in `new`, valid until `drop`, never handed out mutably.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        // SAFETY: initialized in `new` and dropped only here; afterwards the pages are plain
        // bytes that nobody else refers to: wiped, then given back, which also unlocks them.
        unsafe {
            self.value.drop_in_place();
            let bytes: NonNull<u8> = self.value.cast();
            core::slice::from_raw_parts_mut(bytes.as_ptr(), self.mapped.get()).zeroize();
            let page: NonNull<c_void> = self.value.cast();
            let _ = munmap(page, self.mapped.get());
        }
    }
}
