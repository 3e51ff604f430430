// SPDX-License-Identifier: Apache-2.0

//! The program against a service that answers as it is told.

mod common;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{ENDLESS, FULL, ID, Rig, SILENT, TAMPERED, UNCONFIRMED, feed, object, pkb};
use serde_json::{Value, json};

#[test]
fn a_command_line_that_makes_no_sense_is_an_error_of_its_own() {
    for line in ["", "vault", "backup", "vault show 12", "verify begin"] {
        let output = pkb(line).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
        let (error, status) = object(&pkb(&format!("{line} --json")).output().unwrap());
        assert_eq!(status, 2, "{line}");
        assert_eq!(error["error"]["name"], "USAGE", "{line}");
        assert_eq!(error["error"]["code"], 1, "{line}");
        assert_eq!(error["error"]["retry_after_ms"], Value::Null, "{line}");
    }
    let line = format!("--json backup {ID} --in F --out -");
    let (error, status) = object(&pkb(&line).output().unwrap());
    assert_eq!((status, &error["error"]["name"]), (2, &json!("USAGE")));
    let output = pkb("--help").output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("nobody");
    let line = format!("info --json --socket {}", socket.display());
    let (error, status) = object(&pkb(&line).output().unwrap());
    assert_eq!((status, &error["error"]["name"]), (1, &json!("IO")));
    let text = error["error"]["message"].as_str().unwrap();
    assert!(text.contains("nobody"), "{text}");
    // The response of a passkey client is not used up.
    let line = format!("vault finish-create --ceremony {ID} --socket /missing");
    let output = feed(&mut pkb(&line), b"{}");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: "));
}

#[test]
fn results_and_errors_are_one_object() {
    let rig = Rig::start();
    let (info, status) = rig.json("info");
    assert_eq!(status, 0);
    assert_eq!(info["transport"], "rpc");
    assert_eq!(info["sealer"], Value::Null);
    assert_eq!(info["limits"]["page_entries"], 7);

    let (begun, status) = rig
        .json("vault begin-create --rp-id example.org --origin https://example.org --user-name me");
    assert_eq!(status, 0);
    assert_eq!(
        begun,
        json!({"ceremony": ID, "options": {"challenge": "AA"},
            "expires_at": "2023-11-14T22:13:20.000Z"})
    );

    let line = format!("--json vault finish-delete --ceremony {ID}");
    let (error, status) = object(&feed(&mut rig.pkb(&line), b"{}"));
    assert_eq!(status, 1);
    assert_eq!(
        error,
        json!({"error": {"name": "CHALLENGE_EXPIRED", "code": 23, "message": "too late",
            "hint": "begin again", "retry_after_ms": 1500}})
    );
    let (error, _) = rig.json(&format!("vault begin-delete {ID}"));
    assert_eq!(
        error,
        json!({"error": {"name": "OF_A_LATER_VERSION", "code": 4711,
            "message": "something new", "hint": null, "retry_after_ms": null}})
    );
}

#[test]
fn a_response_is_sent_as_it_is_or_not_at_all() {
    let rig = Rig::start();
    let response = b" {\"x\":\n\"\xc3\xa4\"}\n".to_vec();
    let line = format!("--json vault finish-create --ceremony {ID}");
    let (vault, _) = object(&feed(&mut rig.pkb(&line), &response));
    assert_eq!(vault["vault_id"], ID);
    rig.write("response", &response);
    assert!(
        rig.run(&format!("{line} --response response"))
            .status
            .success()
    );
    assert_eq!(
        *rig.seen.responses.lock().unwrap(),
        [response.clone(), response]
    );

    let (error, status) = object(&feed(&mut rig.pkb(&line), &vec![b' '; 65537]));
    assert_eq!((status, &error["error"]["name"]), (1, &json!("TOO_LARGE")));
    let (error, _) = rig.json(&format!("{} --response missing", &line[7..]));
    assert_eq!(error["error"]["name"], "IO");
    assert_eq!(rig.seen.responses.lock().unwrap().len(), 2);
}

#[test]
fn a_backup_appears_complete_under_its_name() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let (archive, status) = rig.json(&format!("backup {ID} --in in --out out --meta {{}}"));
    assert_eq!((status, &archive["state"]), (0, &json!("complete")));
    assert_eq!(fs::read(rig.path("out")).unwrap(), b"12345");
    let mode = rig.path("out").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Again: what is there stays, unless it may go.
    let (error, status) = rig.json(&format!("backup {ID} --in in --out out"));
    assert_eq!(
        (status, &error["error"]["name"]),
        (1, &json!("BAD_REQUEST"))
    );
    let (archive, _) = rig.json(&format!("backup {ID} --in in --out out --force"));
    assert_eq!(archive["state"], "complete");

    // From a pipe, into a pipe: nobody knows whether that is in place.
    let line = format!("backup {ID} --in - --out -");
    let output = feed(&mut rig.pkb(&line), b"piped");
    assert_eq!(output.stdout, b"piped");
    assert!(String::from_utf8_lossy(&output.stderr).contains("unconfirmed"));
    assert_eq!(rig.names(), ["in", "out"]);
}

