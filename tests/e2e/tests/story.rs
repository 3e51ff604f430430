// SPDX-License-Identifier: Apache-2.0

//! The whole story, command by command, as `pkb-cli.md` promises it: shapes, nulls and values.

use e2e::{Device, Stdin, User, arg, contract};
use serde_json::{Value, json};

fn device_and_user() -> (Device, User) {
    let device = Device::new();
    let user = device.user();
    (device, user)
}

#[test]
fn info_says_what_stands_behind_the_service() {
    let (device, user) = device_and_user();
    let info = user.pkb.json(&["info"]).unwrap();
    contract::info(&info);
    assert_eq!(info["transport"], device.transport());
    assert_eq!(info["sealer"]["kind"], device.sealer());
    if device.sealer() == "nonsecure" {
        assert_eq!(info["sealer"]["storage_protection"], "none");
        let revision = info["sealer"]["revision"].as_str().unwrap().to_lowercase();
        assert!(revision.contains("nonsecure"), "{info:#}");
    }
    for algorithm in [-7, -8, -35, -36, -257] {
        assert!(
            info["algorithms"]
                .as_array()
                .unwrap()
                .contains(&json!(algorithm)),
            "{info:#}"
        );
    }
}

#[test]
fn a_new_vault_is_what_was_asked_for_and_says_that_it_is_not_portable() {
    let (_device, mut user) = device_and_user();
    let begun = user
        .pkb
        .json(&[
            "vault",
            "begin-create",
            "--rp-id",
            "example.org",
            "--origin",
            "https://example.org",
            "--origin",
            "https://login.example.org:8443",
            "--user-name",
            "Ada \u{2713}",
        ])
        .unwrap();
    contract::creation(&begun);
    assert_eq!(begun["options"]["rp"]["id"], "example.org");
    assert_eq!(begun["options"]["user"]["name"], "Ada \u{2713}");
    assert!(
        begun["options"]["extensions"]["prf"].is_object(),
        "{begun:#}"
    );
    let response = user.register(&begun);
    let vault = user
        .finish(&["vault", "finish-create"], &begun, &response)
        .unwrap();
    contract::vault(&vault);
    assert_eq!(vault["epoch"], 1);
    assert_eq!(vault["retired_epochs"], json!([]));
    assert_eq!(vault["rp_id"], "example.org");
    let origins = json!(["https://example.org", "https://login.example.org:8443"]);
    assert_eq!(vault["origins"], origins);
    assert_eq!(vault["user_name"], "Ada \u{2713}");
    assert_eq!(vault["require_biometric"], false);
    assert_eq!(vault["state"], "ok");
    let survives = json!({"phone_lost": false, "passkey_deleted": false, "both": false});
    assert_eq!(vault["survives"], survives);
    assert!(
        vault["warnings"]
            .as_array()
            .unwrap()
            .contains(&json!("not_portable")),
        "{vault:#}"
    );
    let credential = &vault["credentials"][0];
    assert_eq!(vault["credentials"].as_array().unwrap().len(), 1);
    assert_eq!(
        credential["credential_id"].as_str(),
        response_id(&response).as_deref()
    );
    assert_eq!(credential["sign_count"], 0);
    assert_eq!(credential["backup_eligible"], true);
    assert_eq!(credential["backup_state"], true);
    assert_eq!(credential["attestation"], "none");
    assert_eq!(credential["prf"], "enabled");
}

fn response_id(response: &str) -> Option<String> {
    let response: Value = serde_json::from_str(response).ok()?;
    Some(response["id"].as_str()?.to_owned())
}

