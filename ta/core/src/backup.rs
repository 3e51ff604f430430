// SPDX-License-Identifier: Apache-2.0

//! Headers of archives: making them, checking them, getting the data key out again.

use alloc::vec::Vec;

use sealer_wire::header::{BODY_SUITE, Core, FORMAT_VERSION, KeyPart, SignedKeyPart, WRAP_SUITE};
use sealer_wire::{AuditEvent, Error, ErrorCode, Id, Reply, Result, Secret32, encode, limits};

use crate::header::{Authentic, Header};
use crate::platform::{Platform, random};
use crate::record::{Event, Record};
use crate::{factor, rotation};

/// Makes id, data key and header of a new backup. The caller commits before it answers.
pub fn create(
    platform: &mut impl Platform,
    record: &mut Record,
    meta: Vec<u8>,
    now: u64,
) -> Result<Reply> {
    if meta.len() > limits::META {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the metadata have more than 4 KiB",
        ));
    }
    record
        .backups
        .admit(now, limits::BACKUPS_PER_WINDOW)
        .map_err(|wait| Error {
            code: ErrorCode::Quota,
            detail: "too many backups of this vault within an hour".into(),
            retry_after_ms: Some(wait.saturating_mul(1000)),
        })?;
    let backup_id: Id = random(platform)?;
    let dek = Secret32::try_fill(|out| platform.random(out))?;
    let core = Core {
        version: FORMAT_VERSION,
        body_suite: BODY_SUITE,
        wrap_suite: WRAP_SUITE,
        vault_id: record.vault_id,
        backup_id,
        created_at: now,
        meta,
    }
    .encode()?;
    let key_part = key_part(platform, record, &backup_id, &core, &dek)?;
    let event = Event {
        backup_id: Some(backup_id),
        ..Event::done(AuditEvent::BackupKeyReleased)
    };
    record.audit.append(&record.vault_id, now, event)?;
    Ok(Reply::BackupCreated {
        core,
        key_part,
        dek,
    })
}

/// Makes a new key part for an archive of the vault: under the current epoch, with envelopes for
/// the factors of today. The core, and with it the body, stays.
///
/// Errors: those of [`authenticate`].
pub fn refresh(
    platform: &mut impl Platform,
    record: &Record,
    core: &[u8],
    old: &[u8],
) -> Result<Reply> {
    let archive = authenticate(record, core, old)?;
    let key_part = key_part(platform, record, &archive.backup_id, core, &archive.dek)?;
    Ok(Reply::Refreshed { key_part })
}

/// The key part for a core, under the current epoch.
fn key_part(
    platform: &mut impl Platform,
    record: &Record,
    backup_id: &Id,
    core: &[u8],
    dek: &Secret32,
) -> Result<Vec<u8>> {
    let root = record.current_root();
    let mut envelopes = Vec::new();
    for addressee in record.state.addressees() {
        envelopes.push(factor::seal(platform, &root, &addressee)?);
    }
    let content = encode(&KeyPart {
        rp_id: record.state.rp_id.clone(),
        epoch: root.epoch.clone(),
        wrapped_dek: root.wrap_dek(platform, backup_id, core, dek)?,
        prf_input: record.state.prf_input,
        envelopes,
        vault_state: root.seal_vault_state(platform, &encode(&record.state)?)?,
    })?
    .to_vec();
    let mac = root.header_mac(core, &content)?;
    let key_part = SignedKeyPart { content, mac }.encode()?;
    // Whatever is added to a vault is weighed first; this is for what was not foreseen.
    if core.len().saturating_add(key_part.len()) > limits::HEADER {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the header would have more than 46 KiB",
        ));
    }
    Ok(key_part)
}

/// Checks a header and opens its data key; only a gate may pass the key on.
///
/// Errors: `TOO_LARGE`, `HEADER_TAMPERED`, `UNSUPPORTED_VERSION`, `NOT_FOUND` (another vault's),
/// `EPOCH_ENDED`, as far as ended epochs are remembered.
pub fn authenticate(record: &Record, core: &[u8], key_part: &[u8]) -> Result<Authentic> {
    let header = Header::decode(core, key_part)?;
    if header.core.vault_id != record.vault_id {
        return Err(Error::new(
            ErrorCode::NotFound,
            "the archive belongs to another vault",
        ));
    }
    let epoch = &header.part.epoch.id;
    let root = record.root_of(epoch).ok_or_else(|| {
        if rotation::is_ended(&record.state, epoch) {
            return Error::new(ErrorCode::EpochEnded, "the epoch of this archive was ended");
        }
        Error::new(
            ErrorCode::HeaderTampered,
            "the vault has had no epoch like this archive's: its header was changed, or another \
             device made it, then import it",
        )
    })?;
    header.authenticate(&root)
}

#[cfg(test)]
mod tests;
