// SPDX-License-Identifier: Apache-2.0

//! What an operation does to a vault that is here, once its ceremony has ended.

use alloc::string::String;
use alloc::vec::Vec;

use sealer_wire::header::PasswordParameters;
use sealer_wire::{
    AuditEvent, Error, ErrorCode, FactorKind, FactorSecret, Id, Operation, PrfState, RecoveryKey,
    Reply, Result,
};
use sha2::{Digest, Sha256};

use crate::challenge::{Asserted, Memory};
use crate::factor::{Name, Portable};
use crate::gate::{self, Proof};
use crate::header::{Authentic, Header};
use crate::platform::{Platform, random};
use crate::record::{Credential, Event, Factor, Record};
use crate::webauthn::{PrfOutput, Registration};
use crate::{backup, budget, import, rotation, vault};

/// What is to be done; all that had to be checked for it was.
pub enum Change {
    /// Replace the origins.
    Origins(Vec<String>),
    /// Let a data key go.
    Release(Authentic, AuditEvent),
    /// Add a passkey.
    AddCredential(Registration, String),
    /// Remove the passkey in this place.
    RemoveCredential(usize),
    /// Enrol the PRF extension of the passkey in this place.
    EnrolPrf(usize, Portable),
    /// Make a recovery key.
    RecoveryKey,
    /// Set a password.
    Password(FactorSecret, PasswordParameters),
    /// Begin a new epoch; with a new input and key for the passkey in this place.
    Rotate(Option<(usize, [u8; 32], Portable)>),
    /// End a retired epoch.
    EndEpoch(u32),
    /// Note that a factor has opened an archive.
    Rehearsed(Id, Id),
}

/// Decides what a verified assertion lets happen. Changes nothing.
///
/// Errors: of the header for operations on an archive; `PRF_MISSING`, `PRF_UNCONFIRMED`,
/// `DUPLICATE_CREDENTIAL`; `CANNOT_OPEN`; `BAD_REQUEST` without the secret that it needs; those of
/// the parameters, which other operations may have made wrong since the beginning.
pub fn decide(
    record: &Record,
    operation: &Operation,
    memory: &Memory,
    proof: &Proof,
    secret: Option<FactorSecret>,
) -> Result<Change> {
    let state = &record.state;
    Ok(match operation {
        Operation::SetOrigins { origins } => Change::Origins(origins.clone()),
        Operation::Restore { core, key_part } => Change::Release(
            backup::authenticate(record, core, key_part)?,
            AuditEvent::RestoreKeyReleased,
        ),
        Operation::FullVerify { core, key_part } => Change::Release(
            backup::authenticate(record, core, key_part)?,
            AuditEvent::VerifyKeyReleased,
        ),
        Operation::RemoveCredential {
            credential_id,
            allow_last_portable,
        } => Change::RemoveCredential(gate::check_removal(
            state,
            credential_id,
            *allow_last_portable,
        )?),
        Operation::EnrolPrf => confirm_prf(record, memory, proof)?,
        Operation::CreateRecoveryKey => Change::RecoveryKey,
        Operation::SetPassword { parameters } => match secret {
            Some(secret @ FactorSecret::Password(_)) => {
                Change::Password(secret, parameters.clone())
            }
            _ => return Err(no_secret()),
        },
        Operation::Rotate => Change::Rotate(rekey(record, memory, proof)?),
        Operation::EndEpoch { epoch } if rotation::is_retired(state, *epoch) => {
            Change::EndEpoch(*epoch)
        }
        Operation::EndEpoch { .. } => {
            return Err(Error::new(
                ErrorCode::EpochEnded,
                "the epoch was ended in the meantime",
            ));
        }
        Operation::Rehearse {
            core,
            key_part,
            with,
        } => rehearse(
            record,
            &Header::decode(core, key_part)?,
            *with,
            proof,
            secret,
        )?,
        Operation::CreateVault { .. }
        | Operation::DeleteVault
        | Operation::AddCredential { .. }
        | Operation::Import { .. } => {
            return Err(Error::new(
                ErrorCode::Internal,
                "not an operation that an assertion decides",
            ));
        }
    })
}

