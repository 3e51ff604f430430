// SPDX-License-Identifier: Apache-2.0

//! Factors of a vault: PRF, recovery key, password, more passkeys; what the vault says it survives.

use e2e::{Device, User, arg, contract};
use serde_json::{Value, json};
use test_authenticator::{Authenticator, Prf, Settings};

const PASSWORD: &str = "correct horse battery staple tram";

fn with_vault() -> (Device, User, String) {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    (device, user, vault)
}

fn survives(vault: &Value) -> [bool; 3] {
    ["phone_lost", "passkey_deleted", "both"].map(|name| vault["survives"][name] == true)
}

fn warned(vault: &Value, warning: &str) -> bool {
    let warnings = vault["warnings"].as_array().unwrap();
    warnings.contains(&json!(warning))
}

#[test]
fn an_enrolled_prf_makes_a_vault_portable() {
    let (_device, mut user, vault) = with_vault();
    let before = user.show(&vault);
    assert_eq!(before["credentials"][0]["prf"], "enabled");
    assert!(warned(&before, "not_portable"));
    assert_eq!(survives(&before), [false, false, false]);

    let factor = user.enrol_prf(&vault).unwrap();
    assert_eq!(factor["kind"], "passkey");
    assert!(factor["last_proved_at"].is_string());
    let after = user.show(&vault);
    assert_eq!(after["credentials"][0]["prf"], "enrolled");
    assert!(!warned(&after, "not_portable"));
    assert_eq!(survives(&after), [true, false, false]);
    assert!(after["factors"].as_array().unwrap().contains(&factor));
    assert_eq!(after["epoch"], 1, "what is added rotates nothing");

    let refusal = user.enrol_prf(&vault).unwrap_err();
    assert_eq!(refusal.name, "DUPLICATE_CREDENTIAL");
}

#[test]
fn a_prf_is_enrolled_by_two_equal_results_of_its_own_ceremony_only() {
    let (_device, mut user, vault) = with_vault();
    let other = "A".repeat(43);

    // The first answer has no result.
    let begun = user.pkb.json(&["prf", "begin", &vault]).unwrap();
    let mut answer: Value = serde_json::from_str(&user.assert(&begun)).unwrap();
    answer["clientExtensionResults"] = json!({});
    let refusal = user
        .finish(&["prf", "confirm"], &begun, &answer.to_string())
        .unwrap_err();
    assert_eq!(refusal.name, "PRF_MISSING");

    // The second result is another one.
    let begun = user.pkb.json(&["prf", "begin", &vault]).unwrap();
    let answer = user.assert(&begun);
    let again = user.finish(&["prf", "confirm"], &begun, &answer).unwrap();
    let mut answer: Value = serde_json::from_str(&user.assert(&again)).unwrap();
    answer["clientExtensionResults"]["prf"]["results"]["first"] = json!(other);
    let refusal = user
        .finish(&["prf", "finish"], &again, &answer.to_string())
        .unwrap_err();
    assert_eq!(refusal.name, "PRF_UNCONFIRMED");

    // A token of one step is none of the other.
    let begun = user.pkb.json(&["prf", "begin", &vault]).unwrap();
    let answer = user.assert(&begun);
    let refusal = user
        .finish(&["prf", "finish"], &begun, &answer)
        .unwrap_err();
    assert_eq!(refusal.name, "OPERATION_MISMATCH");

    // A result that nobody asked for enrols nothing.
    let archive = user.backup(&vault, "a.pkb", b"x");
    let begun = user.begin_restore(&archive.path).unwrap();
    let mut answer: Value = serde_json::from_str(&user.assert(&begun)).unwrap();
    answer["clientExtensionResults"] = json!({"prf": {"results": {"first": other}}});
    let out = user.path("out");
    let command = [
        "restore",
        "finish",
        "--in",
        archive.arg(),
        "--out",
        arg(&out),
    ];
    user.finish(&command, &begun, &answer.to_string()).unwrap();
    let shown = user.show(&vault);
    assert_eq!(shown["credentials"][0]["prf"], "enabled");
    assert!(warned(&shown, "not_portable"));
}

