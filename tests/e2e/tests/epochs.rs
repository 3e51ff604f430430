// SPDX-License-Identifier: Apache-2.0

//! Rotation, refreshed archives, the end of an epoch, rehearsals, and the log of it all.

use std::fs;

use e2e::{Device, Layout, User, arg, contract};
use serde_json::{Value, json};
use test_authenticator::Authenticator;

fn with_prf() -> (Device, User, String) {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    (device, user, vault)
}

#[test]
fn rotation_gives_the_archives_at_hand_new_keys_and_names_the_others() {
    let (_device, mut user, vault) = with_prf();
    let one = user.backup(&vault, "one.pkb", &e2e::content(1, 3 << 20));
    let two = user.backup(&vault, "two.pkb", b"two");
    let before = fs::read(&one.path).unwrap();
    let rotated = user.rotate(&vault, &[&one.path]).unwrap();
    assert_eq!(rotated["vault_id"], vault.as_str());
    assert_eq!(rotated["epoch"], 2);
    assert_eq!(rotated["rewrapped"], json!([one.id()]));
    assert_eq!(rotated["pending"], json!([two.id()]));

    // Same core and body, another key part.
    let after = fs::read(&one.path).unwrap();
    let (old, new) = (Layout::of(&before), Layout::of(&after));
    assert_eq!(before[old.core.clone()], after[new.core.clone()]);
    assert!(before[old.body_header.start..] == after[new.body_header.start..]);
    assert!(before != after);
    assert_eq!(user.restore(&one.path).unwrap(), e2e::content(1, 3 << 20));
    // The other still opens here, under the retired epoch.
    assert_eq!(user.restore(&two.path).unwrap(), b"two");
    let names = ["one.pkb", "one.pkb.plain", "two.pkb", "two.pkb.plain"];
    assert_eq!(user.listing(), names, "no temporary file stays");

    let refreshed = user.pkb.json(&["archive", "refresh", two.arg()]).unwrap();
    contract::archive(&refreshed);
    assert_eq!(refreshed["epoch"], 2);
    assert_eq!(refreshed["state"], "complete");
    let length = fs::metadata(&two.path).unwrap().len();
    assert_eq!(refreshed["archive_bytes"], length);
    assert_eq!(user.restore(&two.path).unwrap(), b"two");
    let again = user.rotate(&vault, &[&one.path, &two.path]).unwrap();
    assert_eq!(again["pending"], json!([]));
    assert_eq!(again["rewrapped"], json!([one.id(), two.id()]));
}

#[test]
fn an_archive_of_before_opens_elsewhere_with_a_new_factor_once_it_is_refreshed() {
    let device = Device::another();
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"content");
    let key = user.make_recovery_key(&vault).unwrap();

    let new = Device::new();
    let mut there = user.on(&new).without_passkeys();
    let copy = there.fetch(&archive);
    assert_eq!(
        there.import_with_key(&copy, &key).unwrap_err().name,
        "CANNOT_OPEN"
    );
    user.pkb
        .json(&["archive", "refresh", archive.arg()])
        .unwrap();
    let copy = there.fetch(&archive);
    there.import_with_key(&copy, &key).unwrap();
    assert_eq!(there.restore(&copy).unwrap(), b"content");
}

#[test]
fn a_passkey_follows_a_rotation_when_it_answers_it() {
    // A passkey that was not there when the PRF input changed still opens newer archives by its old
    // one; the one that answered, by the new one.
    let device = Device::another();
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let mut tablet = Authenticator::new();
    user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    let phone = std::mem::replace(&mut user.passkeys, tablet);
    user.enrol_prf(&vault).unwrap();
    let tablet = std::mem::replace(&mut user.passkeys, phone);
    user.rotate(&vault, &[]).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"after");
    for passkeys in [user.passkeys.clone(), tablet] {
        let new = Device::another();
        let mut there = user.on(&new);
        there.passkeys = passkeys;
        let copy = there.fetch(&archive);
        there.import(&copy).unwrap();
        assert_eq!(there.restore(&copy).unwrap(), b"after");
    }
}

