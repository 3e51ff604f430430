// SPDX-License-Identifier: Apache-2.0

//! Records in two slots: a cut at any storage operation leaves the old or the new state.
//!
//! A commit writes the slot that does not hold the newest record. A reader takes the slot with the
//! higher sequence number among those that are whole. Deleting removes the older slot first, so a
//! cut in between leaves the newest state, never an older one. A vault whose very first write was
//! cut is no vault yet: it is not found and not listed, unless the service has seen it.
//!
//! A slot is `"PKBR" ‖ version ‖ SHA-256 of the record ‖ CBOR of the record`. The hash finds torn
//! writes on media that have no integrity of their own; it is no protection against people.
//!
//! An object's name is `uid ‖ owner tag ‖ vault id ‖ slot` in hexadecimal, 57 characters (a
//! GlobalPlatform object id has at most 64 bytes): a foreign vault cannot even be addressed, and
//! the system can erase an app's or a user's vaults without reading them.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sealer_wire::{
    Error, ErrorCode, Id, Owner, Result, VaultRef, decode_canonical, encode, limits,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::platform::{Store, StoreError};
use crate::record::Record;

const MAGIC: &[u8; 5] = b"PKBR\x01";
const HASH: usize = 32;
const ATTEMPTS: &str = "attempts";
/// Uids of an Android user.
const UIDS: u32 = 100_000;

enum Slot {
    Missing,
    Damaged,
    Whole(Box<Record>),
}

impl Slot {
    fn seq(&self) -> u64 {
        match self {
            Slot::Whole(record) => record.seq,
            Slot::Missing | Slot::Damaged => 0,
        }
    }
}

/// The record of a vault.
///
/// Errors: `NOT_FOUND`; `RESET`, `ROLLBACK` or `CORRUPT` where the store has less than the service
/// has seen; `IO`.
pub fn load(store: &mut impl Store, vault: &VaultRef) -> Result<Record> {
    let name = name(&vault.owner, &vault.vault_id)?;
    let id = &vault.vault_id;
    let (first, second) = (read(store, &name, id, 0)?, read(store, &name, id, 1)?);
    let (best, other) = if first.seq() >= second.seq() {
        (first, second)
    } else {
        (second, first)
    };
    let record = match best {
        Slot::Whole(record) => *record,
        // Whole slots sort first, so the other one is not whole either.
        Slot::Damaged => return Err(StoreError::Corrupt.into()),
        // `best` is slot 0: only slot 1 is there, and only the first write leaves it so.
        Slot::Missing if matches!(other, Slot::Damaged) => {
            return Err(if vault.seen.is_some() {
                StoreError::Corrupt.into()
            } else {
                not_found()
            });
        }
        Slot::Missing if vault.seen.is_some() => {
            return Err(Error::new(
                ErrorCode::Reset,
                "the sealer has lost this vault",
            ));
        }
        Slot::Missing => return Err(not_found()),
    };
    // Two owners can share a tag of 64 bits; the record itself says whose it is.
    if record.owner != vault.owner {
        return Err(not_found());
    }
    if vault.seen.is_some_and(|seen| record.seq < seen) {
        let lost_newest = match other {
            Slot::Damaged => true,
            // From the second commit on both slots exist.
            Slot::Missing => record.seq >= 2,
            Slot::Whole(_) => false,
        };
        return Err(if lost_newest {
            Error::new(
                ErrorCode::Corrupt,
                "the newest record of the vault is damaged",
            )
        } else {
            Error::new(
                ErrorCode::Rollback,
                "the vault's record is older than the service has seen",
            )
        });
    }
    Ok(record)
}

