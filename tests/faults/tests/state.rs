// SPDX-License-Identifier: Apache-2.0

//! State folders that are in use, unusable, damaged, reset or rolled back.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use e2e::{Archive, Daemon, Setup, User};
use faults::{Tree, catalogue_file, check_catalogue};

#[test]
fn a_second_daemon_on_the_same_state_is_refused_and_the_first_serves_on() {
    let mut first = Daemon::start();
    let mut user = first.user();
    let vault = user.enrol();
    let setup = Setup {
        state: Some(first.state()),
        ..Setup::default()
    };
    let mut second = Daemon::stopped(setup);
    let failure = second.start_again().unwrap_err();
    assert_eq!(failure.status.code(), Some(1));
    assert!(failure.log.contains("STATE_IN_USE"), "{}", failure.log);
    assert!(user.pkb.json(&["vault", "show", &vault]).is_ok());
    first.kill();
    second
        .start_again()
        .expect("the lock goes with its process");
}

#[test]
fn a_socket_that_a_killed_daemon_left_does_not_stop_the_next() {
    let mut daemon = Daemon::start();
    daemon.kill();
    assert!(
        daemon.socket().exists(),
        "this test is about a socket that stays"
    );
    daemon.start_again().unwrap();
    daemon.user().enrol();
    daemon.stop();
    assert!(
        !daemon.socket().exists(),
        "a daemon that is stopped takes its socket along"
    );
}

#[test]
fn what_is_no_socket_is_not_removed_to_make_room_for_one() {
    let mut daemon = Daemon::stopped(Setup::default());
    fs::write(daemon.socket(), b"precious").unwrap();
    let failure = daemon.start_again().unwrap_err();
    assert_eq!(failure.status.code(), Some(1), "{}", failure.log);
    assert_eq!(fs::read(daemon.socket()).unwrap(), b"precious");
}

#[test]
fn challenges_do_not_outlive_the_daemon_and_vaults_do() {
    let mut daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let shown = user.pkb.json(&["vault", "show", &vault]).unwrap();
    daemon.restart();
    assert_eq!(user.pkb.json(&["vault", "show", &vault]).unwrap(), shown);
    let refusal = user
        .finish_restore(&ready, &archive.path, &user.path("out"))
        .unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_UNKNOWN");
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
}

#[test]
fn a_state_folder_that_cannot_be_used_is_named_and_left_alone() {
    let scratch = e2e::Scratch::shared();
    let refused = |state: &Path| {
        let setup = Setup {
            state: Some(state.to_path_buf()),
            ..Setup::default()
        };
        let failure = Daemon::stopped(setup).start_again().unwrap_err();
        assert_eq!(failure.status.code(), Some(1), "{}", failure.log);
        assert!(failure.log.contains("IO"), "{}", failure.log);
        assert!(
            failure.log.contains(state.to_str().unwrap()),
            "{}",
            failure.log
        );
    };
    let file = scratch.join("file");
    fs::write(&file, b"a file").unwrap();
    refused(&file);
    assert_eq!(fs::read(&file).unwrap(), b"a file");
    refused(&file.join("below"));
    refused(&scratch.join("no/parent"));

    // Somebody else's, and one that others could have written to.
    let foreign = scratch.join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("what"), b"theirs").unwrap();
    chown(&foreign, Some(12_345), Some(12_345)).expect("giving a folder away needs root");
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o700)).unwrap();
    refused(&foreign);
    let open = scratch.join("open");
    fs::create_dir(&open).unwrap();
    fs::write(open.join("what"), b"planted").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    refused(&open);
    assert_eq!(Tree::of(&open).0.len(), 1, "nothing was added");
}