#[test]
fn a_backup_that_could_not_be_confirmed_is_a_backup() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let line = format!("--json backup {ID} --in in --out out --meta {UNCONFIRMED}");
    let output = rig.run(&line);
    let (archive, status) = object(&output);
    assert_eq!((status, &archive["state"]), (0, &json!("unconfirmed")));
    assert!(String::from_utf8_lossy(&output.stderr).contains("on fire"));
    assert_eq!(rig.names(), ["in", "out"]);
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    fs::create_dir(rig.path("folder")).unwrap();
    for (line, name, part) in [
        (
            format!("--in in --out out --meta {FULL}"),
            "NO_SPACE",
            "full",
        ),
        ("--in missing --out out".into(), "IO", "missing"),
        ("--in folder --out out".into(), "BAD_REQUEST", "folder"),
        ("--in in --out missing/out".into(), "IO", "missing"),
        ("--in in --out folder".into(), "BAD_REQUEST", "folder"),
        ("--in in --out in".into(), "BAD_REQUEST", "input"),
        ("--in in --out in --force".into(), "BAD_REQUEST", "input"),
        ("--in in --out /dev/full".into(), "BAD_REQUEST", "/dev/full"),
        ("--in in --out /proc/out".into(), "IO", "/proc"),
    ] {
        let (error, status) = rig.json(&format!("backup {ID} {line}"));
        assert_eq!(
            (status, &error["error"]["name"]),
            (1, &json!(name)),
            "{line}"
        );
        let text = error["error"]["message"].as_str().unwrap();
        assert!(text.contains(part), "{line}: {text}");
        assert_eq!(rig.names(), ["folder", "in"], "{line}");
    }
    assert_eq!(fs::read(rig.path("in")).unwrap(), b"12345");
    let (error, _) = rig.json(&format!("backup {ID} --in folder --out out"));
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("tar c folder | pkb backup V --in -"),
        "{hint}"
    );
}

#[test]
fn a_service_that_tells_no_news_is_asked() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let (archive, status) = rig.json(&format!("backup {ID} --in in --out out --meta {SILENT}"));
    assert_eq!((status, &archive["state"]), (0, &json!("complete")));
}

fn endless(rig: &Rig, json: &str) -> Child {
    rig.write("in", b"12345");
    let child = rig
        .pkb(&format!(
            "{json} backup {ID} --in in --out out --meta {ENDLESS}"
        ))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually(|| rig.seen.running.load(Ordering::SeqCst) == 1);
    child
}