/// The refusal of an operation whose secret did not come with it.
pub fn no_secret() -> Error {
    Error::new(
        ErrorCode::BadRequest,
        "the secret of the factor is missing, or is one of another kind",
    )
}

/// The first assertion of an enrolment: the key that its PRF result gives, by its hash.
///
/// Errors: `PRF_MISSING`, `DUPLICATE_CREDENTIAL`.
pub fn propose_prf(record: &Record, proof: &Proof) -> Result<[u8; 32]> {
    let credential = credential(record, proof.index)?;
    gate::check_enrollable(credential)?;
    let keys = passkey(record, credential).keys(prf(&proof.prf_first)?)?;
    Ok(key_hash(&keys.portable))
}

fn confirm_prf(record: &Record, memory: &Memory, proof: &Proof) -> Result<Change> {
    let Memory::Confirmation(first, hash) = memory else {
        return Err(no_memory());
    };
    let credential = credential(record, proof.index)?;
    let unconfirmed = |detail| Error::new(ErrorCode::PrfUnconfirmed, detail);
    if proof.asserted.factor_id != first.factor_id {
        return Err(unconfirmed("another passkey answered than the first time"));
    }
    if proof.asserted.sign_count <= first.sign_count && first.sign_count != 0 {
        return Err(Error::new(
            ErrorCode::CounterRegression,
            "the sign counter did not grow between the two assertions",
        ));
    }
    gate::check_enrollable(credential)?;
    let keys = passkey(record, credential).keys(prf(&proof.prf_first)?)?;
    if key_hash(&keys.portable) != *hash {
        return Err(unconfirmed("the second PRF result is not the first one"));
    }
    Ok(Change::EnrolPrf(proof.index, keys.portable))
}

/// A rotation gives the passkey that answers a new PRF input and key; the result for the input of
/// before must give the key of before.
fn rekey(
    record: &Record,
    memory: &Memory,
    proof: &Proof,
) -> Result<Option<(usize, [u8; 32], Portable)>> {
    let credential = credential(record, proof.index)?;
    let (Memory::NewInput(input), Some(old)) = (memory, &credential.portable) else {
        return Ok(None);
    };
    let name = passkey(record, credential);
    if !name.keys(prf(&proof.prf_first)?)?.portable.is_same(old) {
        return Err(Error::new(
            ErrorCode::PrfUnconfirmed,
            "the PRF result is not the one that was enrolled",
        ));
    }
    let new = name.keys(prf(&proof.prf_second)?)?;
    Ok(Some((proof.index, *input, new.portable)))
}

fn rehearse(
    record: &Record,
    header: &Header<'_>,
    with: FactorKind,
    proof: &Proof,
    secret: Option<FactorSecret>,
) -> Result<Change> {
    gate::check_rehearsal(record, header)?;
    let id = credential(record, proof.index)?.id.as_slice();
    let opened = match (with, &secret) {
        (FactorKind::Passkey, None) => {
            import::open(header, with, Some(id), prf(&proof.prf_first)?)?
        }
        (_, Some(secret)) if secret.kind() == with => {
            import::open(header, with, None, secret.expose())?
        }
        _ => return Err(no_secret()),
    };
    import::check_owner(&opened.state, &record.owner)?;
    Ok(Change::Rehearsed(opened.backup_id, opened.factor_id))
}

fn prf(result: &Option<PrfOutput>) -> Result<&[u8]> {
    match result {
        Some(output) => Ok(output.as_bytes()),
        None => Err(Error::new(
            ErrorCode::PrfMissing,
            "the response carries no PRF result",
        )),
    }
}