#[test]
fn a_revoked_passkey_reads_what_it_always_could_and_nothing_new() {
    let device = Device::another();
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let mut stolen = Authenticator::new();
    user.add_passkey(&vault, "Stolen", &mut stolen).unwrap();
    let phone = std::mem::replace(&mut user.passkeys, stolen);
    user.enrol_prf(&vault).unwrap();
    let stolen = std::mem::replace(&mut user.passkeys, phone);
    let before = user.backup(&vault, "before.pkb", b"before");
    let old_copy = fs::read(&before.path).unwrap();
    let shown = user.show(&vault);
    let id = shown["credentials"][1]["credential_id"].as_str().unwrap();
    user.remove_passkey(&vault, id).unwrap();
    user.pkb
        .json(&["archive", "refresh", before.arg()])
        .unwrap();
    let after = user.backup(&vault, "after.pkb", b"after");

    let new = Device::another();
    let mut thief = user.on(&new);
    thief.passkeys = stolen;
    for archive in [&before, &after] {
        let copy = thief.fetch(archive);
        let begun = thief
            .pkb
            .json(&["import", "begin", "--in", arg(&copy)])
            .unwrap();
        let asked = begun["options"]["allowCredentials"].as_array().unwrap();
        assert!(asked.iter().all(|one| one["id"] != id), "{begun:#}");
        let mut any = begun.clone();
        any["options"]["allowCredentials"] = json!([]);
        let answer = thief.assert(&any);
        let refusal = thief
            .finish(&["import", "finish"], &begun, &answer)
            .unwrap_err();
        assert!(
            ["UNKNOWN_CREDENTIAL", "CANNOT_OPEN"].contains(&refusal.name.as_str()),
            "{refusal}"
        );
    }
    // A copy with the old header opens: a new wrap does not change an old key. The texts say so.
    let copy = thief.put("copy.pkb", &old_copy);
    thief.import(&copy).unwrap();
    assert_eq!(thief.restore(&copy).unwrap(), b"before");
    // What was made after does not, with the vault on the thief's device either.
    let newer = thief.fetch(&after);
    assert_eq!(
        thief.begin_restore(&newer).unwrap_err().name,
        "HEADER_TAMPERED"
    );
}

#[test]
fn an_ended_epoch_opens_nothing_here() {
    let (_device, mut user, vault) = with_prf();
    let stays = user.backup(&vault, "stays.pkb", b"stays");
    let moves = user.backup(&vault, "moves.pkb", b"moves");
    user.rotate(&vault, &[&moves.path]).unwrap();
    let refusal = user
        .pkb
        .json(&["epoch", "begin-end", &vault, "2"])
        .unwrap_err();
    assert_eq!(
        refusal.name, "NOT_FOUND",
        "the current one is no retired one"
    );
    let ended = user
        .assertion(
            &["epoch", "begin-end", &vault, "1"],
            &["epoch", "finish-end"],
        )
        .unwrap();
    contract::vault(&ended);
    assert_eq!(ended["retired_epochs"], json!([]));
    assert_eq!(user.restore(&moves.path).unwrap(), b"moves");
    assert_eq!(
        user.begin_restore(&stays.path).unwrap_err().name,
        "EPOCH_ENDED"
    );
    let refusal = user
        .pkb
        .json(&["archive", "refresh", stays.arg()])
        .unwrap_err();
    assert_eq!(refusal.name, "EPOCH_ENDED");
    assert_eq!(
        user.listing().len(),
        4,
        "a refused refresh leaves the file and no other"
    );
    let verified = user.pkb.json(&["verify", stays.arg()]).unwrap();
    assert_eq!(verified["mac"], "not_checkable");
}

#[test]
fn a_rotation_refuses_what_is_not_its_archive_before_anything_happens() {
    let (device, mut user, vault) = with_prf();
    let mut other = device.user();
    let theirs = other.enrol();
    let foreign = other.backup(&theirs, "theirs.pkb", b"theirs");
    let copy = user.fetch(&foreign);
    let damaged = {
        let archive = user.backup(&vault, "a.pkb", b"x");
        let mut bytes = fs::read(&archive.path).unwrap();
        let place = Layout::of(&bytes).key_part.start + 20;
        bytes[place] ^= 1;
        user.put("damaged.pkb", &bytes)
    };
    let nothing = user.put("nothing.pkb", b"nothing");
    for (archive, name) in [(&damaged, "HEADER_TAMPERED"), (&nothing, "NOT_AN_ARCHIVE")] {
        let refusal = user.rotate(&vault, &[archive]).unwrap_err();
        assert_eq!(refusal.name, name);
        assert_eq!(user.show(&vault)["epoch"], 1);
    }
    // Somebody else's is found when it is opened; the rotation itself is done by then.
    let refusal = user.rotate(&vault, &[&copy]).unwrap_err();
    assert_eq!(refusal.name, "NOT_FOUND");
    assert_eq!(user.show(&vault)["epoch"], 2);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&foreign.path).unwrap());
}

