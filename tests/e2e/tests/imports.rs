// SPDX-License-Identifier: Apache-2.0

//! A lost phone: archives of one device open on another, by passkey, by digits, by password; and
//! what does not open them. The new device has a sealer and a state folder of its own; where the
//! target is OP-TEE, the way goes from the TEE to a nonsecure sealer and back.

use std::fs;

use e2e::{Archive, Device, Layout, Refusal, User, arg};
use serde_json::{Value, json};
use test_authenticator::Authenticator;

const PASSWORD: &str = "correct horse battery staple tram";

/// From a stronger sealer to a weaker one only with a flag: on every target the tests say so.
const WEAKER: &str = "--allow-weaker-sealer";

struct Lost {
    _device: Device,
    user: User,
    vault: String,
    archive: Archive,
    key: String,
    content: Vec<u8>,
}

/// A device with an archive that a passkey, a recovery key and a password open.
fn lost() -> Lost {
    on(Device::new())
}

fn on(device: Device) -> Lost {
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let key = user.make_recovery_key(&vault).unwrap();
    user.set_password(&vault, PASSWORD).unwrap();
    let content = e2e::content(7, (1 << 20) + 77);
    let archive = user.backup(&vault, "a.pkb", &content);
    Lost {
        _device: device,
        user,
        vault,
        archive,
        key,
        content,
    }
}

#[test]
fn a_synced_passkey_opens_the_archive_on_a_new_device() {
    let lost = lost();
    let device = Device::another();
    let mut user = lost.user.on(&device);
    let archive = user.fetch(&lost.archive);
    let begin = ["import", "begin", "--in", arg(&archive), WEAKER];
    let begun = user.pkb.json(&begin).unwrap();
    assert_eq!(begun["vault_id"], lost.vault.as_str());
    assert_eq!(begun["epoch"], 1);
    assert_eq!(begun["rp_id"], "example.org");
    assert_eq!(begun["factors"], json!(["passkey", "recovery", "password"]));
    assert_eq!(begun["created_at"], lost.archive.info["created_at"]);

    let imported = user.import_with(&begin, true).unwrap();
    let vault = &imported["vault"];
    assert_eq!(vault["vault_id"], lost.vault.as_str());
    assert_eq!(vault["state"], "ok");
    assert_eq!(vault["user_name"], "Ada");
    assert_eq!(vault["epoch"], 2, "a fresh epoch at once");
    assert_eq!(vault["retired_epochs"], json!([1]));
    assert_eq!(vault["survives"]["phone_lost"], true);
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
    assert_eq!(
        user.pkb.json(&["vault", "list"]).unwrap()["vaults"][0],
        user.show(&lost.vault)
    );
}

#[test]
fn from_a_stronger_sealer_to_a_weaker_one_only_with_the_flag() {
    let device = Device::new();
    let is_stronger = device.sealer() == "optee";
    let lost = on(device);
    let weaker = Device::another();
    let mut user = lost.user.on(&weaker);
    let archive = user.fetch(&lost.archive);
    if is_stronger {
        let refusal = user.import(&archive).unwrap_err();
        assert_eq!(refusal.name, "WEAKER_SEALER");
        let none = json!({"vaults": []});
        assert_eq!(user.pkb.json(&["vault", "list"]).unwrap(), none);
        user.import_with(&["import", "begin", "--in", arg(&archive), WEAKER], true)
            .unwrap();
    } else {
        user.import(&archive).unwrap();
    }
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
}

