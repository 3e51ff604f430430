// SPDX-License-Identifier: Apache-2.0

//! Ceremonies driven from outside, by a passkey client that this project did not write. Every
//! wrong answer has an error name of its own, and afterwards the right one still works.

use std::fs;

use e2e::{Archive, Device, Refusal, User, arg};
use serde_json::Value;
use test_authenticator::{Attestation, Counter, Fault, Settings};

struct Story {
    _device: Device,
    user: User,
    vault: String,
    archive: Archive,
}

/// Someone with a vault and an archive in it.
fn story(settings: Settings) -> Story {
    let device = Device::new();
    let mut user = device.user().with_settings(settings);
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"what matters");
    Story {
        _device: device,
        user,
        vault,
        archive,
    }
}

fn counting() -> Settings {
    Settings {
        counter: Counter::Counting,
        ..Settings::default()
    }
}

impl Story {
    fn begin(&self) -> Value {
        self.user.begin_restore(&self.archive.path).unwrap()
    }

    fn answer(&mut self, begun: &Value, faults: &[Fault]) -> String {
        let origin = self.user.origin.clone();
        self.user
            .passkeys
            .assert_with(&begun.to_string(), &origin, faults)
            .unwrap()
    }

    fn finish(&self, begun: &Value, answer: &str) -> Result<Value, Refusal> {
        let out = self.user.path("restored");
        let command = [
            "restore",
            "finish",
            "--in",
            self.archive.arg(),
            "--out",
            arg(&out),
        ];
        let result = self.user.finish(&command, begun, answer);
        assert_eq!(
            out.exists(),
            result.is_ok(),
            "a file exactly if it was restored"
        );
        if result.is_ok() {
            assert_eq!(fs::read(&out).unwrap(), b"what matters");
            fs::remove_file(&out).unwrap();
        }
        result
    }

    /// A restore with these faults is refused by this name; then an honest one works.
    fn refused(&mut self, faults: &[Fault], name: &str) {
        let begun = self.begin();
        let answer = self.answer(&begun, faults);
        let refusal = self.finish(&begun, &answer).expect_err(name);
        assert_eq!(refusal.name, name, "{faults:?}: {refusal}");
        assert_eq!(refusal.status, 1);
        self.works();
    }

    fn works(&mut self) {
        let begun = self.begin();
        let answer = self.answer(&begun, &[]);
        self.finish(&begun, &answer).unwrap();
    }
}

#[test]
fn without_user_verification_a_valid_signature_is_not_enough() {
    story(Settings::default()).refused(&[Fault::NoUserVerification], "USER_NOT_VERIFIED");
}

#[test]
fn without_user_presence_nothing_is_opened() {
    story(Settings::default()).refused(&[Fault::NoUserPresence], "USER_NOT_PRESENT");
}

#[test]
fn another_origin_is_refused() {
    let mut story = story(Settings::default());
    for origin in [
        "https://attacker.example",
        "https://login.example.org",
        "http://example.org",
    ] {
        story.refused(&[Fault::Origin(origin.to_owned())], "ORIGIN_MISMATCH");
    }
}

#[test]
fn a_cross_origin_frame_is_refused() {
    let mut story = story(Settings::default());
    story.refused(&[Fault::CrossOrigin], "CROSS_ORIGIN");
    let top = Fault::TopOrigin("https://attacker.example".to_owned());
    story.refused(&[Fault::CrossOrigin, top], "CROSS_ORIGIN");
}

#[test]
fn the_other_kind_of_ceremony_is_refused() {
    story(Settings::default()).refused(&[Fault::Type], "WRONG_TYPE");
}

#[test]
fn another_relying_party_is_refused() {
    let fault = Fault::RpId("attacker.example".to_owned());
    story(Settings::default()).refused(&[fault], "RP_ID_MISMATCH");
}

#[test]
fn an_unknown_credential_is_refused() {
    story(Settings::default()).refused(&[Fault::CredentialId], "UNKNOWN_CREDENTIAL");
}

#[test]
fn another_user_handle_is_refused() {
    story(Settings::default()).refused(&[Fault::UserHandle], "USER_HANDLE_MISMATCH");
}

#[test]
fn a_missing_user_handle_is_no_fault() {
    let mut story = story(Settings::default());
    let begun = story.begin();
    let answer = story.answer(&begun, &[Fault::NoUserHandle]);
    story.finish(&begun, &answer).unwrap();
}

