// SPDX-License-Identifier: Apache-2.0

//! Ceremonies on a vault that is here: what is checked before one begins, and whom its answer
//! proves to be there.
//!
//! A ceremony that ends has two stages. [`crate::change::decide`] decides and changes nothing;
//! [`crate::change::apply`] changes the record and decides nothing about the user. The sealer
//! commits the record between `apply` and the answer.

use alloc::vec::Vec;

use minicbor::bytes::ByteVec;
use sealer_wire::{
    Error, ErrorCode, FactorKind, Operation, Owner, PrfInput, PrfInputs, PrfState, Result, encode,
    limits,
};
use sha2::{Digest, Sha256};

use crate::challenge::{Asserted, Challenge, Memory};
use crate::header::Header;
use crate::platform::{Platform, random};
use crate::record::{Credential, Record, VaultState};
use crate::webauthn::{self, Policy, PrfOutput, PublicKey};
use crate::{auth_token, backup, budget, factor, rotation, vault};

/// SHA-256 of an owner, as challenges are bound to it.
pub fn owner_digest(owner: &Owner) -> Result<[u8; 32]> {
    Ok(Sha256::digest(encode(owner)?.as_slice()).into())
}

/// SHA-256 of an operation with its parameters.
///
/// Of an archive that is only read the core counts: it names one backup for good, while a re-wrap
/// may replace the key part between beginning and end, whose MAC is checked each time.
pub fn operation_digest(operation: &Operation) -> Result<[u8; 32]> {
    let digest = match operation {
        Operation::Restore { core, .. } => core_digest(b"restore", core),
        Operation::FullVerify { core, .. } => core_digest(b"full verify", core),
        other => Sha256::digest(encode(other)?.as_slice()),
    };
    Ok(digest.into())
}

fn core_digest(operation: &[u8], core: &[u8]) -> sha2::digest::Output<Sha256> {
    Sha256::new()
        .chain_update(operation)
        .chain_update(Sha256::digest(core))
        .finalize()
}

/// Whether the operation takes two steps.
pub fn has_two_steps(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddCredential { .. } | Operation::EnrolPrf
    )
}

/// Whether the operation tries a password that may be wrong.
pub fn guesses(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Import {
            with: FactorKind::Password,
            ..
        } | Operation::Rehearse {
            with: FactorKind::Password,
            ..
        }
    )
}

/// What a ceremony asks of its user.
pub struct Terms {
    /// Credentials to allow, or to exclude from a registration.
    pub credential_ids: Vec<ByteVec>,
    /// What the PRF extension is asked.
    pub prf: Option<PrfInputs>,
    /// What is remembered until the answer.
    pub memory: Memory,
}

impl Terms {
    /// For whom there is nothing to name yet.
    pub fn none() -> Self {
        Terms {
            credential_ids: Vec::new(),
            prf: None,
            memory: Memory::Nothing,
        }
    }
}

/// The terms of a ceremony for an operation on a vault that is here.
///
/// Errors: those of the parameters; of the header for operations on an archive;
/// `BIOMETRIC_UNAVAILABLE`; `QUOTA` while the audit log has no room; `OPERATION_MISMATCH` for an
/// operation that needs no vault.
pub fn begin(
    platform: &mut impl Platform,
    record: &Record,
    operation: &Operation,
) -> Result<Terms> {
    let state = &record.state;
    let mut terms = Terms {
        credential_ids: ids(&state.credentials),
        prf: None,
        memory: Memory::Nothing,
    };
    match operation {
        Operation::CreateVault { .. } | Operation::Import { .. } => {
            return Err(Error::new(
                ErrorCode::OperationMismatch,
                "not an operation on a vault that is here",
            ));
        }
        Operation::DeleteVault => {}
        Operation::SetOrigins { origins } => {
            vault::check_origins(origins)?;
            budget::check_origins(state, origins)?;
        }
        Operation::Restore { core, key_part } | Operation::FullVerify { core, key_part } => {
            backup::authenticate(record, core, key_part)?;
        }
        Operation::AddCredential { label } => {
            vault::check_label(label)?;
            check_credentials(state)?;
        }
        Operation::RemoveCredential {
            credential_id,
            allow_last_portable,
        } => {
            check_removal(state, credential_id, *allow_last_portable)?;
        }
        Operation::EnrolPrf => {
            let able: Vec<&Credential> = enrollable(state)?;
            terms.prf = Some(prf_inputs(state, able.iter().copied(), None));
            terms.credential_ids = ids(able);
        }
        Operation::CreateRecoveryKey => check_replacement(state, FactorKind::Recovery)?,
        Operation::SetPassword { parameters } => {
            parameters.check()?;
            check_replacement(state, FactorKind::Password)?;
        }
        Operation::Rotate => {
            rotation::check_room(state)?;
            let enrolled = || {
                state
                    .credentials
                    .iter()
                    .filter(|one| one.portable.is_some())
            };
            if enrolled().next().is_some() {
                let input = random(platform)?;
                terms.prf = Some(prf_inputs(state, enrolled(), Some(input)));
                terms.memory = Memory::NewInput(input);
            }
        }
        Operation::EndEpoch { epoch } => {
            if !rotation::is_retired(state, *epoch) {
                return Err(Error::new(
                    ErrorCode::NotFound,
                    "the vault has no such retired epoch",
                ));
            }
        }
        Operation::Rehearse {
            core,
            key_part,
            with,
        } => {
            let header = Header::decode(core, key_part)?;
            check_rehearsal(record, &header)?;
            rehearsal_terms(state, &header, *with, &mut terms)?;
        }
    }
    if !matches!(operation, Operation::DeleteVault) {
        record.audit.check_room()?;
    }
    if state.biometric_user.is_some() && platform.auth_token_key().is_none() {
        return Err(no_biometrics());
    }
    Ok(terms)
}

