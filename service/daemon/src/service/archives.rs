// SPDX-License-Identifier: Apache-2.0

//! The archives of the catalogue. The sealer has no part in this.

use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveInfo::ArchiveInfo, ArchivePage::ArchivePage,
};
use passkeybackup_catalogue::ArchiveState;
use sealer_wire::{Owner, Result};

use super::Core;
use crate::convert::{self, id};

/// The file of an archive is in place.
pub fn confirm(core: &Core, owner: &Owner, backup_id: &[u8]) -> Result<ArchiveInfo> {
    let backup_id = id(backup_id, "a backup id")?;
    let rewrapped = core.rewrapped.find(owner, &backup_id);
    let confirmed = core.catalogue.with_transaction(|change| match &rewrapped {
        Some(new) => change.rewrap_archive(
            owner,
            &backup_id,
            new.epoch,
            new.archive_bytes,
            ArchiveState::Complete,
        ),
        None => change.confirm_archive(owner, &backup_id),
    })?;
    core.rewrapped.remove(owner, &backup_id);
    Ok(convert::archive(&confirmed))
}

/// A page of the archives of a vault.
pub fn list(
    core: &Core,
    owner: &Owner,
    vault_id: &[u8],
    limit: i32,
    page: Option<&str>,
    retired_epochs_only: bool,
) -> Result<ArchivePage> {
    let vault_id = id(vault_id, "a vault id")?;
    let limit = convert::limit(limit)?;
    let found = core.catalogue.read(|view| {
        if retired_epochs_only {
            view.list_retired_archives(owner, &vault_id, limit, page)
        } else {
            view.list_archives(owner, &vault_id, limit, page)
        }
    })?;
    Ok(ArchivePage {
        archives: found.archives.iter().map(convert::archive).collect(),
        nextPage: found.next_page,
    })
}

/// Removes an archive from the catalogue.
pub fn forget(core: &Core, owner: &Owner, backup_id: &[u8]) -> Result<()> {
    let backup_id = id(backup_id, "a backup id")?;
    core.catalogue
        .with_transaction(|change| change.forget_archive(owner, &backup_id))?;
    core.rewrapped.remove(owner, &backup_id);
    Ok(())
}
