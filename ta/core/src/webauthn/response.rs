// SPDX-License-Identifier: Apache-2.0

//! RegistrationResponseJSON and AuthenticationResponseJSON (§5.1): the envelope of a ceremony.

use super::json::{self, Object, Text};
use super::{MAX_CREDENTIAL_ID, MAX_RESPONSE_JSON, base64url};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use sealer_wire::{Error, ErrorCode, Result};
use zeroize::{Zeroize, Zeroizing};

/// One result of the PRF extension (§10.1.4): 32 secret bytes, wiped when dropped, never printed.
#[derive(Clone)]
pub struct PrfOutput(Zeroizing<[u8; 32]>);

impl PrfOutput {
    /// The secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PrfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfOutput(redacted)")
    }
}

/// The results of the PRF extension, as far as the client gave any.
#[derive(Default)]
pub(super) struct Prf {
    pub enabled: Option<bool>,
    pub first: Option<PrfOutput>,
    pub second: Option<PrfOutput>,
}

/// A registration's parts, decoded. The convenience members `authenticatorData`, `publicKey` and
/// `publicKeyAlgorithm` are not read: only the attestation object is the authenticator's word.
pub(super) struct RegistrationResponse {
    pub credential_id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub attestation_object: Vec<u8>,
    pub prf: Prf,
}

/// An assertion's parts, decoded.
pub(super) struct AssertionResponse {
    pub credential_id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub auth_data: Vec<u8>,
    pub signature: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub prf: Prf,
}

#[derive(serde::Deserialize)]
struct CredentialJson<'a, R> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, rename = "rawId")]
    raw_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    response: Object<R>,
    #[serde(borrow, rename = "clientExtensionResults")]
    extensions: Object<ExtensionsJson<'a>>,
}

#[derive(serde::Deserialize)]
struct AttestationResponseJson<'a> {
    #[serde(borrow, rename = "clientDataJSON")]
    client_data: Text<'a>,
    #[serde(borrow, rename = "attestationObject")]
    attestation_object: Text<'a>,
}

#[derive(serde::Deserialize)]
struct AssertionResponseJson<'a> {
    #[serde(borrow, rename = "clientDataJSON")]
    client_data: Text<'a>,
    #[serde(borrow, rename = "authenticatorData")]
    auth_data: Text<'a>,
    #[serde(borrow)]
    signature: Text<'a>,
    // Clients write null where they know none.
    #[serde(borrow, default, rename = "userHandle")]
    user_handle: Option<Text<'a>>,
}

#[derive(serde::Deserialize)]
struct ExtensionsJson<'a> {
    #[serde(borrow, default)]
    prf: Option<Object<PrfJson<'a>>>,
}

#[derive(serde::Deserialize)]
struct PrfJson<'a> {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(borrow, default)]
    results: Option<Object<PrfValuesJson<'a>>>,
}

#[derive(serde::Deserialize)]
struct PrfValuesJson<'a> {
    #[serde(borrow, default)]
    first: Option<Text<'a>>,
    #[serde(borrow, default)]
    second: Option<Text<'a>>,
}

/// Reads a RegistrationResponseJSON. `TOO_LARGE`, `MALFORMED_JSON`, `WRONG_TYPE`.
pub(super) fn registration(bytes: &[u8]) -> Result<RegistrationResponse> {
    let json: CredentialJson<'_, AttestationResponseJson<'_>> = bounded(bytes)?;
    Ok(RegistrationResponse {
        credential_id: json.credential_id()?,
        client_data: base64url::decode(&json.response.0.client_data.0)?,
        attestation_object: base64url::decode(&json.response.0.attestation_object.0)?,
        prf: json.extensions.0.prf()?,
    })
}

/// Reads an AuthenticationResponseJSON. `TOO_LARGE`, `MALFORMED_JSON`, `WRONG_TYPE`.
pub(super) fn assertion(bytes: &[u8]) -> Result<AssertionResponse> {
    let json: CredentialJson<'_, AssertionResponseJson<'_>> = bounded(bytes)?;
    let response = &json.response.0;
    let user_handle = match &response.user_handle {
        Some(text) => Some(base64url::decode(&text.0)?),
        None => None,
    };
    Ok(AssertionResponse {
        credential_id: json.credential_id()?,
        client_data: base64url::decode(&response.client_data.0)?,
        auth_data: base64url::decode(&response.auth_data.0)?,
        signature: base64url::decode(&response.signature.0)?,
        user_handle,
        prf: json.extensions.0.prf()?,
    })
}

fn bounded<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    if bytes.len() > MAX_RESPONSE_JSON {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the response JSON is longer than 16 KiB",
        ));
    }
    json::parse(bytes)
}

impl<R> CredentialJson<'_, R> {
    /// `id` and `rawId` are the same base64url text (§5.1, toJSON), of 1 to 1023 bytes.
    fn credential_id(&self) -> Result<Vec<u8>> {
        if self.kind.0 != "public-key" {
            return Err(Error::new(
                ErrorCode::WrongType,
                "type is not \"public-key\"",
            ));
        }
        if self.id.0 != self.raw_id.0 {
            return Err(Error::new(ErrorCode::MalformedJson, "id and rawId differ"));
        }
        let id = base64url::decode(&self.raw_id.0)?;
        if id.is_empty() || id.len() > MAX_CREDENTIAL_ID {
            return Err(Error::new(
                ErrorCode::MalformedJson,
                "the credential id has not 1 to 1023 bytes",
            ));
        }
        Ok(id)
    }
}

impl ExtensionsJson<'_> {
    fn prf(self) -> Result<Prf> {
        let Some(Object(prf)) = self.prf else {
            return Ok(Prf::default());
        };
        let enabled = prf.enabled;
        let Some(Object(values)) = prf.results else {
            return Ok(Prf {
                enabled,
                ..Prf::default()
            });
        };
        let first = values.first.map(prf_output).transpose()?;
        let second = values.second.map(prf_output).transpose()?;
        Ok(Prf {
            enabled,
            first,
            second,
        })
    }
}

fn prf_output(text: Text<'_>) -> Result<PrfOutput> {
    let mut output = PrfOutput(Zeroizing::new([0; 32]));
    let decoded = base64url::decode_exact(&text.0, &mut *output.0);
    // A text with escapes was copied out of the input; no client writes one, but if so, wipe it.
    if let Cow::Owned(mut copy) = text.0 {
        copy.zeroize();
    }
    decoded.map(|()| output)
}