/// The refusal of a vault that asks for biometrics, on a sealer that cannot check them.
pub fn no_biometrics() -> Error {
    Error::new(
        ErrorCode::BiometricUnavailable,
        "this sealer has no agreed key for hardware auth tokens",
    )
}

/// Credential ids for a passkey client.
pub fn ids<'a>(credentials: impl IntoIterator<Item = &'a Credential>) -> Vec<ByteVec> {
    credentials
        .into_iter()
        .map(|credential| credential.id.clone().into())
        .collect()
}

/// What the PRF extension of these passkeys is asked.
pub fn prf_inputs<'a>(
    state: &VaultState,
    among: impl Iterator<Item = &'a Credential>,
    second: Option<[u8; 32]>,
) -> PrfInputs {
    let own = among.filter_map(|credential| {
        Some(PrfInput {
            credential_id: credential.id.clone(),
            first: credential.prf_input?,
        })
    });
    PrfInputs {
        first: state.prf_input,
        by_credential: own.collect(),
        second,
    }
}

/// Errors: `TOO_MANY_FACTORS` if there is no room for another passkey.
pub fn check_credentials(state: &VaultState) -> Result<()> {
    if state.credentials.len() >= limits::CREDENTIALS {
        return Err(Error::new(
            ErrorCode::TooManyFactors,
            "a vault has at most 8 passkeys",
        ));
    }
    Ok(())
}

/// Whether a passkey may be removed, and its place.
///
/// Errors: `UNKNOWN_CREDENTIAL`, `BAD_REQUEST` for the last passkey, `LAST_PORTABLE_FACTOR`, `QUOTA`
/// if the vault cannot be rotated.
pub fn check_removal(
    state: &VaultState,
    credential_id: &[u8],
    allow_last_portable: bool,
) -> Result<usize> {
    let index = state.find(credential_id).ok_or_else(unknown_credential)?;
    if state.credentials.len() == 1 {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "the last passkey of a vault cannot be removed; delete the vault instead",
        ));
    }
    let is_portable = state
        .credentials
        .get(index)
        .is_some_and(|credential| credential.portable.is_some());
    if is_portable && !allow_last_portable && state.addressees().count() == 1 {
        return Err(Error::new(
            ErrorCode::LastPortableFactor,
            "without this passkey no archive opens on a new device",
        ));
    }
    rotation::check_room(state)?;
    Ok(index)
}

/// A factor that is replaced takes a rotation.
fn check_replacement(state: &VaultState, kind: FactorKind) -> Result<()> {
    if state.factors.iter().any(|factor| factor.kind == kind) {
        rotation::check_room(state)?;
    }
    Ok(())
}

/// The passkeys whose PRF extension can be enrolled.
fn enrollable(state: &VaultState) -> Result<Vec<&Credential>> {
    let able: Vec<_> = state
        .credentials
        .iter()
        .filter(|credential| check_enrollable(credential).is_ok())
        .collect();
    if able.is_empty() {
        return Err(
            if state.credentials.iter().any(|one| one.portable.is_some()) {
                already_enrolled()
            } else {
                no_prf()
            },
        );
    }
    Ok(able)
}

/// Errors: `PRF_MISSING` if its registration did not report the extension, `DUPLICATE_CREDENTIAL`
/// if it is enrolled.
pub fn check_enrollable(credential: &Credential) -> Result<()> {
    match (credential.prf, &credential.portable) {
        (_, Some(_)) | (PrfState::Enrolled, _) => Err(already_enrolled()),
        (PrfState::Unsupported, None) => Err(no_prf()),
        (PrfState::Enabled, None) => Ok(()),
    }
}

fn already_enrolled() -> Error {
    Error::new(
        ErrorCode::DuplicateCredential,
        "the PRF extension of this passkey is enrolled already",
    )
}

fn no_prf() -> Error {
    Error::new(
        ErrorCode::PrfMissing,
        "the passkey did not report the PRF extension when it was made",
    )
}