fn passkey<'a>(record: &'a Record, credential: &'a Credential) -> Name<'a> {
    Name {
        vault_id: &record.vault_id,
        factor_id: &credential.factor_id,
        kind: FactorKind::Passkey,
    }
}

fn key_hash(portable: &Portable) -> [u8; 32] {
    Sha256::digest(&portable.public_key).into()
}

fn credential(record: &Record, index: usize) -> Result<&Credential> {
    record
        .state
        .credentials
        .get(index)
        .ok_or_else(gate::unknown_credential)
}

/// The refusal of a ceremony that is not at the step which it is asked for.
pub fn no_memory() -> Error {
    Error::new(
        ErrorCode::Internal,
        "the ceremony does not remember its first step",
    )
}

/// Carries out a change on the record and logs it as of `now`. The caller commits, and only then
/// answers.
///
/// Errors: `TOO_MANY_FACTORS`; `QUOTA`.
pub fn apply(
    platform: &mut impl Platform,
    record: &mut Record,
    by: &Asserted,
    change: Change,
    now: u64,
) -> Result<Reply> {
    let mut event = Event {
        credential_id: mark_used(record, by, now),
        ..Event::done(AuditEvent::Rotated)
    };
    let state = &mut record.state;
    let mut rotates = false;
    let done = match change {
        Change::Origins(origins) => {
            event.event = AuditEvent::OriginsSet;
            state.origins = origins;
            Done::Vault
        }
        Change::Release(archive, kind) => {
            event.event = kind;
            event.backup_id = Some(archive.backup_id);
            Done::Released(archive)
        }
        Change::AddCredential(registration, label) => {
            event.event = AuditEvent::CredentialAdded;
            let credential = vault::credential(platform, &label, registration, now)?;
            let id = credential.id.clone();
            event.credential_id = Some(id.clone());
            state.credentials.push(credential);
            Done::Credential(id)
        }
        Change::RemoveCredential(index) => {
            event.event = AuditEvent::CredentialRemoved;
            if index >= state.credentials.len() {
                return Err(gate::unknown_credential());
            }
            event.credential_id = Some(state.credentials.remove(index).id);
            rotates = true;
            Done::Vault
        }
        Change::EnrolPrf(index, portable) => {
            event.event = AuditEvent::PrfEnrolled;
            let credential = state
                .credentials
                .get_mut(index)
                .ok_or_else(gate::unknown_credential)?;
            credential.prf = PrfState::Enrolled;
            credential.prf_input = None;
            credential.portable = Some(proved(portable, now));
            Done::Factor(credential.factor_id)
        }
        Change::RecoveryKey => {
            event.event = AuditEvent::RecoveryCreated;
            let key = RecoveryKey::try_fill(|out| platform.random(out))?;
            let secret = FactorSecret::Recovery(key);
            let id;
            (id, rotates) = set_factor(platform, record, &secret, None, now)?;
            let FactorSecret::Recovery(key) = secret else {
                return Err(no_secret());
            };
            Done::Recovery(id, key)
        }
        Change::Password(secret, parameters) => {
            event.event = AuditEvent::PasswordSet;
            let id;
            (id, rotates) = set_factor(platform, record, &secret, Some(parameters), now)?;
            Done::Factor(id)
        }
        Change::Rotate(rekeyed) => {
            if let Some((index, input, portable)) = rekeyed {
                replace_input(record, index, input, proved(portable, now))?;
            }
            rotation::rotate(platform, record)?;
            Done::Vault
        }
        Change::EndEpoch(number) => {
            event.event = AuditEvent::EpochEnded;
            rotation::end(state, number);
            Done::Vault
        }
        Change::Rehearsed(backup_id, factor_id) => {
            event.event = AuditEvent::Rehearsed;
            event.backup_id = Some(backup_id);
            if let Some(portable) = state.portable_mut(&factor_id) {
                portable.proved_at = Some(now);
            }
            Done::Rehearsed(backup_id, factor_id)
        }
    };
    if rotates {
        rotation::rotate(platform, record)?;
    }
    budget::check(&record.state)?;
    record.audit.append(&record.vault_id, now, event)?;
    if rotates {
        let rotated = Event::done(AuditEvent::Rotated);
        record.audit.append(&record.vault_id, now, rotated)?;
    }
    Ok(done.reply(record))
}

