// SPDX-License-Identifier: Apache-2.0

//! Archives that are written anew under the current epoch and factors, and archives that the
//! catalogue gets back. Nobody needs to be present: no key leaves the sealer.

use std::sync::Arc;

use binder::{ParcelFileDescriptor, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    ErrorCode::ErrorCode as AidlErrorCode, IOperation::IOperation,
    IPasskeyBackup::MAX_ARCHIVES_PER_CALL, OperationResult::OperationResult,
    RebuildResult::RebuildResult, RefusedArchive::RefusedArchive,
};
use passkeybackup_archive::{Job, replace_key_part};
use passkeybackup_catalogue::{Archive, ArchiveState};
use sealer_wire::header::SignedKeyPart;
use sealer_wire::{Error, ErrorCode, Owner, Reply, Request, Result};

use super::restore::Seen;
use super::{Callback, Core};
use crate::convert;
use crate::files::Descriptor;
use crate::operation::Outcome;
use crate::sealer::unexpected;

/// An archive and its new file.
pub fn descriptors(
    input: &ParcelFileDescriptor,
    output: &ParcelFileDescriptor,
) -> Result<(Descriptor, Descriptor)> {
    let input = Descriptor::input_file(input, "the archive")?;
    let output = Descriptor::output(output, "the output")?;
    input.check_differs(&output)?;
    Ok((input, output))
}

/// An archive that was written anew.
pub struct Written {
    /// The new file.
    pub archive: Archive,
    /// Whether the catalogue has it under an epoch that is not the current one.
    pub was_retired: bool,
}

/// Writes an archive anew: new key part, same core, same body. The catalogue keeps what it has of
/// the old file until the new one is confirmed.
pub fn rewrap(
    core: &Core,
    owner: &Owner,
    job: &Job,
    input: &Descriptor,
    output: &Descriptor,
) -> Result<Written> {
    let seen = Seen::read(input)?;
    let reply = core
        .sealer
        .ask(owner, &seen.core.vault_id, |vault| Request::Refresh {
            vault,
            core: seen.header.core.clone(),
            key_part: seen.header.key_part.clone(),
        })?;
    let Reply::Refreshed { key_part } = reply else {
        return Err(unexpected());
    };
    let (_, part) = SignedKeyPart::decode(&key_part)?;
    let writer = output.writer(job)?;
    let bytes = replace_key_part(job, &mut input.file()?, &key_part, writer)?;
    output.sync()?;
    let archive = Archive {
        epoch: part.epoch.number,
        state: ArchiveState::Unconfirmed,
        ..seen.described(bytes)
    };
    let known = core
        .catalogue
        .read(|view| view.archive(owner, &archive.backup_id));
    let was_retired = match known {
        Ok(known) => {
            core.rewrapped.insert(owner, archive.clone());
            known.epoch != archive.epoch
        }
        Err(error) if error.code == ErrorCode::NotFound => {
            core.catalogue
                .with_transaction(|change| change.add_archive(owner, &archive))?;
            false
        }
        Err(error) => return Err(error),
    };
    Ok(Written {
        archive,
        was_retired,
    })
}

/// Writes one archive anew.
pub fn refresh(
    core: &Arc<Core>,
    owner: &Owner,
    input: &ParcelFileDescriptor,
    output: &ParcelFileDescriptor,
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    let (input, output) = descriptors(input, output)?;
    let place = core.operations.admit(owner, callback, input.bytes())?;
    let (core, owner) = (Arc::clone(core), owner.clone());
    place.start(move |job| {
        let archive = rewrap(&core, &owner, job, &input, &output)?.archive;
        let outcome: Outcome =
            Box::new(move || OperationResult::Archive(convert::archive(&archive)));
        Ok(outcome)
    })
}

/// Enters archives into the catalogue that it does not have.
pub fn rebuild(
    core: &Arc<Core>,
    owner: &Owner,
    archives: &[ParcelFileDescriptor],
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    if archives.is_empty() || archives.len() > MAX_ARCHIVES_PER_CALL as usize {
        return Err(Error::new(ErrorCode::BadRequest, "1 to 16 archives"));
    }
    let files: Vec<Result<Descriptor>> = archives
        .iter()
        .map(|archive| Descriptor::input_file(archive, "the archive"))
        .collect();
    let place = core.operations.admit(owner, callback, Some(0))?;
    let (core, owner) = (Arc::clone(core), owner.clone());
    place.start(move |job| {
        let (mut added, mut known) = (0, 0);
        let mut refused: Vec<(i32, Error)> = Vec::new();
        for (index, file) in (0..).zip(files) {
            if job.is_cancelled() {
                return Err(Error::from(ErrorCode::Cancelled));
            }
            match file.and_then(|file| enter(&core, &owner, &file)) {
                Ok(true) => added += 1,
                Ok(false) => known += 1,
                Err(error) => refused.push((index, error)),
            }
        }
        let outcome: Outcome = Box::new(move || {
            let refused = refused.iter().map(|(index, error)| RefusedArchive {
                index: *index,
                error: AidlErrorCode(error.code as i32),
                message: error.to_string(),
            });
            OperationResult::Rebuild(RebuildResult {
                added,
                known,
                refused: refused.collect(),
            })
        });
        Ok(outcome)
    })
}

/// Enters one archive; `false` if it is known. What the catalogue has of it becomes what the file
/// is: it was just read where it is.
fn enter(core: &Core, owner: &Owner, file: &Descriptor) -> Result<bool> {
    let seen = Seen::read(file)?;
    let checked = core
        .sealer
        .ask(owner, &seen.core.vault_id, |vault| Request::CheckHeader {
            vault,
            core: seen.header.core.clone(),
            key_part: seen.header.key_part.clone(),
        })?;
    let Reply::HeaderAuthentic = checked else {
        return Err(unexpected());
    };
    let archive = seen.described(file.bytes().unwrap_or_default());
    core.catalogue.with_transaction(|change| {
        let added = change.add_archive(owner, &archive)?;
        if !added {
            change.rewrap_archive(
                owner,
                &archive.backup_id,
                archive.epoch,
                archive.archive_bytes,
                archive.state,
            )?;
        }
        Ok(added)
    })
}
