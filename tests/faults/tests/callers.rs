// SPDX-License-Identifier: Apache-2.0

//! Who may call, by the file that says so.

use std::fs;

use e2e::{Daemon, Scratch, Setup, next_uid};
use serde_json::json;
use test_authenticator::{Fault, Settings};

struct Listed {
    folder: Scratch,
    uid: u32,
}

impl Listed {
    fn new() -> Listed {
        let listed = Listed {
            folder: Scratch::shared(),
            uid: next_uid(),
        };
        listed.write("org.example.notes", '1');
        listed
    }

    fn write(&self, package: &str, signer: char) {
        let callers = json!({"version": 1, "callers": [{
            "uid": self.uid, "package": package, "signer": signer.to_string().repeat(64),
            "origins": ["https://example.org"],
        }]});
        fs::write(self.folder.join("callers.json"), callers.to_string()).unwrap();
    }

    fn setup(&self) -> Setup {
        Setup {
            callers: Some(self.folder.join("callers.json")),
            ..Setup::default()
        }
    }
}

#[test]
fn a_uid_that_is_not_listed_is_refused_everything() {
    let listed = Listed::new();
    let daemon = Daemon::with(listed.setup());
    let mut known = daemon.user_with_uid(listed.uid);
    let vault = known.enrol();
    let stranger = daemon.user();
    for arguments in [
        &["info"][..],
        &["vault", "list"],
        &["vault", "show", &vault],
        &["archives", &vault],
        &["archive", "forget", &vault],
    ] {
        let name = stranger.pkb.json(arguments).unwrap_err().name;
        assert_eq!(name, "PERMISSION_DENIED", "{arguments:?}");
    }
    assert_eq!(
        stranger.begin_enrol().unwrap_err().name,
        "PERMISSION_DENIED"
    );
}

#[test]
fn isolated_and_sandboxed_uids_are_refused() {
    let daemon = Daemon::start();
    for uid in [20_000, 29_999, 90_000, 99_999, 1_020_000] {
        let user = daemon.user_with_uid(uid);
        assert_eq!(
            user.begin_enrol().unwrap_err().name,
            "PERMISSION_DENIED",
            "{uid}"
        );
    }
    daemon.user_with_uid(1_010_000).enrol();
}

#[test]
fn an_origin_must_be_listed_for_the_caller() {
    let listed = Listed::new();
    let daemon = Daemon::with(listed.setup());
    let mut user = daemon.user_with_uid(listed.uid);
    user.origin = "https://login.example.org".to_owned();
    assert_eq!(user.begin_enrol().unwrap_err().name, "BAD_REQUEST");
    user.origin = "https://example.org".to_owned();
    user.enrol();
}

#[test]
fn a_uid_that_another_app_gets_inherits_nothing() {
    let listed = Listed::new();
    let mut daemon = Daemon::with(listed.setup());
    let mut user = daemon.user_with_uid(listed.uid);
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"mine");
    daemon.stop();
    listed.write("org.example.notes", '2');
    daemon.start_again().unwrap();
    let vaults = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(vaults, json!({"vaults": []}));
    assert_eq!(
        user.pkb.json(&["vault", "show", &vault]).unwrap_err().name,
        "NOT_FOUND"
    );
    let name = user.begin_restore(&archive.path).unwrap_err().name;
    assert!(
        ["NOT_FOUND", "WRONG_APP"].contains(&name.as_str()),
        "{name}"
    );
}

#[test]
fn a_callers_file_that_others_can_write_is_refused() {
    let listed = Listed::new();
    let path = listed.folder.join("callers.json");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let failure = Daemon::stopped(listed.setup()).start_again().unwrap_err();
    assert!(failure.log.contains("PERMISSION_DENIED"), "{}", failure.log);
    fs::write(&path, "{").unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let failure = Daemon::stopped(listed.setup()).start_again().unwrap_err();
    assert!(failure.log.contains("BAD_REQUEST"), "{}", failure.log);
}

#[test]
fn an_app_proves_itself_by_its_certificate_and_its_package() {
    let listed = Listed::new();
    let daemon = Daemon::with(listed.setup());
    let settings = Settings {
        android_package: Some("org.example.notes".to_owned()),
        ..Settings::default()
    };
    let mut user = daemon.user_with_uid(listed.uid).with_settings(settings);
    // Base64url of 32 bytes 0x11, the signer in the file; then of another.
    user.origin = "android:apk-key-hash:IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI".to_owned();
    assert_eq!(user.begin_enrol().unwrap_err().name, "BAD_REQUEST");
    user.origin = "android:apk-key-hash:ERERERERERERERERERERERERERERERERERERERERERE".to_owned();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");
    let begun = user.begin_restore(&archive.path).unwrap();
    let fault = [Fault::AndroidPackage("com.example.attacker".to_owned())];
    let answer = user
        .passkeys
        .assert_with(&begun.to_string(), &user.origin, &fault)
        .unwrap();
    let out = user.path("out");
    let command = [
        "restore",
        "finish",
        "--in",
        archive.arg(),
        "--out",
        e2e::arg(&out),
    ];
    let refusal = user.finish(&command, &begun, &answer).unwrap_err();
    assert_eq!(refusal.name, "PACKAGE_MISMATCH");
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
}