/// What an answer has beside the vault.
enum Done {
    Vault,
    Released(Authentic),
    Credential(Vec<u8>),
    Factor(Id),
    Recovery(Id, RecoveryKey),
    Rehearsed(Id, Id),
}

impl Done {
    fn reply(self, record: &Record) -> Reply {
        let vault = record.view();
        match self {
            Done::Vault => Reply::Vault(vault),
            Done::Released(archive) => Reply::Released(archive.dek),
            Done::Credential(credential_id) => Reply::CredentialAdded {
                vault,
                credential_id,
            },
            Done::Factor(factor_id) => Reply::Enrolled { vault, factor_id },
            Done::Recovery(factor_id, key) => Reply::RecoveryCreated {
                vault,
                factor_id,
                key,
            },
            Done::Rehearsed(backup_id, factor_id) => Reply::Rehearsed {
                vault,
                backup_id,
                factor_id,
            },
        }
    }
}

/// Notes what an assertion said of its passkey, and gives its credential id. Between the two steps
/// of a ceremony the passkey may have been used for another.
pub fn mark_used(record: &mut Record, by: &Asserted, now: u64) -> Option<Vec<u8>> {
    let credential = record
        .state
        .credentials
        .iter_mut()
        .find(|credential| credential.factor_id == by.factor_id)?;
    credential.sign_count = credential.sign_count.max(by.sign_count);
    credential.backup_state = by.backup_state;
    credential.last_used_at = Some(now);
    Some(credential.id.clone())
}

fn proved(portable: Portable, now: u64) -> Portable {
    Portable {
        proved_at: Some(now),
        ..portable
    }
}

/// Sets the recovery key or password, under a new factor id; whether there was one before.
fn set_factor(
    platform: &mut impl Platform,
    record: &mut Record,
    secret: &FactorSecret,
    password: Option<PasswordParameters>,
    now: u64,
) -> Result<(Id, bool)> {
    let kind = secret.kind();
    let id: Id = random(platform)?;
    let name = Name {
        vault_id: &record.vault_id,
        factor_id: &id,
        kind,
    };
    let portable = name.keys(secret.expose())?.portable;
    let factors = &mut record.state.factors;
    let before = factors.len();
    factors.retain(|factor| factor.kind != kind);
    let replaced = factors.len() < before;
    factors.push(Factor {
        id,
        kind,
        portable,
        created_at: now,
        password,
    });
    Ok((id, replaced))
}

/// A new PRF input for the vault: the passkey that has answered for it follows, the others keep
/// theirs until they do the same.
fn replace_input(
    record: &mut Record,
    index: usize,
    input: [u8; 32],
    portable: Portable,
) -> Result<()> {
    let state = &mut record.state;
    for credential in &mut state.credentials {
        if credential.portable.is_some() && credential.prf_input.is_none() {
            credential.prf_input = Some(state.prf_input);
        }
    }
    state.prf_input = input;
    let credential = state
        .credentials
        .get_mut(index)
        .ok_or_else(gate::unknown_credential)?;
    credential.prf_input = None;
    credential.portable = Some(portable);
    Ok(())
}

/// Whether a passkey of this id can be added. Errors: `DUPLICATE_CREDENTIAL`.
pub fn check_new(record: &Record, registration: &Registration) -> Result<()> {
    match record.state.find(&registration.credential_id) {
        None => Ok(()),
        Some(_) => Err(duplicate()),
    }
}

/// The refusal of a passkey that the vault has.
pub fn duplicate() -> Error {
    Error::new(
        ErrorCode::DuplicateCredential,
        "the vault has this passkey already",
    )
}
