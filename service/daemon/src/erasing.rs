// SPDX-License-Identifier: Apache-2.0

//! Removals that go through sealer and catalogue, and may be cut in between.
//!
//! What is to go is noted in the catalogue first, then erased in the sealer, then removed from the
//! catalogue together with the note. A note that is found later tells a vault that was erased on
//! purpose from one that the sealer has lost (`RESET`). The note of one vault does not erase
//! anything by itself: only the sealer, after a ceremony, does. The note of a whole uid or user
//! does: nobody can object to it.
//!
//! The mutex orders changes of the notes, which are one value of the catalogue.

use std::sync::{Mutex, PoisonError};

use minicbor::bytes::ByteArray;
use passkeybackup_catalogue::{Catalogue, Transaction, View};
use sealer_wire::{ErrorCode, Id, Owner, Result, decode_canonical, encode};

use crate::sealer::Sealer;

const VAULTS: &str = "erasing vaults";
const UIDS: &str = "erasing uids";

type Vaults = Vec<(Owner, ByteArray<16>)>;
type Uids = Vec<(u32, Option<u32>)>;

static NOTES: Mutex<()> = Mutex::new(());

/// Notes that a vault is about to be erased.
pub fn announce_vault(catalogue: &Catalogue, owner: &Owner, vault_id: &Id) -> Result<()> {
    let _notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    catalogue.with_transaction(|change| {
        let mut vaults: Vaults = notes(change, VAULTS)?;
        if !is_noted(&vaults, owner, vault_id) {
            vaults.push((owner.clone(), (*vault_id).into()));
            put(change, VAULTS, &vaults)?;
        }
        Ok(())
    })
}

/// The sealer has refused to erase a vault: takes the note back.
pub fn call_off_vault(catalogue: &Catalogue, owner: &Owner, vault_id: &Id) -> Result<()> {
    let _notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    catalogue.with_transaction(|change| drop_note(change, owner, vault_id))
}

/// The sealer has erased a vault: removes it and the note.
pub fn remove_vault(catalogue: &Catalogue, owner: &Owner, vault_id: &Id) -> Result<()> {
    let _notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    catalogue.with_transaction(|change| {
        match change.remove_vault(owner, vault_id) {
            Err(error) if error.code != ErrorCode::NotFound => return Err(error),
            _ => {}
        }
        drop_note(change, owner, vault_id)
    })
}

/// Whether a vault that the sealer no longer has was erased on purpose; then it is removed.
pub fn was_erased(catalogue: &Catalogue, owner: &Owner, vault_id: &Id) -> Result<bool> {
    let noted = catalogue.read(|view| {
        let vaults: Vaults = notes(view, VAULTS)?;
        Ok(is_noted(&vaults, owner, vault_id))
    })?;
    if noted {
        remove_vault(catalogue, owner, vault_id)?;
    }
    Ok(noted)
}

/// Erases all vaults of a user, or of one uid of that user.
pub fn erase(catalogue: &Catalogue, sealer: &Sealer, user: u32, uid: Option<u32>) -> Result<usize> {
    let _notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    catalogue.with_transaction(|change| {
        let mut uids: Uids = notes(change, UIDS)?;
        if !uids.contains(&(user, uid)) {
            uids.push((user, uid));
            put(change, UIDS, &uids)?;
        }
        Ok(())
    })?;
    let erased = sealer.remove(user, uid)?.len();
    catalogue.with_transaction(|change| {
        for owner in change.owners()? {
            if owner.user == user && uid.is_none_or(|uid| uid == owner.uid) {
                change.remove_owner(&owner)?;
            }
        }
        let mut uids: Uids = notes(change, UIDS)?;
        uids.retain(|noted| *noted != (user, uid));
        put(change, UIDS, &uids)
    })?;
    Ok(erased)
}

/// Ends what a crash has left undone. To be called before anybody is served.
pub fn resume(catalogue: &Catalogue, sealer: &Sealer) -> Result<()> {
    let (vaults, uids) = catalogue.read(|view| {
        let vaults: Vaults = notes(view, VAULTS)?;
        let uids: Uids = notes(view, UIDS)?;
        Ok((vaults, uids))
    })?;
    for (user, uid) in uids {
        let erased = erase(catalogue, sealer, user, uid)?;
        log::info!("ended a removal that was cut short: {erased} vaults");
    }
    for (owner, vault_id) in vaults {
        match sealer.show(&owner, &vault_id) {
            // It was not erased: whoever wanted it has to ask again.
            Ok(_) => call_off_vault(catalogue, &owner, &vault_id)?,
            Err(error) => match error.code {
                ErrorCode::Reset | ErrorCode::NotFound => {
                    remove_vault(catalogue, &owner, &vault_id)?;
                }
                _ => log::warn!("a vault that was to be erased shows as: {error}"),
            },
        }
    }
    Ok(())
}

fn is_noted(vaults: &Vaults, owner: &Owner, vault_id: &Id) -> bool {
    vaults
        .iter()
        .any(|(noted, id)| noted == owner && **id == *vault_id)
}

fn drop_note(change: &Transaction<'_>, owner: &Owner, vault_id: &Id) -> Result<()> {
    let mut vaults: Vaults = notes(change, VAULTS)?;
    if !is_noted(&vaults, owner, vault_id) {
        return Ok(());
    }
    vaults.retain(|(noted, id)| noted != owner || **id != *vault_id);
    put(change, VAULTS, &vaults)
}

fn notes<T>(view: &View<'_>, key: &str) -> Result<Vec<T>>
where
    Vec<T>: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()> + minicbor::CborLen<()>,
{
    match view.meta(key)? {
        None => Ok(Vec::new()),
        Some(bytes) => {
            let what = "the catalogue's list of removals is malformed";
            decode_canonical(&bytes, ErrorCode::Corrupt, what)
        }
    }
}

fn put<T>(change: &Transaction<'_>, key: &str, notes: &Vec<T>) -> Result<()>
where
    Vec<T>: minicbor::Encode<()> + minicbor::CborLen<()>,
{
    change.put_meta(key, &encode(notes)?)
}