#[test]
fn a_rehearsal_proves_that_a_new_device_would_do() {
    let (_device, mut user, vault) = with_prf();
    let archive = user.backup(&vault, "a.pkb", b"content");
    let begin = ["rehearse", "begin", "--in", archive.arg()];
    let rehearsed = user.assertion(&begin, &["rehearse", "finish"]).unwrap();
    contract::rehearsed(&rehearsed);
    assert_eq!(rehearsed["backup_id"], archive.id());
    let shown = user.show(&vault);
    let factor = &shown["factors"][0];
    assert_eq!(rehearsed["factor_id"], factor["factor_id"]);
    assert!(factor["last_proved_at"].is_string());
    assert_eq!(shown["epoch"], 1);

    let begun = user.pkb.json(&begin).unwrap();
    contract::prf_request(&begun);
    let mut answer: Value = serde_json::from_str(&user.assert(&begun)).unwrap();
    answer["clientExtensionResults"]["prf"]["results"]["first"] = json!("A".repeat(43));
    let refusal = user
        .finish(&["rehearse", "finish"], &begun, &answer.to_string())
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");

    // An archive of before the enrolment has no envelope for it.
    let mut plain = user.on(&_device);
    let other = plain.enrol();
    let bare = plain.backup(&other, "bare.pkb", b"x");
    let refusal = plain
        .pkb
        .json(&["rehearse", "begin", "--in", bare.arg()])
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
}

#[test]
fn digits_and_passwords_are_rehearsed_beside_an_assertion() {
    const PASSWORD: &str = "correct horse battery staple tram";
    let (_device, mut user, vault) = with_prf();
    let key = user.make_recovery_key(&vault).unwrap();
    user.set_password(&vault, PASSWORD).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"content");
    let proved = |user: &User, kind: &str| {
        let shown = user.show(&vault);
        let factors = shown["factors"].as_array().unwrap().clone();
        let factor = factors.into_iter().find(|one| one["kind"] == kind).unwrap();
        let warnings = shown["warnings"].as_array().unwrap();
        let warned = warnings.contains(&json!("factor_never_proved"));
        (factor, warned)
    };
    assert!(proved(&user, "recovery").1);
    let file = user.put("key", key.as_bytes());
    let with_key = [
        "rehearse",
        "begin-recovery",
        "--in",
        archive.arg(),
        "--key-file",
        arg(&file),
    ];
    let done = user.assertion(&with_key, &["rehearse", "finish"]).unwrap();
    contract::rehearsed(&done);
    let (factor, _) = proved(&user, "recovery");
    assert_eq!(done["factor_id"], factor["factor_id"]);
    assert!(factor["last_proved_at"].is_string());
    let file = user.put("password-file", PASSWORD.as_bytes());
    let with_password = [
        "rehearse",
        "begin-password",
        "--in",
        archive.arg(),
        "--password-file",
        arg(&file),
    ];
    user.assertion(&with_password, &["rehearse", "finish"])
        .unwrap();
    assert!(!proved(&user, "password").1, "every factor was proved");

    // A wrong password is counted; what is no key of this vault does not open it.
    user.put("password-file", b"another horse, another staple, eh");
    let refusal = user
        .assertion(&with_password, &["rehearse", "finish"])
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
    let other = user.enrol();
    let foreign = user.make_recovery_key(&other).unwrap();
    user.put("key", foreign.as_bytes());
    let refusal = user
        .assertion(&with_key, &["rehearse", "finish"])
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
    user.put("key", b"00000000");
    let refusal = user.pkb.json(&with_key).unwrap_err();
    assert_eq!(refusal.name, "RECOVERY_TYPO");
}

