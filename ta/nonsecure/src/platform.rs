// SPDX-License-Identifier: Apache-2.0

//! The platform of an ordinary process.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sealer_core::Platform;
use sealer_wire::{Error, ErrorCode, SealerKind, Secret32, StorageProtection};

use crate::FileStore;

/// Random numbers from the kernel, the process's clocks, files.
pub struct HostPlatform<'a> {
    start: Instant,
    store: &'a mut FileStore,
}

impl<'a> HostPlatform<'a> {
    pub fn new(store: &'a mut FileStore) -> Self {
        HostPlatform {
            start: Instant::now(),
            store,
        }
    }
}

impl Platform for HostPlatform<'_> {
    type Store = FileStore;

    fn random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(out)
            .map_err(|_| Error::new(ErrorCode::Internal, "the system gives no random numbers"))
    }

    fn monotonic_ms(&mut self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn unix_time(&mut self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    }

    fn store(&mut self) -> &mut FileStore {
        self.store
    }

    fn kind(&self) -> SealerKind {
        SealerKind::Nonsecure
    }

    fn revision(&self) -> String {
        concat!("nonsecure ", env!("CARGO_PKG_VERSION")).into()
    }

    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }

    fn auth_token_key(&self) -> Option<Secret32> {
        // Keys for hardware auth tokens are agreed between TEEs; this is none.
        None
    }
}