#[test]
fn a_passkey_without_prf_cannot_enrol_it() {
    let device = Device::new();
    let mut user = device.user().with_settings(Settings {
        prf: Prf::None,
        ..Settings::default()
    });
    let vault = user.enrol();
    assert_eq!(user.show(&vault)["credentials"][0]["prf"], "unsupported");
    let refusal = user.pkb.json(&["prf", "begin", &vault]).unwrap_err();
    assert_eq!(refusal.name, "PRF_MISSING");
}

#[test]
fn a_recovery_key_is_shown_once_and_its_replacement_rotates() {
    let (_device, mut user, vault) = with_vault();
    let key = user.make_recovery_key(&vault).unwrap();
    let shown = user.show(&vault);
    assert_eq!(survives(&shown), [true, true, true]);
    assert_eq!(shown["epoch"], 1);
    assert!(!shown.to_string().contains(&key));
    let other = user.make_recovery_key(&vault).unwrap();
    assert_ne!(key, other);
    let shown = user.show(&vault);
    assert_eq!(shown["epoch"], 2);
    assert_eq!(shown["retired_epochs"], json!([1]));
    assert!(warned(&shown, "retired_epochs_in_use"));
    let recovery = shown["factors"].as_array().unwrap();
    let recovery = recovery.iter().filter(|one| one["kind"] == "recovery");
    assert_eq!(recovery.count(), 1);
}

#[test]
fn the_qr_code_goes_where_it_disturbs_nobody() {
    let (_device, mut user, vault) = with_vault();
    let begun = user
        .pkb
        .json(&["recovery", "begin-create", &vault])
        .unwrap();
    let answer = user.assert(&begun);
    let answer = user.put("answer", answer.as_bytes());
    let token = begun["ceremony"].as_str().unwrap();
    let command = [
        "--json",
        "recovery",
        "finish-create",
        "--ceremony",
        token,
        "--response",
        arg(&answer),
        "--qr",
    ];
    let run = user.pkb.run(&command, e2e::Stdin::Bytes(b""));
    let made: Value = serde_json::from_slice(&run.stdout).expect("one object on stdout");
    contract::recovery(&made);
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains('█'))
        .collect();
    assert!(lines.len() >= 15, "a QR code on stderr: {}", run.stderr);
}

#[test]
fn a_password_is_a_factor_that_can_be_guessed() {
    let (_device, mut user, vault) = with_vault();
    let refusal = user.set_password(&vault, "password1\n").unwrap_err();
    assert_eq!(refusal.name, "PASSWORD_WEAK");
    let factor = user.set_password(&vault, PASSWORD).unwrap();
    assert_eq!(factor["kind"], "password");
    let shown = user.show(&vault);
    assert!(warned(&shown, "password_guessable"));
    assert_eq!(survives(&shown), [true, true, true]);
    assert_eq!(shown["epoch"], 1);
    user.set_password(&vault, "another horse, another staple, eh")
        .unwrap();
    assert_eq!(user.show(&vault)["epoch"], 2, "replacing rotates");
}

#[test]
fn a_weak_password_leaves_the_ceremony_open() {
    let (_device, mut user, vault) = with_vault();
    let begun = user.pkb.json(&["password", "begin-set", &vault]).unwrap();
    let answer = user.assert(&begun);
    let weak = user.put("weak", b"letmein");
    let strong = user.put("strong", PASSWORD.as_bytes());
    let set = |file: &str| {
        let command = ["password", "finish-set", "--password-file", file];
        user.finish(&command, &begun, &answer)
    };
    assert_eq!(set(arg(&weak)).unwrap_err().name, "PASSWORD_WEAK");
    contract::enrolled(&set(arg(&strong)).unwrap());
    assert_eq!(set(arg(&strong)).unwrap_err().name, "CHALLENGE_UNKNOWN");
}

