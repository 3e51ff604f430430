// SPDX-License-Identifier: Apache-2.0

//! Which kind of authenticator is played.

use std::str::FromStr;

use serde::{Deserialize, Serialize, de::IntoDeserializer, de::value::Error as NameError};

/// What kind of authenticator this is. The default is a synced passkey provider.
///
/// Settings are part of an exported store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether the user is verified (UV), even where the options ask for it.
    pub user_verified: bool,
    /// Whether the user is there at all (UP).
    pub user_present: bool,
    /// The flags BE and BS.
    pub backup: Backup,
    /// The signature counter of passkeys made from now on.
    pub counter: Counter,
    /// When PRF outputs are given.
    pub prf: Prf,
    /// The attestation statement of registrations.
    pub attestation: Attestation,
    /// The algorithm of passkeys made from now on.
    pub algorithm: Algorithm,
    /// `androidPackageName` in the client data, as Android's Credential Manager writes it.
    pub android_package: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_verified: true,
            user_present: true,
            backup: Backup::default(),
            counter: Counter::default(),
            prf: Prf::default(),
            attestation: Attestation::default(),
            algorithm: Algorithm::default(),
            android_package: None,
        }
    }
}

/// The flags BE (backup eligible) and BS (backup state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backup {
    /// BE and BS: a synced passkey.
    #[default]
    Synced,
    /// BE only: may be synced, is not yet.
    Eligible,
    /// Neither: a passkey that never leaves its authenticator.
    DeviceBound,
}

/// The signature counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// Always 0, as synced passkeys have it.
    #[default]
    None,
    /// 0 at registration, then 1, 2, 3…
    Counting,
}

/// When PRF outputs are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prf {
    /// Never; the extension is unknown.
    None,
    /// At assertions; a registration says only `enabled`.
    #[default]
    Assertion,
    /// At registrations too.
    Creation,
}

/// The attestation statement of registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    /// Format `none`.
    #[default]
    None,
    /// Format `packed`, signed by the new passkey itself.
    PackedSelf,
}

/// The algorithm of new passkeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// The first of the options that `passkey` knows.
    #[default]
    Any,
    /// ECDSA on P-256 with SHA-256 (-7).
    Es256,
    /// Ed25519 (-8).
    Eddsa,
}

/// Settings are named alike on the command line and in a store file.
macro_rules! from_serde_name {
    ($($setting:ty),+) => {$(
        impl FromStr for $setting {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::deserialize(name.into_deserializer())
            }
        }
    )+};
}

from_serde_name!(Backup, Counter, Prf, Attestation, Algorithm);
