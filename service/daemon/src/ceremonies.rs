// SPDX-License-Identifier: Apache-2.0

//! Ceremonies that were begun: what the sealer has to be told again when they are finished.
//!
//! # Life
//!
//! An entry is made when the sealer has begun a ceremony. It goes when the sealer has used the
//! challenge up, when its owner has begun [`PER_OWNER`] others, or when there are [`IN_ALL`]. It
//! does not go when its time is over: the sealer, whose clock counts, is still asked and says so.
//! Nothing is decided here: a token that is known only leads to a question to the sealer.
//!
//! A secret that was typed in at the beginning waits here for the end. It is wiped with the entry,
//! and at the latest when any ceremony is begun or looked for after its time is over.
//!
//! # Locking
//!
//! One mutex, never held while anything else is called. Two calls that finish the same ceremony at
//! the same time both ask the sealer, which serves one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sealer_wire::{Error, ErrorCode, FactorSecret, Id, Operation, Owner, Result, limits};

const PER_OWNER: usize = limits::CHALLENGES_PER_OWNER;
const IN_ALL: usize = limits::CHALLENGES;

/// What a ceremony is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The operation with all its parameters.
    Operation(Operation),
    /// To restore the archive that is shown again at the end.
    Restore,
    /// To verify the archive that is shown again at the end.
    FullVerify,
}

/// How long a secret waits, whatever the sealer's clock says.
const SECRET_LIFE: Duration = Duration::from_millis(limits::CHALLENGE_TTL_MS);

/// A ceremony.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// Names it.
    pub token: Id,
    /// Who began it.
    pub owner: Owner,
    /// The vault that the sealer named.
    pub vault_id: Id,
    /// What it is for.
    pub purpose: Purpose,
    /// Of a factor that is no passkey, where it was given at the beginning.
    pub secret: Option<Arc<FactorSecret>>,
    /// When it was begun.
    pub since: Instant,
}

impl Ceremony {
    /// The operation, if it is one of those that are to be finished. Errors: `OPERATION_MISMATCH`.
    pub fn operation(&self, wanted: impl FnOnce(&Operation) -> bool) -> Result<Operation> {
        match &self.purpose {
            Purpose::Operation(operation) if wanted(operation) => Ok(operation.clone()),
            _ => Err(Error::new(
                ErrorCode::OperationMismatch,
                "the ceremony was begun for another operation",
            )),
        }
    }
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct Ceremonies(Mutex<VecDeque<Ceremony>>);

impl Ceremonies {
    /// Remembers a ceremony that the sealer has begun.
    pub fn insert(&self, ceremony: Ceremony) {
        let mut all = self.lock();
        let own = all
            .iter()
            .filter(|known| known.owner == ceremony.owner)
            .count();
        if own >= PER_OWNER
            && let Some(oldest) = all.iter().position(|known| known.owner == ceremony.owner)
        {
            all.remove(oldest);
        }
        if all.len() >= IN_ALL {
            all.pop_front();
        }
        all.push_back(ceremony);
    }

    /// The ceremony of this owner. Errors: `CHALLENGE_UNKNOWN`, also for somebody else's.
    pub fn find(&self, owner: &Owner, token: &Id) -> Result<Ceremony> {
        self.lock()
            .iter()
            .find(|known| known.token == *token && known.owner == *owner)
            .cloned()
            .ok_or(Error::new(
                ErrorCode::ChallengeUnknown,
                "no such ceremony is open: never begun, finished before, or lost at a restart",
            ))
    }

    /// Forgets a ceremony that the sealer was asked to finish, unless it is still open there.
    pub fn settle<T>(&self, token: &Id, outcome: &Result<T>) {
        let open = outcome.as_ref().is_err_and(|error| {
            matches!(
                error.code,
                ErrorCode::OperationMismatch
                    | ErrorCode::TooLarge
                    | ErrorCode::BadRequest
                    | ErrorCode::ChallengeExpired
            )
        });
        if !open {
            self.lock().retain(|known| known.token != *token);
        }
    }

    /// Forgets what an owner has begun that is no more.
    pub fn forget(&self, gone: impl Fn(&Owner) -> bool) {
        self.lock().retain(|known| !gone(&known.owner));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Ceremony>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for known in all.iter_mut() {
            if known.secret.is_some() && known.since.elapsed() >= SECRET_LIFE {
                known.secret = None;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(uid: u32) -> Owner {
        Owner {
            user: 0,
            uid,
            package: format!("uid:{uid}"),
            signer: [0; 32],
        }
    }

    fn ceremony(uid: u32, n: u8) -> Ceremony {
        let mut token = [n; 16];
        token[..4].copy_from_slice(&uid.to_be_bytes());
        Ceremony {
            token,
            owner: owner(uid),
            vault_id: [0; 16],
            purpose: Purpose::Restore,
            secret: None,
            since: Instant::now(),
        }
    }

    #[test]
    fn a_secret_does_not_outlive_its_time() {
        let all = Ceremonies::default();
        let secret = Arc::new(FactorSecret::Password(sealer_wire::Secret32::new(&[7; 32])));
        let mut one = ceremony(1, 1);
        one.secret = Some(Arc::clone(&secret));
        all.insert(one.clone());
        assert!(all.find(&owner(1), &one.token).unwrap().secret.is_some());
        one.since = Instant::now().checked_sub(SECRET_LIFE).unwrap();
        one.token[15] ^= 1;
        all.insert(one.clone());
        assert!(all.find(&owner(1), &one.token).unwrap().secret.is_none());
        // The test's own, the young one's and the one in `one`.
        drop(one);
        assert_eq!(Arc::strong_count(&secret), 2);
    }

    #[test]
    fn only_its_owner_finds_a_ceremony() {
        let all = Ceremonies::default();
        let one = ceremony(1, 1);
        all.insert(one.clone());
        assert!(all.find(&owner(1), &one.token).is_ok());
        let code = |result: Result<Ceremony>| result.map(drop).map_err(|e| e.code);
        assert_eq!(
            code(all.find(&owner(2), &one.token)),
            Err(ErrorCode::ChallengeUnknown)
        );
        assert_eq!(
            code(all.find(&owner(1), &[9; 16])),
            Err(ErrorCode::ChallengeUnknown)
        );
    }

    #[test]
    fn it_goes_when_the_sealer_has_used_it_up() {
        let all = Ceremonies::default();
        let one = ceremony(1, 1);
        for (outcome, stays) in [
            (Err(Error::from(ErrorCode::OperationMismatch)), true),
            (Err(Error::from(ErrorCode::TooLarge)), true),
            (Err(Error::from(ErrorCode::ChallengeExpired)), true),
            (Err(Error::from(ErrorCode::SignatureInvalid)), false),
            (Err(Error::from(ErrorCode::ChallengeUnknown)), false),
            (Ok(()), false),
        ] {
            all.insert(one.clone());
            all.settle(&one.token, &outcome);
            assert_eq!(
                all.find(&owner(1), &one.token).is_ok(),
                stays,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let all = Ceremonies::default();
        for n in 0..9 {
            all.insert(ceremony(1, n));
        }
        assert!(all.find(&owner(1), &ceremony(1, 0).token).is_err());
        assert!(all.find(&owner(1), &ceremony(1, 1).token).is_ok());
        for uid in 2..300 {
            all.insert(ceremony(uid, 0));
        }
        assert_eq!(all.lock().len(), IN_ALL);
        assert!(all.find(&owner(299), &ceremony(299, 0).token).is_ok());
        all.forget(|owner| owner.uid > 100);
        assert!(all.find(&owner(299), &ceremony(299, 0).token).is_err());
    }
}
