// SPDX-License-Identifier: Apache-2.0

//! Making an archive.
//!
//! The sealer makes id, header and data key; the thread of the operation reads, seals and writes,
//! syncs, and only then enters the archive into the catalogue. Whatever ends it before leaves an
//! audit entry that a key was released, and no archive.

use std::sync::Arc;

use binder::{ParcelFileDescriptor, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    IOperation::IOperation, OperationResult::OperationResult,
};
use passkeybackup_archive::{Dek, Structure, write_archive};
use passkeybackup_catalogue::{Archive, ArchiveState};
use sealer_wire::header::{Core as HeaderCore, SignedKeyPart};
use sealer_wire::{Error, ErrorCode, Owner, Reply, Request, Result, Secret32, limits};

use super::{Callback, Core};
use crate::convert::{self, id};
use crate::files::Descriptor;
use crate::hooks;
use crate::operation::Outcome;
use crate::sealer::unexpected;

/// Starts a backup.
pub fn backup(
    core: &Core,
    owner: &Owner,
    vault_id: &[u8],
    input: &ParcelFileDescriptor,
    output: &ParcelFileDescriptor,
    meta: &[u8],
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    let vault_id = id(vault_id, "a vault id")?;
    if meta.len() > limits::META {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the metadata have more than 4 KiB",
        ));
    }
    let input = Descriptor::input(input, "the input")?;
    let output = Descriptor::output(output, "the output")?;
    input.check_differs(&output)?;
    if let Some(bytes) = input.bytes()
        && Structure::from_plaintext_bytes(bytes).is_none()
    {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the input is longer than an archive can be",
        ));
    }
    let place = core.operations.admit(owner, callback, input.bytes())?;
    let reply = core.sealer.ask(owner, &vault_id, |vault| {
        let meta = meta.to_vec();
        Request::CreateBackup { vault, meta }
    })?;
    let Reply::BackupCreated {
        core: header,
        key_part,
        dek,
    } = reply
    else {
        return Err(unexpected());
    };
    let parsed = HeaderCore::decode(&header)?;
    let (_, part) = SignedKeyPart::decode(&key_part)?;
    hooks::released(&parsed.backup_id, &dek);
    let dek = lock_away(&dek)?;
    let catalogue = Arc::clone(&core.catalogue);
    let owner = owner.clone();
    place.start(move |job| {
        let mut reader = input.reader(job)?;
        let writer = output.writer(job)?;
        let written = write_archive(job, &header, &key_part, dek, &mut reader, writer)?;
        output.sync()?;
        let archive = Archive {
            backup_id: parsed.backup_id,
            vault_id: parsed.vault_id,
            epoch: part.epoch.number,
            created_at: parsed.created_at,
            plaintext_bytes: written.plaintext_bytes,
            archive_bytes: written.archive_bytes,
            meta: parsed.meta,
            state: ArchiveState::Unconfirmed,
        };
        catalogue.with_transaction(|change| change.add_archive(&owner, &archive))?;
        let outcome: Outcome =
            Box::new(move || OperationResult::Archive(convert::archive(&archive)));
        Ok(outcome)
    })
}

/// Moves a data key into locked memory.
pub fn lock_away(dek: &Secret32) -> Result<Dek> {
    // Wiped by `take`.
    let mut copy = *dek.expose();
    Dek::take(&mut copy)
}
