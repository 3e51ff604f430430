// SPDX-License-Identifier: Apache-2.0

//! No secret appears where it does not belong: canaries, with the daemon at its most talkative.

use std::fs;
use std::path::Path;

use e2e::{Daemon, Setup, Stdin, User, content, daemon_with_test_hooks};
use faults::{Needle, Tree};
use serde_json::{Value, json};

/// A response with PRF output beside the signed part, as a client hands it over.
fn with_prf_output(response: &str, output: &str) -> String {
    let mut response: Value = serde_json::from_str(response).unwrap();
    response["clientExtensionResults"] = json!({"prf": {"results": {"first": output}}});
    response.to_string()
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, at| {
            word << 8 | usize::from(*group.get(at).unwrap_or(&0))
        });
        for digit in 0..=group.len() {
            text.push(char::from(DIGITS[word >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

/// Everything that is to stay out of sight, and where it was used.
struct Story {
    daemon: Daemon,
    prf: Needle,
    plain: Needle,
    deks: Vec<Needle>,
    stderr: String,
    archives: Vec<Vec<u8>>,
}

fn restore_with_prf(user: &mut User, archive: &Path, output: &str, break_it: bool) -> String {
    let begun = user.begin_restore(archive).unwrap();
    let mut answer = with_prf_output(&user.assert(&begun), output);
    if break_it {
        // No longer JSON: an error message must not quote it.
        answer.push('}');
    }
    let token = begun["ceremony"].as_str().unwrap();
    let out = user.path("out");
    let arguments = [
        "restore",
        "finish",
        "--ceremony",
        token,
        "--in",
        e2e::arg(archive),
        "--out",
        e2e::arg(&out),
        "--force",
    ];
    let run = user.pkb.run(&arguments, Stdin::Bytes(answer.as_bytes()));
    assert_eq!(run.status.success(), !break_it, "{}", run.stderr);
    run.stderr + &String::from_utf8_lossy(&run.stdout)
}

fn story() -> Story {
    let folder = e2e::Scratch::shared();
    let dek_file = folder.join("deks");
    let setup = Setup {
        program: Some(daemon_with_test_hooks().to_path_buf()),
        env: vec![
            ("RUST_LOG".into(), "trace".into()),
            ("PKB_TEST_DEK_FILE".into(), dek_file.clone().into()),
        ],
        ..Setup::default()
    };
    let mut daemon = Daemon::with(setup);
    let mut user = daemon.user();
    let (canary, prf) = (content(0xca9a, 48), content(0x9f, 32));
    let output = base64url(&prf);

    let begun = user.begin_enrol().unwrap();
    let registration = with_prf_output(&user.register(&begun), &output);
    // `enabled` is required at creation.
    let mut registration: Value = serde_json::from_str(&registration).unwrap();
    registration["clientExtensionResults"]["prf"]["enabled"] = true.into();
    let vault = user
        .finish(
            &["vault", "finish-create"],
            &begun,
            &registration.to_string(),
        )
        .unwrap();
    let vault = vault["vault_id"].as_str().unwrap().to_owned();

    let plain = [
        &content(1, 5000)[..],
        &canary,
        &content(2, (1 << 20) + 5000),
        &canary,
    ]
    .concat();
    let archive = user.backup(&vault, "a.pkb", &plain);
    let mut stderr = restore_with_prf(&mut user, &archive.path, &output, false);
    stderr += &restore_with_prf(&mut user, &archive.path, &output, true);
    assert!(
        fs::read(user.path("out")).unwrap() == plain,
        "the canary went through"
    );
    // Damage, so that errors are told while keys are at hand.
    let mut bytes = fs::read(&archive.path).unwrap();
    let archives = vec![bytes.clone()];
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let bad = user.put("bad.pkb", &bytes);
    assert_eq!(user.restore(&bad).unwrap_err().name, "SEGMENT_TAMPERED");
    user.pkb.json(&["audit", &vault, "--verify"]).unwrap();

    let deks = fs::read_to_string(&dek_file).unwrap();
    let deks: Vec<Needle> = deks
        .lines()
        .map(|line| {
            let hex = line.split(' ').nth(1).unwrap();
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let dek: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
            assert_eq!(dek.len(), 32);
            Needle::new("a data key", &dek)
        })
        .collect();
    assert!(
        deks.len() >= 3,
        "one backup and two restores: {}",
        deks.len()
    );
    daemon.stop();
    Story {
        daemon,
        prf: Needle::new("PRF output", &prf),
        plain: Needle::new("plaintext", &canary),
        deks,
        stderr,
        archives,
    }
}

#[test]
fn no_secret_is_in_a_log_the_catalogue_or_the_state_folder() {
    let story = story();
    let log = story.daemon.log();
    let level = |name: &str| log.lines().filter(|line| line.contains(name)).count();
    assert!(
        level("DEBUG") + level("TRACE") > 0,
        "the log is at its most verbose:\n{log}"
    );
    let secrets: Vec<&Needle> = story
        .deks
        .iter()
        .chain([&story.prf, &story.plain])
        .collect();
    let state = Tree::of(&story.daemon.state());
    assert!(
        state.0.len() >= 3,
        "catalogue and slots: {:?}",
        state.0.keys()
    );
    for secret in secrets {
        secret.is_not_in("the daemon's log", log.as_bytes());
        secret.is_not_in("what pkb printed", story.stderr.as_bytes());
        for (name, bytes) in &state.0 {
            secret.is_not_in(&name.display().to_string(), bytes);
        }
        for archive in &story.archives {
            secret.is_not_in("the archive", archive);
        }
    }
}

fn talkative() -> Daemon {
    Daemon::with(Setup {
        env: vec![("RUST_LOG".into(), "trace".into())],
        ..Setup::default()
    })
}

/// The PRF results in a client's answer, as bytes.
fn prf_results(answer: &str) -> Vec<Vec<u8>> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let results = &answer["clientExtensionResults"]["prf"]["results"];
    let results = results.as_object().expect("PRF results");
    results
        .values()
        .map(|result| unbase64url(result.as_str().unwrap()))
        .collect()
}

fn unbase64url(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for digit in text.bytes() {
        let value = digits.iter().position(|known| *known == digit).unwrap();
        word = word << 6 | u32::try_from(value).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits & 0xff) as u8);
        }
    }
    bytes
}

