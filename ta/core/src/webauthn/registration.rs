// SPDX-License-Identifier: Apache-2.0

//! Registering a new credential (§7.1).

use super::attestation::AttestationObject;
use super::auth_data::AuthData;
use super::{Attestation, Policy, PrfOutput, PublicKey, client_data, response};
use alloc::vec::Vec;
use sealer_wire::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};

/// A credential that was just created, verified.
#[derive(Debug)]
pub struct Registration {
    /// 1 to 1023 bytes.
    pub credential_id: Vec<u8>,
    /// The credential's public key.
    pub public_key: PublicKey,
    /// Signature counter; zero where the authenticator has none.
    pub sign_count: u32,
    /// BE: the credential may be synced. It never changes.
    pub backup_eligible: bool,
    /// BS: the credential is synced now.
    pub backup_state: bool,
    /// What the attestation says.
    pub attestation: Attestation,
    /// `clientExtensionResults.prf.enabled`. Unsigned: the client's word.
    pub prf_enabled: Option<bool>,
    /// `clientExtensionResults.prf.results.first`, from clients that evaluate at creation. Unsigned.
    pub prf_first: Option<PrfOutput>,
}

/// Verifies a RegistrationResponseJSON against the policy and the challenge that was issued.
///
/// Left to the caller: that the challenge is fresh and used once (steps 1 to 4), that the
/// credential is not registered yet (step 26), storing it (step 27). A registration response
/// carries no user handle, so none is compared.
///
/// # Errors
/// In the order of the checks: `TOO_LARGE`, `MALFORMED_JSON`, `WRONG_TYPE`, `CHALLENGE_MISMATCH`,
/// `ORIGIN_MISMATCH`, `CROSS_ORIGIN`, `PACKAGE_MISMATCH`, `MALFORMED_CBOR`, `MALFORMED_AUTH_DATA`,
/// `RP_ID_MISMATCH`, `USER_NOT_PRESENT`, `USER_NOT_VERIFIED`, `BACKUP_FLAGS_INVALID`,
/// `UNSUPPORTED_ALGORITHM`, `MALFORMED_KEY`, `ATTESTATION_UNSUPPORTED`, `ATTESTATION_INVALID`.
pub fn verify_registration(
    policy: &Policy<'_>,
    challenge: &[u8],
    response_json: &[u8],
) -> Result<Registration> {
    // Steps 3 and 4: the response and the client extension results, out of their JSON form.
    let response = response::registration(response_json)?;

    // Steps 5 to 11: the client data.
    client_data::verify(
        policy,
        client_data::TYPE_CREATE,
        challenge,
        &response.client_data,
    )?;

    // Step 12: the hash, over exactly the bytes that the client sent.
    let client_data_hash = Sha256::digest(&response.client_data);

    // Step 13: fmt, authData and attStmt.
    let object = AttestationObject::parse(&response.attestation_object)?;
    let auth_data = AuthData::parse(object.auth_data)?;

    // Steps 14 to 17: RP id hash, UP, UV, BS only with BE.
    auth_data.verify(policy)?;

    // Steps 18 and 19: BE and BS are for the caller, who may show them to the user.

    // Step 20: the key's algorithm is one that the options asked for, which are all supported ones.
    let attested = auth_data.attested.as_ref().ok_or(Error::new(
        ErrorCode::MalformedAuthData,
        "the authenticator data carry no new credential",
    ))?;
    let public_key = PublicKey::from_cose(attested.public_key)?;

    // Steps 21 and 22: the attestation. Steps 23 and 24, its trust, need anchors; there are none.
    let mut signed = Vec::new();
    signed
        .try_reserve_exact(object.auth_data.len() + 32)
        .map_err(|_| ErrorCode::TooLarge)?;
    signed.extend_from_slice(object.auth_data);
    signed.extend_from_slice(&client_data_hash);
    let attestation = object.verify(policy, attested, &public_key, &signed)?;

    // Step 25, the length of the credential id, was part of step 13. Both places name the same
    // credential: the caller would otherwise store one id and be asked for another.
    if attested.credential_id != response.credential_id {
        return Err(Error::new(
            ErrorCode::MalformedAuthData,
            "rawId is not the credential id in the authenticator data",
        ));
    }

    // Steps 26 and 27 are the caller's. Steps 28 and 29: of the extensions only PRF means
    // something here, and what it returned is handed on.
    Ok(Registration {
        credential_id: response.credential_id,
        public_key,
        sign_count: auth_data.sign_count,
        backup_eligible: auth_data.backup_eligible(),
        backup_state: auth_data.backup_state(),
        attestation,
        prf_enabled: response.prf.enabled,
        prf_first: response.prf.first,
    })
}
