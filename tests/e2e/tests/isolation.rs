// SPDX-License-Identifier: Apache-2.0

//! One app never learns that another's vault, archive or ceremony exists: what is foreign gives the
//! very error object that what never existed gives.

use std::fs;

use e2e::{Device, Refusal, Stdin, User, arg};
use serde_json::Value;

const UNKNOWN: &str = "00112233445566778899aabbccddeeff";

/// The refusal without what the caller itself wrote into the command.
fn without(refusal: Refusal, words: &[&str]) -> Value {
    let mut text = refusal.object.to_string();
    for word in words {
        text = text.replace(word, "…");
    }
    serde_json::from_str(&text).unwrap()
}

fn refusal(user: &User, arguments: &[&str], stdin: &str) -> Refusal {
    match user
        .pkb
        .json_from(arguments, Stdin::Bytes(stdin.as_bytes()))
    {
        Ok(done) => panic!("{arguments:?} as a stranger: {done:#}"),
        Err(refusal) => refusal,
    }
}

#[test]
fn a_foreign_vault_is_an_unknown_vault() {
    let device = Device::new();
    let (mut owner, stranger) = (device.user(), device.user());
    let vault = owner.enrol();
    let archive = owner.backup(&vault, "a.pkb", b"mine");
    let input = stranger.put("plain", b"x");
    let out = stranger.path("out.pkb");
    for command in [
        &["vault", "show", "V"][..],
        &["vault", "begin-delete", "V"],
        &[
            "origin",
            "begin-set",
            "V",
            "--origin",
            "https://example.org",
        ],
        &["passkey", "list", "V"],
        &["backup", "V", "--in", arg(&input), "--out", arg(&out)],
        &["archives", "V"],
        &["archives", "V", "--limit", "1"],
        &["audit", "V"],
        &["audit", "V", "--verify"],
    ] {
        let with = |id: &str| {
            let arguments: Vec<&str> = command
                .iter()
                .map(|word| if *word == "V" { id } else { word })
                .collect();
            without(refusal(&stranger, &arguments, ""), &[id])
        };
        let (foreign, unknown) = (with(&vault), with(UNKNOWN));
        assert_eq!(foreign, unknown, "{command:?}");
        assert_eq!(foreign["error"]["name"], "NOT_FOUND", "{command:?}");
        assert!(!out.exists(), "{command:?}");
    }
    let listed = stranger.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(listed["vaults"].as_array().unwrap().len(), 0);
    assert_eq!(owner.restore(&archive.path).unwrap(), b"mine");
}

#[test]
fn a_foreign_archive_is_an_unknown_archive() {
    let device = Device::new();
    let (mut owner, stranger) = (device.user(), device.user());
    let vault = owner.enrol();
    let archive = owner.backup(&vault, "a.pkb", b"mine");

    let forget = |id: &str| without(refusal(&stranger, &["archive", "forget", id], ""), &[id]);
    assert_eq!(forget(archive.id()), forget(UNKNOWN));
    let listed = owner.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(listed["archives"][0], archive.info, "it was not forgotten");

    // An archive whose vault is nowhere any more, for comparison.
    let gone = owner.enrol();
    let orphan = owner.backup(&gone, "o.pkb", b"mine");
    let begun = owner.pkb.json(&["vault", "begin-delete", &gone]).unwrap();
    let answer = owner.assert(&begun);
    owner
        .finish(&["vault", "finish-delete"], &begun, &answer)
        .unwrap();

    let foreign = stranger.put("one.pkb", &fs::read(&archive.path).unwrap());
    let unknown = stranger.put("two.pkb", &fs::read(&orphan.path).unwrap());
    for command in [["restore", "begin"], ["verify", "begin"]] {
        let with = |file: &str, words: &[&str]| {
            let arguments: Vec<&str> = command.into_iter().chain(["--in", file]).collect();
            without(refusal(&stranger, &arguments, ""), words)
        };
        let foreign = with(arg(&foreign), &[arg(&foreign), &vault, archive.id()]);
        let unknown = with(arg(&unknown), &[arg(&unknown), &gone, orphan.id()]);
        assert_eq!(foreign, unknown, "{command:?}");
        assert_eq!(foreign["error"]["name"], "NOT_FOUND", "{command:?}");
    }
    assert_eq!(owner.restore(&archive.path).unwrap(), b"mine");
}

#[test]
fn a_foreign_ceremony_is_an_unknown_ceremony_and_stays_open() {
    let device = Device::new();
    let (mut owner, stranger) = (device.user(), device.user());
    let vault = owner.enrol();
    let archive = owner.backup(&vault, "a.pkb", b"mine");
    let copy = stranger.put("a.pkb", &fs::read(&archive.path).unwrap());
    let out = stranger.path("out");

    let begun = owner.begin_restore(&archive.path).unwrap();
    let answer = owner.assert(&begun);
    let deletion = owner.pkb.json(&["vault", "begin-delete", &vault]).unwrap();
    let deletion_answer = owner.assert(&deletion);
    let creation = owner.begin_enrol().unwrap();
    let creation_answer = owner.register(&creation);
    let token = |begun: &Value| begun["ceremony"].as_str().unwrap().to_owned();
    let (restore, delete, create) = (token(&begun), token(&deletion), token(&creation));

    let restoring = ["restore", "finish", "--in", arg(&copy), "--out", arg(&out)];
    let verifying = ["verify", "finish", "--in", arg(&copy)];
    for (command, token, answer) in [
        (&restoring[..], &restore, &answer),
        (&verifying, &restore, &answer),
        (&["vault", "finish-delete"], &delete, &deletion_answer),
        (&["origin", "finish-set"], &delete, &deletion_answer),
        (&["vault", "finish-create"], &create, &creation_answer),
    ] {
        let with = |token: &str| {
            let arguments: Vec<&str> = command
                .iter()
                .copied()
                .chain(["--ceremony", token])
                .collect();
            without(refusal(&stranger, &arguments, answer), &[token])
        };
        let (foreign, unknown) = (with(token), with(UNKNOWN));
        assert_eq!(foreign, unknown, "{command:?}");
        assert_eq!(foreign["error"]["name"], "CHALLENGE_UNKNOWN", "{command:?}");
        assert!(!out.exists());
    }

    // To their owner they are what they were.
    let back = owner.path("back");
    let command = [
        "restore",
        "finish",
        "--in",
        archive.arg(),
        "--out",
        arg(&back),
    ];
    owner.finish(&command, &begun, &answer).unwrap();
    assert_eq!(fs::read(&back).unwrap(), b"mine");
    owner
        .finish(&["vault", "finish-create"], &creation, &creation_answer)
        .unwrap();
    owner
        .finish(&["vault", "finish-delete"], &deletion, &deletion_answer)
        .unwrap();
}

#[test]
fn another_app_of_the_same_uid_is_the_same_owner() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let sharing = device.same_app(&user);
    assert!(sharing.pkb.json(&["vault", "show", &vault]).is_ok());
}
