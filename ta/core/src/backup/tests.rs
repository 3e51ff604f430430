// SPDX-License-Identifier: Apache-2.0

//! Headers of a retired epoch open, those of an ended one do not.

use sealer_wire::header::Epoch;
use sealer_wire::{Owner, SealerKind, StorageProtection};
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use zeroize::Zeroizing;

use super::*;
use crate::platform::{Store, StoreError};
use crate::record::{AuditState, EpochKey, VaultState};
use crate::window::Window;

/// Counts where random numbers are asked for.
#[derive(Default)]
struct Counting {
    next: u8,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Store for Counting {
    fn read(&mut self, name: &str) -> core::result::Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(self.objects.get(name).cloned().map(Zeroizing::new))
    }
    fn write(&mut self, name: &str, bytes: &[u8]) -> core::result::Result<(), StoreError> {
        self.objects.insert(name.into(), bytes.into());
        Ok(())
    }
    fn remove(&mut self, name: &str) -> core::result::Result<(), StoreError> {
        self.objects.remove(name);
        Ok(())
    }
    fn list(&mut self, _: &str) -> core::result::Result<Vec<String>, StoreError> {
        Ok(self.objects.keys().cloned().collect())
    }
}

impl Platform for Counting {
    type Store = Counting;
    fn random(&mut self, out: &mut [u8]) -> Result<()> {
        self.next += 1;
        out.fill(self.next);
        Ok(())
    }
    fn monotonic_ms(&mut self) -> u64 {
        0
    }
    fn unix_time(&mut self) -> u64 {
        1_800_000_000
    }
    fn store(&mut self) -> &mut Counting {
        self
    }
    fn kind(&self) -> SealerKind {
        SealerKind::Nonsecure
    }
    fn revision(&self) -> String {
        String::new()
    }
    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }
    fn auth_token_key(&self) -> Option<Secret32> {
        None
    }
}

const ROOT: [u8; 32] = [0xca; 32];
const AUDIT: [u8; 32] = [0xcb; 32];

fn record() -> Record {
    Record {
        seq: 1,
        owner: Owner {
            user: 0,
            uid: 10_100,
            package: "com.example".into(),
            signer: [1; 32],
        },
        vault_id: [2; 16],
        current: epoch(1),
        state: VaultState {
            rp_id: "example.org".into(),
            origins: Vec::new(),
            user_name: "alex".into(),
            package: "com.example".into(),
            signer: [1; 32],
            sealer: SealerKind::Nonsecure,
            created_at: 0,
            biometric_user: None,
            prf_input: [3; 32],
            credentials: Vec::new(),
            retired: Vec::new(),
            factors: Vec::new(),
            ended: Vec::new(),
        },
        audit: AuditState::new(Secret32::new(&AUDIT)),
        backups: Window::default(),
    }
}

fn epoch(number: u8) -> EpochKey {
    let mut root = ROOT;
    root[31] ^= number;
    EpochKey {
        epoch: Epoch {
            number: number.into(),
            id: [number; 16],
            parent: [number - 1; 16],
        },
        root_key: Secret32::new(&root),
    }
}

fn made(platform: &mut Counting, record: &mut Record) -> (Vec<u8>, Vec<u8>, [u8; 32]) {
    match create(platform, record, Vec::new(), 1_800_000_000).unwrap() {
        Reply::BackupCreated {
            core,
            key_part,
            dek,
        } => (core, key_part, *dek.expose()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_retired_epoch_opens_what_it_made_and_an_ended_one_does_not() {
    let (mut platform, mut record) = (Counting::default(), record());
    let (core, key_part, dek) = made(&mut platform, &mut record);
    let old = core::mem::replace(&mut record.current, epoch(2));
    let refused = |record: &Record| authenticate(record, &core, &key_part).err().unwrap().code;
    assert_eq!(refused(&record), ErrorCode::HeaderTampered, "never known");
    rotation::retire(&mut record.state, epoch(1));
    rotation::end(&mut record.state, 1);
    assert_eq!(refused(&record), ErrorCode::EpochEnded);

    rotation::retire(&mut record.state, old);
    assert!(record.state.ended.is_empty());
    let found = authenticate(&record, &core, &key_part).unwrap();
    assert_eq!(found.dek.expose(), &dek);
    let (core, key_part, dek) = made(&mut platform, &mut record);
    let (_, part) = SignedKeyPart::decode(&key_part).unwrap();
    assert_eq!(part.epoch.number, 2, "new ones are of the current epoch");
    let found = authenticate(&record, &core, &key_part).unwrap();
    assert_eq!(found.dek.expose(), &dek);
    assert_eq!(record.view().retired_epochs, [1]);
}

#[test]
fn a_record_prints_no_key() {
    let mut record = record();
    record.state.retired.push(epoch(2));
    made(&mut Counting::default(), &mut record);
    for mut text in [format!("{record:?}"), format!("{record:#?}")] {
        text.retain(|letter| !letter.is_whitespace());
        for trace in ["202,202", "203,203", "caca", "cbcb"] {
            assert!(!text.contains(trace), "{text}");
        }
        assert!(text.contains("Secret32(..)"));
    }
}

#[test]
fn the_last_commit_number_is_no_panic() {
    let (mut platform, mut record) = (Counting::default(), record());
    record.seq = u64::MAX;
    let error = crate::slots::commit(&mut platform, &mut record).unwrap_err();
    assert_eq!(error.code, ErrorCode::Corrupt);
    assert!(platform.objects.is_empty());
    assert_eq!(record.seq, u64::MAX);
}
