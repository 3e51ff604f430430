// SPDX-License-Identifier: Apache-2.0

//! Rotation, the end of an epoch, and rehearsals.

use std::sync::Arc;

use binder::{ParcelFileDescriptor, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    BackupId::BackupId, Ceremony::Ceremony, IOperation::IOperation,
    IPasskeyBackup::MAX_ARCHIVES_PER_CALL, OperationResult::OperationResult,
    RehearsalResult::RehearsalResult, RotateResult::RotateResult, VaultInfo::VaultInfo,
};
use sealer_wire::{Error, ErrorCode, Id, Operation, Owner, Reply, Result};

use super::import::Opener;
use super::restore::Seen;
use super::vaults::Answer;
use super::{Callback, Core, rewrap, vaults};
use crate::ceremonies::Purpose;
use crate::convert::long;
use crate::files::Descriptor;
use crate::operation::Outcome;
use crate::options;
use crate::sealer::unexpected;

/// Begins the assertion that rotates a vault.
pub fn begin_rotate(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<Ceremony> {
    vaults::begin_operation(core, owner, vault_id, Operation::Rotate)
}

/// Rotates the vault before it returns, then writes the archives anew.
pub fn finish_rotate(
    core: &Arc<Core>,
    owner: &Owner,
    answer: Answer<'_>,
    inputs: &[ParcelFileDescriptor],
    outputs: &[ParcelFileDescriptor],
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    if inputs.len() != outputs.len() || inputs.len() > MAX_ARCHIVES_PER_CALL as usize {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "0 to 16 archives, and an output for each",
        ));
    }
    let files: Vec<(Descriptor, Descriptor)> = inputs
        .iter()
        .zip(outputs)
        .map(|(input, output)| rewrap::descriptors(input, output))
        .collect::<Result<_>>()?;
    let begun = answer.ceremony(core, owner)?;
    let operation = begun.operation(|operation| matches!(operation, Operation::Rotate))?;
    for (input, _) in &files {
        if Seen::read(input)?.core.vault_id != begun.vault_id {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "an archive is of another vault than the one that is to be rotated",
            ));
        }
    }
    let total = files.iter().filter_map(|(input, _)| input.bytes()).sum();
    let place = core.operations.admit(owner, callback, Some(total))?;
    let reply = vaults::finish_with(core, &begun, answer, operation, None)?;
    let Reply::Vault(view) = reply else {
        return Err(unexpected());
    };
    let (core, owner) = (Arc::clone(core), owner.clone());
    place.start(move |job| {
        let mut rewrapped = Vec::with_capacity(files.len());
        // Of those that the catalogue has under an old epoch until their files are in place.
        let mut known = 0_u64;
        for (input, output) in &files {
            let written = rewrap::rewrap(&core, &owner, job, input, output)?;
            known += u64::from(written.was_retired);
            rewrapped.push(written.archive.backup_id);
        }
        let retired = core
            .catalogue
            .read(|found| found.count_retired_archives(&owner, &begun.vault_id))?;
        let pending = retired.saturating_sub(known);
        let outcome: Outcome = Box::new(move || {
            OperationResult::Rotate(RotateResult {
                vaultId: begun.vault_id.to_vec(),
                epoch: i64::from(view.epoch),
                rewrapped: rewrapped
                    .iter()
                    .map(|id: &Id| BackupId { id: id.to_vec() })
                    .collect(),
                pending: long(pending),
            })
        });
        Ok(outcome)
    })
}

/// Begins the assertion that ends a retired epoch.
pub fn begin_end(core: &Core, owner: &Owner, vault_id: &[u8], epoch: i64) -> Result<Ceremony> {
    let epoch = u32::try_from(epoch)
        .map_err(|_| Error::new(ErrorCode::BadRequest, "not the number of an epoch"))?;
    vaults::begin_operation(core, owner, vault_id, Operation::EndEpoch { epoch })
}

/// Ends the epoch.
pub fn finish_end(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<VaultInfo> {
    let ends = |operation: &Operation| matches!(operation, Operation::EndEpoch { .. });
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(ends))?;
    match reply {
        Reply::Vault(view) => Ok(vaults::shown(core, &view)),
        _ => Err(unexpected()),
    }
}

/// Begins the assertion by which, or beside which, a factor proves that it would open an archive on
/// a new device.
pub fn begin_rehearsal(
    core: &Core,
    owner: &Owner,
    archive: &ParcelFileDescriptor,
    opener: &Opener<'_>,
) -> Result<Ceremony> {
    let seen = Seen::read(&Descriptor::input_file(archive, "the archive")?)?;
    // A slip of the pen is told before anything is tried.
    let key = opener.recovery_key()?;
    let operation = Operation::Rehearse {
        core: seen.header.core.clone(),
        key_part: seen.header.key_part.clone(),
        with: opener.kind(),
    };
    let begun = core
        .sealer
        .begin(owner, &seen.core.vault_id, operation.clone())?;
    let secret = opener.stretched(&seen)?.or(key);
    vaults::remember(core, owner, &begun, Purpose::Operation(operation), secret);
    Ok(vaults::ceremony(&begun, options::request(&begun)))
}

/// Opens the header as a new device would, and forgets it.
pub fn finish_rehearsal(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<RehearsalResult> {
    let rehearses = |operation: &Operation| matches!(operation, Operation::Rehearse { .. });
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(rehearses))?;
    match reply {
        Reply::Rehearsed {
            backup_id,
            factor_id,
            ..
        } => Ok(RehearsalResult {
            backupId: backup_id.to_vec(),
            factorId: factor_id.to_vec(),
        }),
        _ => Err(unexpected()),
    }
}