fn eventually(mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let killed = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

#[test]
fn an_interrupted_backup_is_cancelled_and_leaves_nothing() {
    for name in ["INT", "TERM", "HUP"] {
        let rig = Rig::start();
        let child = endless(&rig, "--json");
        assert_eq!(rig.names().len(), 2);
        signal(&child, name);
        let (error, status) = object(&child.wait_with_output().unwrap());
        assert_eq!((status, &error["error"]["name"]), (1, &json!("CANCELLED")));
        assert_eq!(rig.names(), ["in"]);
        assert_eq!(rig.seen.cancelled.load(Ordering::SeqCst), 1);
        eventually(|| rig.seen.running.load(Ordering::SeqCst) == 0);
    }
}

#[test]
fn an_operation_ends_with_its_client() {
    let rig = Rig::start();
    let mut child = endless(&rig, "");
    child.kill().unwrap();
    child.wait().unwrap();
    eventually(|| rig.seen.running.load(Ordering::SeqCst) == 0);
}

#[test]
fn an_interruption_at_another_time_is_an_end_too() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let line = format!("--json restore finish --ceremony {ID} --in in --out out");
    let mut child = rig
        .pkb(&line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It waits for the response; what it got of it is not sent.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{").unwrap();
    sleep(Duration::from_millis(300));
    signal(&child, "INT");
    let (error, status) = object(&child.wait_with_output().unwrap());
    assert_eq!((status, &error["error"]["name"]), (1, &json!("CANCELLED")));
    assert!(rig.seen.responses.lock().unwrap().is_empty());
    assert_eq!(rig.names(), ["in"]);
}

#[test]
fn a_restore_is_complete_or_not_there() {
    let rig = Rig::start();
    rig.write("archive", b"archive");
    let (begun, status) = rig.json("restore begin --in archive");
    assert_eq!(
        (status, &begun["archive"]["plaintext_bytes"]),
        (0, &json!(7))
    );
    assert_eq!(begun["backup_id"], Value::Null);

    let line = format!("--json restore finish --ceremony {ID} --in archive --out out");
    let (restored, status) = object(&feed(&mut rig.pkb(&line), b"{}"));
    assert_eq!((status, &restored["plaintext_bytes"]), (0, &json!(7)));
    assert_eq!(restored["meta"], Value::Null);
    assert_eq!(fs::read(rig.path("out")).unwrap(), b"archive");

    // A response is not used up where the file could not be made anyway.
    let sent = rig.seen.responses.lock().unwrap().len();
    let (error, _) = object(&feed(&mut rig.pkb(&line), b"{}"));
    assert_eq!(error["error"]["name"], "BAD_REQUEST");
    assert_eq!(rig.seen.responses.lock().unwrap().len(), sent);

    let other = line.replace("--out out", "--out other");
    let (error, status) = object(&feed(&mut rig.pkb(&other), FULL.as_bytes()));
    assert_eq!((status, &error["error"]["name"]), (1, &json!("NO_SPACE")));
    assert_eq!(rig.names(), ["archive", "out"]);

    let line = format!("restore finish --ceremony {ID} --in archive --out -");
    let output = feed(&mut rig.pkb(&line), b"{}");
    assert_eq!(
        (output.status.code(), output.stdout),
        (Some(0), b"archive".to_vec())
    );

    // A file that has content is not what `--out -` may empty.
    rig.write("log", b"kept");
    let log = fs::OpenOptions::new()
        .append(true)
        .open(rig.path("log"))
        .unwrap();
    let output = feed_to(rig.pkb(&line), log);
    assert_eq!(output, Some(1));
    assert_eq!(fs::read(rig.path("log")).unwrap(), b"kept");
}

fn feed_to(mut command: Command, stdout: fs::File) -> Option<i32> {
    command.stdout(stdout).status().unwrap().code()
}

#[test]
fn verification_has_two_forms() {
    let rig = Rig::start();
    rig.write("archive", b"archive");
    rig.write("begin", b"12");
    assert_eq!(rig.json("verify archive").0["segments"], 7);
    assert_eq!(rig.json("verify ./begin").0["segments"], 2);
    let (begun, _) = rig.json("verify begin --in archive");
    assert_eq!(begun["ceremony"], ID);
    assert_eq!(begun["backup_id"], "02020202020202020202020202020202");
    assert_eq!(begun["archive"]["backup_id"], begun["backup_id"]);
    let line = format!("--json verify finish --in archive --ceremony {ID}");
    let (verified, _) = object(&feed(&mut rig.pkb(&line), b"{}"));
    assert_eq!(verified["full"], true);
    let output = rig.run("verify .");
    assert!(String::from_utf8_lossy(&output.stderr).contains("NOT_AN_ARCHIVE"));
}

#[test]
fn lists_come_by_pages() {
    let rig = Rig::start();
    let (page, _) = rig.json(&format!("archives {ID}"));
    assert_eq!(page, json!({"archives": [], "next_page": "7-first"}));
    let (page, _) = rig.json(&format!("archives {ID} --limit 3 --page p"));
    assert_eq!(page["next_page"], "3-p");
    let (page, _) = rig.json(&format!("audit {ID} --limit 3 --page p"));
    assert_eq!(
        page,
        json!({"entries": [], "verified": null, "next_page": "3-p"})
    );
}

#[test]
fn a_log_that_was_tampered_with_is_an_error_where_that_was_the_question() {
    let rig = Rig::start();
    assert_eq!(
        rig.json(&format!("audit {ID} --verify")).0["verified"],
        true
    );
    assert_eq!(rig.json(&format!("audit {TAMPERED}")).1, 0);
    let (error, status) = rig.json(&format!("audit {TAMPERED} --verify"));
    assert_eq!(
        (status, &error["error"]["name"]),
        (1, &json!("AUDIT_TAMPERED"))
    );
}

#[test]
fn what_the_service_cannot_do_is_said() {
    let rig = Rig::start();
    let (error, status) = rig.json("vault list");
    assert_eq!(
        (status, &error["error"]["name"]),
        (1, &json!("UNSUPPORTED_VERSION"))
    );
}

#[test]
fn a_result_that_cannot_be_printed_is_a_failure_and_no_panic() {
    let rig = Rig::start();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = rig.pkb("info").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cannot print the result"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn what_nobody_reads_on_standard_error_changes_no_outcome() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let backup = format!("backup {ID} --in in --out");
    for (line, status) in [
        ("vault show 12", 2),
        ("restore finish --ceremony 12 --in in --out out", 2),
        ("info --socket /missing", 1),
        ("restore begin --in missing", 1),
        (&format!("{backup} unconfirmed --meta {UNCONFIRMED}"), 0),
        (&format!("{backup} -"), 0),
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = rig.pkb(line).stderr(writer).output().unwrap();
        // No code would be an end by a signal, such as of an abort.
        assert_eq!(output.status.code(), Some(status), "{line}");
    }
    assert_eq!(rig.names(), ["in", "unconfirmed"]);
}

/// A medium that is really full: a tmpfs, which only root can mount.
#[test]
fn a_full_medium_is_named_and_left_as_it_was() {
    let rig = Rig::start();
    rig.write("in", b"12345");
    let small = rig.path("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs"])
        .arg(&small)
        .status();
    assert!(
        mounted.is_ok_and(|status| status.success()),
        "this test mounts a tmpfs: run it as root"
    );
    fs::write(small.join("last"), b"").unwrap();
    let (error, status) = rig.json(&format!("backup {ID} --in in --out small/out"));
    let names = common::names(&small);
    assert!(
        Command::new("umount")
            .arg(&small)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!((status, &error["error"]["name"]), (1, &json!("NO_SPACE")));
    assert_eq!(names, ["last"]);
}