#[test]
fn the_state_folder_is_for_nobody_else() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    user.enrol();
    let mut folders = vec![daemon.state()];
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
fn a_garbage_catalogue_is_called_corrupt_and_nothing_is_deleted() {
    let mut daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");
    daemon.stop();
    let file = catalogue_file(&daemon.state());
    let good = Tree::of(&daemon.state());
    let bytes = fs::read(&file).unwrap();
    let mut header = bytes.clone();
    header[..100].fill(0xa5);
    let mut schema = bytes.clone();
    schema[100..4096].fill(0xa5);
    for (what, garbage) in [
        ("other bytes", vec![0xa5; bytes.len()]),
        ("text", b"this is no database\n".repeat(300)),
        ("a damaged header", header),
        ("a damaged schema", schema),
        ("half of it", bytes[..4096 + 17].to_vec()),
    ] {
        fs::write(&file, &garbage).unwrap();
        let before = Tree::of(&daemon.state());
        let failure = daemon.start_again().expect_err(what);
        assert_eq!(failure.status.code(), Some(1), "{what}: {}", failure.log);
        assert!(failure.log.contains("CORRUPT"), "{what}: {}", failure.log);
        let after = Tree::of(&daemon.state());
        let gone: Vec<_> = before
            .0
            .keys()
            .filter(|name| !after.0.contains_key(*name))
            .collect();
        assert!(gone.is_empty(), "{what}: deleted {gone:?}");
        assert!(
            fs::read(&file).unwrap() == garbage,
            "{what}: it was written to"
        );
    }
    good.put_back(&daemon.state());
    daemon.start_again().unwrap();
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
}

/// A device with two vaults of one person, the first of which is to suffer.
struct Patient {
    daemon: Daemon,
    user: User,
    vault: String,
    archive: Archive,
    other_vault: String,
    other_archive: Archive,
}

impl Patient {
    fn new() -> Patient {
        let daemon = Daemon::start();
        let mut user = daemon.user();
        let vault = user.enrol();
        let archive = user.backup(&vault, "a.pkb", b"kept");
        let other_vault = user.enrol();
        let other_archive = user.backup(&other_vault, "b.pkb", b"also kept");
        Patient {
            daemon,
            user,
            vault,
            archive,
            other_vault,
            other_archive,
        }
    }

    fn sealer(&self) -> std::path::PathBuf {
        let folders: Vec<_> = fs::read_dir(self.daemon.state())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders[0].clone()
    }

    /// The vault's state is shown and named by everything that needs its keys.
    fn suffers(&mut self, state: &str) {
        let name = state.to_uppercase();
        let shown = self.user.pkb.json(&["vault", "show", &self.vault]).unwrap();
        assert_eq!(shown["state"], state, "{shown:#}");
        assert!(shown["survives"].is_null(), "{shown:#}");
        assert_eq!(
            self.user
                .begin_restore(&self.archive.path)
                .unwrap_err()
                .name,
            name
        );
        let backup = self.user.try_backup(&self.vault, "new.pkb", b"new");
        assert_eq!(backup.unwrap_err().name, name);
        assert!(!self.user.path("new.pkb").exists());
        let delete = self.user.pkb.json(&["vault", "begin-delete", &self.vault]);
        assert_eq!(delete.unwrap_err().name, name);
        let listed = self.user.pkb.json(&["archives", &self.vault]).unwrap();
        assert_eq!(
            listed["archives"].as_array().unwrap().len(),
            1,
            "the catalogue still knows"
        );
    }

    fn other_is_well(&mut self) {
        let shown = self
            .user
            .pkb
            .json(&["vault", "show", &self.other_vault])
            .unwrap();
        assert_eq!(shown["state"], "ok", "{shown:#}");
        assert_eq!(
            self.user.restore(&self.other_archive.path).unwrap(),
            b"also kept"
        );
    }

    fn is_well_again(&mut self) {
        let shown = self.user.pkb.json(&["vault", "show", &self.vault]).unwrap();
        assert_eq!(shown["state"], "ok", "{shown:#}");
        assert_eq!(self.user.restore(&self.archive.path).unwrap(), b"kept");
    }
}

