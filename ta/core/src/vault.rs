// SPDX-License-Identifier: Apache-2.0

//! Making a vault, and the bounds of what a vault is made of.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use sealer_wire::header::Epoch;
use sealer_wire::{
    AttestationKind, AuditEvent, Error, ErrorCode, Id, Owner, PrfState, Result, Secret32, limits,
};

use crate::platform::{Platform, random};
use crate::record::{AuditState, Credential, EpochKey, Event, Record, VaultState};
use crate::webauthn::{Attestation, Registration};
use crate::window::Window;

/// Parameters of a vault to be made.
pub struct Parameters<'a> {
    /// Relying party id.
    pub rp_id: &'a str,
    /// Origins that ceremonies may come from.
    pub origins: &'a [String],
    /// The name that passkey clients show.
    pub user_name: &'a str,
    /// A name for the first credential.
    pub label: &'a str,
}

/// Checks bounds only: whether an owner may use an origin is the service's to know.
///
/// Errors: `BAD_REQUEST`, `TOO_LARGE`.
pub fn check_parameters(parameters: &Parameters<'_>) -> Result<()> {
    bounded(
        parameters.rp_id,
        1,
        limits::RP_ID,
        "the relying party id has 1 to 253 bytes",
    )?;
    bounded(
        parameters.user_name,
        1,
        limits::NAME,
        "the user name has 1 to 64 bytes",
    )?;
    check_label(parameters.label)?;
    check_origins(parameters.origins)
}

/// Checks the label of a credential. Errors: `TOO_LARGE`.
pub fn check_label(label: &str) -> Result<()> {
    bounded(label, 0, limits::NAME, "the label has at most 64 bytes")
}

/// Checks number and length of origins. Errors: `BAD_REQUEST`, `TOO_LARGE`.
pub fn check_origins(origins: &[String]) -> Result<()> {
    if origins.is_empty() {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "a vault needs at least one origin",
        ));
    }
    if origins.len() > limits::ORIGINS {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "a vault has at most 8 origins",
        ));
    }
    for origin in origins {
        bounded(origin, 1, limits::ORIGIN, "an origin has 1 to 256 bytes")?;
    }
    Ok(())
}

/// Checks what the service says of an owner. Errors: `BAD_REQUEST`.
pub fn check_owner(owner: &Owner) -> Result<()> {
    if owner.package.is_empty() || owner.package.len() > limits::PACKAGE {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "a package name has 1 to 255 bytes",
        ));
    }
    if owner.user != owner.uid / 100_000 {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "the uid is not one of that user",
        ));
    }
    Ok(())
}

fn bounded(text: &str, least: usize, most: usize, detail: &'static str) -> Result<()> {
    if text.len() > most {
        return Err(Error::new(ErrorCode::TooLarge, detail));
    }
    if text.len() < least {
        return Err(Error::new(ErrorCode::BadRequest, detail));
    }
    Ok(())
}

/// The record of a new vault with its first credential; not stored yet.
pub fn create(
    platform: &mut impl Platform,
    owner: &Owner,
    vault_id: Id,
    parameters: &Parameters<'_>,
    biometric_user: Option<u64>,
    registration: Registration,
    now: u64,
) -> Result<Record> {
    let event = Event {
        credential_id: Some(registration.credential_id.clone()),
        ..Event::done(AuditEvent::VaultCreated)
    };
    let mut record = Record {
        seq: 0,
        owner: owner.clone(),
        vault_id,
        current: EpochKey {
            epoch: Epoch {
                number: 1,
                id: random(platform)?,
                parent: [0; 16],
            },
            root_key: Secret32::try_fill(|out| platform.random(out))?,
        },
        state: VaultState {
            rp_id: parameters.rp_id.into(),
            origins: parameters.origins.to_vec(),
            user_name: parameters.user_name.into(),
            package: owner.package.clone(),
            signer: owner.signer,
            sealer: platform.kind(),
            created_at: now,
            biometric_user,
            prf_input: random(platform)?,
            credentials: vec![credential(platform, parameters.label, registration, now)?],
            retired: Vec::new(),
            factors: Vec::new(),
            ended: Vec::new(),
        },
        audit: AuditState::new(Secret32::try_fill(|out| platform.random(out))?),
        backups: Window::default(),
    };
    record.audit.append(&vault_id, now, event)?;
    Ok(record)
}

/// A credential out of its registration; its PRF extension is not enrolled thereby.
pub fn credential(
    platform: &mut impl Platform,
    label: &str,
    registration: Registration,
    now: u64,
) -> Result<Credential> {
    Ok(Credential {
        id: registration.credential_id,
        factor_id: random(platform)?,
        public_key: registration.public_key.cose_bytes().to_vec(),
        sign_count: registration.sign_count,
        backup_eligible: registration.backup_eligible,
        backup_state: registration.backup_state,
        label: label.into(),
        created_at: now,
        last_used_at: None,
        attestation: match registration.attestation {
            Attestation::None => AttestationKind::None,
            Attestation::SelfAttested => AttestationKind::SelfAttested,
            Attestation::X5c => AttestationKind::X5c,
            Attestation::Unverified => AttestationKind::Unverified,
        },
        prf: if registration.prf_enabled == Some(true) {
            PrfState::Enabled
        } else {
            PrfState::Unsupported
        },
        portable: None,
        prf_input: None,
    })
}
