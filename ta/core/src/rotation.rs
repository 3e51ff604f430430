// SPDX-License-Identifier: Apache-2.0

//! Epochs: beginning a new one, taking one in, ending one.

use sealer_wire::header::Epoch;
use sealer_wire::{Error, ErrorCode, Id, Result, Secret32, limits};

use crate::platform::{Platform, random};
use crate::record::{EpochKey, Record, VaultState};

/// Refuses a rotation that would have no place for the epoch it retires. Errors: `QUOTA`.
pub fn check_room(state: &VaultState) -> Result<()> {
    if state.retired.len() >= limits::RETIRED_EPOCHS {
        return Err(Error::new(
            ErrorCode::Quota,
            "the vault has 32 retired epochs; end some of them first",
        ));
    }
    Ok(())
}

/// Begins a new epoch; the current one is retired. The caller commits, and that is the rotation:
/// archives can be refreshed whenever they are at hand.
pub fn rotate(platform: &mut impl Platform, record: &mut Record) -> Result<()> {
    check_room(&record.state)?;
    let next = fresh(platform, record)?;
    let old = core::mem::replace(&mut record.current, next);
    retire(&mut record.state, old);
    Ok(())
}

/// A new epoch after all that a record has.
pub fn fresh(platform: &mut impl Platform, record: &Record) -> Result<EpochKey> {
    let newest = record.epochs().map(|known| known.epoch.number).max();
    let number = newest
        .and_then(|number| number.checked_add(1))
        .ok_or(Error::new(
            ErrorCode::Quota,
            "the vault has had every epoch that there can be",
        ))?;
    Ok(EpochKey {
        epoch: Epoch {
            number,
            id: random(platform)?,
            parent: record.current.epoch.id,
        },
        root_key: Secret32::try_fill(|out| platform.random(out))?,
    })
}

/// Adds a retired epoch, unless it is there. Where there is no room for it the oldest one goes, and
/// is remembered as ended.
pub fn retire(state: &mut VaultState, epoch: EpochKey) {
    if state
        .retired
        .iter()
        .any(|known| known.epoch.id == epoch.epoch.id)
    {
        return;
    }
    state.ended.retain(|ended| **ended != epoch.epoch.id);
    state.retired.push(epoch);
    state.retired.sort_by_key(|retired| retired.epoch.number);
    while state.retired.len() > limits::RETIRED_EPOCHS_IMPORTED {
        let oldest = state.retired.remove(0);
        remember_ended(state, &oldest.epoch.id);
    }
}

/// Whether the vault has retired epochs of this number.
pub fn is_retired(state: &VaultState, number: u32) -> bool {
    state
        .retired
        .iter()
        .any(|retired| retired.epoch.number == number)
}

/// Ends the retired epochs of this number. Devices that imported the same archive can each have
/// made one.
pub fn end(state: &mut VaultState, number: u32) {
    end_all(state, |epoch| epoch.number == number);
}

/// Takes over that an epoch was ended elsewhere.
pub fn forget(state: &mut VaultState, id: &Id) {
    end_all(state, |epoch| epoch.id == *id);
    if !is_ended(state, id) {
        remember_ended(state, id);
    }
}

fn end_all(state: &mut VaultState, which: impl Fn(&Epoch) -> bool) {
    while let Some(index) = state.retired.iter().position(|one| which(&one.epoch)) {
        let ended = state.retired.remove(index);
        remember_ended(state, &ended.epoch.id);
    }
}

/// Whether an epoch was ended, as far as that is remembered.
pub fn is_ended(state: &VaultState, epoch: &Id) -> bool {
    state.ended.iter().any(|ended| **ended == *epoch)
}

fn remember_ended(state: &mut VaultState, epoch: &Id) {
    if state.ended.len() >= limits::ENDED_EPOCHS {
        state.ended.remove(0);
    }
    state.ended.push((*epoch).into());
}
