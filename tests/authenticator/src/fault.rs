// SPDX-License-Identifier: Apache-2.0

//! Wrong answers, each wrong in one thing.

use std::{fmt, str::FromStr};

use crate::Error;

/// One thing that is wrong with a response.
///
/// Unless the group says otherwise the response is validly signed, so that only the rule in
/// question can refuse it. Faults of one response may be combined; they are applied in the order
/// given. The store afterwards is what it is after an honest ceremony.
#[derive(Clone, Debug)]
pub enum Fault {
    // In clientDataJSON, whose hash is signed.
    /// `type` of the other ceremony.
    Type,
    /// `challenge` with one bit flipped.
    Challenge,
    /// Another `origin`.
    Origin(String),
    /// `crossOrigin` true.
    CrossOrigin,
    /// `topOrigin` present. A browser adds it with `crossOrigin` true only: combine the two.
    TopOrigin(String),
    /// `androidPackageName` present, instead of the one in the settings.
    AndroidPackage(String),
    /// The bytes that this function makes of the JSON; for malformed and unusual JSON.
    ClientData(fn(&str) -> Vec<u8>),

    // In the authenticator data, which is signed.
    /// The rp id hash of another rp id.
    RpId(String),
    /// UP = 0.
    NoUserPresence,
    /// UV = 0. PRF outputs are then those of the secret without user verification.
    NoUserVerification,
    /// BE changed since registration. BS follows where it must, so that only BE is wrong.
    BackupFlip,
    /// BS without BE.
    BackupStateOnly,
    /// The counter of the assertion before.
    CounterRepeat,
    /// The counter of the assertion before that one, never 0.
    CounterRegress,
    /// Counter 0 after a greater one.
    CounterReset,
    /// The bytes that this function makes of the authenticator data; for malformed data.
    AuthenticatorData(fn(&[u8]) -> Vec<u8>),

    // Beside what is signed.
    /// `userHandle` with one bit flipped.
    UserHandle,
    /// No `userHandle`. Legal where the options name credentials.
    NoUserHandle,
    /// `id` and `rawId` with one bit flipped.
    CredentialId,
    /// PRF outputs with one bit flipped.
    PrfOutput,
    /// No PRF outputs.
    NoPrf,

    // In the signature itself: the one fault with an invalid signature.
    /// The signature with one bit flipped. Its encoding stays well-formed.
    Signature,
}

/// Which of the two ceremonies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    Registration,
    Assertion,
}

impl Fault {
    /// The names that [`FromStr`] takes; those with `=` also take a value after it.
    pub const NAMES: &[&str] = &[
        "type",
        "challenge",
        "origin=",
        "cross-origin",
        "top-origin=",
        "android-package=",
        "rp-id=",
        "no-user-presence",
        "no-user-verification",
        "backup-flip",
        "backup-state-only",
        "counter-repeat",
        "counter-regress",
        "counter-reset",
        "user-handle",
        "no-user-handle",
        "credential-id",
        "prf-output",
        "no-prf",
        "signature",
    ];

    /// Refuses a fault that means nothing in `ceremony`, rather than play an honest user.
    pub(crate) fn check_applicable(&self, ceremony: Ceremony) -> Result<(), Error> {
        let assertion_only = matches!(
            self,
            Fault::BackupFlip
                | Fault::CounterRepeat
                | Fault::CounterRegress
                | Fault::CounterReset
                | Fault::UserHandle
                | Fault::NoUserHandle
        );
        if assertion_only && ceremony == Ceremony::Registration {
            return Err(Error::Fault(format!("{self} is for assertions only")));
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Type => write!(f, "type"),
            Fault::Challenge => write!(f, "challenge"),
            Fault::Origin(origin) => write!(f, "origin={origin}"),
            Fault::CrossOrigin => write!(f, "cross-origin"),
            Fault::TopOrigin(origin) => write!(f, "top-origin={origin}"),
            Fault::AndroidPackage(package) => write!(f, "android-package={package}"),
            Fault::ClientData(_) => write!(f, "client-data"),
            Fault::RpId(id) => write!(f, "rp-id={id}"),
            Fault::NoUserPresence => write!(f, "no-user-presence"),
            Fault::NoUserVerification => write!(f, "no-user-verification"),
            Fault::BackupFlip => write!(f, "backup-flip"),
            Fault::BackupStateOnly => write!(f, "backup-state-only"),
            Fault::CounterRepeat => write!(f, "counter-repeat"),
            Fault::CounterRegress => write!(f, "counter-regress"),
            Fault::CounterReset => write!(f, "counter-reset"),
            Fault::AuthenticatorData(_) => write!(f, "authenticator-data"),
            Fault::UserHandle => write!(f, "user-handle"),
            Fault::NoUserHandle => write!(f, "no-user-handle"),
            Fault::CredentialId => write!(f, "credential-id"),
            Fault::PrfOutput => write!(f, "prf-output"),
            Fault::NoPrf => write!(f, "no-prf"),
            Fault::Signature => write!(f, "signature"),
        }
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let or = |default: &str| value.unwrap_or(default).to_owned();
        let fault = match name {
            "origin" => return Ok(Fault::Origin(or("https://attacker.example"))),
            "top-origin" => return Ok(Fault::TopOrigin(or("https://attacker.example"))),
            "android-package" => return Ok(Fault::AndroidPackage(or("com.example.attacker"))),
            "rp-id" => return Ok(Fault::RpId(or("attacker.example"))),
            "type" => Fault::Type,
            "challenge" => Fault::Challenge,
            "cross-origin" => Fault::CrossOrigin,
            "no-user-presence" => Fault::NoUserPresence,
            "no-user-verification" => Fault::NoUserVerification,
            "backup-flip" => Fault::BackupFlip,
            "backup-state-only" => Fault::BackupStateOnly,
            "counter-repeat" => Fault::CounterRepeat,
            "counter-regress" => Fault::CounterRegress,
            "counter-reset" => Fault::CounterReset,
            "user-handle" => Fault::UserHandle,
            "no-user-handle" => Fault::NoUserHandle,
            "credential-id" => Fault::CredentialId,
            "prf-output" => Fault::PrfOutput,
            "no-prf" => Fault::NoPrf,
            "signature" => Fault::Signature,
            _ => return Err(Error::Fault(format!("no fault has the name {name}"))),
        };
        match value {
            None => Ok(fault),
            Some(_) => Err(Error::Fault(format!("{name} takes no value"))),
        }
    }
}