#[test]
fn the_catalogue_comes_back_out_of_a_folder() {
    let (device, mut user, vault) = with_prf();
    fs::create_dir(user.path("cloud")).unwrap();
    std::os::unix::fs::chown(user.path("cloud"), Some(user.pkb.uid()), None).unwrap();
    let made: Vec<_> = (0..20)
        .map(|n| user.backup(&vault, &format!("cloud/{n:02}.pkb"), &[n; 9]))
        .collect();
    user.put("cloud/notes.txt", b"no archive");
    let mut other = device.user();
    let theirs = other.enrol();
    let foreign = other.backup(&theirs, "theirs.pkb", b"theirs");
    user.put("cloud/theirs.pkb", &fs::read(&foreign.path).unwrap());
    for archive in made.iter().take(18) {
        user.pkb.json(&["archive", "forget", archive.id()]).unwrap();
    }
    // A file of a retired epoch, to find out what is under which.
    user.rotate(&vault, &[&made[0].path])
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    user.pkb.json(&["archive", "forget", made[0].id()]).unwrap();

    let cloud = user.path("cloud");
    let rebuild = ["catalogue", "rebuild", "--from", arg(&cloud)];
    let rebuilt = user.pkb.json(&rebuild).unwrap();
    contract::rebuilt(&rebuilt);
    // The plaintexts that `backup` was given lie beside the archives.
    let refused = rebuilt["refused"].as_array().unwrap();
    let of = |suffix: &str| {
        let mut found = refused.iter().filter(|one| {
            let path = one["path"].as_str().unwrap();
            path.ends_with(suffix)
        });
        found.next().map(|one| one["error"].clone())
    };
    assert_eq!(rebuilt["added"], 18);
    assert_eq!(rebuilt["known"], 2);
    assert_eq!(of("notes.txt"), Some(json!("NOT_AN_ARCHIVE")));
    assert_eq!(of("theirs.pkb"), Some(json!("NOT_FOUND")));
    let listed = user
        .pkb
        .json(&["archives", &vault, "--limit", "50"])
        .unwrap();
    let listed = listed["archives"].as_array().unwrap();
    assert_eq!(listed.len(), 20);
    let current: Vec<&Value> = listed.iter().filter(|one| one["epoch"] == 2).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["backup_id"], made[0].id());
    let again = user.pkb.json(&rebuild).unwrap();
    assert_eq!(again["added"], 0);
    assert_eq!(again["known"], 20);
}

#[test]
fn the_log_of_a_day_can_be_read_and_verified() {
    let (_device, mut user, vault) = with_prf();
    let archive = user.backup(&vault, "a.pkb", b"content");
    user.restore(&archive.path).unwrap();
    user.make_recovery_key(&vault).unwrap();
    user.set_password(&vault, "correct horse battery staple tram")
        .unwrap();
    let mut tablet = Authenticator::new();
    let added = user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    user.remove_passkey(&vault, added["credential_id"].as_str().unwrap())
        .unwrap();
    user.rotate(&vault, &[&archive.path]).unwrap();
    user.assertion(
        &["epoch", "begin-end", &vault, "1"],
        &["epoch", "finish-end"],
    )
    .unwrap();
    user.assertion(
        &["rehearse", "begin", "--in", archive.arg()],
        &["rehearse", "finish"],
    )
    .unwrap();
    let begun = user.begin_restore(&archive.path).unwrap();
    user.passkeys.user_verified(false);
    let answer = user.assert(&begun);
    user.passkeys.user_verified(true);
    let out = user.path("out");
    let command = [
        "restore",
        "finish",
        "--in",
        archive.arg(),
        "--out",
        arg(&out),
    ];
    let refusal = user.finish(&command, &begun, &answer).unwrap_err();
    assert_eq!(refusal.name, "USER_NOT_VERIFIED");

    let log = user
        .pkb
        .json(&["audit", &vault, "--verify", "--limit", "50"])
        .unwrap();
    contract::audit(&log);
    assert_eq!(log["verified"], true);
    let mut entries: Vec<(String, String)> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            (text("event"), text("result"))
        })
        .collect();
    entries.reverse();
    let expected = [
        ("vault_created", "ok"),
        ("prf_enrolled", "ok"),
        ("backup_key_released", "ok"),
        ("restore_key_released", "ok"),
        ("recovery_created", "ok"),
        ("password_set", "ok"),
        ("credential_added", "ok"),
        ("credential_removed", "ok"),
        ("rotated", "ok"),
        ("rotated", "ok"),
        ("epoch_ended", "ok"),
        ("rehearsed", "ok"),
        ("ceremony_failed", "USER_NOT_VERIFIED"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(event, result)| ((*event).to_owned(), (*result).to_owned()))
        .collect();
    assert_eq!(entries, expected);
    let people = user.pkb.run(&["audit", &vault], e2e::Stdin::Bytes(b""));
    let text = String::from_utf8(people.stdout).unwrap();
    assert!(
        text.contains("recovery_created") && text.contains("USER_NOT_VERIFIED"),
        "{text}"
    );
}
