// SPDX-License-Identifier: Apache-2.0

//! The demonstration shows what it says.
#![cfg(feature = "demo")]

use std::fs;
use std::process::Command;

use serde_json::Value;

fn demo(temporary: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_pkb"))
        .args(arguments)
        .env("TMPDIR", temporary)
        .output()
        .unwrap()
}

/// A folder that other uids can pass through.
fn temporary() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn every_step_ends_as_expected() {
    let temporary = temporary();
    let output = demo(temporary.path(), &["demo", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let story: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = story["steps"].as_array().unwrap();
    let told: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| {
            assert_eq!(step["expected"], step["observed"], "{step}");
            assert!(step["ms"].is_u64(), "{step}");
            let text = |name: &str| step[name].as_str().unwrap();
            (text("name"), text("observed"))
        })
        .collect();
    let root = nix::unistd::geteuid().is_root();
    let expected = [
        ("start_device", "ok"),
        ("enrol", "ok"),
        ("enrol_prf", "ok"),
        ("recovery_key", "ok"),
        ("backup", "ok"),
        ("restore", "ok"),
        ("compare", "ok"),
        ("thief_with_archive", "NOT_FOUND"),
        ("replayed_assertion", "CHALLENGE_UNKNOWN"),
        ("replayed_in_new_ceremony", "CHALLENGE_MISMATCH"),
        ("no_user_verification", "USER_NOT_VERIFIED"),
        ("flipped_body_byte", "SEGMENT_TAMPERED"),
        ("flipped_header_byte", "HEADER_TAMPERED"),
        ("foreign_uid", if root { "NOT_FOUND" } else { "skipped" }),
        ("rolled_back_vault", "ROLLBACK"),
        ("second_device_by_passkey", "ok"),
        ("other_digits", "CANNOT_OPEN"),
        ("third_device_by_digits", "ok"),
    ];
    assert_eq!(told, expected);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn people_are_told_too_and_choose_the_folder() {
    let temporary = temporary();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "content").unwrap();
    let named = folder.path().to_str().unwrap();
    let output = demo(temporary.path(), &["demo", "--dir", named]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "NONSECURE",
        "files: 1",
        "expected  ROLLBACK",
        "18 of 18 steps",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let temporary = temporary();
    let output = demo(temporary.path(), &["demo", "--json", "--dir", "/missing"]);
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["error"]["name"], "IO");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
