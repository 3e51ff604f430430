// SPDX-License-Identifier: Apache-2.0

//! What a sealer needs from the place it runs in.

use alloc::string::String;
use alloc::vec::Vec;

use sealer_wire::{Error, ErrorCode, Result, SealerKind, Secret32, StorageProtection};
use zeroize::Zeroizing;

/// Why the persistent store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The medium found the object damaged. Some media delete it thereby.
    Corrupt,
    /// No room.
    NoSpace,
    /// Anything else.
    Io,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt => Error::new(ErrorCode::Corrupt, "a stored record is damaged"),
            StoreError::NoSpace => Error::new(ErrorCode::NoSpace, "no room for the vault's record"),
            StoreError::Io => Error::new(ErrorCode::Io, "the sealer's storage failed"),
        }
    }
}

/// Persistent objects with short names. An operation need not be atomic: a cut while `write` runs
/// may leave that one object old, new, torn or missing, and no other object touched.
pub trait Store {
    /// The whole object; `None` if there is none.
    fn read(&mut self, name: &str) -> core::result::Result<Option<Zeroizing<Vec<u8>>>, StoreError>;
    /// Creates or replaces the object, durable on return.
    fn write(&mut self, name: &str, bytes: &[u8]) -> core::result::Result<(), StoreError>;
    /// Removes the object, durable on return; one that does not exist is no error.
    fn remove(&mut self, name: &str) -> core::result::Result<(), StoreError>;
    /// Names of all objects that begin with `prefix`, in no order.
    fn list(&mut self, prefix: &str) -> core::result::Result<Vec<String>, StoreError>;
}

/// Random numbers, time, storage and identity of a sealer.
pub trait Platform {
    /// Where records live.
    type Store: Store;

    /// Fills `out` with cryptographically secure random bytes.
    fn random(&mut self, out: &mut [u8]) -> Result<()>;
    /// Milliseconds since some start; never goes back. Challenges live by it.
    fn monotonic_ms(&mut self) -> u64;
    /// Seconds since 1970, for stamps that people read. Not trusted for anything else.
    fn unix_time(&mut self) -> u64;
    /// The persistent store.
    fn store(&mut self) -> &mut Self::Store;
    /// What kind of sealer this is.
    fn kind(&self) -> SealerKind;
    /// Build or platform revision, for people.
    fn revision(&self) -> String;
    /// What the medium promises.
    fn storage_protection(&self) -> StorageProtection;
    /// The key under which hardware auth tokens are made, agreed through `ISharedSecret`. Without
    /// one, vaults that ask for biometrics are refused.
    fn auth_token_key(&self) -> Option<Secret32>;
}

/// Random bytes of a fixed length.
pub(crate) fn random<const N: usize>(platform: &mut impl Platform) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    platform.random(&mut bytes)?;
    Ok(bytes)
}
