// SPDX-License-Identifier: Apache-2.0

//! Archives that were written anew, until their client says that the new file is in place.
//!
//! Only then does the catalogue learn of the new epoch: until then the file of the old epoch may
//! be the one that stays, and whoever ends that epoch on the catalogue's word would lose it. What
//! is forgotten here, at a restart or for want of room, is only to be refreshed once more.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use passkeybackup_catalogue::Archive;
use sealer_wire::{Id, Owner};

/// As many as are remembered in all.
const IN_ALL: usize = 1024;

/// All of them, oldest first. One mutex, never held while anything else is called.
#[derive(Debug, Default)]
pub struct Rewrapped(Mutex<VecDeque<(Owner, Archive)>>);

impl Rewrapped {
    /// Remembers the new file of an archive.
    pub fn insert(&self, owner: &Owner, archive: Archive) {
        let mut all = self.lock();
        all.retain(|known| !is(known, owner, &archive.backup_id));
        if all.len() >= IN_ALL {
            all.pop_front();
        }
        all.push_back((owner.clone(), archive));
    }

    /// What is known of an archive's new file.
    pub fn find(&self, owner: &Owner, backup_id: &Id) -> Option<Archive> {
        let all = self.lock();
        let found = all.iter().find(|known| is(known, owner, backup_id));
        found.map(|(_, archive)| archive.clone())
    }

    /// Forgets the new file of an archive.
    pub fn remove(&self, owner: &Owner, backup_id: &Id) {
        self.lock().retain(|known| !is(known, owner, backup_id));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Owner, Archive)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(known: &(Owner, Archive), owner: &Owner, backup_id: &Id) -> bool {
    known.0 == *owner && known.1.backup_id == *backup_id
}
