// SPDX-License-Identifier: Apache-2.0

//! The command, as a shell script uses it.

mod common;

use std::{
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use common::*;
use serde_json::json;

fn run(store: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pkb-authenticator"))
        .arg("--store")
        .arg(store)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read; then its exit status is what counts.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn done(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn passkeys_and_settings_last_from_call_to_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("passkeys.json");
    let printed = json!({"ceremony": "c", "options": creation_options(), "expires_at": "t"});
    let arguments = ["--counter", "counting", "--backup", "eligible", "register"];
    let arguments = [&arguments[..], &["--origin", ORIGIN]].concat();
    let registration = Registration::read(&done(run(&store, &arguments, &printed.to_string())));
    assert_eq!(
        store.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );

    let options = request_options(&registration.credential_id).to_string();
    for expected in [1, 2] {
        let response = done(run(&store, &["assert", "--origin", ORIGIN], &options));
        let assertion = Assertion::read(&response);
        assert!(assertion.verifies(&registration.public_key));
        assert_eq!(flags(&assertion.auth_data), 0x0d, "UP UV BE");
        assert_eq!(counter(&assertion.auth_data), expected);
    }

    let faults = [
        "--fault",
        "cross-origin",
        "counter-reset",
        "--fault",
        "rp-id=other.example",
    ];
    let arguments = [&["assert", "--origin", ORIGIN], &faults[..]].concat();
    let assertion = Assertion::read(&done(run(&store, &arguments, &options)));
    assert!(assertion.verifies(&registration.public_key));
    assert_eq!(client_data(&assertion.json)["crossOrigin"], true);
    assert_eq!(counter(&assertion.auth_data), 0);
    assert_eq!(assertion.auth_data[..32], sha256(b"other.example"));
}

#[test]
fn refusals_and_usage_have_their_own_status() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("passkeys.json");
    let options = creation_options().to_string();
    for (arguments, status) in [
        (&["assert", "--origin", ORIGIN][..], 1), // no store yet
        (&["register", "--origin", "https://example.com"], 1),
        (&["register"], 2),
        (
            &["register", "--origin", ORIGIN, "--fault", "no-such-fault"],
            2,
        ),
        (
            &["--backup", "sometimes", "register", "--origin", ORIGIN],
            2,
        ),
    ] {
        let output = run(&store, arguments, &options);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
    assert!(!store.exists());
}
