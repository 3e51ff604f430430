// SPDX-License-Identifier: Apache-2.0

//! Exit status 0, 1 and 2, and what is on which stream.

use e2e::{Device, Stdin, arg};

const ID: &str = "00112233445566778899aabbccddeeff";

#[test]
fn done_is_0_refused_is_1_and_nonsense_is_2() {
    let device = Device::new();
    let user = device.user();
    let status = |arguments: &[&str]| user.pkb.run(arguments, Stdin::Bytes(b"")).status.code();
    assert_eq!(status(&["info"]), Some(0));
    assert_eq!(status(&["vault", "list"]), Some(0));
    assert_eq!(status(&["vault", "show", ID]), Some(1));
    assert_eq!(status(&["verify", "/nonexistent"]), Some(1));
    for nonsense in [
        &[][..],
        &["vaults"],
        &["vault", "show"],
        &["vault", "show", "not-an-id"],
        &["backup", ID, "--in", "-"],
        &["archives", ID, "--limit", "0"],
        &[
            "backup",
            ID,
            "--in",
            "-",
            "--out",
            "x",
            "--meta",
            "{not json",
        ],
    ] {
        assert_eq!(status(nonsense), Some(2), "{nonsense:?}");
    }
}

#[test]
fn with_json_nonsense_is_an_error_object_too() {
    let device = Device::new();
    let user = device.user();
    for nonsense in [
        &["vaults"][..],
        &["vault", "show"],
        &["vault", "show", "not-an-id"],
    ] {
        let refusal = user.pkb.json(nonsense).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.name.as_str()),
            (2, "USAGE"),
            "{nonsense:?}"
        );
    }
}

#[test]
fn one_stream_is_not_put_to_two_uses() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let input = user.put("plain", b"x");
    let archive = user.backup(&vault, "a.pkb", b"x");
    let run = user.pkb.run(
        &[
            "--json",
            "backup",
            &vault,
            "--in",
            arg(&input),
            "--out",
            "-",
        ],
        Stdin::Bytes(b""),
    );
    assert_eq!(run.status.code(), Some(2));
    assert!(!run.stdout.starts_with(b"PKB1"), "no archive between JSON");

    let ready = user.ready_to_restore(&archive.path).unwrap();
    let two = [
        "restore",
        "finish",
        "--ceremony",
        &ready.token,
        "--in",
        "-",
        "--out",
        "back",
    ];
    let run = user.pkb.run(&two, Stdin::Bytes(ready.response.as_bytes()));
    assert_eq!(run.status.code(), Some(2));
    // Nothing was tried: the ceremony is still open.
    user.finish_restore(&ready, &archive.path, &user.path("back"))
        .unwrap();
}

#[test]
fn people_get_text_on_stdout_and_diagnostics_on_stderr() {
    let device = Device::new();
    let user = device.user();
    let good = user.pkb.run(&["info"], Stdin::Bytes(b""));
    let text = String::from_utf8(good.stdout).unwrap();
    assert!(text.contains(device.sealer()), "{text}");
    assert!(!text.trim_start().starts_with('{'), "{text}");
    let bad = user.pkb.run(&["vault", "show", ID], Stdin::Bytes(b""));
    assert!(bad.stdout.is_empty(), "{:?}", bad.stdout);
    assert!(bad.stderr.contains("NOT_FOUND"), "{}", bad.stderr);
}