#[test]
fn digits_and_a_new_passkey_open_it_when_all_passkeys_are_gone() {
    let lost = lost();
    let device = Device::another();
    let mut user = lost.user.on(&device).without_passkeys();
    let archive = user.fetch(&lost.archive);
    // As a person types it.
    let typed = lost.key.to_uppercase().replace('-', " \n");
    let key = user.put("key", typed.as_bytes());
    let begin = [
        "import",
        "begin-recovery",
        "--in",
        arg(&archive),
        "--key-file",
        arg(&key),
        WEAKER,
    ];
    let imported = user.import_with(&begin, false).unwrap();
    let credentials = imported["vault"]["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 2, "the old one and the new one");
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
}

#[test]
fn a_password_and_a_new_passkey_open_it() {
    let lost = lost();
    let device = Device::another();
    let mut user = lost.user.on(&device).without_passkeys();
    let archive = user.fetch(&lost.archive);
    let file = user.put("password", format!("{PASSWORD}\n").as_bytes());
    let begin = [
        "import",
        "begin-password",
        "--in",
        arg(&archive),
        "--password-file",
        arg(&file),
        WEAKER,
    ];
    user.import_with(&begin, false).unwrap();
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
}

#[test]
fn it_works_in_the_other_direction_too() {
    let lost = on(Device::another());
    let device = Device::new();
    let mut user = lost.user.on(&device);
    let archive = user.fetch(&lost.archive);
    user.import(&archive).unwrap();
    assert_eq!(user.restore(&archive).unwrap(), lost.content);

    let lost = on(Device::another());
    let mut user = lost.user.on(&device).without_passkeys();
    let archive = user.fetch(&lost.archive);
    user.import_with_key(&archive, &lost.key).unwrap();
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
}

#[test]
fn after_an_import_the_other_factors_live_on() {
    let device = Device::another();
    let mut user = device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let mut tablet = Authenticator::new();
    user.add_passkey(&vault, "Tablet", &mut tablet).unwrap();
    let phone = std::mem::replace(&mut user.passkeys, tablet.clone());
    user.enrol_prf(&vault).unwrap();
    user.passkeys = phone;
    let key = user.make_recovery_key(&vault).unwrap();
    let first = user.backup(&vault, "first.pkb", b"first");

    // The second device, by the phone's passkey; a night passes.
    let second_device = Device::another();
    let mut second = user.on(&second_device);
    let copy = second.fetch(&first);
    second.import(&copy).unwrap();
    let nightly = second.backup(&vault, "nightly.pkb", b"nightly");

    // A third device, by the tablet's passkey, which the second never saw.
    let third_device = Device::another();
    let mut third = second.on(&third_device);
    third.passkeys = tablet;
    let copy = third.fetch(&nightly);
    third.import(&copy).unwrap();
    assert_eq!(third.restore(&copy).unwrap(), b"nightly");

    // A fourth, by the old digits.
    let fourth_device = Device::another();
    let mut fourth = second.on(&fourth_device).without_passkeys();
    let copy = fourth.fetch(&nightly);
    fourth.import_with_key(&copy, &key).unwrap();
    assert_eq!(fourth.restore(&copy).unwrap(), b"nightly");
    // The older archive opens there as well, under its retired epoch.
    let old = fourth.fetch(&first);
    assert_eq!(fourth.restore(&old).unwrap(), b"first");
}

#[test]
fn slips_of_the_pen_are_found_with_their_group_before_anything_is_tried() {
    let lost = on(Device::another());
    let device = Device::new();
    let user = lost.user.on(&device);
    let archive = user.fetch(&lost.archive);
    let begin = |key: &str| {
        let file = user.put("key", key.as_bytes());
        let command = [
            "import",
            "begin-recovery",
            "--in",
            arg(&archive),
            "--key-file",
            arg(&file),
        ];
        user.pkb.json(&command).unwrap_err()
    };
    for group in [0, 3, 7] {
        let mut key: Vec<u8> = lost.key.clone().into_bytes();
        let digit = &mut key[group * 9 + 2];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let refusal = begin(std::str::from_utf8(&key).unwrap());
        assert_eq!(refusal.name, "RECOVERY_TYPO");
        let message = refusal.object["error"]["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("group {}", group + 1)),
            "{message}"
        );
        assert!(!message.contains(&lost.key[..8]), "{message}");
    }
    for key in ["", "0", &lost.key[..60], &format!("{}0", lost.key)] {
        assert_eq!(begin(key).name, "RECOVERY_TYPO", "{key:?}");
    }
    assert_eq!(
        user.pkb.json(&["vault", "list"]).unwrap(),
        json!({"vaults": []})
    );
}

#[test]
fn wrong_secrets_and_foreign_archives_are_refused_and_leave_nothing() {
    let lost = on(Device::another());
    let stranger = on(Device::another());
    let device = Device::new();
    let mut user = lost.user.on(&device).without_passkeys();
    let archive = user.fetch(&lost.archive);
    let refusal = user.import_with_key(&archive, &stranger.key).unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
    let refusal = user
        .import_with_password(&archive, "another horse, another staple, eh")
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");

    // A passkey of the same person for the same site, but not of this vault.
    let mut other = lost.user.on(&device);
    other.passkeys = stranger.user.passkeys.clone();
    let begun = other
        .pkb
        .json(&["import", "begin", "--in", arg(&archive)])
        .unwrap();
    let mut any = begun.clone();
    any["options"]["allowCredentials"] = json!([]);
    let answer = other.assert(&any);
    let refusal = other
        .finish(&["import", "finish"], &begun, &answer)
        .unwrap_err();
    assert!(
        ["CANNOT_OPEN", "UNKNOWN_CREDENTIAL"].contains(&refusal.name.as_str()),
        "{refusal}"
    );

    // A PRF result that somebody made up.
    let mut owner = lost.user.on(&device);
    let begun = owner
        .pkb
        .json(&["import", "begin", "--in", arg(&archive)])
        .unwrap();
    let mut answer: Value = serde_json::from_str(&owner.assert(&begun)).unwrap();
    answer["clientExtensionResults"]["prf"]["results"]["first"] = json!("A".repeat(43));
    let refusal = owner
        .finish(&["import", "finish"], &begun, &answer.to_string())
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
    let begun = owner
        .pkb
        .json(&["import", "begin", "--in", arg(&archive)])
        .unwrap();
    let mut answer: Value = serde_json::from_str(&owner.assert(&begun)).unwrap();
    answer["clientExtensionResults"] = json!({});
    let refusal = owner
        .finish(&["import", "finish"], &begun, &answer.to_string())
        .unwrap_err();
    assert_eq!(refusal.name, "PRF_MISSING");

    // Another app with the user's own secret.
    let mut app = device.user();
    app.passkeys = lost.user.passkeys.clone();
    let copy = app.fetch(&lost.archive);
    assert_eq!(app.import(&copy).unwrap_err().name, "WRONG_APP");
    let mut app = app.without_passkeys();
    assert_eq!(
        app.import_with_key(&copy, &lost.key).unwrap_err().name,
        "WRONG_APP"
    );
    for none in [&user, &other, &owner, &app] {
        assert_eq!(
            none.pkb.json(&["vault", "list"]).unwrap(),
            json!({"vaults": []})
        );
    }
    // The right one still works.
    assert!(user.import_with_key(&archive, &lost.key).is_ok());
}

#[test]
fn an_archive_without_such_a_factor_says_so_at_the_beginning() {
    let device = Device::another();
    let mut user = device.user();
    let vault = user.enrol();
    let bare = user.backup(&vault, "bare.pkb", b"x");
    let new = Device::new();
    let user = user.on(&new);
    let archive = user.fetch(&bare);
    let key = user.put("key", &[b'0'; 64]);
    let refusal = user
        .pkb
        .json(&["import", "begin", "--in", arg(&archive)])
        .unwrap_err();
    assert_eq!(refusal.name, "CANNOT_OPEN");
    let password = user.put("password", PASSWORD.as_bytes());
    let command = [
        "import",
        "begin-password",
        "--in",
        arg(&archive),
        "--password-file",
        arg(&password),
    ];
    assert_eq!(user.pkb.json(&command).unwrap_err().name, "CANNOT_OPEN");
    let command = [
        "import",
        "begin-recovery",
        "--in",
        arg(&archive),
        "--key-file",
        arg(&key),
    ];
    // Sixty-four zeros are no recovery key.
    assert_eq!(user.pkb.json(&command).unwrap_err().name, "RECOVERY_TYPO");
}

#[test]
fn importing_twice_is_refused_by_name() {
    let lost = on(Device::another());
    let device = Device::new();
    let mut user = lost.user.on(&device);
    let archive = user.fetch(&lost.archive);
    user.import(&archive).unwrap();
    let epoch = user.show(&lost.vault)["epoch"].clone();
    assert_eq!(user.import(&archive).unwrap_err().name, "ALREADY_IMPORTED");
    assert_eq!(
        user.import_with_key(&archive, &lost.key).unwrap_err().name,
        "ALREADY_IMPORTED"
    );
    assert_eq!(user.show(&lost.vault)["epoch"], epoch);
    // Nor does the device that made it need it.
    let mut first = lost.user.on(&lost._device);
    assert_eq!(
        first.import(&lost.archive.path).unwrap_err().name,
        "ALREADY_IMPORTED"
    );
}

#[test]
fn an_older_archive_of_a_known_vault_adds_its_epoch_as_a_retired_one() {
    let old_device = Device::another();
    let mut user = old_device.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let old = user.backup(&vault, "old.pkb", b"old");
    user.rotate(&vault, &[]).unwrap();
    let new = user.backup(&vault, "new.pkb", b"new");
    // The retired epoch travels in the vault state of the newer archive.
    let device = Device::new();
    let mut there = user.on(&device);
    let newer = there.fetch(&new);
    there.import(&newer).unwrap();
    let older = there.fetch(&old);
    assert_eq!(there.restore(&older).unwrap(), b"old");
    assert_eq!(there.restore(&newer).unwrap(), b"new");
    assert_eq!(there.import(&older).unwrap_err().name, "ALREADY_IMPORTED");

    // On a third device the older one comes first, so the newer one adds an epoch.
    let third = Device::another();
    let mut there = user.on(&third);
    let older = there.fetch(&old);
    there.import(&older).unwrap();
    let newer = there.fetch(&new);
    assert_eq!(
        there.begin_restore(&newer).unwrap_err().name,
        "HEADER_TAMPERED"
    );
    there.import(&newer).unwrap();
    assert_eq!(there.restore(&newer).unwrap(), b"new");
    assert_eq!(there.restore(&older).unwrap(), b"old");
}

#[test]
fn a_damaged_archive_imports_nothing() {
    let lost = on(Device::another());
    let device = Device::new();
    let mut user = lost.user.on(&device);
    let whole = fs::read(&lost.archive.path).unwrap();
    let layout = Layout::of(&whole);
    let (core, key_part) = (layout.core, layout.key_part);
    let places = [
        core.start + core.len() / 2,
        key_part.start + 10,
        key_part.start + key_part.len() / 3,
        key_part.start + key_part.len() / 2,
        key_part.end - 5,
    ];
    let fitting = |refusal: &Refusal| {
        [
            "CANNOT_OPEN",
            "HEADER_TAMPERED",
            "UNSUPPORTED_VERSION",
            "BAD_REQUEST",
            "UNKNOWN_CREDENTIAL",
        ]
        .contains(&refusal.name.as_str())
    };
    for place in places {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        let copy = user.put("damaged.pkb", &damaged);
        match user.pkb.json(&["import", "begin", "--in", arg(&copy)]) {
            Err(refusal) => assert!(fitting(&refusal), "{place}: {refusal}"),
            Ok(begun) => {
                // Where another site or passkey is asked for, the client has nothing to give.
                let origin = user.origin.clone();
                if let Ok(answer) = user.passkeys.assert(&begun.to_string(), &origin) {
                    let finished = user.finish(&["import", "finish"], &begun, &answer);
                    let refusal = finished.unwrap_err();
                    assert!(fitting(&refusal), "{place}: {refusal}");
                }
            }
        }
        let vaults = user.pkb.json(&["vault", "list"]).unwrap();
        assert_eq!(vaults, json!({"vaults": []}));
    }
}

#[test]
fn digits_let_a_new_passkey_in_where_the_device_is_there_and_the_passkeys_are_gone() {
    let lost = lost();
    let mut user = lost.user.on(&lost._device).without_passkeys();
    let archive = user.fetch(&lost.archive);
    // Such a vault said that it would survive this.
    assert_eq!(user.show(&lost.vault)["survives"]["passkey_deleted"], true);
    let imported = user.import_with_key(&archive, &lost.key).unwrap();
    let vault = &imported["vault"];
    assert_eq!(vault["credentials"].as_array().unwrap().len(), 2);
    assert_eq!(vault["epoch"], 1, "nothing was taken away");
    assert_eq!(user.restore(&archive).unwrap(), lost.content);
    // By an archive of a retired epoch, whose factors may be gone since, nobody gets in.
    user.rotate(&lost.vault, &[]).unwrap();
    let mut again = user.on(&lost._device).without_passkeys();
    let archive = again.fetch(&lost.archive);
    let refusal = again.import_with_key(&archive, &lost.key).unwrap_err();
    assert_eq!(refusal.name, "ALREADY_IMPORTED");
}

#[test]
fn two_devices_that_went_on_from_the_same_archive_can_be_brought_together() {
    let first_device = Device::another();
    let mut first = first_device.user();
    let vault = first.enrol();
    first.enrol_prf(&vault).unwrap();
    let common = first.backup(&vault, "common.pkb", b"common");
    let second_device = Device::new();
    let mut second = first.on(&second_device);
    let copy = second.fetch(&common);
    second.import(&copy).unwrap();
    first.rotate(&vault, &[]).unwrap();
    second.rotate(&vault, &[]).unwrap();
    assert_eq!(first.show(&vault)["epoch"], 2);
    assert_eq!(second.show(&vault)["epoch"], 3);
    let here = first.backup(&vault, "here.pkb", b"here");
    let there = second.backup(&vault, "there.pkb", b"there");

    // Neither reads what the other made, until it has imported it.
    let copy = first.fetch(&there);
    assert_eq!(
        first.begin_restore(&copy).unwrap_err().name,
        "HEADER_TAMPERED"
    );
    let begin = ["import", "begin", "--in", arg(&copy), WEAKER];
    let imported = first.import_with(&begin, true).unwrap();
    // Numbers of the other device's epochs are not taken for newer ones than the current.
    assert_eq!(imported["vault"]["epoch"], 4);
    for (archive, content) in [(&common, "common"), (&here, "here"), (&there, "there")] {
        let copy = first.fetch(archive);
        assert_eq!(first.restore(&copy).unwrap(), content.as_bytes());
    }
    let folder = first.path(".");
    first
        .pkb
        .json(&["catalogue", "rebuild", "--from", arg(&folder)])
        .unwrap();
    let rotated = first.rotate(&vault, &[]).unwrap();
    assert_eq!(rotated["pending"].as_array().unwrap().len(), 3);
}