#[test]
fn show_and_list_agree_and_list_holds_every_vault() {
    let (_device, mut user) = device_and_user();
    assert_eq!(
        user.pkb.json(&["vault", "list"]).unwrap(),
        json!({"vaults": []})
    );
    let (first, second) = (user.enrol(), user.enrol());
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    contract::keys(&listed, &["vaults"]);
    let listed = listed["vaults"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for id in [&first, &second] {
        let shown = user.pkb.json(&["vault", "show", id]).unwrap();
        contract::vault(&shown);
        assert!(listed.contains(&shown), "{shown:#} is not in {listed:#?}");
    }
}

#[test]
fn origins_are_replaced_as_a_whole_after_a_ceremony() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let begun = user
        .pkb
        .json(&[
            "origin",
            "begin-set",
            &vault,
            "--origin",
            "https://new.example.org",
        ])
        .unwrap();
    contract::request(&begun);
    let answer = user.assert(&begun);
    let set = user
        .finish(&["origin", "finish-set"], &begun, &answer)
        .unwrap();
    contract::vault(&set);
    assert_eq!(set["origins"], json!(["https://new.example.org"]));
    assert_eq!(set["vault_id"], vault.as_str());

    // The old origin is gone for good, the new one works.
    let archive = user.backup(&vault, "a.pkb", b"kept");
    assert_eq!(
        user.restore(&archive.path).unwrap_err().name,
        "ORIGIN_MISMATCH"
    );
    user.origin = "https://new.example.org".to_owned();
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
}

#[test]
fn an_origin_off_the_relying_party_is_refused_before_any_ceremony() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    for origin in [
        "https://example.com",
        "http://example.org",
        "https://example.org/path",
        "x",
    ] {
        let refusal = user
            .pkb
            .json(&["origin", "begin-set", &vault, "--origin", origin])
            .unwrap_err();
        assert_eq!(refusal.name, "BAD_REQUEST", "{origin}");
        user.origin = origin.to_owned();
        assert_eq!(
            user.begin_enrol().unwrap_err().name,
            "BAD_REQUEST",
            "{origin}"
        );
    }
}

#[test]
fn passkeys_of_a_vault_are_listed_with_their_last_use() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let list = |user: &User| {
        let listed = user.pkb.json(&["passkey", "list", &vault]).unwrap();
        contract::keys(&listed, &["credentials"]);
        let credentials = listed["credentials"].as_array().unwrap().clone();
        credentials.iter().for_each(contract::credential);
        credentials
    };
    let before = list(&user);
    assert_eq!(before.len(), 1);
    let archive = user.backup(&vault, "a.pkb", b"x");
    user.restore(&archive.path).unwrap();
    let after = list(&user);
    assert!(after[0]["last_used_at"].is_string(), "{after:#?}");
    assert_eq!(after[0]["credential_id"], before[0]["credential_id"]);
}

#[test]
fn metadata_comes_back_as_it_was_given() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let input = user.put("plain", b"content");
    let meta = json!({"schema": 3, "name": "b\u{fc}cher", "n": null});
    let out = user.path("a.pkb");
    let made = user
        .pkb
        .json(&[
            "backup",
            &vault,
            "--in",
            arg(&input),
            "--out",
            arg(&out),
            "--meta",
            &meta.to_string(),
        ])
        .unwrap();
    contract::archive(&made);
    assert_eq!(made["meta"], meta);
    let begun = user.begin_restore(&out).unwrap();
    assert_eq!(begun["archive"], made);
    let answer = user.assert(&begun);
    let to = user.path("back");
    let restored = user
        .finish(
            &["restore", "finish", "--in", arg(&out), "--out", arg(&to)],
            &begun,
            &answer,
        )
        .unwrap();
    contract::restored(&restored);
    assert_eq!(restored["meta"], meta);
    assert_eq!(restored["backup_id"], made["backup_id"]);
    assert_eq!(restored["vault_id"], vault.as_str());

    let none = user.backup(&vault, "none.pkb", b"");
    assert_eq!(none.info["meta"], Value::Null);
}

