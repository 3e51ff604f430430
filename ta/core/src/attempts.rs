// SPDX-License-Identifier: Apache-2.0

//! Wrong passwords of an owner on this device.
//!
//! An attempt is counted in the store before it is tried, in two objects that are written in turn
//! like the slots of a record: a cut leaves the count before or after, never none. When a lock-out
//! ends is known in RAM only; a sealer that was restarted begins it anew.
//!
//! What is counted is not what protects a password: whoever has an archive can guess offline. It
//! keeps an app on this device from being the easier way.

use alloc::string::String;
use alloc::vec::Vec;

use sealer_wire::{Error, ErrorCode, Owner, Result, limits};
use sha2::{Digest, Sha256};

use crate::platform::{Store, StoreError};
use crate::slots;

const MAGIC: &[u8; 5] = b"PKBA\x01";

/// Lock-outs under way. One that is not here begins anew, so it may forget some.
#[derive(Default)]
pub struct Attempts {
    lockouts: Vec<(String, u64)>,
}

/// What the store has of an owner.
struct Counter {
    seq: u32,
    count: u32,
}

impl Attempts {
    const MOST: usize = 64;

    /// Refuses an owner who is locked out. Writes nothing.
    ///
    /// Errors: `LOCKED_OUT` with the time left; `IO`.
    pub fn check(&mut self, store: &mut impl Store, owner: &Owner, now_ms: u64) -> Result<()> {
        let prefix = slots::owner_prefix(owner)?;
        let counter = load(store, &prefix)?;
        self.check_counter(&prefix, &counter, now_ms)
    }

    /// Counts an attempt that is about to be tried. Errors: those of [`Attempts::check`].
    pub fn count(&mut self, store: &mut impl Store, owner: &Owner, now_ms: u64) -> Result<()> {
        let prefix = slots::owner_prefix(owner)?;
        let counter = load(store, &prefix)?;
        self.check_counter(&prefix, &counter, now_ms)?;
        let next = Counter {
            seq: counter.seq.wrapping_add(1).max(1),
            count: counter.count.saturating_add(1),
        };
        store.write(&name(&prefix, next.seq), &next.encode())?;
        if let Some(lockout) = lockout_ms(next.count) {
            self.lock(prefix, now_ms.saturating_add(lockout));
        }
        Ok(())
    }

    /// Forgets the attempts after one that was right.
    pub fn clear(&mut self, store: &mut impl Store, owner: &Owner) -> Result<()> {
        let prefix = slots::owner_prefix(owner)?;
        let counter = load(store, &prefix)?;
        // The older one first: a cut in between leaves the count, not one from before.
        store.remove(&name(&prefix, counter.seq ^ 1))?;
        store.remove(&name(&prefix, counter.seq))?;
        self.lockouts.retain(|(owner, _)| *owner != prefix);
        Ok(())
    }

    fn check_counter(&mut self, prefix: &str, counter: &Counter, now_ms: u64) -> Result<()> {
        let Some(lockout) = lockout_ms(counter.count) else {
            return Ok(());
        };
        let known = self.lockouts.iter().find(|(owner, _)| owner == prefix);
        let end = match known {
            Some((_, end)) => *end,
            None => {
                let end = now_ms.saturating_add(lockout);
                self.lock(prefix.into(), end);
                end
            }
        };
        if end <= now_ms {
            return Ok(());
        }
        let mut error = Error::new(ErrorCode::LockedOut, "too many wrong passwords");
        error.retry_after_ms = Some(end - now_ms);
        Err(error)
    }

    fn lock(&mut self, prefix: String, end: u64) {
        self.lockouts.retain(|(owner, _)| *owner != prefix);
        if self.lockouts.len() >= Self::MOST {
            self.lockouts.remove(0);
        }
        self.lockouts.push((prefix, end));
    }
}

/// The lock-out that so many wrong passwords bring.
fn lockout_ms(count: u32) -> Option<u64> {
    let beyond = count.checked_sub(limits::PASSWORD_ATTEMPTS)?;
    let doubled = limits::LOCKOUT_MS.saturating_mul(1 << beyond.min(32));
    Some(doubled.min(limits::LOCKOUT_MOST_MS))
}

fn name(prefix: &str, seq: u32) -> String {
    slots::attempts_name(prefix, seq & 1)
}

fn load(store: &mut impl Store, prefix: &str) -> Result<Counter> {
    let mut best = Counter { seq: 0, count: 0 };
    let mut damaged = 0;
    for slot in 0..2 {
        match store.read(&name(prefix, slot)) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                match Counter::decode(&bytes).filter(|found| found.seq & 1 == slot) {
                    Some(found) if found.seq > best.seq => best = found,
                    Some(_) => {}
                    None => damaged = 1,
                }
            }
            Err(StoreError::Corrupt) => damaged = 1,
            Err(error) => return Err(error.into()),
        }
    }
    // What was cut while it was written may have been tried.
    best.count = best.count.saturating_add(damaged);
    Ok(best)
}

impl Counter {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::from(MAGIC);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Counter> {
        let (content, hash) = bytes.split_at_checked(MAGIC.len() + 8)?;
        if Sha256::digest(content).as_slice() != hash {
            return None;
        }
        let (seq, count) = content.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
        Some(Counter {
            seq: u32::from_be_bytes(*seq),
            count: u32::from_be_bytes(count.try_into().ok()?),
        })
    }
}