#[test]
fn a_deleted_sealer_folder_is_a_reset() {
    let mut patient = Patient::new();
    patient.daemon.stop();
    let folder = patient.sealer();
    let kept = Tree::of(&folder);
    fs::remove_dir_all(&folder).unwrap();
    patient.daemon.start_again().unwrap();
    patient.suffers("reset");
    patient.user.enrol();
    patient.daemon.stop();
    kept.put_back(&folder);
    patient.daemon.start_again().unwrap();
    patient.is_well_again();
}

#[test]
fn an_earlier_sealer_folder_is_a_rollback() {
    let mut patient = Patient::new();
    patient.daemon.stop();
    let folder = patient.sealer();
    let earlier = Tree::of(&folder);
    patient.daemon.start_again().unwrap();
    for _ in 0..3 {
        patient.is_well_again();
    }
    patient.daemon.stop();
    let newest = Tree::of(&folder);
    let changed = newest.changed_since(&earlier);
    assert!(!changed.is_empty());
    earlier.put_back(&folder);
    patient.daemon.start_again().unwrap();
    patient.suffers("rollback");
    patient.other_is_well();
    patient.daemon.stop();
    newest.put_back(&folder);
    patient.daemon.start_again().unwrap();
    patient.is_well_again();
}

#[test]
fn a_flipped_newest_slot_is_corrupt_and_the_others_are_well() {
    let mut patient = Patient::new();
    let folder = patient.sealer();
    let before = Tree::of(&folder);
    patient.is_well_again();
    let after = Tree::of(&folder);
    patient.daemon.stop();
    let newest = after.changed_since(&before);
    assert_eq!(newest.len(), 1, "a restore writes one slot: {newest:?}");
    let (slot, good) = (folder.join(&newest[0]), &after.0[&newest[0]]);
    for at in [0, 5, 40, good.len() / 2, good.len() - 1] {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        fs::write(&slot, &damaged).unwrap();
        patient.daemon.start_again().unwrap();
        patient.suffers("corrupt");
        patient.other_is_well();
        patient.daemon.stop();
        assert!(
            fs::read(&slot).unwrap() == damaged,
            "what is damaged is left as it is"
        );
    }
    fs::write(&slot, good).unwrap();
    patient.daemon.start_again().unwrap();
    patient.is_well_again();
}

#[test]
fn a_truncated_or_emptied_slot_is_corrupt() {
    let mut patient = Patient::new();
    let folder = patient.sealer();
    let before = Tree::of(&folder);
    patient.is_well_again();
    patient.daemon.stop();
    let after = Tree::of(&folder);
    let newest = after.changed_since(&before).swap_remove(0);
    for length in [0, 1, after.0[&newest].len() - 1] {
        let mut damaged = after.clone();
        damaged.0.get_mut(&newest).unwrap().truncate(length);
        damaged.put_back(&folder);
        patient.daemon.start_again().unwrap();
        patient.suffers("corrupt");
        patient.daemon.stop();
    }
    after.put_back(&folder);
    patient.daemon.start_again().unwrap();
    patient.is_well_again();
}

#[test]
fn a_begin_writes_nothing_in_the_sealer_and_a_restore_one_slot() {
    let mut patient = Patient::new();
    let folder = patient.sealer();
    patient.is_well_again();
    for _ in 0..3 {
        let before = Tree::of(&folder);
        let ready = patient
            .user
            .ready_to_restore(&patient.archive.path)
            .unwrap();
        assert_eq!(
            Tree::of(&folder).changed_since(&before),
            Vec::<std::path::PathBuf>::new()
        );
        let out = patient.user.path("out");
        patient
            .user
            .finish_restore(&ready, &patient.archive.path, &out)
            .unwrap();
        fs::remove_file(&out).unwrap();
        assert_eq!(Tree::of(&folder).changed_since(&before).len(), 1);
    }
    patient.daemon.stop();
    check_catalogue(&patient.daemon.state());
}