/// Whether an archive can be rehearsed here. One of an epoch that is known must be authentic; of
/// any other the rehearsal itself shows it.
///
/// Errors: `NOT_FOUND`, `HEADER_TAMPERED`.
pub fn check_rehearsal(record: &Record, header: &Header<'_>) -> Result<()> {
    if header.core.vault_id != record.vault_id {
        return Err(Error::new(
            ErrorCode::NotFound,
            "the archive belongs to another vault",
        ));
    }
    if let Some(root) = record.root_of(&header.part.epoch.id) {
        header.authenticate(&root)?;
    }
    Ok(())
}

/// A passkey is asked with the input of the archive, not with that of today.
fn rehearsal_terms(
    state: &VaultState,
    header: &Header<'_>,
    with: FactorKind,
    terms: &mut Terms,
) -> Result<()> {
    let mut envelopes = header.envelopes(with).peekable();
    if envelopes.peek().is_none() {
        return Err(factor::cannot_open());
    }
    if with != FactorKind::Passkey {
        return Ok(());
    }
    let here = |envelope: &&sealer_wire::header::Envelope| {
        let id = envelope.credential_id.as_deref();
        id.is_some_and(|id| state.find(id).is_some())
    };
    let (ids, prf) = header.passkeys(here)?;
    if ids.is_empty() {
        return Err(factor::cannot_open());
    }
    (terms.credential_ids, terms.prf) = (ids, Some(prf));
    Ok(())
}

/// An assertion that was verified: who gave it, and what came with it unsigned.
pub struct Proof {
    /// Place of the passkey.
    pub index: usize,
    /// What the assertion says.
    pub asserted: Asserted,
    /// `prf.results.first`.
    pub prf_first: Option<PrfOutput>,
    /// `prf.results.second`.
    pub prf_second: Option<PrfOutput>,
}

/// Verifies the assertion that gates an operation on a vault that is here. Changes nothing.
///
/// Errors: those of the ceremony.
pub fn verify_assertion(
    platform: &impl Platform,
    record: &Record,
    challenge: &Challenge,
    response: &[u8],
    auth_token: Option<&[u8]>,
) -> Result<Proof> {
    let parsed = webauthn::parse_assertion(response)?;
    let state = &record.state;
    let index = state
        .find(parsed.credential_id())
        .ok_or_else(unknown_credential)?;
    let credential = state
        .credentials
        .get(index)
        .ok_or_else(unknown_credential)?;
    let assertion = webauthn::verify_assertion(
        &policy(&state.rp_id, &state.origins, &record.owner),
        &challenge.value,
        &webauthn::Credential {
            id: &credential.id,
            public_key: &PublicKey::from_cose(&credential.public_key)?,
            sign_count: credential.sign_count,
            backup_eligible: credential.backup_eligible,
            user_handle: Some(&record.vault_id),
        },
        parsed,
    )?;
    check_biometric(platform, state, challenge, auth_token)?;
    Ok(Proof {
        index,
        asserted: Asserted {
            factor_id: credential.factor_id,
            sign_count: assertion.sign_count,
            backup_state: assertion.backup_state,
        },
        prf_first: assertion.prf_first,
        prf_second: assertion.prf_second,
    })
}

/// Where the vault asks for biometrics, the token must be of its user.
///
/// Errors: `BIOMETRIC_UNAVAILABLE`, `BIOMETRIC_INVALID`.
pub fn check_biometric(
    platform: &impl Platform,
    state: &VaultState,
    challenge: &Challenge,
    auth_token: Option<&[u8]>,
) -> Result<()> {
    let Some(user) = state.biometric_user else {
        return Ok(());
    };
    let key = platform.auth_token_key();
    if auth_token::verify(key.as_ref(), auth_token, challenge.auth_token)? != user {
        return Err(Error::new(
            ErrorCode::BiometricInvalid,
            "the hardware auth token is another user's",
        ));
    }
    Ok(())
}

/// The refusal of a passkey that the vault does not have.
pub fn unknown_credential() -> Error {
    Error::new(
        ErrorCode::UnknownCredential,
        "the passkey is none of this vault's",
    )
}

/// The policy of a vault for its ceremonies.
pub fn policy<'a>(
    rp_id: &'a str,
    origins: &'a [alloc::string::String],
    owner: &'a Owner,
) -> Policy<'a> {
    Policy {
        rp_id,
        origins,
        // Owners without a package manager have a made-up package that no client names.
        package: (!owner.package.starts_with("uid:")).then_some(owner.package.as_str()),
        accept_unverified_attestation: false,
    }
}

/// Refuses a response above the limit before a challenge is spent on it.
pub fn check_response(response: &[u8]) -> Result<()> {
    if response.len() > limits::RESPONSE_JSON {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the client's response has more than 16 KiB",
        ));
    }
    Ok(())
}
