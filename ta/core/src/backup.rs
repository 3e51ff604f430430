//! Headers of archives: making them, checking them, getting the data key out again.

use alloc::vec::Vec;

use sealer_wire::header::{BODY_SUITE, Core, FORMAT_VERSION, KeyPart, SignedKeyPart, WRAP_SUITE};
use sealer_wire::{AuditEvent, Error, ErrorCode, Id, Reply, Result, Secret32, encode, limits};

use crate::platform::{Platform, random};
use crate::record::{Event, Record};

/// A header that is authentic for a vault.
pub struct Authentic {
    /// The backup.
    pub backup_id: Id,
    /// Its data key.
    pub dek: Secret32,
}

/// Makes id, data key and header of a new backup. The caller commits before it answers.
pub fn create(platform: &mut impl Platform, record: &mut Record, meta: Vec<u8>) -> Result<Reply> {
    if meta.len() > limits::META {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the metadata have more than 4 KiB",
        ));
    }
    let backup_id: Id = random(platform)?;
    let dek = Secret32::try_fill(|out| platform.random(out))?;
    let now = platform.unix_time();
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
    if core.len() + key_part.len() > limits::HEADER {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the header would have more than 46 KiB",
        ));
    }
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

/// The key part for a core, under the current epoch.
fn key_part(
    platform: &mut impl Platform,
    record: &Record,
    backup_id: &Id,
    core: &[u8],
    dek: &Secret32,
) -> Result<Vec<u8>> {
    let root = record.current_root();
    let content = encode(&KeyPart {
        rp_id: record.state.rp_id.clone(),
        epoch: root.epoch.clone(),
        wrapped_dek: root.wrap_dek(platform, backup_id, core, dek)?,
        prf_input: record.state.prf_input,
        envelopes: Vec::new(),
        vault_state: root.seal_vault_state(platform, &encode(&record.state)?)?,
    })?
    .to_vec();
    let mac = root.header_mac(core, &content)?;
    SignedKeyPart { content, mac }.encode()
}

/// Checks a header and opens its data key; only a gate may pass the key on.
///
/// Errors: `TOO_LARGE`, `HEADER_TAMPERED`, `UNSUPPORTED_VERSION`, `NOT_FOUND` (another vault's),
/// `EPOCH_ENDED`.
pub fn authenticate(record: &Record, core: &[u8], key_part: &[u8]) -> Result<Authentic> {
    if core.len().saturating_add(key_part.len()) > limits::HEADER {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the header has more than 46 KiB",
        ));
    }
    let parsed = Core::decode(core)?;
    let (signed, part) = SignedKeyPart::decode(key_part)?;
    if parsed.vault_id != record.vault_id {
        return Err(Error::new(
            ErrorCode::NotFound,
            "the archive belongs to another vault",
        ));
    }
    let root = record.root_of(&part.epoch.id).ok_or(Error::new(
        ErrorCode::EpochEnded,
        "the vault no longer has the epoch of this archive",
    ))?;
    root.check_header(core, &signed.content, &signed.mac)?;
    let dek = root.unwrap_dek(&parsed.backup_id, core, &part.wrapped_dek)?;
    Ok(Authentic {
        backup_id: parsed.backup_id,
        dek,
    })
}

#[cfg(test)]
mod tests;
