// SPDX-License-Identifier: Apache-2.0

//! What the sealer tells about itself and about a vault: nothing secret.
//!
//! The numbers of the enums are those of the enums of the same names in AIDL.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};

use crate::{Id, codec, limits};

/// What the sealer is, the weaker kind first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum SealerKind {
    /// The core in an ordinary process with a file store: protects nothing from root.
    #[n(1)]
    Nonsecure = 1,
    /// The core in an OP-TEE trusted application.
    #[n(2)]
    Optee = 2,
}

/// What the medium under the sealer promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum StorageProtection {
    /// Nothing.
    #[n(1)]
    None,
    /// A hash tree in the normal world's file system, without anti-rollback.
    #[n(2)]
    ReeFs,
    /// Replay-protected memory block.
    #[n(3)]
    Rpmb,
}

/// Answer to [`crate::Request::GetInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Info {
    /// What the sealer is.
    #[n(0)]
    pub kind: SealerKind,
    /// Build or platform revision, for people.
    #[n(1)]
    pub revision: String,
    /// [`crate::WIRE_VERSION`].
    #[n(2)]
    pub wire_version: u16,
    /// What the medium promises.
    #[n(3)]
    pub storage_protection: StorageProtection,
    /// COSE algorithm numbers, in order of preference.
    #[cbor(n(4), decode_with = "codec::decode_list::<_, _, {limits::ALGORITHMS}>")]
    pub algorithms: Vec<i32>,
    /// Life of a challenge in milliseconds.
    #[n(5)]
    pub challenge_ttl_ms: u64,
}

/// What a registration's attestation proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum AttestationKind {
    /// Nothing was attested.
    #[n(1)]
    None,
    /// Packed, signed by the credential itself.
    #[n(2)]
    SelfAttested,
    /// Packed, signed by an attestation certificate (no trust anchor is consulted).
    #[n(3)]
    X5c,
    /// A format that the policy took unverified.
    #[n(4)]
    Unverified,
}

/// What a credential's PRF extension can do for the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum PrfState {
    /// The registration did not report it.
    #[n(1)]
    Unsupported,
    /// Reported at registration, not enrolled as a factor.
    #[n(2)]
    Enabled,
    /// Enrolled: the passkey opens archives on a new device.
    #[n(3)]
    Enrolled,
}

/// What kind of secret a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum FactorKind {
    /// A passkey.
    #[n(1)]
    Passkey = 1,
    /// 64 digits.
    #[n(2)]
    Recovery = 2,
    /// A password.
    #[n(3)]
    Password = 3,
}

/// A credential of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct CredentialView {
    /// WebAuthn credential id.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub credential_id: Vec<u8>,
    /// COSE algorithm number.
    #[n(1)]
    pub alg: i32,
    /// A name for people.
    #[n(2)]
    pub label: String,
    /// Seconds since 1970.
    #[n(3)]
    pub created_at: u64,
    /// Seconds since 1970.
    #[n(4)]
    pub last_used_at: Option<u64>,
    /// Signature counter as last seen.
    #[n(5)]
    pub sign_count: u32,
    /// BE: can be synced.
    #[n(6)]
    pub backup_eligible: bool,
    /// BS: was synced when last seen.
    #[n(7)]
    pub backup_state: bool,
    /// What the registration proved.
    #[n(8)]
    pub attestation: AttestationKind,
    /// What its PRF extension can do.
    #[n(9)]
    pub prf: PrfState,
}

/// A factor of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct FactorView {
    /// Its id.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub factor_id: Id,
    /// What kind of secret it is.
    #[n(1)]
    pub kind: FactorKind,
    /// Whether it opens archives on a new device.
    #[n(2)]
    pub portable: bool,
    /// When its owner last proved to hold it, seconds since 1970: of a portable factor at its
    /// enrolment by two assertions, at a rehearsal or an import, else at the last assertion.
    #[n(3)]
    pub last_proved_at: Option<u64>,
}

/// A vault as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct VaultView {
    /// Its id, and the user handle of its passkeys.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// Number of the current epoch.
    #[n(1)]
    pub epoch: u32,
    /// Numbers of the epochs that only open older archives.
    #[cbor(
        n(2),
        decode_with = "codec::decode_list::<_, _, {limits::RETIRED_EPOCHS_IMPORTED}>"
    )]
    pub retired_epochs: Vec<u32>,
    /// WebAuthn relying party id.
    #[n(3)]
    pub rp_id: String,
    /// Origins that ceremonies may come from.
    #[cbor(n(4), decode_with = "codec::decode_list::<_, _, {limits::ORIGINS}>")]
    pub origins: Vec<String>,
    /// The name that passkey clients show.
    #[n(5)]
    pub user_name: String,
    /// Whether restores also need a hardware auth token.
    #[n(6)]
    pub require_biometric: bool,
    /// Seconds since 1970.
    #[n(7)]
    pub created_at: u64,
    /// Oldest first.
    #[cbor(
        n(8),
        decode_with = "codec::decode_list::<_, _, {limits::CREDENTIALS}>"
    )]
    pub credentials: Vec<CredentialView>,
    /// Oldest first.
    #[cbor(n(9), decode_with = "codec::decode_list::<_, _, {limits::ENVELOPES}>")]
    pub factors: Vec<FactorView>,
}