/// What the store still has of a vault for whom `load` gives nothing: a whole record of this owner,
/// though an older one than the service has seen, and the number of the last commit that there may
/// have been. An import begins where that ends.
pub fn leftover(store: &mut impl Store, vault: &VaultRef) -> Result<(Option<Record>, u64)> {
    let name = name(&vault.owner, &vault.vault_id)?;
    let mut best: Option<Record> = None;
    for slot in 0..2 {
        if let Slot::Whole(found) = read(store, &name, &vault.vault_id, slot)?
            && found.owner == vault.owner
            && best.as_ref().is_none_or(|best| best.seq < found.seq)
        {
            best = Some(*found);
        }
    }
    let kept = best.as_ref().map_or(0, |record| record.seq);
    let last = kept.max(vault.seen.unwrap_or(0));
    // A number of the slot that holds the record: the first commit goes to the other one. Where
    // there is none it goes to slot 1, as for every vault.
    let last = last
        .checked_add((last ^ kept) & 1)
        .ok_or(StoreError::Corrupt)?;
    Ok((best, last))
}

/// Writes `record` as the newest state. `record.seq` is the number of the last commit, 0 for none,
/// and is one higher when this succeeds.
pub fn commit(store: &mut impl Store, record: &mut Record) -> Result<()> {
    let last = record.seq;
    record.seq = last.checked_add(1).ok_or(StoreError::Corrupt)?;
    let result = write(store, record);
    if result.is_err() {
        record.seq = last;
    }
    result
}

fn write(store: &mut impl Store, record: &Record) -> Result<()> {
    let body = encode(record)?;
    let mut bytes = Zeroizing::new(Vec::new());
    bytes
        .try_reserve_exact(MAGIC.len() + HASH + body.len())
        .map_err(|_| Error::new(ErrorCode::Internal, "out of memory"))?;
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&Sha256::digest(body.as_slice()));
    bytes.extend_from_slice(&body);
    let name = slot_name(&name(&record.owner, &record.vault_id)?, record.seq & 1);
    Ok(store.write(&name, &bytes)?)
}

/// Removes both slots of a record.
pub fn delete(store: &mut impl Store, record: &Record) -> Result<()> {
    let name = name(&record.owner, &record.vault_id)?;
    store.remove(&slot_name(&name, (record.seq & 1) ^ 1))?;
    Ok(store.remove(&slot_name(&name, record.seq & 1))?)
}

/// Ids of the owner's vaults, whole or damaged, in ascending order.
pub fn list(store: &mut impl Store, owner: &Owner) -> Result<Vec<Id>> {
    let prefix = owner_prefix(owner)?;
    let mut names: Vec<Name> = names(store, &prefix)?;
    names.sort_unstable_by_key(|name| (name.vault_id, name.slot));
    let mut ids: Vec<Id> = Vec::new();
    for name in names {
        if ids.last() == Some(&name.vault_id) {
            continue;
        }
        // In this order slot 1 comes first only where slot 0 is missing.
        let unfinished = name.slot == 1
            && matches!(
                read(store, &name.base, &name.vault_id, name.slot)?,
                Slot::Damaged
            );
        if !unfinished {
            ids.push(name.vault_id);
        }
    }
    Ok(ids)
}

/// Removes records of a user, or of one uid, as many as one answer can name, and gives the ids and
/// whether there are more. Damaged ones go too.
pub fn remove_some(store: &mut impl Store, user: u32, uid: Option<u32>) -> Result<(Vec<Id>, bool)> {
    let wanted = |of: u32| of / UIDS == user && uid.is_none_or(|wanted| wanted == of);
    let all = store.list("")?;
    let mut found: Vec<Name> = all
        .iter()
        .filter_map(|name| parse_name(name))
        .filter(|name| wanted(name.uid))
        .collect();
    found.sort_unstable_by_key(|name| name.vault_id);
    let mut ids: Vec<Id> = found.iter().map(|name| name.vault_id).collect();
    ids.dedup();
    let more = ids.len() > limits::REMOVED_VAULTS;
    ids.truncate(limits::REMOVED_VAULTS);
    let mut slots: Vec<(Id, u64, String)> = Vec::new();
    for name in found
        .into_iter()
        .filter(|name| ids.binary_search(&name.vault_id).is_ok())
    {
        // What cannot be read is nothing that a cut could bring back.
        let seq = read(store, &name.base, &name.vault_id, name.slot).map_or(0, |slot| slot.seq());
        slots.push((name.vault_id, seq, slot_name(&name.base, name.slot)));
    }
    // The older slot of a vault first, as in `delete`.
    slots.sort_unstable();
    for (_, _, name) in &slots {
        store.remove(name)?;
    }
    if !more {
        for name in all
            .iter()
            .filter(|name| attempts_uid(name).is_some_and(wanted))
        {
            store.remove(name)?;
        }
    }
    Ok((ids, more))
}

