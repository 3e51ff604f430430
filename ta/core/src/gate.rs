//! Ceremonies: what is checked before one begins, and what must hold before its operation runs.
//!
//! A ceremony that ends has two stages. [`verify`] decides and changes nothing; [`apply`] changes
//! the record and decides nothing about the user. The sealer commits the record between `apply`
//! and the answer.

use sealer_wire::{AuditEvent, Error, ErrorCode, Operation, Owner, Reply, Result, encode, limits};
use sha2::{Digest, Sha256};

use crate::backup::{self, Authentic};
use crate::platform::Platform;
use crate::record::{Credential, Event, Record};
use crate::vault;
use crate::webauthn::{self, Policy, PublicKey};
use crate::{auth_token, challenge::Challenge};

/// SHA-256 of an owner, as challenges are bound to it.
pub fn owner_digest(owner: &Owner) -> Result<[u8; 32]> {
    Ok(Sha256::digest(encode(owner)?.as_slice()).into())
}

/// SHA-256 of an operation with its parameters.
///
/// Of an archive only the core counts: it names one backup for good, while a re-wrap may replace
/// the key part between beginning and end, whose MAC is checked each time.
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

/// Whether a ceremony for an operation on an existing vault may begin.
///
/// Errors: those of the parameters; of the header for `Restore` and `FullVerify`;
/// `BIOMETRIC_UNAVAILABLE`; `OPERATION_MISMATCH` for an operation that needs no vault.
pub fn check_begin(platform: &impl Platform, record: &Record, operation: &Operation) -> Result<()> {
    match operation {
        Operation::CreateVault { .. } => {
            return Err(Error::new(
                ErrorCode::OperationMismatch,
                "the vault exists already",
            ));
        }
        Operation::DeleteVault => {}
        Operation::SetOrigins { origins } => vault::check_origins(origins)?,
        Operation::Restore { core, key_part } | Operation::FullVerify { core, key_part } => {
            backup::authenticate(record, core, key_part)?;
        }
        _ => return Err(unsupported()),
    }
    if record.state.biometric_user.is_some() && platform.auth_token_key().is_none() {
        return Err(no_biometrics());
    }
    Ok(())
}

/// The refusal of what this version does not do.
pub fn unsupported() -> Error {
    Error::new(ErrorCode::BadRequest, "this sealer cannot do that yet")
}

/// The refusal of a vault that asks for biometrics, on a sealer that cannot check them.
pub fn no_biometrics() -> Error {
    Error::new(
        ErrorCode::BiometricUnavailable,
        "this sealer has no agreed key for hardware auth tokens",
    )
}

/// What a verified assertion changes, and what it lets go.
pub struct Verified {
    credential: usize,
    sign_count: u32,
    backup_state: bool,
    archive: Option<Authentic>,
}

/// Verifies the assertion that gates an operation on an existing vault. Changes nothing.
///
/// Errors: those of the ceremony; of the header for `Restore` and `FullVerify`.
pub fn verify(
    platform: &impl Platform,
    record: &Record,
    challenge: &Challenge,
    operation: &Operation,
    response: &[u8],
    auth_token: Option<&[u8]>,
) -> Result<Verified> {
    let parsed = webauthn::parse_assertion(response)?;
    let index = record
        .state
        .credentials
        .iter()
        .position(|credential| credential.id == parsed.credential_id())
        .ok_or(Error::new(
            ErrorCode::UnknownCredential,
            "the passkey is none of this vault's",
        ))?;
    let credential = credential(record, index)?;
    let public_key = PublicKey::from_cose(&credential.public_key)?;
    let assertion = webauthn::verify_assertion(
        &policy(&record.state.rp_id, &record.state.origins, &record.owner),
        &challenge.value,
        &webauthn::Credential {
            id: &credential.id,
            public_key: &public_key,
            sign_count: credential.sign_count,
            backup_eligible: credential.backup_eligible,
            user_handle: Some(&record.vault_id),
        },
        parsed,
    )?;
    if let Some(user) = record.state.biometric_user {
        let key = platform.auth_token_key();
        if auth_token::verify(key.as_ref(), auth_token, challenge.auth_token)? != user {
            return Err(Error::new(
                ErrorCode::BiometricInvalid,
                "the hardware auth token is another user's",
            ));
        }
    }
    let archive = match operation {
        Operation::Restore { core, key_part } | Operation::FullVerify { core, key_part } => {
            Some(backup::authenticate(record, core, key_part)?)
        }
        _ => None,
    };
    Ok(Verified {
        credential: index,
        sign_count: assertion.sign_count,
        backup_state: assertion.backup_state,
        archive,
    })
}

/// Carries out a verified operation on the record and logs it. The caller commits, and only then
/// answers. `DeleteVault` has nothing to do here: its record goes.
pub fn apply(
    platform: &mut impl Platform,
    record: &mut Record,
    operation: Operation,
    verified: Verified,
) -> Result<Reply> {
    let now = platform.unix_time();
    let credential = record
        .state
        .credentials
        .get_mut(verified.credential)
        .ok_or(Error::new(ErrorCode::Internal, "the credential is gone"))?;
    credential.sign_count = verified.sign_count;
    credential.backup_state = verified.backup_state;
    credential.last_used_at = Some(now);
    let credential_id = Some(credential.id.clone());
    let event = match &operation {
        Operation::SetOrigins { .. } => AuditEvent::OriginsSet,
        Operation::Restore { .. } => AuditEvent::RestoreKeyReleased,
        Operation::FullVerify { .. } => AuditEvent::VerifyKeyReleased,
        _ => {
            return Err(Error::new(
                ErrorCode::Internal,
                "not an operation on a record",
            ));
        }
    };
    let backup_id = verified.archive.as_ref().map(|archive| archive.backup_id);
    let event = Event {
        backup_id,
        credential_id,
        ..Event::done(event)
    };
    record.audit.append(&record.vault_id, now, event)?;
    match (operation, verified.archive) {
        (Operation::SetOrigins { origins }, _) => {
            record.state.origins = origins;
            Ok(Reply::Vault(record.view()))
        }
        (_, Some(archive)) => Ok(Reply::Released(archive.dek)),
        _ => Err(Error::new(
            ErrorCode::Internal,
            "no archive was authenticated",
        )),
    }
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

fn credential(record: &Record, index: usize) -> Result<&Credential> {
    record
        .state
        .credentials
        .get(index)
        .ok_or(Error::new(ErrorCode::Internal, "the credential is gone"))
}
