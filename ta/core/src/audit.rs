// SPDX-License-Identifier: Apache-2.0

//! The chained log of a vault: see [`sealer_wire::AuditEntry`] for what an entry says.
//!
//! The record keeps the head of the chain, so that a cut tail shows, and every entry that the
//! service has not acknowledged, so that a crash between sealer and catalogue is no gap.

use alloc::vec::Vec;

use sealer_wire::{
    AuditEntry, AuditEvent, AuditMark, Error, ErrorCode, Id, Result, SealedAuditEntry, Secret32,
    decode_canonical, encode, limits,
};

use crate::keys;
use crate::record::{AuditState, Event};
use crate::window::Window;

/// Most entries that one ceremony makes.
const ENTRIES: usize = 2;

fn full() -> Error {
    Error::new(
        ErrorCode::Quota,
        "the service has not stored the audit log; nothing more is released",
    )
}

impl AuditState {
    /// An empty log.
    pub fn new(key: Secret32) -> Self {
        AuditState {
            key,
            seq: 0,
            chain: [0; 32],
            pending: Vec::new(),
            failures: Window::default(),
        }
    }

    /// Forgets entries that the service has stored. A number above the newest one is of another
    /// log, as after an import to a device that has lost the vault, and acknowledges nothing.
    pub fn acknowledge(&mut self, stored: u64) {
        if stored > self.seq {
            return;
        }
        let unstored = self.seq.saturating_sub(stored);
        let kept = usize::try_from(unstored)
            .unwrap_or(usize::MAX)
            .min(self.pending.len());
        self.pending.drain(..self.pending.len() - kept);
    }

    /// How many more entries there is room for.
    pub fn room(&self) -> usize {
        limits::AUDIT_PENDING.saturating_sub(self.pending.len())
    }

    /// Appends an entry. Errors: `QUOTA` while the service has not stored earlier ones.
    pub fn append(&mut self, vault_id: &Id, time: u64, event: Event) -> Result<()> {
        if self.room() == 0 {
            return Err(full());
        }
        let entry = AuditEntry {
            seq: self.seq.saturating_add(1),
            time,
            event: event.event,
            result: event.result,
            count: event.count,
            backup_id: event.backup_id,
            credential_id: event.credential_id,
        };
        let bytes = encode(&entry)?.to_vec();
        let chain = keys::audit_chain(&self.chain, &bytes);
        let mac = keys::audit_mac(&self.key, vault_id, entry.seq, &chain)?;
        self.seq = entry.seq;
        self.chain = chain;
        self.pending.push(SealedAuditEntry { entry: bytes, mac });
        Ok(())
    }

    /// Whether a failed ceremony gets an entry of its own, or is only counted.
    pub fn admit_failure(&mut self, now: u64) -> bool {
        self.room() > 0
            && self
                .failures
                .admit(now, limits::AUDIT_FAILURES_PER_WINDOW)
                .is_ok()
    }

    /// Refuses a ceremony whose end there would be no room to log. Errors: `QUOTA`.
    pub fn check_room(&self) -> Result<()> {
        if self.room() < ENTRIES {
            return Err(full());
        }
        Ok(())
    }

    /// Verifies a run of entries and says where it ends.
    ///
    /// Errors: `BAD_REQUEST` (too many), `AUDIT_TAMPERED`.
    pub fn verify(
        &self,
        vault_id: &Id,
        after: Option<AuditMark>,
        entries: &[SealedAuditEntry],
    ) -> Result<(Option<AuditMark>, bool)> {
        if entries.len() > limits::AUDIT_BATCH {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "more than 32 audit entries at once",
            ));
        }
        if let Some(mark) = &after {
            keys::check_audit_mac(&self.key, vault_id, mark.seq, &mark.chain, &mark.mac)?;
        }
        let mut mark = after;
        for sealed in entries {
            let what = "an audit entry is malformed or out of order";
            let entry: AuditEntry =
                decode_canonical(&sealed.entry, ErrorCode::AuditTampered, what)?;
            let (before, chain) = mark.as_ref().map_or((0, [0; 32]), |m| (m.seq, m.chain));
            if entry.seq.checked_sub(1) != Some(before) {
                return Err(Error::new(ErrorCode::AuditTampered, what));
            }
            let chain = keys::audit_chain(&chain, &sealed.entry);
            keys::check_audit_mac(&self.key, vault_id, entry.seq, &chain, &sealed.mac)?;
            mark = Some(AuditMark {
                seq: entry.seq,
                chain,
                mac: sealed.mac,
            });
        }
        let head = match &mark {
            Some(mark) if mark.seq == self.seq => {
                if mark.chain != self.chain {
                    return Err(Error::new(
                        ErrorCode::AuditTampered,
                        "the log does not end as the sealer remembers",
                    ));
                }
                true
            }
            // The entries are genuine and newer than all that the sealer remembers.
            Some(mark) if mark.seq > self.seq => {
                return Err(Error::new(
                    ErrorCode::AuditTampered,
                    "the log goes on after what the sealer remembers: its state was put back",
                ));
            }
            Some(_) => false,
            None => self.seq == 0,
        };
        Ok((mark, head))
    }
}

/// An event that stands for several.
pub struct Counted {
    vault_id: Id,
    event: AuditEvent,
    result: i32,
    count: u32,
}

impl Counted {
    /// Its entry.
    pub fn event(&self) -> Event {
        Event {
            result: self.result,
            count: self.count,
            ..Event::done(self.event)
        }
    }
}

/// Events that no record could take yet: counted failures, and tampering found by a request that
/// must not write. They go in with the next commit; losing them with RAM loses a count, no limit.
#[derive(Default)]
pub struct Deferred {
    events: Vec<Counted>,
}

impl Deferred {
    const MOST: usize = 64;

    /// Counts an event.
    pub fn add(&mut self, vault_id: &Id, event: AuditEvent, code: ErrorCode) {
        self.put(Counted {
            vault_id: *vault_id,
            event,
            result: code as i32,
            count: 1,
        });
    }

    /// Takes what concerns the vault out, oldest first, at most so many. Whoever cannot commit
    /// them puts them back.
    pub fn take(&mut self, vault_id: &Id, most: usize) -> Vec<Counted> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(index) = self.events.iter().position(|e| e.vault_id == *vault_id) else {
                break;
            };
            taken.push(self.events.remove(index));
        }
        taken
    }

    /// Adds a counted event to those like it.
    pub fn put(&mut self, new: Counted) {
        let same = self
            .events
            .iter_mut()
            .find(|e| e.vault_id == new.vault_id && e.event == new.event && e.result == new.result);
        if let Some(same) = same {
            same.count = same.count.saturating_add(new.count);
            return;
        }
        if self.events.len() >= Self::MOST {
            self.make_room();
        }
        self.events.push(new);
    }

    /// Forgets what concerns a vault that is gone.
    pub fn forget(&mut self, vault_id: &Id) {
        self.events.retain(|e| e.vault_id != *vault_id);
    }

    /// Drops the oldest event of the vault that has the most: nobody can push out what was found
    /// about another's vault.
    fn make_room(&mut self) {
        let crowd = |id: &Id| self.events.iter().filter(|e| e.vault_id == *id).count();
        let most = self.events.iter().map(|e| crowd(&e.vault_id)).max();
        let index = self
            .events
            .iter()
            .position(|e| Some(crowd(&e.vault_id)) == most);
        if let Some(index) = index {
            self.events.remove(index);
        }
    }
}

#[cfg(test)]
mod tests;
