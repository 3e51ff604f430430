// SPDX-License-Identifier: Apache-2.0

//! What goes in comes out, byte for byte, through files and through pipes.

use std::fs;

use e2e::{Device, Stdin, arg, content, contract};

/// Sizes at the edges of segments: the first holds 40 + 16 bytes less than a mebibyte.
const EDGES: &[usize] = &[
    0,
    1,
    4096,
    (1 << 20) - 57,
    (1 << 20) - 56,
    (1 << 20) - 55,
    (1 << 20) - 1,
    1 << 20,
    (1 << 20) + 1,
    (2 << 20) - 73,
    (2 << 20) - 72,
    (2 << 20) - 71,
    5_000_000,
];

#[test]
fn files_of_every_size_come_back_identical() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    for (number, size) in EDGES.iter().enumerate() {
        let plain = content(number as u64, *size);
        let archive = user.backup(&vault, &format!("{size}.pkb"), &plain);
        assert!(
            user.restore(&archive.path).unwrap() == plain,
            "{size} bytes"
        );
    }
}

#[test]
fn pipes_in_both_directions_come_back_identical() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    for (number, size) in [0, 1, (1 << 20) - 56, 1 << 20, 3_333_333]
        .into_iter()
        .enumerate()
    {
        let plain = content(number as u64, size);
        let made = user.pkb.run(
            &["backup", &vault, "--in", "-", "--out", "-"],
            Stdin::Bytes(&plain),
        );
        assert!(made.status.success(), "{size} bytes: {}", made.stderr);
        let archive = user.put("piped.pkb", &made.stdout);

        let ready = user.ready_to_restore(&archive).unwrap();
        let response = user.put("response.json", ready.response.as_bytes());
        let arguments = [
            "restore",
            "finish",
            "--ceremony",
            &ready.token,
            "--in",
            "-",
            "--out",
            "-",
            "--response",
            arg(&response),
        ];
        let restored = user.pkb.run(&arguments, Stdin::Bytes(&made.stdout));
        assert!(
            restored.status.success(),
            "{size} bytes: {}",
            restored.stderr
        );
        assert!(restored.stdout == plain, "{size} bytes");
    }
}

#[test]
fn a_backup_from_a_pipe_into_a_file_is_recorded_like_any_other() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let plain = content(7, 2_000_000);
    let out = user.path("a.pkb");
    let made = user
        .pkb
        .json_from(
            &["backup", &vault, "--in", "-", "--out", arg(&out)],
            Stdin::Bytes(&plain),
        )
        .unwrap();
    contract::archive(&made);
    assert_eq!(made["plaintext_bytes"], plain.len());
    assert_eq!(made["archive_bytes"], fs::metadata(&out).unwrap().len());
    assert_eq!(made["state"], "complete");
    assert!(user.restore(&out).unwrap() == plain);
    let listed = user.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(listed["archives"][0], made);
}

#[test]
fn a_file_that_is_there_is_not_overwritten_unless_that_was_asked_for() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"first");
    let before = fs::read(&archive.path).unwrap();
    let refusal = user.try_backup(&vault, "a.pkb", b"second").unwrap_err();
    assert_eq!(refusal.name, "BAD_REQUEST");
    assert_eq!(fs::read(&archive.path).unwrap(), before);

    let there = user.put("there", b"precious");
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let refusal = user
        .finish_restore(&ready, &archive.path, &there)
        .unwrap_err();
    assert_eq!(refusal.name, "BAD_REQUEST");
    assert_eq!(fs::read(&there).unwrap(), b"precious");
    assert_eq!(user.restore(&archive.path).unwrap(), b"first");
}

#[test]
fn a_restore_needs_the_archive_that_it_was_begun_for_whatever_its_name() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let plain = content(3, 100_000);
    let archive = user.backup(&vault, "a.pkb", &plain);
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let moved = user.path("moved.pkb");
    fs::rename(&archive.path, &moved).unwrap();
    user.finish_restore(&ready, &moved, &user.path("back"))
        .unwrap();
    assert!(fs::read(user.path("back")).unwrap() == plain);
}
