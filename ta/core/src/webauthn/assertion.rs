// SPDX-License-Identifier: Apache-2.0

//! Verifying an authentication assertion (§7.2).

use super::auth_data::AuthData;
use super::response::{self, AssertionResponse};
use super::{Policy, PrfOutput, PublicKey, client_data};
use alloc::vec::Vec;
use core::fmt;
use sealer_wire::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};

/// What is stored about a credential, and needed to verify its assertions.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// 1 to 1023 bytes.
    pub id: &'a [u8],
    /// The public key of the registration.
    pub public_key: &'a PublicKey,
    /// The counter of the registration or of the last assertion.
    pub sign_count: u32,
    /// BE of the registration.
    pub backup_eligible: bool,
    /// The user handle of the vault; `None` compares nothing.
    pub user_handle: Option<&'a [u8]>,
}

/// A verified assertion.
#[derive(Debug)]
pub struct Assertion {
    /// To be stored in place of the old counter.
    pub sign_count: u32,
    /// BS: the credential is synced now.
    pub backup_state: bool,
    /// `clientExtensionResults.prf.results.first`. Unsigned: the assertion does not vouch for it.
    pub prf_first: Option<PrfOutput>,
    /// `clientExtensionResults.prf.results.second`. Unsigned.
    pub prf_second: Option<PrfOutput>,
}

/// An assertion that was decoded and not verified: enough to look up its credential.
pub struct ParsedAssertion(AssertionResponse);

impl ParsedAssertion {
    /// The credential that the assertion claims to come from, 1 to 1023 bytes.
    pub fn credential_id(&self) -> &[u8] {
        &self.0.credential_id
    }

    /// The user handle that the assertion claims, where it carries one.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.0.user_handle.as_deref()
    }

    /// The first PRF result. An import opens an envelope with it, and only then knows the public
    /// key that verifies the assertion.
    pub fn prf_first(&self) -> Option<&PrfOutput> {
        self.0.prf.first.as_ref()
    }
}

impl fmt::Debug for ParsedAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParsedAssertion(unverified)")
    }
}

/// Decodes an AuthenticationResponseJSON of at most [`MAX_RESPONSE_JSON`](super::MAX_RESPONSE_JSON)
/// bytes: §7.2 steps 3, 4 and 7.
///
/// # Errors
/// `TOO_LARGE`; `MALFORMED_JSON`: not strict JSON, a required member is missing or of another
/// type, not canonical base64url, `id` and `rawId` differ, a PRF result not of 32 bytes;
/// `WRONG_TYPE`: `type` is not `public-key`.
pub fn parse_assertion(response_json: &[u8]) -> Result<ParsedAssertion> {
    response::assertion(response_json).map(ParsedAssertion)
}

/// Verifies an assertion by `credential` for the challenge that was issued.
///
/// Left to the caller: that the challenge is fresh and used once (steps 1 and 2), finding the
/// credential, storing the new counter and backup state (step 24).
///
/// # Errors
/// In the order of the checks: `UNKNOWN_CREDENTIAL`, `USER_HANDLE_MISMATCH`, `MALFORMED_JSON`,
/// `WRONG_TYPE`, `CHALLENGE_MISMATCH`, `ORIGIN_MISMATCH`, `CROSS_ORIGIN`, `PACKAGE_MISMATCH`,
/// `MALFORMED_AUTH_DATA`, `MALFORMED_CBOR`, `RP_ID_MISMATCH`, `USER_NOT_PRESENT`,
/// `USER_NOT_VERIFIED`, `BACKUP_FLAGS_INVALID`, `SIGNATURE_INVALID`, `COUNTER_REGRESSION`.
pub fn verify_assertion(
    policy: &Policy<'_>,
    challenge: &[u8],
    credential: &Credential<'_>,
    parsed: ParsedAssertion,
) -> Result<Assertion> {
    let response = parsed.0;

    // Step 5: the assertion comes from the credential that is expected.
    if response.credential_id != credential.id {
        return Err(Error::new(
            ErrorCode::UnknownCredential,
            "made with another credential",
        ));
    }

    // Step 6: the user owns the credential. The vault is known, so a handle is not required.
    if let (Some(expected), Some(handle)) = (credential.user_handle, &response.user_handle)
        && expected != handle
    {
        return Err(Error::new(
            ErrorCode::UserHandleMismatch,
            "userHandle is not the vault's user handle",
        ));
    }

    // Step 7, cData, authData and sig, was `parse_assertion`. Steps 8 to 14: the client data.
    client_data::verify(
        policy,
        client_data::TYPE_GET,
        challenge,
        &response.client_data,
    )?;

    // Steps 15 to 18: RP id hash, UP, UV, BS only with BE. §7.2 allows attested credential data
    // here; they must be well formed and mean nothing.
    let auth_data = AuthData::parse(&response.auth_data)?;
    auth_data.verify(policy)?;

    // Step 19: BE is a property of the credential for life.
    if auth_data.backup_eligible() != credential.backup_eligible {
        return Err(Error::new(ErrorCode::BackupFlagsInvalid, "BE has changed"));
    }

    // Step 20: the hash, over exactly the bytes that the client sent.
    let client_data_hash = Sha256::digest(&response.client_data);

    // Step 21: the signature over authData and hash.
    let mut signed = Vec::new();
    signed
        .try_reserve_exact(response.auth_data.len() + 32)
        .map_err(|_| ErrorCode::TooLarge)?;
    signed.extend_from_slice(&response.auth_data);
    signed.extend_from_slice(&client_data_hash);
    credential.public_key.verify(&signed, &response.signature)?;

    // Step 22: the counter grows, or both are zero: synced passkeys have none.
    let counted = auth_data.sign_count != 0 || credential.sign_count != 0;
    if counted && auth_data.sign_count <= credential.sign_count {
        return Err(Error::new(
            ErrorCode::CounterRegression,
            "the sign counter did not grow",
        ));
    }

    // Step 23: the extension results are handed on. Step 24 is the caller's. Step 25: done.
    Ok(Assertion {
        sign_count: auth_data.sign_count,
        backup_state: auth_data.backup_state(),
        prf_first: response.prf.first,
        prf_second: response.prf.second,
    })
}