#[test]
fn verify_tells_structure_from_every_byte() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", &e2e::content(1, (2 << 20) + 5));
    let verified = user.pkb.json(&["verify", archive.arg()]).unwrap();
    contract::verified(&verified);
    let expected = json!({
        "backup_id": archive.info["backup_id"], "vault_id": vault, "epoch": 1, "mac": "ok",
        "full": false, "segments": 3,
    });
    assert_eq!(verified, expected);

    let begun = user
        .pkb
        .json(&["verify", "begin", "--in", archive.arg()])
        .unwrap();
    contract::verify_request(&begun);
    assert_eq!(begun["archive"], archive.info);
    let answer = user.assert(&begun);
    let full = user
        .finish(
            &["verify", "finish", "--in", archive.arg()],
            &begun,
            &answer,
        )
        .unwrap();
    contract::verified(&full);
    assert_eq!(full["full"], true);
    assert_eq!(full["mac"], "ok");
    assert_eq!(full["segments"], 3);
}

#[test]
fn somebody_elses_archive_can_be_verified_in_structure_only() {
    let device = Device::new();
    let (mut owner, other) = (device.user(), device.user());
    let vault = owner.enrol();
    let archive = owner.backup(&vault, "a.pkb", b"mine");
    let copy = other.put("copy.pkb", &std::fs::read(&archive.path).unwrap());
    let verified = other.pkb.json(&["verify", arg(&copy)]).unwrap();
    contract::verified(&verified);
    assert_eq!(verified["mac"], "not_checkable");
    assert_eq!(verified["full"], false);
}

#[test]
fn archives_come_newest_first_by_pages_without_gap_or_repetition() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let empty = user.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(empty, json!({"archives": [], "next_page": null}));
    let made: Vec<Value> = (0..7)
        .map(|n| user.backup(&vault, &format!("{n}.pkb"), &[n; 10]).info)
        .collect();

    let whole = user.pkb.json(&["archives", &vault]).unwrap();
    contract::archives(&whole);
    assert_eq!(whole["next_page"], Value::Null);
    let whole = whole["archives"].as_array().unwrap();
    assert_eq!(whole.len(), made.len());
    assert!(made.iter().all(|one| whole.contains(one)), "{whole:#?}");
    let times: Vec<&str> = whole
        .iter()
        .map(|one| one["created_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");

    let mut pages = Vec::new();
    let mut page: Option<String> = None;
    for expected in [3, 3, 1] {
        let mut arguments = vec!["archives", &vault, "--limit", "3"];
        if let Some(page) = &page {
            arguments.extend(["--page", page]);
        }
        let one = user.pkb.json(&arguments).unwrap();
        contract::archives(&one);
        assert_eq!(one["archives"].as_array().unwrap().len(), expected);
        pages.extend(one["archives"].as_array().unwrap().clone());
        page = one["next_page"].as_str().map(str::to_owned);
    }
    assert_eq!(page, None);
    assert_eq!(&pages, whole);
    let refusal = user
        .pkb
        .json(&["archives", &vault, "--page", "no such page"])
        .unwrap_err();
    assert_eq!(refusal.name, "BAD_REQUEST");
}

#[test]
fn a_forgotten_archive_leaves_the_list_and_still_restores() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let (kept, forgotten) = (
        user.backup(&vault, "k", b"k"),
        user.backup(&vault, "f", b"f"),
    );
    let answer = user
        .pkb
        .json(&["archive", "forget", forgotten.id()])
        .unwrap();
    assert_eq!(answer, json!({"backup_id": forgotten.id()}));
    let listed = user.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(listed["archives"], json!([kept.info]));
    let again = user
        .pkb
        .json(&["archive", "forget", forgotten.id()])
        .unwrap_err();
    assert_eq!(again.name, "NOT_FOUND");
    assert_eq!(user.restore(&forgotten.path).unwrap(), b"f");
}

