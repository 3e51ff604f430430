// SPDX-License-Identifier: Apache-2.0

//! Challenges that are older than their life.

use std::thread;
use std::time::Duration;

use e2e::{Daemon, Setup};

const LIFE_MS: u64 = 3000;

#[test]
fn an_expired_challenge_is_refused_by_name_and_a_new_one_works() {
    let setup = Setup {
        challenge_ttl_ms: Some(LIFE_MS),
        ..Setup::default()
    };
    let daemon = Daemon::with(setup);
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");
    let creation = user.begin_enrol().unwrap();
    let registration = user.register(&creation);
    let ready = user.ready_to_restore(&archive.path).unwrap();
    thread::sleep(Duration::from_millis(LIFE_MS + 200));

    let out = user.path("out");
    let refusal = user
        .finish_restore(&ready, &archive.path, &out)
        .unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_EXPIRED");
    assert!(!out.exists());
    let refusal = user
        .finish(&["vault", "finish-create"], &creation, &registration)
        .unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_EXPIRED");
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
}

#[test]
fn expires_at_is_the_life_of_the_challenge_from_now() {
    let daemon = Daemon::start();
    let user = daemon.user();
    let info = user.pkb.json(&["info"]).unwrap();
    assert_eq!(info["limits"]["ceremony_lifetime_ms"], 120_000);
    let begun = user.begin_enrol().unwrap();
    assert_eq!(begun["options"]["timeout"], 120_000);
}

#[test]
fn the_life_of_challenges_can_only_be_shortened() {
    let setup = Setup {
        challenge_ttl_ms: Some(120_001),
        ..Setup::default()
    };
    let failure = Daemon::stopped(setup).start_again().unwrap_err();
    assert_eq!(failure.status.code(), Some(2), "{}", failure.log);
}
