// SPDX-License-Identifier: Apache-2.0

//! The sealer in a library that has no std, on any machine:
//!
//! ```sh
//! cargo build --manifest-path tests/no-std/Cargo.toml
//! ```
//!
//! This crate has its own panic handler. Were std anywhere among what it links, there would be two,
//! and the build would fail with "found duplicate lang item `panic_impl`". The whole of the sealer
//! is linked: `Sealer::process` is called on a platform without anything.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;

use sealer_core::{Config, Platform, Sealer, Store, StoreError};
use sealer_wire::{Error, ErrorCode, SealerKind, Secret32, StorageProtection};
use zeroize::Zeroizing;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Has nothing to give: this library is built, not run.
struct Nothing;

// SAFETY: it never returns memory, so there is nothing that could be used wrongly.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

struct Bare;

impl Store for Bare {
    fn read(&mut self, _: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Err(StoreError::Io)
    }
    fn write(&mut self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Io)
    }
    fn remove(&mut self, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Io)
    }
    fn list(&mut self, _: &str) -> Result<Vec<String>, StoreError> {
        Err(StoreError::Io)
    }
}

impl Platform for Bare {
    type Store = Bare;
    fn random(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(ErrorCode::Internal.into())
    }
    fn monotonic_ms(&mut self) -> u64 {
        0
    }
    fn unix_time(&mut self) -> u64 {
        0
    }
    fn store(&mut self) -> &mut Bare {
        self
    }
    fn kind(&self) -> SealerKind {
        SealerKind::Nonsecure
    }
    fn revision(&self) -> String {
        String::new()
    }
    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }
    fn auth_token_key(&self) -> Option<Secret32> {
        None
    }
}

/// Processes one byte of a request, and says how long the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn sealer_process(request: u8) -> usize {
    Sealer::new(Bare, Config::default())
        .process(&[request])
        .len()
}
