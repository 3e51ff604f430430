// SPDX-License-Identifier: Apache-2.0

//! Pages of their own for what is wiped when it goes.
//!
//! An allocator keeps a freed buffer of some mebibytes for whoever asks next, so a process that was
//! busy once stays large. A mapping goes back to the system when it is dropped: what the
//! service holds is what its running operations hold.

use core::num::NonZeroUsize;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use sealer_wire::{Error, ErrorCode, Result};
use zeroize::Zeroize;

/// Zeroed bytes in private pages, aligned to a page; wiped and unmapped when dropped.
pub(crate) struct Mapping {
    start: NonNull<u8>,
    bytes: NonZeroUsize,
}

// SAFETY: a `Mapping` owns its pages exclusively, like a `Box<[u8]>`.
unsafe impl Send for Mapping {}
// SAFETY: a shared `Mapping` only hands out `&[u8]`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `bytes` zeroes.
    ///
    /// Errors: `INTERNAL` for none at all, and where the system has no memory left to map.
    pub(crate) fn new(bytes: usize) -> Result<Mapping> {
        let bytes = NonZeroUsize::new(bytes)
            .ok_or_else(|| Error::new(ErrorCode::Internal, "a mapping without content"))?;
        // SAFETY: a fresh private anonymous mapping touches no existing memory.
        let start = unsafe {
            mmap_anonymous(
                None,
                bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_PRIVATE,
            )
        }
        .map_err(|_| Error::new(ErrorCode::Internal, "the system has no memory left to map"))?;
        Ok(Mapping {
            start: start.cast(),
            bytes,
        })
    }

    /// Where it begins, for system calls on its pages.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the pages are mapped, initialized by the system, and lent by `&self` only.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.bytes.get()) }
    }
}

impl DerefMut for Mapping {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` is the only borrow.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes.get()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.zeroize();
        // SAFETY: mapped in `new` with this size, and nobody refers to it any more.
        let unmapped = unsafe { munmap(self.start.cast(), self.bytes.get()) };
        if let Err(errno) = unmapped {
            // It is wiped; what is lost is memory.
            log::warn!("a buffer was not given back to the system ({errno})");
        }
    }
}
