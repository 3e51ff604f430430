// SPDX-License-Identifier: Apache-2.0

//! Why a ceremony did not give a response.

use std::fmt;

use passkey::{client::WebauthnError, types::ctap2::StatusCode};

/// Why a ceremony did not give a response.
#[derive(Debug)]
pub enum Error {
    /// The options are not what a strict browser accepts.
    Options(String),
    /// The origin is neither a web origin nor `android:apk-key-hash:…` in canonical form.
    Origin(String),
    /// `passkey` refused: wrong rp id for the origin, no such credential, excluded credential.
    Client(WebauthnError),
    /// The fault does not exist, or cannot be played in this ceremony.
    Fault(String),
    /// A stored passkey or a store file cannot be used.
    Store(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Options(why) => write!(f, "options: {why}"),
            Error::Origin(why) => write!(f, "origin: {why}"),
            Error::Client(WebauthnError::AuthenticatorError(code)) => {
                write!(f, "passkey authenticator: {:?}", StatusCode::from(*code))
            }
            Error::Client(error) => write!(f, "passkey client: {error:?}"),
            Error::Fault(why) => write!(f, "fault: {why}"),
            Error::Store(why) => write!(f, "store: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<WebauthnError> for Error {
    fn from(error: WebauthnError) -> Self {
        Error::Client(error)
    }
}
