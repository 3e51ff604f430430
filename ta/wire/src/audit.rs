// SPDX-License-Identifier: Apache-2.0

//! The audit log: a hash chain that the sealer makes and the service keeps.

use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};

use crate::Id;

macro_rules! events {
    ($( $(#[$doc:meta])* $variant:ident = $n:literal, $name:literal; )*) => {
        /// What an entry is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
        #[cbor(index_only)]
        pub enum AuditEvent { $( $(#[$doc])* #[n($n)] $variant, )* }

        impl AuditEvent {
            /// Every event, in the order of their numbers.
            pub const ALL: &'static [AuditEvent] = &[ $( AuditEvent::$variant, )* ];
            /// Number, the same as in AIDL.
            pub const fn number(self) -> i32 { match self { $( AuditEvent::$variant => $n, )* } }
            /// Name in `pkb --json`.
            pub const fn name(self) -> &'static str {
                match self { $( AuditEvent::$variant => $name, )* }
            }
        }
    };
}

events! {
    /// The vault was created.
    VaultCreated = 1, "vault_created";
    /// The vault came to this device from an archive.
    VaultImported = 2, "vault_imported";
    /// The origins were replaced.
    OriginsSet = 3, "origins_set";
    /// A passkey was added.
    CredentialAdded = 4, "credential_added";
    /// A passkey was removed.
    CredentialRemoved = 5, "credential_removed";
    /// The PRF extension of a passkey was enrolled.
    PrfEnrolled = 6, "prf_enrolled";
    /// A recovery key was made.
    RecoveryCreated = 7, "recovery_created";
    /// A password was set.
    PasswordSet = 8, "password_set";
    /// The vault was rotated to a new epoch.
    Rotated = 9, "rotated";
    /// A retired epoch was ended.
    EpochEnded = 10, "epoch_ended";
    /// The key of a new archive was handed out for writing.
    BackupKeyReleased = 11, "backup_key_released";
    /// The key of an archive was handed out for a restore.
    RestoreKeyReleased = 12, "restore_key_released";
    /// The key of an archive was handed out for a full verification.
    VerifyKeyReleased = 13, "verify_key_released";
    /// A factor was rehearsed.
    Rehearsed = 14, "rehearsed";
    /// Ceremonies failed; `count` says how many.
    CeremonyFailed = 15, "ceremony_failed";
    /// Something was found to have been tampered with.
    TamperFound = 16, "tamper_found";
    /// Passwords were locked out.
    LockedOut = 17, "locked_out";
}

/// One entry. Its CBOR is what the chain covers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct AuditEntry {
    /// From 1, without gaps.
    #[n(0)]
    pub seq: u64,
    /// Seconds since 1970, by the sealer's clock.
    #[n(1)]
    pub time: u64,
    /// What happened.
    #[n(2)]
    pub event: AuditEvent,
    /// 0 if it was done, else the error code that it ended with.
    #[n(3)]
    pub result: i32,
    /// How many like it the entry stands for.
    #[n(4)]
    pub count: u32,
    /// The archive it is about.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub backup_id: Option<Id>,
    /// The passkey it is about.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub credential_id: Option<Vec<u8>>,
}

/// An entry as the service stores it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct SealedAuditEntry {
    /// The CBOR of [`AuditEntry`], as the chain covers it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub entry: Vec<u8>,
    /// MAC over vault id, sequence number and the chain up to here.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub mac: [u8; 32],
}

/// A place in the chain from which a verification goes on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct AuditMark {
    /// Sequence number of the last verified entry.
    #[n(0)]
    pub seq: u64,
    /// Hash of the chain up to and with it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub chain: [u8; 32],
    /// That entry's MAC.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub mac: [u8; 32],
}
