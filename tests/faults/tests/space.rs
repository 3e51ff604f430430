// SPDX-License-Identifier: Apache-2.0

//! A disk that is full: `NO_SPACE`, nothing half-written, and everything works once there is room.

use std::fs;

use e2e::{Daemon, Setup, arg, content};
use faults::{SmallDisk, check_catalogue};

#[test]
fn a_backup_onto_a_full_disk_leaves_no_file() {
    let disk = SmallDisk::of_kib(4096);
    let folder = disk.open_folder("archives");
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = content(1, 2_000_000);
    let input = user.put("plain", &plain);
    let out = folder.join("a.pkb");
    let arguments = ["backup", &vault, "--in", arg(&input), "--out", arg(&out)];
    let listing = || fs::read_dir(&folder).unwrap().count();

    disk.fill();
    assert_eq!(user.pkb.json(&arguments).unwrap_err().name, "NO_SPACE");
    assert_eq!(listing(), 0, "nothing half-written");
    let known = user.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(
        known["archives"].as_array().unwrap().len(),
        0,
        "nothing recorded"
    );

    disk.free();
    user.pkb.json(&arguments).unwrap();
    assert!(user.restore(&out).unwrap() == plain);

    // Room for a part only.
    let second = folder.join("b.pkb");
    let big = user.put("big", &content(2, 4_000_000));
    let arguments = ["backup", &vault, "--in", arg(&big), "--out", arg(&second)];
    assert_eq!(user.pkb.json(&arguments).unwrap_err().name, "NO_SPACE");
    assert_eq!(listing(), 1, "nothing half-written");
    assert!(user.restore(&out).unwrap() == plain);
}

#[test]
fn a_restore_onto_a_full_disk_leaves_no_file_and_can_be_repeated() {
    let disk = SmallDisk::of_kib(4096);
    let folder = disk.open_folder("restored");
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = content(1, 3_000_000);
    let archive = user.backup(&vault, "a.pkb", &plain);
    let out = folder.join("plain");

    disk.fill();
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let refusal = user
        .finish_restore(&ready, &archive.path, &out)
        .unwrap_err();
    assert_eq!(refusal.name, "NO_SPACE");
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        0,
        "nothing half-written"
    );

    disk.free();
    let ready = user.ready_to_restore(&archive.path).unwrap();
    user.finish_restore(&ready, &archive.path, &out).unwrap();
    assert!(fs::read(&out).unwrap() == plain);
}

#[test]
fn a_full_state_folder_is_no_space_and_loses_nothing() {
    let disk = SmallDisk::of_kib(2048);
    let setup = Setup {
        state: Some(disk.path().join("state")),
        ..Setup::default()
    };
    let mut daemon = Daemon::with(setup);
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");

    disk.fill();
    // A new vault needs a new record, for which there is no room.
    let refusal = user.try_enrol().unwrap_err();
    assert_eq!(refusal.name, "NO_SPACE", "{refusal}");
    // These write too, to places that may still have room: done or refused, nothing between.
    for number in 0..5 {
        match user.try_backup(&vault, &format!("full{number}.pkb"), b"full") {
            Ok(made) => assert!(made.path.exists()),
            Err(refusal) => {
                assert_eq!(refusal.name, "NO_SPACE", "{refusal}");
                assert!(!user.path(&format!("full{number}.pkb")).exists());
            }
        }
        match user.restore(&archive.path) {
            Ok(plain) => assert_eq!(plain, b"kept"),
            Err(refusal) => assert_eq!(refusal.name, "NO_SPACE", "{refusal}"),
        }
    }
    // What is there can be read.
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(listed["vaults"].as_array().unwrap().len(), 1);
    assert_eq!(listed["vaults"][0]["state"], "ok");

    // Killed like this, it starts again once there is room.
    daemon.kill();
    disk.free();
    check_catalogue(&daemon.state());
    daemon.start_again().unwrap();
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
    let second = user.enrol();
    assert_ne!(second, vault);
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(
        listed["vaults"].as_array().unwrap().len(),
        2,
        "no vault from the failed attempt"
    );
    let log = user.pkb.json(&["audit", &vault, "--verify"]).unwrap();
    assert_eq!(log["verified"], true);
}

#[test]
fn a_daemon_on_a_full_disk_starts_or_says_no_space() {
    let disk = SmallDisk::of_kib(512);
    let setup = Setup {
        state: Some(disk.path().join("state")),
        ..Setup::default()
    };
    disk.fill();
    let mut daemon = Daemon::stopped(setup);
    let failure = daemon.start_again().unwrap_err();
    assert!(failure.log.contains("NO_SPACE"), "{failure:?}");
    disk.free();
    daemon.start_again().unwrap();
    let mut user = daemon.user();
    user.enrol();
}
