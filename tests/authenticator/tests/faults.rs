// SPDX-License-Identifier: Apache-2.0

//! Every fault alters what its name says, nothing else, and stays validly signed.

mod common;

use std::collections::BTreeSet;

use common::*;
use serde_json::{Value, json};
use test_authenticator::{Attestation, Authenticator, Backup, Counter, Error, Fault, Settings};

/// A counting authenticator that has registered, and asserted twice: the next counter is 3.
fn used() -> (Authenticator, Registration) {
    let mut authenticator = Authenticator::with_settings(Settings {
        counter: Counter::Counting,
        ..Settings::default()
    });
    let response = authenticator
        .register(&creation_options().to_string(), ORIGIN)
        .unwrap();
    let registration = Registration::read(&response);
    for _ in 0..2 {
        let options = request_options(&registration.credential_id).to_string();
        authenticator.assert(&options, ORIGIN).unwrap();
    }
    (authenticator, registration)
}

fn named(name: &str) -> Fault {
    name.parse().unwrap()
}

/// The name of something altered, and its new value where it is known.
type Altered = (&'static str, Option<Value>);

/// What each fault alters in an assertion.
fn alterations() -> Vec<(&'static str, Vec<Altered>)> {
    let other = "https://other.example";
    vec![
        ("type", vec![("type", Some(json!("webauthn.create")))]),
        ("challenge", vec![("challenge", None)]),
        (
            "origin",
            vec![("origin", Some(json!("https://attacker.example")))],
        ),
        (
            "origin=https://other.example",
            vec![("origin", Some(json!(other)))],
        ),
        ("cross-origin", vec![("crossOrigin", Some(json!(true)))]),
        (
            "top-origin",
            vec![("topOrigin", Some(json!("https://attacker.example")))],
        ),
        (
            "top-origin=https://other.example",
            vec![("topOrigin", Some(json!(other)))],
        ),
        (
            "android-package",
            vec![("androidPackageName", Some(json!("com.example.attacker")))],
        ),
        (
            "android-package=a.b",
            vec![("androidPackageName", Some(json!("a.b")))],
        ),
        (
            "rp-id",
            vec![("rpIdHash", Some(json!(sha256(b"attacker.example"))))],
        ),
        (
            "rp-id=other.example",
            vec![("rpIdHash", Some(json!(sha256(b"other.example"))))],
        ),
        ("no-user-presence", vec![("UP", Some(json!(false)))]),
        (
            "no-user-verification",
            vec![("UV", Some(json!(false))), ("prf", None)],
        ),
        (
            "backup-flip",
            vec![("BE", Some(json!(false))), ("BS", Some(json!(false)))],
        ),
        ("backup-state-only", vec![("BE", Some(json!(false)))]),
        ("counter-repeat", vec![("counter", Some(json!(2)))]),
        ("counter-regress", vec![("counter", Some(json!(1)))]),
        ("counter-reset", vec![("counter", Some(json!(0)))]),
        ("user-handle", vec![("userHandle", None)]),
        ("no-user-handle", vec![("userHandle", Some(json!(null)))]),
        ("credential-id", vec![("id", None)]),
        ("prf-output", vec![("prf", None)]),
        ("no-prf", vec![("prf", Some(json!(null)))]),
        ("signature", vec![("signature", Some(json!(false)))]),
    ]
}

#[test]
fn an_assertion_is_altered_in_one_thing() {
    let (authenticator, registration) = used();
    let key = &registration.public_key;
    let options = request_options(&registration.credential_id).to_string();
    let honest =
        Assertion::read(&authenticator.clone().assert(&options, ORIGIN).unwrap()).seen(key);
    assert_eq!(honest["counter"], 3);
    assert_eq!(honest["signature"], true);

    let mut played = BTreeSet::new();
    for (name, expected) in alterations() {
        let response = authenticator
            .clone()
            .assert_with(&options, ORIGIN, &[named(name)])
            .unwrap();
        let seen = Assertion::read(&response).seen(key);
        let altered: Vec<_> = honest
            .keys()
            .filter(|key| honest[*key] != seen[*key])
            .collect();
        let mut names: Vec<_> = expected.iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(altered, names, "{name}");
        for (key, value) in expected {
            assert!(
                value.is_none_or(|value| seen[key] == value),
                "{name}: {}",
                seen[key]
            );
        }
        let (kind, with) = name
            .split_once('=')
            .map_or((name, false), |(kind, _)| (kind, true));
        let known = |known: &&&str| known.trim_end_matches('=') == kind;
        let known = *Fault::NAMES
            .iter()
            .find(known)
            .expect("a name that is listed");
        assert!(!with || known.ends_with('='), "{name}");
        played.insert(known);
    }
    assert_eq!(played.len(), Fault::NAMES.len(), "every fault is played");
}

#[test]
fn a_registration_is_altered_in_one_thing() {
    let settings = Settings {
        attestation: Attestation::PackedSelf,
        ..Settings::default()
    };
    let register = |faults: &[Fault]| {
        let options = creation_options().to_string();
        let mut authenticator = Authenticator::with_settings(settings.clone());
        authenticator.register_with(&options, ORIGIN, faults)
    };
    let honest = Registration::read(&register(&[]).unwrap()).seen();
    assert_eq!(honest["signature"], true);

    for (name, expected) in alterations() {
        let expected: Vec<_> = match name {
            "backup-flip" | "counter-repeat" | "counter-regress" | "counter-reset"
            | "user-handle" | "no-user-handle" | "prf-output" => {
                assert!(
                    matches!(register(&[named(name)]), Err(Error::Fault(_))),
                    "{name}"
                );
                continue;
            }
            "type" => vec![("type", Some(json!("webauthn.get")))],
            "no-user-verification" => vec![("UV", Some(json!(false)))],
            _ => expected,
        };
        let seen = Registration::read(&register(&[named(name)]).unwrap()).seen();
        let altered: Vec<_> = honest
            .keys()
            .filter(|key| honest[*key] != seen[*key])
            .collect();
        assert_eq!(
            altered,
            expected.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "{name}"
        );
        for (key, value) in expected {
            assert!(
                value.is_none_or(|value| seen[key] == value),
                "{name}: {}",
                seen[key]
            );
        }
    }
}

#[test]
fn one_bit_is_flipped_where_one_bit_is_promised() {
    let (authenticator, registration) = used();
    let options = request_options(&registration.credential_id).to_string();
    let honest = Assertion::read(&authenticator.clone().assert(&options, ORIGIN).unwrap()).json;
    let bits = |a: &Value, b: &Value| -> u32 {
        let (a, b) = (unb64(a), unb64(b));
        assert_eq!(a.len(), b.len());
        a.iter().zip(&b).map(|(a, b)| (a ^ b).count_ones()).sum()
    };
    for (name, pointer) in [
        ("user-handle", "/response/userHandle"),
        ("credential-id", "/rawId"),
        ("signature", "/response/signature"),
        ("prf-output", "/clientExtensionResults/prf/results/first"),
        ("prf-output", "/clientExtensionResults/prf/results/second"),
    ] {
        let response = authenticator
            .clone()
            .assert_with(&options, ORIGIN, &[named(name)])
            .unwrap();
        let seen = Assertion::read(&response).json;
        assert_eq!(
            bits(
                honest.pointer(pointer).unwrap(),
                seen.pointer(pointer).unwrap()
            ),
            1,
            "{name}"
        );
    }
}

#[test]
fn backup_flip_turns_a_device_bound_passkey_into_an_eligible_one() {
    let mut authenticator = Authenticator::with_settings(Settings {
        backup: Backup::DeviceBound,
        ..Settings::default()
    });
    let response = authenticator
        .register(&creation_options().to_string(), ORIGIN)
        .unwrap();
    let registration = Registration::read(&response);
    let options = request_options(&registration.credential_id).to_string();
    let response = authenticator
        .assert_with(&options, ORIGIN, &[Fault::BackupFlip])
        .unwrap();
    let assertion = Assertion::read(&response);
    assert_eq!(flags(&assertion.auth_data), 0x0d, "UP UV BE");
    assert!(assertion.verifies(&registration.public_key));
}

#[test]
fn counter_faults_need_a_counter_that_has_counted() {
    let mut authenticator = Authenticator::new();
    let response = authenticator
        .register(&creation_options().to_string(), ORIGIN)
        .unwrap();
    let options = request_options(&Registration::read(&response).credential_id).to_string();
    for fault in [
        Fault::CounterRepeat,
        Fault::CounterRegress,
        Fault::CounterReset,
    ] {
        let refused = authenticator.assert_with(&options, ORIGIN, &[fault]);
        assert!(matches!(refused, Err(Error::Fault(_))));
    }
}

#[test]
fn a_ceremony_without_response_leaves_the_store_as_it_was() {
    let (mut authenticator, registration) = used();
    let before = authenticator.export().unwrap();
    let options = request_options(&registration.credential_id);
    let mut without_prf = options.clone();
    without_prf["extensions"] = json!({});
    let refused = authenticator.assert_with(&without_prf.to_string(), ORIGIN, &[Fault::PrfOutput]);
    assert!(matches!(refused, Err(Error::Fault(_))));
    let options = creation_options().to_string();
    let refused = authenticator.register_with(&options, ORIGIN, &[Fault::PrfOutput]);
    assert!(matches!(refused, Err(Error::Fault(_))));
    assert_eq!(authenticator.export().unwrap(), before);
}

#[test]
fn the_store_goes_on_as_after_an_honest_ceremony() {
    let (mut authenticator, registration) = used();
    let options = request_options(&registration.credential_id).to_string();
    authenticator
        .assert_with(&options, ORIGIN, &[Fault::CounterReset])
        .unwrap();
    let next = Assertion::read(&authenticator.assert(&options, ORIGIN).unwrap());
    assert_eq!(counter(&next.auth_data), 4);
}

#[test]
fn any_bytes_can_be_signed() {
    let (mut authenticator, registration) = used();
    let options = request_options(&registration.credential_id).to_string();
    let faults = [
        Fault::ClientData(|json| json.replace('/', "\\/").into_bytes()),
        Fault::AuthenticatorData(|data| [data, b"trailing"].concat()),
    ];
    let response = authenticator
        .assert_with(&options, ORIGIN, &faults)
        .unwrap();
    let assertion = Assertion::read(&response);
    let client_data = String::from_utf8(client_data_bytes(&assertion.json)).unwrap();
    assert!(client_data.contains(r#""origin":"https:\/\/example.org""#));
    assert!(assertion.auth_data.ends_with(b"trailing"));
    assert!(assertion.verifies(&registration.public_key));
}

#[test]
fn client_data_is_otherwise_byte_for_byte_that_of_passkey() {
    let (authenticator, registration) = used();
    let options = request_options(&registration.credential_id).to_string();
    for package in [None, Some("org.example.app".to_owned())] {
        let mut authenticator = authenticator.clone();
        authenticator.settings_mut().android_package = package;
        let [theirs, ours] = [vec![], vec![Fault::Origin(ORIGIN.to_owned())]].map(|faults| {
            let response = authenticator
                .assert_with(&options, ORIGIN, &faults)
                .unwrap();
            client_data_bytes(&Assertion::read(&response).json)
        });
        assert_eq!(theirs, ours);
    }
}

#[test]
fn names_are_read_and_written() {
    for name in Fault::NAMES {
        let fault = named(name.trim_end_matches('='));
        let printed = fault.to_string();
        assert!(printed.starts_with(name), "{printed}");
        assert_eq!(named(&printed).to_string(), printed);
    }
    for wrong in ["", "no-such-fault", "type=value", "client-data"] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
}