#[test]
fn another_passkey_is_let_in_by_an_enrolled_one() {
    let (_device, mut user, vault) = with_vault();
    let mut tablet = Authenticator::new();
    let added = user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    assert_eq!(added["label"], "Tablet");
    let shown = user.show(&vault);
    assert_eq!(shown["credentials"].as_array().unwrap().len(), 2);
    assert_eq!(survives(&shown), [false, true, false]);
    assert_eq!(shown["epoch"], 1);

    // It does all that the first one does.
    let archive = user.backup(&vault, "a.pkb", b"content");
    let phone = std::mem::replace(&mut user.passkeys, tablet);
    assert_eq!(user.restore(&archive.path).unwrap(), b"content");
    user.enrol_prf(&vault).unwrap();
    let tablet = std::mem::replace(&mut user.passkeys, phone);
    user.enrol_prf(&vault).unwrap();
    assert_eq!(survives(&user.show(&vault)), [true, true, true]);

    // The same passkey again is refused by its client; a stranger's registration by the sealer.
    let begun = user.pkb.json(&["passkey", "begin-add", &vault]).unwrap();
    let answer = user.assert(&begun);
    let next = user
        .finish(&["passkey", "continue-add"], &begun, &answer)
        .unwrap();
    let excluded = next["options"]["excludeCredentials"].as_array().unwrap();
    assert_eq!(excluded.len(), 2);
    assert!(
        tablet
            .clone()
            .register(&next.to_string(), &user.origin)
            .is_err()
    );
}

#[test]
fn a_removed_passkey_opens_nothing_here_and_the_vault_is_rotated() {
    let (_device, mut user, vault) = with_vault();
    let mut tablet = Authenticator::new();
    let added = user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"content");
    let id = added["credential_id"].as_str().unwrap();
    let after = user.remove_passkey(&vault, id).unwrap();
    assert_eq!(after["epoch"], 2);
    assert_eq!(after["credentials"].as_array().unwrap().len(), 1);

    let phone = std::mem::replace(&mut user.passkeys, tablet);
    let begun = user.begin_restore(&archive.path).unwrap();
    // It is not among those asked for; an answer all the same is refused.
    let mut all = begun.clone();
    all["options"]["allowCredentials"] = json!([]);
    let answer = user.assert(&all);
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
    assert_eq!(refusal.name, "UNKNOWN_CREDENTIAL");
    user.passkeys = phone;
    assert_eq!(user.restore(&archive.path).unwrap(), b"content");
}

#[test]
fn the_last_factor_that_works_elsewhere_goes_only_with_a_flag() {
    let (_device, mut user, vault) = with_vault();
    let refusal = user
        .pkb
        .json(&["passkey", "begin-remove", &vault, &first(&user, &vault)])
        .unwrap_err();
    assert_eq!(refusal.name, "BAD_REQUEST", "the only passkey stays");

    user.enrol_prf(&vault).unwrap();
    let enrolled = first(&user, &vault);
    let mut tablet = Authenticator::new();
    user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    let remove = ["passkey", "begin-remove", &vault, &enrolled];
    let refusal = user.pkb.json(&remove).unwrap_err();
    assert_eq!(refusal.name, "LAST_PORTABLE_FACTOR");
    let flag = [&remove[..], &["--allow-last-portable"]].concat();
    let removed = user
        .assertion(&flag, &["passkey", "finish-remove"])
        .unwrap();
    assert_eq!(survives(&removed), [false, false, false]);
    assert!(warned(&removed, "not_portable"));

    let refusal = user
        .pkb
        .json(&["passkey", "begin-remove", &vault, "AAAA"])
        .unwrap_err();
    assert_eq!(refusal.name, "UNKNOWN_CREDENTIAL");
}

fn first(user: &User, vault: &str) -> String {
    let shown = user.show(vault);
    let id = shown["credentials"][0]["credential_id"].as_str();
    id.unwrap().to_owned()
}

#[test]
fn a_vault_has_no_more_passkeys_than_it_says() {
    let (_device, mut user, vault) = with_vault();
    let info = user.pkb.json(&["info"]).unwrap();
    let most = info["limits"]["credentials_per_vault"].as_u64().unwrap();
    for number in 1..most {
        let mut other = Authenticator::new();
        let label = format!("passkey {number}");
        user.add_passkey(&vault, &label, &mut other).unwrap();
    }
    let refusal = user
        .pkb
        .json(&["passkey", "begin-add", &vault])
        .unwrap_err();
    assert_eq!(refusal.name, "TOO_MANY_FACTORS");
}
