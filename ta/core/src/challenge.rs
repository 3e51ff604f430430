// SPDX-License-Identifier: Apache-2.0

//! Challenges that were issued and not used yet. They live in RAM only: losing them makes
//! ceremonies invalid, never more.

use alloc::vec::Vec;

use sealer_wire::{Error, ErrorCode, Id, Result, limits};
use subtle::ConstantTimeEq;

/// What a challenge is bound to. Equal bindings mean the same operation on the same thing by the
/// same owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// SHA-256 of the owner.
    pub owner: [u8; 32],
    /// The vault.
    pub vault_id: Id,
    /// Its epoch when the ceremony began; zeros before there is a vault.
    pub epoch: Id,
    /// SHA-256 of the operation with its parameters.
    pub operation: [u8; 32],
    /// Whether it is the first of two steps: then it can be continued and not finished.
    pub continues: bool,
}

/// What a ceremony remembers for its end.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Nothing.
    Nothing,
    /// The PRF input that a rotation is to bring.
    NewInput([u8; 32]),
    /// An assertion was verified; the registration of another passkey follows.
    Registration(Asserted),
    /// An assertion was verified; another one by the same passkey, with a PRF result that gives
    /// the key with this hash, follows.
    Confirmation(Asserted, [u8; 32]),
}

/// What a verified assertion says of its passkey.
#[derive(Clone, Debug)]
pub struct Asserted {
    /// The passkey as a factor.
    pub factor_id: Id,
    /// Its signature counter.
    pub sign_count: u32,
    /// BS.
    pub backup_state: bool,
}

/// A challenge.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Names it.
    pub token: Id,
    /// The WebAuthn challenge.
    pub value: [u8; 32],
    /// Challenge for the hardware auth token, never zero.
    pub auth_token: u64,
    /// What it is for.
    pub binding: Binding,
    /// What it remembers.
    pub memory: Memory,
    /// Monotonic time at which it dies.
    pub expires_ms: u64,
}

/// The table, bounded per owner and in all.
///
/// Expired entries stay as long as there is room, so that their owner is told `CHALLENGE_EXPIRED`
/// rather than `CHALLENGE_UNKNOWN`.
#[derive(Default)]
pub struct Challenges {
    entries: Vec<Challenge>,
}

impl Challenges {
    /// Adds a challenge. Errors: `QUOTA`, with the time after which there is room again.
    pub fn insert(&mut self, challenge: Challenge, now_ms: u64) -> Result<()> {
        let owner = challenge.binding.owner;
        let live = |entry: &&Challenge| entry.expires_ms > now_ms;
        self.check(limits::CHALLENGES, self.entries.iter().filter(live), now_ms)?;
        let own = |entry: &&Challenge| entry.binding.owner == owner;
        self.check(
            limits::CHALLENGES_PER_OWNER,
            self.entries.iter().filter(live).filter(own),
            now_ms,
        )?;
        if self.entries.len() >= limits::CHALLENGES {
            // The table is in order of expiry and not full of live ones: the first is expired.
            self.entries.remove(0);
        }
        self.entries
            .try_reserve(1)
            .map_err(|_| Error::new(ErrorCode::Internal, "out of memory"))?;
        self.entries.push(challenge);
        Ok(())
    }

    fn check<'a>(
        &self,
        most: usize,
        live: impl Iterator<Item = &'a Challenge>,
        now_ms: u64,
    ) -> Result<()> {
        let (mut count, mut first) = (0, u64::MAX);
        for entry in live {
            count += 1;
            first = first.min(entry.expires_ms);
        }
        if count < most {
            return Ok(());
        }
        let mut error = Error::new(
            ErrorCode::Quota,
            "too many ceremonies were begun and not finished",
        );
        error.retry_after_ms = Some(first.saturating_sub(now_ms));
        Err(error)
    }

    /// Takes the challenge out for its one use.
    ///
    /// Errors: `CHALLENGE_UNKNOWN` (also for another owner's, which stays), `CHALLENGE_EXPIRED`,
    /// `OPERATION_MISMATCH` (it stays: the right operation can still finish).
    pub fn take(&mut self, token: &Id, binding: &Binding, now_ms: u64) -> Result<Challenge> {
        let unknown = || Error::new(ErrorCode::ChallengeUnknown, "no such ceremony is open");
        let index = self
            .entries
            .iter()
            .position(|entry| bool::from(entry.token.ct_eq(token)))
            .ok_or_else(unknown)?;
        let entry = self.entries.get(index).ok_or_else(unknown)?;
        if entry.binding.owner != binding.owner {
            return Err(unknown());
        }
        if entry.expires_ms <= now_ms {
            return Err(Error::new(
                ErrorCode::ChallengeExpired,
                "the ceremony took too long",
            ));
        }
        if entry.binding.vault_id != binding.vault_id
            || entry.binding.operation != binding.operation
            || entry.binding.continues != binding.continues
        {
            return Err(Error::new(
                ErrorCode::OperationMismatch,
                "the ceremony was begun for another operation, or with other parameters",
            ));
        }
        if entry.binding.epoch != binding.epoch {
            return Err(Error::new(
                ErrorCode::ChallengeUnknown,
                "the vault was rotated since the ceremony began",
            ));
        }
        Ok(self.entries.remove(index))
    }
}

#[cfg(test)]
mod tests;
