// SPDX-License-Identifier: Apache-2.0

//! Random numbers, clocks and properties of the TEE.

use alloc::format;
use alloc::string::String;

use optee_utee::property::{
    PropertyKey, TeeTrustedOsImplementationVersion, TeeTrustedStorageAntiRollbackProtectionLevel,
};
use optee_utee::{Random, raw};
use sealer_core::Platform;
use sealer_wire::{Result, SealerKind, Secret32, StorageProtection};

#[cfg(feature = "probe")]
use crate::probe::MeasuredStore as OwnStore;
#[cfg(not(feature = "probe"))]
use crate::store::TeeStore as OwnStore;

/// From this level on the storage's anti-rollback mechanism is hardware that the TEE controls
/// (GlobalPlatform TEE Internal Core API 1.3, table 4-14); 100 is the normal world's.
const HARDWARE_PROTECTION: u32 = 1000;

const ZERO: raw::TEE_Time = raw::TEE_Time {
    seconds: 0,
    millis: 0,
};

/// The TEE.
#[derive(Default)]
pub struct TeePlatform {
    store: OwnStore,
}

impl Platform for TeePlatform {
    type Store = OwnStore;

    fn random(&mut self, out: &mut [u8]) -> Result<()> {
        // Panics if the TEE has no random numbers, so there is nothing to report.
        Random::generate(out);
        Ok(())
    }

    fn monotonic_ms(&mut self) -> u64 {
        let mut time = ZERO;
        // SAFETY: the pointer is to a `TEE_Time` of ours.
        unsafe { raw::TEE_GetSystemTime(&mut time) };
        u64::from(time.seconds) * 1000 + u64::from(time.millis)
    }

    fn unix_time(&mut self) -> u64 {
        let mut time = ZERO;
        // SAFETY: as above.
        unsafe { raw::TEE_GetREETime(&mut time) };
        u64::from(time.seconds)
    }

    fn store(&mut self) -> &mut OwnStore {
        &mut self.store
    }

    fn kind(&self) -> SealerKind {
        SealerKind::Optee
    }

    fn revision(&self) -> String {
        let system = TeeTrustedOsImplementationVersion.get().unwrap_or_default();
        let revision = concat!(env!("CARGO_PKG_VERSION"), " on OP-TEE");
        format!("{revision} {system}")
    }

    fn storage_protection(&self) -> StorageProtection {
        match TeeTrustedStorageAntiRollbackProtectionLevel.get() {
            Ok(level) if level >= HARDWARE_PROTECTION => StorageProtection::Rpmb,
            _ => StorageProtection::ReeFs,
        }
    }

    fn auth_token_key(&self) -> Option<Secret32> {
        // Agreed through `ISharedSecret`, of which this sealer is no participant yet.
        None
    }
}
