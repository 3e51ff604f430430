// SPDX-License-Identifier: Apache-2.0

//! Values on the command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::Id;
use serde_json::value::RawValue;

/// A file, or a standard stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard input or output.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// The name of the file, `-` for a standard stream.
    pub fn path(&self) -> &Path {
        match self {
            Place::Standard => Path::new("-"),
            Place::File(path) => path,
        }
    }
}

impl From<OsString> for Place {
    fn from(text: OsString) -> Place {
        if text == OsStr::new("-") {
            Place::Standard
        } else {
            Place::File(text.into())
        }
    }
}

/// The app's own metadata: JSON.
#[derive(Clone, Debug)]
pub struct Meta(pub Box<RawValue>);

impl FromStr for Meta {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> std::result::Result<Meta, serde_json::Error> {
        serde_json::from_str(text).map(Meta)
    }
}

/// A WebAuthn credential id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialId(pub Vec<u8>);

pub fn parse_credential(text: &str) -> std::result::Result<CredentialId, &'static str> {
    Base64UrlUnpadded::decode_vec(text)
        .map(CredentialId)
        .map_err(|_| "not a credential id: base64url without padding")
}

pub fn parse_id(text: &str) -> std::result::Result<Id, &'static str> {
    const WRONG: &str = "not an id: 32 hexadecimal digits";
    let digits = text.as_bytes();
    let mut id = Id::default();
    if digits.len() != 2 * id.len() {
        return Err(WRONG);
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16).ok_or(WRONG)?;
            *byte = (*byte << 4) | u8::try_from(value).map_err(|_| WRONG)?;
        }
    }
    Ok(id)
}
