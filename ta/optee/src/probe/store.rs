// SPDX-License-Identifier: Apache-2.0

//! The storage as measurements need it: counted and timed, or none at all.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::result::Result;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use optee_utee::raw;
use sealer_core::{Store, StoreError};
use zeroize::Zeroizing;

use crate::store::TeeStore;

static CALLS: AtomicU32 = AtomicU32::new(0);
static CHANGES: AtomicU32 = AtomicU32::new(0);
static MS: AtomicU32 = AtomicU32::new(0);
static IN_RAM: AtomicBool = AtomicBool::new(false);

/// Calls, those that change something, milliseconds in all of them.
pub fn figures() -> [u32; 3] {
    [&CALLS, &CHANGES, &MS].map(|figure| figure.load(Ordering::Relaxed))
}

/// From now on records are in RAM.
pub fn forget() {
    IN_RAM.store(true, Ordering::Relaxed);
}

/// [`TeeStore`], or records in RAM after [`forget`].
#[derive(Default)]
pub struct MeasuredStore {
    tee: TeeStore,
    ram: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl MeasuredStore {
    /// One call of the storage.
    fn call<T>(
        &mut self,
        changes: bool,
        tee: impl FnOnce(&mut TeeStore) -> Result<T, StoreError>,
        ram: impl FnOnce(&mut BTreeMap<String, Zeroizing<Vec<u8>>>) -> T,
    ) -> Result<T, StoreError> {
        if IN_RAM.load(Ordering::Relaxed) {
            return Ok(ram(&mut self.ram));
        }
        CALLS.fetch_add(1, Ordering::Relaxed);
        CHANGES.fetch_add(u32::from(changes), Ordering::Relaxed);
        let begun = now_ms();
        let result = tee(&mut self.tee);
        MS.fetch_add(now_ms().wrapping_sub(begun), Ordering::Relaxed);
        result
    }
}

impl Store for MeasuredStore {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.call(
            false,
            |store| store.read(name),
            |records| records.get(name).cloned(),
        )
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.call(
            true,
            |store| store.write(name, bytes),
            |records| drop(records.insert(name.into(), bytes.to_vec().into())),
        )
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        self.call(
            true,
            |store| store.remove(name),
            |records| drop(records.remove(name)),
        )
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.call(
            false,
            |store| store.list(prefix),
            |records| {
                let names = records.keys();
                names
                    .filter(|name| name.starts_with(prefix))
                    .cloned()
                    .collect()
            },
        )
    }
}

fn now_ms() -> u32 {
    let mut time = raw::TEE_Time {
        seconds: 0,
        millis: 0,
    };
    // SAFETY: the pointer is to a `TEE_Time` of ours.
    unsafe { raw::TEE_GetSystemTime(&mut time) };
    time.seconds.wrapping_mul(1000).wrapping_add(time.millis)
}