#[test]
fn the_secrets_of_factors_are_in_no_log_and_no_state() {
    const PASSWORD: &str = "correct horse battery staple tram";
    let (mut first, mut second, mut third) = (talkative(), talkative(), talkative());
    let mut user = first.user();
    let vault = user.enrol();
    let mut needles = vec![Needle::new("the password", PASSWORD.as_bytes())];
    let mut prf = |answer: &str| {
        for result in prf_results(answer) {
            needles.push(Needle::new("a PRF result", &result));
        }
    };
    let begun = user.pkb.json(&["prf", "begin", &vault]).unwrap();
    let answer = user.assert(&begun);
    prf(&answer);
    let begun = user.finish(&["prf", "confirm"], &begun, &answer).unwrap();
    let answer = user.assert(&begun);
    user.finish(&["prf", "finish"], &begun, &answer).unwrap();
    let begun = user.pkb.json(&["rotate", "begin", &vault]).unwrap();
    let answer = user.assert(&begun);
    prf(&answer);
    user.finish(&["rotate", "finish"], &begun, &answer).unwrap();
    let key = user.make_recovery_key(&vault).unwrap();
    user.set_password(&vault, PASSWORD).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"content");
    let begun = user
        .pkb
        .json(&["rehearse", "begin", "--in", archive.arg()])
        .unwrap();
    let answer = user.assert(&begun);
    prf(&answer);
    user.finish(&["rehearse", "finish"], &begun, &answer)
        .unwrap();

    let uid = user.pkb.uid();
    let mut there = second.user_with_uid(uid);
    there.passkeys = user.passkeys.clone();
    let copy = there.fetch(&archive);
    let begun = there
        .pkb
        .json(&["import", "begin", "--in", e2e::arg(&copy)])
        .unwrap();
    let answer = there.assert(&begun);
    prf(&answer);
    there
        .finish(&["import", "finish"], &begun, &answer)
        .unwrap();
    let mut elsewhere = third.user_with_uid(uid);
    let copy = elsewhere.fetch(&archive);
    elsewhere.import_with_password(&copy, PASSWORD).unwrap();
    let mut again = User::new(Some(&third.socket()), uid + 1);
    let copy = again.fetch(&archive);
    assert_eq!(
        again.import_with_key(&copy, &key).unwrap_err().name,
        "WRONG_APP"
    );

    // As typed and shown, and as the bytes that the digits stand for.
    let digits: String = key.split('-').map(|group| &group[..7]).collect();
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    needles.push(Needle::new("the recovery key", key.as_bytes()));
    needles.push(Needle::new("its digits", digits.as_bytes()));
    needles.push(Needle::new("its bytes", &bytes));
    assert!(needles.len() >= 9, "{}", needles.len());
    let archive = fs::read(&archive.path).unwrap();
    for daemon in [&mut first, &mut second, &mut third] {
        daemon.stop();
        let log = daemon.log();
        assert!(log.contains("DEBUG") || log.contains("TRACE"), "{log}");
        let state = Tree::of(&daemon.state());
        for needle in &needles {
            needle.is_not_in("a daemon's log", log.as_bytes());
            needle.is_not_in("the archive", &archive);
            for (name, bytes) in &state.0 {
                needle.is_not_in(&name.display().to_string(), bytes);
            }
        }
    }
}

#[test]
fn the_daemon_as_shipped_has_no_test_hook() {
    let folder = e2e::Scratch::shared();
    let dek_file = folder.join("deks");
    let setup = Setup {
        env: vec![("PKB_TEST_DEK_FILE".into(), dek_file.clone().into())],
        ..Setup::default()
    };
    let daemon = Daemon::with(setup);
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"x");
    user.restore(&archive.path).unwrap();
    assert!(!dek_file.exists());
    let program = fs::read(e2e::daemon_program()).unwrap();
    let named = |program: &[u8]| {
        program
            .windows(17)
            .any(|window| window == b"PKB_TEST_DEK_FILE")
    };
    assert!(!named(&program));
    assert!(
        named(&fs::read(daemon_with_test_hooks()).unwrap()),
        "the check above can fail"
    );
}

#[test]
fn the_daemon_leaves_no_core_dump() {
    let daemon = Daemon::start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<&str> = line.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{line}");
}
