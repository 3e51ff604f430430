// SPDX-License-Identifier: Apache-2.0

//! What the daemon wrote, opened by one factor of its owner and a Python script: if everything of this
//! project were lost, an archive and its digits would be enough.

use std::fs;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use e2e::{Daemon, User, arg, content};
use interop::{python, set_up};
use serde_json::Value;

const PASSWORD: &str = "orbit-velvet-mango-47-quarry";

/// What the script makes of an archive; `None` where it does not open.
fn opened(user: &User, kind: &str, secret: &str, archive: &Path) -> Option<Vec<u8>> {
    let plain = user.put("plain", b"");
    match python(
        "open_archive.py",
        &[kind, secret, arg(archive), arg(&plain)],
    ) {
        Some(0) => Some(fs::read(plain).unwrap()),
        Some(3) => None,
        status => panic!("open_archive.py: {status:?}"),
    }
}

/// The PRF output of the user's passkey for an archive, as a rehearsal asks for it.
fn prf_output(user: &mut User, archive: &Path) -> String {
    let begin = ["rehearse", "begin", "--in", arg(archive)];
    let begun = user.pkb.json(&begin).unwrap();
    let answer: Value = serde_json::from_str(&user.assert(&begun)).unwrap();
    let first = &answer["clientExtensionResults"]["prf"]["results"]["first"];
    let output = Base64UrlUnpadded::decode_vec(first.as_str().unwrap()).unwrap();
    output.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_factor_opens_an_archive_without_us() {
    set_up();
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = content(1, 1_234_567);
    let before = user.backup(&vault, "before.pkb", &plain);
    user.enrol_prf(&vault).unwrap();
    let key = user.make_recovery_key(&vault).unwrap();
    user.set_password(&vault, PASSWORD).unwrap();
    let first = user.backup(&vault, "first.pkb", &plain);
    user.rotate(&vault, &[]).unwrap();
    let second = user.backup(&vault, "second.pkb", &plain);
    for archive in [&first, &second] {
        let output = prf_output(&mut user, &archive.path);
        for (kind, secret) in [
            ("recovery", key.as_str()),
            ("password", PASSWORD),
            ("passkey", &output),
        ] {
            assert!(
                opened(&user, kind, secret, &archive.path).as_ref() == Some(&plain),
                "{kind}"
            );
        }
        assert_eq!(
            opened(&user, "password", "another one", &archive.path),
            None
        );
    }
    // One that was made before there was such a factor; and one that was changed.
    assert_eq!(opened(&user, "recovery", &key, &before.path), None);
    let mut bytes = fs::read(&second.path).unwrap();
    for at in [20, 400, 9_000] {
        bytes[at] ^= 1;
        let changed = user.put("changed.pkb", &bytes);
        assert_eq!(opened(&user, "recovery", &key, &changed), None);
        bytes[at] ^= 1;
    }
    // A key that was replaced opens what was made before, and nothing since.
    let new_key = user.make_recovery_key(&vault).unwrap();
    let third = user.backup(&vault, "third.pkb", &plain);
    assert!(opened(&user, "recovery", &key, &second.path).is_some());
    assert_eq!(opened(&user, "recovery", &key, &third.path), None);
    assert!(opened(&user, "recovery", &new_key, &third.path).as_ref() == Some(&plain));
}

#[test]
fn known_answers_are_what_their_script_prints() {
    set_up();
    let tests = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ta/core/src/factor/tests.rs"
    );
    assert_eq!(python("open_archive.py", &["vectors", tests]), Some(0));
}
