// SPDX-License-Identifier: Apache-2.0

//! What can be said of an archive without opening it.

use binder::ParcelFileDescriptor;
use passkeybackup_aidl::android::security::passkeybackup::{
    MacState::MacState, VerifyResult::VerifyResult,
};
use sealer_wire::{ErrorCode, Owner, Reply, Request, Result};

use super::Core;
use super::restore::Seen;
use crate::convert::long;
use crate::files::Descriptor;
use crate::sealer::unexpected;

/// Checks structure and length, and the header where the keys for that are here.
pub fn structure(
    core: &Core,
    owner: &Owner,
    archive: &ParcelFileDescriptor,
) -> Result<VerifyResult> {
    let file = Descriptor::input_file(archive, "the archive")?;
    let seen = Seen::read(&file)?;
    let checked = core
        .sealer
        .ask(owner, &seen.core.vault_id, |vault| Request::CheckHeader {
            vault,
            core: seen.header.core.clone(),
            key_part: seen.header.key_part.clone(),
        });
    let mac = match checked {
        Ok(Reply::HeaderAuthentic) => MacState::OK,
        Ok(_) => return Err(unexpected()),
        Err(error) => match error.code {
            // No vault, or no longer the key of this epoch: nobody here can tell.
            ErrorCode::NotFound | ErrorCode::Reset | ErrorCode::EpochEnded => {
                MacState::NOT_CHECKABLE
            }
            _ => return Err(error),
        },
    };
    Ok(VerifyResult {
        backupId: seen.core.backup_id.to_vec(),
        vaultId: seen.core.vault_id.to_vec(),
        epoch: i64::from(seen.key_part.epoch.number),
        mac,
        full: false,
        segments: long(seen.structure.map_or(0, |found| found.segments)),
    })
}
