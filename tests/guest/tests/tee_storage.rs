// SPDX-License-Identifier: Apache-2.0

//! Damage to what OP-TEE keeps in the normal world's file system: the state is named, nothing ends,
//! the others are well, and what is put back works again.

use std::fs;
use std::path::Path;

use e2e::{Archive, Device, Refusal, User};
use faults::Tree;
use guest::service::{SEALER_HAL, TEE_SUPPLICANT};
use guest::{AllUp, is_optee, kill, panic_sealer, start, stop, walk_over_objects};
use serde_json::Value;

const STORAGE: &str = "/var/lib/tee";

fn storage() -> Tree {
    Tree::of(Path::new(STORAGE))
}

/// Changes the files of the TEE's storage while nobody has them open.
fn offline(change: impl FnOnce(&Path)) {
    stop(SEALER_HAL);
    stop(TEE_SUPPLICANT);
    change(Path::new(STORAGE));
    start(TEE_SUPPLICANT);
    start(SEALER_HAL);
}

/// Puts storage and services back when a test ends, however it ends.
struct Kept(Tree, AllUp);

impl Drop for Kept {
    fn drop(&mut self) {
        offline(|folder| self.0.put_back(folder));
    }
}

struct Patient {
    user: User,
    vault: String,
    archive: Archive,
}

impl Patient {
    fn new() -> Patient {
        assert!(is_optee(), "the TEE's storage: run with PKB_TARGET=optee");
        let mut user = Device::new().user();
        let vault = user.enrol();
        let archive = user.backup(&vault, "a.pkb", b"kept");
        Patient {
            user,
            vault,
            archive,
        }
    }

    fn shown(&self) -> Value {
        self.user.pkb.json(&["vault", "show", &self.vault]).unwrap()
    }

    /// The vault's state is shown, and named with a way out by everything that needs its keys.
    fn suffers(&self, states: &[&str]) {
        let shown = self.shown();
        let state = shown["state"].as_str().unwrap();
        assert!(states.contains(&state), "{state} is none of {states:?}");
        let explained = |refusal: Refusal| {
            let name = refusal.name.to_lowercase();
            assert!(states.contains(&name.as_str()), "{refusal}");
            let hint = refusal.object["error"]["hint"].as_str();
            assert!(hint.is_some_and(|hint| hint.len() > 10), "{refusal}");
        };
        explained(self.user.begin_restore(&self.archive.path).unwrap_err());
        explained(
            self.user
                .try_backup(&self.vault, "no.pkb", b"x")
                .unwrap_err(),
        );
        assert!(!self.user.path("no.pkb").exists());
        let listed = self.user.pkb.json(&["archives", &self.vault]).unwrap();
        assert!(
            !listed["archives"].as_array().unwrap().is_empty(),
            "the catalogue still knows"
        );
    }

    /// As [`is_well`](Self::is_well), as far as that writes nothing: what a test puts back is as new.
    fn looks_well(&self) {
        assert_eq!(self.shown()["state"], "ok");
        self.user.begin_restore(&self.archive.path).unwrap();
    }

    fn is_well(&mut self) {
        assert_eq!(self.shown()["state"], "ok");
        assert_eq!(self.user.restore(&self.archive.path).unwrap(), b"kept");
    }
}

#[test]
fn deleted_storage_is_a_reset_and_new_vaults_can_be_made() {
    let mut patient = Patient::new();
    let kept = Kept(storage(), AllUp);
    offline(|folder| Tree(Default::default()).put_back(folder));
    patient.suffers(&["reset"]);
    let mut new = Patient::new();
    new.is_well();
    drop(kept);
    patient.is_well();
}

/// A vault, and the storage before it was used.
fn patient_with_a_past() -> (Patient, Tree) {
    let mut patient = Patient::new();
    let earlier = storage();
    for _ in 0..3 {
        patient.is_well();
    }
    (patient, earlier)
}