#[test]
fn the_audit_log_tells_what_was_done_and_refused_and_verifies() {
    let (_device, mut user) = device_and_user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"x");
    user.restore(&archive.path).unwrap();
    let begun = user.begin_restore(&archive.path).unwrap();
    let faults = [test_authenticator::Fault::NoUserVerification];
    let answer = user
        .passkeys
        .assert_with(&begun.to_string(), &user.origin, &faults)
        .unwrap();
    let out = user.path("never");
    let command = [
        "restore",
        "finish",
        "--in",
        archive.arg(),
        "--out",
        arg(&out),
    ];
    assert_eq!(
        user.finish(&command, &begun, &answer).unwrap_err().name,
        "USER_NOT_VERIFIED"
    );

    let log = user.pkb.json(&["audit", &vault]).unwrap();
    contract::audit(&log);
    assert_eq!(log["verified"], Value::Null);
    let entries = log["entries"].as_array().unwrap();
    let told: Vec<(String, &str)> = entries
        .iter()
        .rev()
        .map(|e| {
            (
                e["event"].as_str().unwrap().to_uppercase(),
                e["result"].as_str().unwrap(),
            )
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(e, r)| (e.as_str(), *r)).collect();
    let expected = [
        ("VAULT_CREATED", "ok"),
        ("BACKUP_KEY_RELEASED", "ok"),
        ("RESTORE_KEY_RELEASED", "ok"),
        ("CEREMONY_FAILED", "USER_NOT_VERIFIED"),
    ];
    assert_eq!(told, expected, "{log:#}");
    let numbers: Vec<u64> = entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert_eq!(entries[1]["backup_id"], archive.info["backup_id"]);
    assert!(entries[1]["credential_id"].is_string(), "{log:#}");

    let verified = user
        .pkb
        .json(&["audit", &vault, "--verify", "--limit", "1"])
        .unwrap();
    contract::audit(&verified);
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["entries"].as_array().unwrap().len(), 1);
    let page = verified["next_page"].as_str().unwrap().to_owned();
    let next = user
        .pkb
        .json(&["audit", &vault, "--limit", "3", "--page", &page])
        .unwrap();
    assert_eq!(next["entries"].as_array().unwrap(), &entries[1..]);
    assert_eq!(next["next_page"], Value::Null);
}

#[test]
fn a_deleted_vault_is_gone_with_its_archives() {
    let (_device, mut user) = device_and_user();
    let (vault, kept) = (user.enrol(), user.enrol());
    let archive = user.backup(&vault, "a.pkb", b"x");
    let begun = user.pkb.json(&["vault", "begin-delete", &vault]).unwrap();
    contract::request(&begun);
    let answer = user.assert(&begun);
    let deleted = user
        .finish(&["vault", "finish-delete"], &begun, &answer)
        .unwrap();
    assert_eq!(deleted, json!({"vault_id": vault}));
    for arguments in [["vault", "show", &vault], ["vault", "begin-delete", &vault]] {
        assert_eq!(user.pkb.json(&arguments).unwrap_err().name, "NOT_FOUND");
    }
    assert_eq!(
        user.pkb.json(&["archives", &vault]).unwrap_err().name,
        "NOT_FOUND"
    );
    assert_eq!(
        user.begin_restore(&archive.path).unwrap_err().name,
        "NOT_FOUND"
    );
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(listed["vaults"].as_array().unwrap().len(), 1);
    assert_eq!(listed["vaults"][0]["vault_id"], kept.as_str());
}

#[test]
fn the_answer_may_come_from_a_file() {
    let (_device, mut user) = device_and_user();
    let begun = user.begin_enrol().unwrap();
    let response = user.register(&begun);
    let file = user.put("response.json", response.as_bytes());
    let token = begun["ceremony"].as_str().unwrap();
    let arguments = [
        "vault",
        "finish-create",
        "--ceremony",
        token,
        "--response",
        arg(&file),
    ];
    let vault = user
        .pkb
        .json_from(&arguments, Stdin::Bytes(b"not this"))
        .unwrap();
    contract::vault(&vault);
}

#[test]
fn an_owner_has_as_many_vaults_as_info_says() {
    let (_device, mut user) = device_and_user();
    let info = user.pkb.json(&["info"]).unwrap();
    let limit = info["limits"]["vaults_per_owner"].as_u64().unwrap();
    for _ in 0..limit {
        user.enrol();
    }
    assert_eq!(user.try_enrol().unwrap_err().name, "QUOTA");
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(listed["vaults"].as_array().unwrap().len() as u64, limit);
}
