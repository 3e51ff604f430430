// SPDX-License-Identifier: Apache-2.0

//! Opening an archive as a new device does: with nothing but the archive and its owner.
//!
//! The header is untrusted until the secret of a factor has opened an envelope, the root key in it
//! has verified the MAC over all of the header, and the vault state has come out. Until then every
//! mismatch is `CANNOT_OPEN`: a wrong secret cannot be told from a wrong archive.

use alloc::vec::Vec;

use minicbor::bytes::ByteArray;
use sealer_wire::header::Envelope;
use sealer_wire::{
    AuditEvent, Error, ErrorCode, FactorKind, Id, Owner, Result, SealerKind, Secret32,
    decode_canonical, limits,
};

use crate::challenge::{Asserted, Memory};
use crate::factor::{self, Name, Portable, cannot_open};
use crate::gate::{self, Terms};
use crate::header::Header;
use crate::keys::RootKey;
use crate::platform::Platform;
use crate::record::{AuditState, EpochKey, Event, Record, VaultState};
use crate::vault::Parameters;
use crate::webauthn::{self, PublicKey, Registration};
use crate::window::Window;
use crate::{budget, rotation, vault};

/// A vault out of an archive that its owner's factor has opened.
pub struct Opened {
    /// The factor.
    pub factor_id: Id,
    /// The keys of its secret.
    pub portable: Portable,
    /// The archive.
    pub backup_id: Id,
    /// The epoch of the archive.
    pub epoch: EpochKey,
    /// The vault when the archive's key part was made.
    pub state: VaultState,
    /// Of a passkey: its place in the state.
    pub index: Option<usize>,
}

/// What an import asks of its user, as far as an untrusted header says. A passkey is asked for an
/// assertion with its PRF result; for another factor a new passkey is registered.
///
/// Errors: `CANNOT_OPEN` if the archive has no factor of the kind; `HEADER_TAMPERED`.
pub fn terms(header: &Header<'_>, with: FactorKind) -> Result<Terms> {
    if header.part.rp_id.is_empty() {
        return Err(Error::new(
            ErrorCode::HeaderTampered,
            "the header names no relying party",
        ));
    }
    if header.envelopes(with).next().is_none() {
        return Err(cannot_open());
    }
    let (credential_ids, prf) = header.passkeys(|_| true)?;
    Ok(Terms {
        credential_ids,
        prf: (with == FactorKind::Passkey).then_some(prf),
        memory: Memory::Nothing,
    })
}

/// Opens the archive with the secret of a factor; of a passkey, `credential_id` says whose.
///
/// Errors: `CANNOT_OPEN`; `UNSUPPORTED_VERSION`.
pub fn open(
    header: &Header<'_>,
    with: FactorKind,
    credential_id: Option<&[u8]>,
    secret: &[u8],
) -> Result<Opened> {
    let vault_id = &header.core.vault_id;
    let envelope = header
        .envelopes(with)
        .find(|envelope| envelope.credential_id.as_deref() == credential_id)
        .ok_or_else(cannot_open)?;
    let keys = Name {
        vault_id,
        factor_id: &envelope.factor_id,
        kind: with,
    }
    .keys(secret)?;
    let part = &header.part;
    let content = factor::open(vault_id, &part.epoch, envelope, &part.prf_input, &keys)?;
    let epoch = EpochKey {
        epoch: part.epoch.clone(),
        root_key: content.root_key,
    };
    let root = RootKey {
        vault_id,
        epoch: &epoch.epoch,
        key: &epoch.root_key,
    };
    let archive = header.authenticate(&root).map_err(|_| cannot_open())?;
    let state = root
        .open_vault_state(&part.vault_state)
        .map_err(|_| cannot_open())?;
    let state: VaultState = decode_canonical(
        &state,
        ErrorCode::CannotOpen,
        "the vault state in the archive is malformed",
    )?;
    check_state(header, envelope, &keys.portable, &state)?;
    let index = envelope
        .credential_id
        .as_deref()
        .and_then(|id| state.find(id));
    let key_in_state = index
        .and_then(|index| state.credentials.get(index))
        .map(|credential| credential.public_key.as_slice());
    if key_in_state != content.credential_key.as_deref() {
        return Err(cannot_open());
    }
    Ok(Opened {
        factor_id: envelope.factor_id,
        portable: keys.portable,
        backup_id: archive.backup_id,
        epoch,
        state,
        index,
    })
}