#[test]
fn earlier_storage_is_a_rollback_that_the_catalogue_finds() {
    let (mut patient, earlier) = patient_with_a_past();
    let kept = Kept(storage(), AllUp);
    offline(|folder| earlier.put_back(folder));
    patient.suffers(&["rollback"]);
    drop(kept);
    patient.is_well();
}

/// Root that has the trusted application panic: nothing that it knew in RAM can be asked.
#[test]
fn panicked_sealer_under_which_storage_is_put_back_is_a_rollback() {
    let (mut patient, earlier) = patient_with_a_past();
    let kept = Kept(storage(), AllUp);
    panic_sealer();
    offline(|folder| earlier.put_back(folder));
    patient.suffers(&["rollback"]);
    panic_sealer();
    drop(kept);
    patient.is_well();
}

/// The files of one vault: those that making it added.
fn files_of(patient: impl FnOnce() -> Patient) -> (Patient, Vec<std::path::PathBuf>) {
    let before = storage();
    let patient = patient();
    let after = storage();
    let new = after.0.keys().filter(|name| !before.0.contains_key(*name));
    let new: Vec<_> = new.cloned().collect();
    assert!(!new.is_empty(), "a vault is in files of its own");
    (patient, new)
}

/// What OP-TEE finds damaged it removes: of a vault that is corrupt, the next call finds nothing.
const DAMAGED: [&str; 2] = ["corrupt", "reset"];

#[test]
fn a_truncated_or_flipped_file_is_named_and_the_other_vaults_are_well() {
    let bystander = Patient::new();
    let (mut patient, files) = files_of(Patient::new);
    let flip = |at: usize| {
        move |bytes: &mut Vec<u8>| {
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= 0x20;
        }
    };
    type Damage = Box<dyn Fn(&mut Vec<u8>)>;
    let damages: [(&str, Damage); 5] = [
        ("emptied", Box::new(Vec::clear)),
        (
            "cut in half",
            Box::new(|bytes| bytes.truncate(bytes.len() / 2)),
        ),
        ("flipped at its beginning", Box::new(flip(10))),
        ("flipped in its middle", Box::new(flip(5000))),
        ("flipped at its end", Box::new(flip(usize::MAX))),
    ];
    let (good, _all_up) = (storage(), AllUp);
    let mut suffered = 0;
    for (what, damage) in damages {
        offline(|folder| {
            good.put_back(folder);
            for file in &files {
                let mut bytes = good.0[file].clone();
                damage(&mut bytes);
                fs::write(folder.join(file), bytes).unwrap();
            }
        });
        let state = patient.shown()["state"].clone();
        println!("{what}: {state}");
        // Bytes that OP-TEE does not read do no harm; what it reads and cannot verify is named.
        if state != "ok" {
            patient.suffers(&DAMAGED);
            suffered += 1;
        }
        bystander.looks_well();
    }
    assert!(suffered >= 2, "damage that nobody notices");
    offline(|folder| good.put_back(folder));
    patient.is_well();
}

#[test]
fn a_damaged_directory_of_objects_is_named_for_every_vault() {
    let mut patient = Patient::new();
    let (good, _all_up) = (storage(), AllUp);
    let directory = Path::new("dirf.db");
    assert!(good.0.contains_key(directory), "{:?}", good.0.keys());
    for length in [0, 100, good.0[directory].len() / 2] {
        offline(|folder| {
            good.put_back(folder);
            fs::write(folder.join(directory), &good.0[directory][..length]).unwrap();
        });
        patient.suffers(&DAMAGED);
    }
    offline(|folder| good.put_back(folder));
    patient.is_well();
}

/// Whoever left OP-TEE's directory of objects open for the old tee-supplicant.
#[test]
fn a_new_tee_supplicant_is_not_noticed() {
    let mut patient = Patient::new();
    walk_over_objects();
    let _all_up = AllUp;
    for _ in 0..3 {
        kill(TEE_SUPPLICANT);
        start(TEE_SUPPLICANT);
        patient.is_well();
        // A new vault needs the names of all others.
        Patient::new().is_well();
    }
}