/// An object's name, taken apart.
struct Name {
    /// Without the slot.
    base: String,
    uid: u32,
    vault_id: Id,
    slot: u64,
}

/// Names of the records that begin with `prefix`. What is not exactly such a name is not ours.
fn names(store: &mut impl Store, prefix: &str) -> Result<Vec<Name>> {
    Ok(store
        .list(prefix)?
        .iter()
        .filter_map(|name| parse_name(name))
        .collect())
}

/// The uid of an object that counts wrong passwords.
fn attempts_uid(name: &str) -> Option<u32> {
    let (prefix, rest) = name.split_at_checked(24)?;
    let ours = rest
        .strip_prefix(ATTEMPTS)
        .is_some_and(|slot| matches!(slot, "0" | "1"))
        && prefix
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ours.then(|| u32::from_str_radix(prefix.get(..8)?, 16).ok())?
}

fn parse_name(name: &str) -> Option<Name> {
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if name.len() != 57 || !name.as_bytes().iter().all(hex) {
        return None;
    }
    Some(Name {
        base: name.get(..56)?.into(),
        uid: u32::from_str_radix(name.get(..8)?, 16).ok()?,
        vault_id: u128::from_str_radix(name.get(24..56)?, 16)
            .ok()?
            .to_be_bytes(),
        slot: match name.get(56..)? {
            "0" => 0,
            "1" => 1,
            _ => return None,
        },
    })
}

/// A whole record stands in the slot of its number and under its own id; one that was moved is
/// damage, or else the next commit could overwrite the only good one.
fn read(store: &mut impl Store, name: &str, vault_id: &Id, slot: u64) -> Result<Slot> {
    let bytes = match store.read(&slot_name(name, slot)) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Slot::Missing),
        Err(StoreError::Corrupt) => return Ok(Slot::Damaged),
        Err(error) => return Err(error.into()),
    };
    Ok(parse(&bytes)
        .filter(|record| record.seq & 1 == slot && record.vault_id == *vault_id)
        .map_or(Slot::Damaged, |record| Slot::Whole(Box::new(record))))
}

fn parse(bytes: &[u8]) -> Option<Record> {
    let (hash, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(HASH)?;
    if Sha256::digest(body).as_slice() != hash {
        return None;
    }
    decode_canonical(body, ErrorCode::Corrupt, "the record is malformed").ok()
}

/// What the names of an owner's objects begin with: uid and owner tag, 24 characters.
pub fn owner_prefix(owner: &Owner) -> Result<String> {
    let hash = Sha256::digest(encode(owner)?.as_slice());
    let mut prefix = format!("{:08x}", owner.uid);
    for byte in hash.iter().take(8) {
        prefix.push_str(&format!("{byte:02x}"));
    }
    Ok(prefix)
}

/// Name of one of the two objects that count an owner's wrong passwords.
pub fn attempts_name(prefix: &str, slot: u32) -> String {
    format!("{prefix}{ATTEMPTS}{slot}")
}

fn name(owner: &Owner, vault_id: &Id) -> Result<String> {
    Ok(format!(
        "{}{:032x}",
        owner_prefix(owner)?,
        u128::from_be_bytes(*vault_id)
    ))
}

fn slot_name(name: &str, slot: u64) -> String {
    format!("{name}{slot}")
}

fn not_found() -> Error {
    Error::new(ErrorCode::NotFound, "no such vault")
}
