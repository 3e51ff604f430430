// SPDX-License-Identifier: Apache-2.0

//! Before and after a reboot of the machine with the same disk: `before` runs in one boot, `after`
//! in the next one.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use e2e::{RestoreCeremony, User};
use serde_json::{Value, json};
use test_authenticator::{Authenticator, Counter, Fault, Settings};

/// On the disk that is kept, where neither service looks.
const FOLDER: &str = "/data/reboot";
const UID: u32 = 10_777;

fn kept(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

fn shown(user: &User, vault: &str) -> Value {
    user.pkb.json(&["vault", "show", vault]).unwrap()
}

#[test]
fn before() {
    let settings = Settings {
        counter: Counter::Counting,
        ..Settings::default()
    };
    let mut user = User::new(None, UID).with_settings(settings);
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"from before");
    assert_eq!(user.restore(&archive.path).unwrap(), b"from before");
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let audit = user.pkb.json(&["audit", &vault]).unwrap();

    fs::create_dir(FOLDER).unwrap();
    let state = json!({
        "vault": vault, "shown": shown(&user, &vault), "audit": audit,
        "token": ready.token, "response": ready.response,
    });
    fs::write(kept("state.json"), state.to_string()).unwrap();
    fs::write(kept("passkeys"), user.passkeys.export().unwrap()).unwrap();
    fs::copy(&archive.path, kept("a.pkb")).unwrap();
    chown(kept("a.pkb"), Some(UID), Some(UID)).unwrap();
}

#[test]
fn after() {
    let state = fs::read_to_string(kept("state.json")).expect("what `before` left");
    let state: Value = serde_json::from_str(&state).unwrap();
    let text = |name: &str| state[name].as_str().unwrap().to_owned();
    let (vault, archive) = (text("vault"), kept("a.pkb"));
    let mut user = User::new(None, UID);
    user.passkeys = Authenticator::import(&fs::read(kept("passkeys")).unwrap()).unwrap();

    // The vault with its factors and counters is what it was, and nobody else sees it.
    assert_eq!(shown(&user, &vault), state["shown"]);
    let stranger = User::new(None, UID + 1);
    let refusal = stranger.pkb.json(&["vault", "show", &vault]).unwrap_err();
    assert_eq!(refusal.name, "NOT_FOUND");

    // A challenge of before is none any more, although its answer was never used.
    let ready = RestoreCeremony {
        token: text("token"),
        response: text("response"),
    };
    let out = user.path("out");
    let refusal = user.finish_restore(&ready, &archive, &out).unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_UNKNOWN");
    assert!(!out.exists());

    // The counter of before still counts.
    let begun = user.begin_restore(&archive).unwrap();
    let fault = [Fault::CounterReset];
    let answer = user
        .passkeys
        .assert_with(&begun.to_string(), &user.origin, &fault);
    let command = [
        "restore",
        "finish",
        "--in",
        e2e::arg(&archive),
        "--out",
        e2e::arg(&out),
    ];
    let refusal = user.finish(&command, &begun, &answer.unwrap()).unwrap_err();
    assert_eq!(refusal.name, "COUNTER_REGRESSION");

    assert_eq!(user.restore(&archive).unwrap(), b"from before");
    let made = user.backup(&vault, "b.pkb", b"from after");
    assert_eq!(user.restore(&made.path).unwrap(), b"from after");
    let audit = user.pkb.json(&["audit", &vault, "--verify"]).unwrap();
    assert_eq!(audit["verified"], true);
    let (now, then) = (&audit["entries"], &state["audit"]["entries"]);
    for entry in then.as_array().unwrap() {
        assert!(
            now.as_array().unwrap().contains(entry),
            "{entry} in {now:#}"
        );
    }
}