#[test]
fn a_flipped_signature_bit_is_refused() {
    story(Settings::default()).refused(&[Fault::Signature], "SIGNATURE_INVALID");
}

#[test]
fn backup_flags_that_contradict_are_refused() {
    let mut synced = story(Settings::default());
    synced.refused(&[Fault::BackupFlip], "BACKUP_FLAGS_INVALID");
    synced.refused(&[Fault::BackupStateOnly], "BACKUP_FLAGS_INVALID");
}

#[test]
fn a_counter_that_does_not_grow_is_refused() {
    let mut story = story(counting());
    story.works();
    story.works();
    for fault in [
        Fault::CounterRepeat,
        Fault::CounterRegress,
        Fault::CounterReset,
    ] {
        story.refused(&[fault], "COUNTER_REGRESSION");
    }
}

#[test]
fn a_flipped_challenge_bit_is_refused() {
    story(Settings::default()).refused(&[Fault::Challenge], "CHALLENGE_MISMATCH");
}

#[test]
fn the_answer_to_another_ceremony_is_refused() {
    let mut story = story(Settings::default());
    let (one, other) = (story.begin(), story.begin());
    assert_ne!(one["options"]["challenge"], other["options"]["challenge"]);
    let answer = story.answer(&one, &[]);
    assert_eq!(
        story.finish(&other, &answer).unwrap_err().name,
        "CHALLENGE_MISMATCH"
    );
    // What was answered is still open.
    story.finish(&one, &answer).unwrap();
}

#[test]
fn a_challenge_of_somebody_else_is_refused() {
    let mut story = story(Settings::default());
    let mut other = story._device.user();
    let vault = other.enrol();
    let archive = other.backup(&vault, "b.pkb", b"other");
    let foreign = other.begin_restore(&archive.path).unwrap();
    let mut mixed = story.begin();
    mixed["options"]["challenge"] = foreign["options"]["challenge"].clone();
    let answer = story.answer(&mixed, &[]);
    assert_eq!(
        story.finish(&mixed, &answer).unwrap_err().name,
        "CHALLENGE_MISMATCH"
    );
    story.works();
}

#[test]
fn an_answer_is_good_once() {
    let mut story = story(Settings::default());
    let begun = story.begin();
    let answer = story.answer(&begun, &[]);
    story.finish(&begun, &answer).unwrap();
    let refusal = story.finish(&begun, &answer).unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_UNKNOWN");
    story.works();
}

#[test]
fn a_refused_answer_uses_the_challenge_up() {
    let mut story = story(Settings::default());
    let begun = story.begin();
    let wrong = story.answer(&begun, &[Fault::NoUserVerification]);
    assert_eq!(
        story.finish(&begun, &wrong).unwrap_err().name,
        "USER_NOT_VERIFIED"
    );
    let right = story.answer(&begun, &[]);
    assert_eq!(
        story.finish(&begun, &right).unwrap_err().name,
        "CHALLENGE_UNKNOWN"
    );
    story.works();
}

#[test]
fn a_token_that_was_never_issued_is_unknown() {
    let mut story = story(Settings::default());
    let mut begun = story.begin();
    let answer = story.answer(&begun, &[]);
    begun["ceremony"] = "00112233445566778899aabbccddeeff".into();
    assert_eq!(
        story.finish(&begun, &answer).unwrap_err().name,
        "CHALLENGE_UNKNOWN"
    );
    story.works();
}

#[test]
fn a_ceremony_finishes_the_operation_that_it_was_begun_for() {
    let mut story = story(Settings::default());
    let begun = story.begin();
    let answer = story.answer(&begun, &[]);
    for command in [
        &["vault", "finish-delete"][..],
        &["origin", "finish-set"],
        &["verify", "finish", "--in", story.archive.arg()],
    ] {
        let refusal = story.user.finish(command, &begun, &answer).unwrap_err();
        assert_eq!(refusal.name, "OPERATION_MISMATCH", "{command:?}");
    }
    assert!(
        story
            .user
            .pkb
            .json(&["vault", "show", &story.vault])
            .is_ok(),
        "nothing was deleted"
    );
    story.works();
}

#[test]
fn a_restore_opens_the_archive_that_it_was_begun_for() {
    let mut story = story(Settings::default());
    let other = story
        .user
        .backup(&story.vault, "other.pkb", b"something else");
    let begun = story.begin();
    let answer = story.answer(&begun, &[]);
    let out = story.user.path("wrong");
    let command = ["restore", "finish", "--in", other.arg(), "--out", arg(&out)];
    let refusal = story.user.finish(&command, &begun, &answer).unwrap_err();
    assert_eq!(refusal.name, "OPERATION_MISMATCH");
    assert!(!out.exists());
    story.works();
}