/// The PRF result of the passkey opens its envelope, and out of it comes the public key that
/// verifies the assertion.
///
/// Errors: `UNKNOWN_CREDENTIAL`, `PRF_MISSING`; those of [`open`] and of the ceremony.
pub fn open_by_passkey(
    header: &Header<'_>,
    challenge: &[u8; 32],
    response: &[u8],
    owner: &Owner,
) -> Result<(Opened, Presence)> {
    let parsed = webauthn::parse_assertion(response)?;
    let id = parsed.credential_id();
    let mut passkeys = header.envelopes(FactorKind::Passkey);
    if !passkeys.any(|envelope| envelope.credential_id.as_deref() == Some(id)) {
        return Err(Error::new(
            ErrorCode::UnknownCredential,
            "the archive has no envelope for this passkey",
        ));
    }
    let output = parsed.prf_first().ok_or(Error::new(
        ErrorCode::PrfMissing,
        "the response carries no PRF result",
    ))?;
    let opened = open(header, FactorKind::Passkey, Some(id), output.as_bytes())?;
    let state = &opened.state;
    let credential = opened
        .index
        .and_then(|index| state.credentials.get(index))
        .ok_or_else(gate::unknown_credential)?;
    let assertion = webauthn::verify_assertion(
        &gate::policy(&state.rp_id, &state.origins, owner),
        challenge,
        &webauthn::Credential {
            id: &credential.id,
            public_key: &PublicKey::from_cose(&credential.public_key)?,
            sign_count: credential.sign_count,
            backup_eligible: credential.backup_eligible,
            user_handle: Some(&header.core.vault_id),
        },
        parsed,
    )?;
    let presence = Presence::Asserted(Asserted {
        factor_id: credential.factor_id,
        sign_count: assertion.sign_count,
        backup_state: assertion.backup_state,
    });
    Ok((opened, presence))
}

/// Whoever held a factor once can make a header of any content: it must still be one that a sealer
/// makes. Errors: `CANNOT_OPEN`.
fn check_state(
    header: &Header<'_>,
    envelope: &Envelope,
    portable: &Portable,
    state: &VaultState,
) -> Result<()> {
    let parameters = Parameters {
        rp_id: &state.rp_id,
        origins: &state.origins,
        user_name: &state.user_name,
        label: "",
    };
    let kinds = |kind| state.factors.iter().filter(|one| one.kind == kind).count();
    let credential_is_bounded = |credential: &crate::record::Credential| {
        (1..=limits::CREDENTIAL_ID).contains(&credential.id.len())
            && credential.label.len() <= limits::NAME
    };
    let good = vault::check_parameters(&parameters).is_ok()
        && state.rp_id == header.part.rp_id
        && state.prf_input == header.part.prf_input
        && !state.credentials.is_empty()
        && state.credentials.iter().all(credential_is_bounded)
        && kinds(FactorKind::Passkey) == 0
        && kinds(FactorKind::Recovery) <= 1
        && kinds(FactorKind::Password) <= 1
        && state
            .addressees()
            .any(|to| to.factor_id == &envelope.factor_id && to.portable.is_same(portable))
        && budget::check(state).is_ok();
    good.then_some(()).ok_or_else(cannot_open)
}

/// Whether the vault in an archive is the caller's. Errors: `WRONG_APP`.
pub fn check_owner(state: &VaultState, owner: &Owner) -> Result<()> {
    if state.package != owner.package || state.signer != owner.signer {
        return Err(Error::new(
            ErrorCode::WrongApp,
            "the vault in the archive belongs to another app or signer",
        ));
    }
    Ok(())
}

/// Whether this sealer is as strong as the one of the archive. Errors: `WEAKER_SEALER`.
pub fn check_sealer(state: &VaultState, here: SealerKind, allow_weaker: bool) -> Result<()> {
    if here < state.sealer && !allow_weaker {
        return Err(Error::new(
            ErrorCode::WeakerSealer,
            "the archive comes from a stronger kind of sealer than this one",
        ));
    }
    Ok(())
}

/// The refusal of an archive that this device does not need.
pub fn already_imported() -> Error {
    Error::new(
        ErrorCode::AlreadyImported,
        "this device has the vault with the epoch of this archive",
    )
}

/// How the owner was proved to be there.
pub enum Presence {
    /// The passkey of the factor answered.
    Asserted(Asserted),
    /// A new passkey was registered, with this label.
    Registered(Registration, alloc::string::String),
}

/// Where an import arrives.
pub struct Place {
    /// Whose the vault is to be.
    pub owner: Owner,
    /// Its id.
    pub vault_id: Id,
    /// What the store still had of the vault, if anything.
    pub older: Option<Record>,
    /// The number before its first commit.
    pub seq: u64,
}

/// The record of a vault that is new to this device. The caller commits it. What the store still
/// had of the vault counts for its epochs: those live on as retired ones, or stay ended.
///
/// The epoch of the archive is retired at once: whoever else can open that archive reads nothing
/// that is made from now on.
pub fn take_in(
    platform: &mut impl Platform,
    place: Place,
    opened: Opened,
    presence: Presence,
    biometric_user: Option<u64>,
    now: u64,
) -> Result<Record> {
    let vault_id = place.vault_id;
    let mut state = opened.state;
    state.sealer = platform.kind();
    state.biometric_user = biometric_user;
    let mut record = Record {
        seq: place.seq,
        owner: place.owner,
        vault_id,
        current: opened.epoch,
        state,
        audit: AuditState::new(Secret32::try_fill(|out| platform.random(out))?),
        backups: Window::default(),
    };
    if let Some(older) = place.older {
        // The archive's own epoch was asked for.
        let others = |ended: &&ByteArray<16>| ***ended != record.current.epoch.id;
        for ended in older.state.ended.iter().filter(others) {
            rotation::forget(&mut record.state, ended);
        }
        let epochs = older.state.retired.into_iter().chain([older.current]);
        let live = epochs.filter(|epoch| !rotation::is_ended(&record.state, &epoch.epoch.id));
        let live = live.collect();
        add_epochs(&mut record, live);
    }
    let fresh = rotation::fresh(platform, &record)?;
    let imported = core::mem::replace(&mut record.current, fresh);
    rotation::retire(&mut record.state, imported);
    let events = admit(
        platform,
        &mut record,
        &opened.factor_id,
        presence,
        now,
        true,
    )?;
    let imported = Event {
        backup_id: Some(opened.backup_id),
        ..Event::done(AuditEvent::VaultImported)
    };
    for event in core::iter::once(imported).chain(events) {
        record.audit.append(&vault_id, now, event)?;
    }
    Ok(record)
}

/// Adds the epochs of an archive to a vault that is here. Its factors stay those of the vault that
/// is here; only who opened the archive with a factor of today also gets a new passkey in. That is
/// all that an archive of the current epoch does: the way back for who has lost every passkey, and
/// not the device.
pub fn add_to(
    platform: &mut impl Platform,
    record: &mut Record,
    opened: Opened,
    presence: Presence,
    now: u64,
) -> Result<()> {
    let current = record
        .state
        .portable_mut(&opened.factor_id)
        .is_some_and(|portable| portable.is_same(&opened.portable));
    // What was ended here stays ended; the archive's own epoch was asked for.
    let ended = |epoch: &EpochKey| rotation::is_ended(&record.state, &epoch.epoch.id);
    let retired = opened.state.retired.into_iter();
    let retired: Vec<_> = retired.filter(|epoch| !ended(epoch)).collect();
    add_epochs(record, retired);
    let is_back = opened.epoch.epoch.id == record.current.epoch.id;
    if is_back && !current {
        return Err(cannot_open());
    }
    add_epochs(record, Vec::from([opened.epoch]));
    let events = if current {
        admit(platform, record, &opened.factor_id, presence, now, is_back)?
    } else {
        Vec::new()
    };
    let removed = |event: &Event| event.event == AuditEvent::CredentialRemoved;
    // Another device may have gone on under the same numbers: the current epoch is always the one
    // with the highest. And whoever had to make room is out for good.
    let overtaken = |epoch: &EpochKey| epoch.epoch.number >= record.current.epoch.number;
    if events.iter().any(removed) || record.state.retired.iter().any(overtaken) {
        let fresh = rotation::fresh(platform, record)?;
        let old = core::mem::replace(&mut record.current, fresh);
        rotation::retire(&mut record.state, old);
    }
    let imported = Event {
        backup_id: Some(opened.backup_id),
        ..Event::done(AuditEvent::VaultImported)
    };
    for event in core::iter::once(imported).chain(events) {
        record.audit.append(&record.vault_id, now, event)?;
    }
    Ok(())
}

fn add_epochs(record: &mut Record, epochs: Vec<EpochKey>) {
    for epoch in epochs {
        if epoch.epoch.id != record.current.epoch.id {
            rotation::retire(&mut record.state, epoch);
        }
    }
}

/// Notes the proof of a factor, and lets a new passkey in. Where there is no room for it, the one
/// that was used longest ago goes if `make_room` says so: who has lost eight passkeys must not be
/// kept out by them.
fn admit(
    platform: &mut impl Platform,
    record: &mut Record,
    factor_id: &Id,
    presence: Presence,
    now: u64,
    make_room: bool,
) -> Result<Vec<Event>> {
    if let Some(portable) = record.state.portable_mut(factor_id) {
        portable.proved_at = Some(now);
    }
    let mut events = Vec::new();
    match presence {
        Presence::Asserted(by) => {
            crate::change::mark_used(record, &by, now);
        }
        Presence::Registered(registration, label) => {
            crate::change::check_new(record, &registration)?;
            let new = vault::credential(platform, &label, registration, now)?;
            let state = &mut record.state;
            events.push(Event {
                credential_id: Some(new.id.clone()),
                ..Event::done(AuditEvent::CredentialAdded)
            });
            state.credentials.push(new);
            while make_room && state.credentials.len() > 1 && !fits(state) {
                let others = state.credentials.len() - 1;
                let oldest = (0..others).min_by_key(|index| {
                    state
                        .credentials
                        .get(*index)
                        .map(|credential| credential.last_used_at.unwrap_or(credential.created_at))
                });
                let gone = state.credentials.remove(oldest.unwrap_or_default());
                events.push(Event {
                    credential_id: Some(gone.id),
                    ..Event::done(AuditEvent::CredentialRemoved)
                });
            }
            if !fits(state) {
                return Err(Error::new(
                    ErrorCode::TooManyFactors,
                    "there is no room for another passkey",
                ));
            }
        }
    }
    Ok(events)
}

fn fits(state: &VaultState) -> bool {
    state.credentials.len() <= limits::CREDENTIALS && budget::check(state).is_ok()
}