#[test]
fn a_vault_takes_the_passkeys_of_that_vault_only() {
    let mut story = story(Settings::default());
    // Another vault of the same owner, with the same relying party.
    let second = story.user.enrol();
    assert_ne!(second, story.vault);
    let mut begun = story.begin();
    let allowed = begun["options"]["allowCredentials"].take();
    let own = allowed[0]["id"].as_str().unwrap().to_owned();
    begun["options"]["allowCredentials"] = Value::Array(Vec::new());
    let answer = story.answer(&begun, &[Fault::NoUserHandle]);
    assert!(
        !answer.contains(&own),
        "the newest passkey answers where none is named"
    );
    assert_eq!(
        story.finish(&begun, &answer).unwrap_err().name,
        "UNKNOWN_CREDENTIAL"
    );
    story.works();
}

#[test]
fn what_is_no_answer_is_malformed() {
    let mut story = story(Settings::default());
    for garbage in ["", "{}", "null", "{\"id\":", "\u{0}"] {
        let begun = story.begin();
        let refusal = story.finish(&begun, garbage).unwrap_err();
        assert_eq!(refusal.name, "MALFORMED_JSON", "{garbage:?}: {refusal}");
    }
    story.works();
}

#[test]
fn registrations_are_held_to_the_same_rules() {
    let device = Device::new();
    let mut user = device.user();
    let origin = user.origin.clone();
    let text = |text: &str| text.to_owned();
    for (fault, name) in [
        (Fault::NoUserVerification, "USER_NOT_VERIFIED"),
        (Fault::NoUserPresence, "USER_NOT_PRESENT"),
        (
            Fault::Origin(text("https://attacker.example")),
            "ORIGIN_MISMATCH",
        ),
        (Fault::Challenge, "CHALLENGE_MISMATCH"),
        (Fault::CrossOrigin, "CROSS_ORIGIN"),
        (Fault::Type, "WRONG_TYPE"),
        (Fault::RpId(text("attacker.example")), "RP_ID_MISMATCH"),
        (Fault::BackupStateOnly, "BACKUP_FLAGS_INVALID"),
    ] {
        let begun = user.begin_enrol().unwrap();
        let answer =
            user.passkeys
                .register_with(&begun.to_string(), &origin, std::slice::from_ref(&fault));
        let refusal = user
            .finish(&["vault", "finish-create"], &begun, &answer.unwrap())
            .unwrap_err();
        assert_eq!(refusal.name, name, "{fault:?}: {refusal}");
    }
    let listed = user.pkb.json(&["vault", "list"]).unwrap();
    assert_eq!(
        listed["vaults"].as_array().unwrap().len(),
        0,
        "nothing was made"
    );
    user.enrol();
}

#[test]
fn a_self_attestation_is_verified() {
    let device = Device::new();
    let settings = Settings {
        attestation: Attestation::PackedSelf,
        ..Settings::default()
    };
    let mut user = device.user().with_settings(settings);
    let origin = user.origin.clone();
    let begun = user.begin_enrol().unwrap();
    let answer = user
        .passkeys
        .register_with(&begun.to_string(), &origin, &[Fault::Signature])
        .unwrap();
    let refusal = user
        .finish(&["vault", "finish-create"], &begun, &answer)
        .unwrap_err();
    assert_eq!(refusal.name, "ATTESTATION_INVALID");
    let vault = user.try_enrol().unwrap();
    assert_eq!(vault["credentials"][0]["attestation"], "self");
}

#[test]
fn more_open_ceremonies_than_allowed_are_refused_or_replace_the_oldest() {
    let mut story = story(Settings::default());
    let info = story.user.pkb.json(&["info"]).unwrap();
    let limit = info["limits"]["ceremonies_per_owner"].as_u64().unwrap();
    let mut last = story.begin();
    let mut refused = None;
    for _ in 0..limit {
        match story.user.begin_restore(&story.archive.path) {
            Ok(begun) => last = begun,
            Err(refusal) => refused = Some(refusal),
        }
    }
    if let Some(refusal) = refused {
        assert_eq!(refusal.name, "QUOTA");
        assert!(
            refusal.object["error"]["retry_after_ms"].as_u64() > Some(0),
            "{refusal}"
        );
    }
    let answer = story.answer(&last, &[]);
    story.finish(&last, &answer).unwrap();
}
