// SPDX-License-Identifier: Apache-2.0

//! Honest ceremonies of every kind of authenticator.

mod common;

use common::*;
use serde_json::{Value, json};
use test_authenticator::{
    Algorithm, Attestation, Authenticator, Backup, Counter, Error, Prf, Settings,
};

fn register(authenticator: &mut Authenticator) -> Registration {
    let response = authenticator
        .register(&creation_options().to_string(), ORIGIN)
        .unwrap();
    Registration::read(&response)
}

fn assert(authenticator: &mut Authenticator, credential_id: &[u8]) -> Assertion {
    let options = request_options(credential_id).to_string();
    Assertion::read(&authenticator.assert(&options, ORIGIN).unwrap())
}

/// The secret from which PRF outputs with user verification are made.
fn prf_secret(authenticator: &Authenticator, which: &str) -> Vec<u8> {
    let store: Value = serde_json::from_slice(&authenticator.export().unwrap()).unwrap();
    unb64(&store["passkeys"][0]["prf"][which])
}

#[test]
fn a_registration_is_that_of_a_synced_passkey() {
    let registration = register(&mut Authenticator::new());
    let json = &registration.json;

    assert_eq!(json["type"], "public-key");
    assert_eq!(json["authenticatorAttachment"], "platform");
    assert_eq!(
        client_data(json),
        json!({
            "type": "webauthn.create",
            "challenge": b64(&CHALLENGE),
            "origin": ORIGIN,
            "crossOrigin": false,
        })
    );
    assert_eq!(registration.format, "none");
    assert_eq!(
        unb64(&json["response"]["authenticatorData"]),
        registration.auth_data
    );
    assert_eq!(registration.auth_data[..32], sha256(RP_ID.as_bytes()));
    assert_eq!(flags(&registration.auth_data), 0x5d, "UP UV BE BS AT");
    assert_eq!(counter(&registration.auth_data), 0);
    assert_eq!(unb64(&json["rawId"]), registration.credential_id);
    assert_eq!(json["response"]["publicKeyAlgorithm"], -7);
    assert_eq!(
        json["response"]["transports"],
        json!(["internal", "hybrid"])
    );
    let spki = unb64(&json["response"]["publicKey"]);
    assert!(spki.ends_with(registration.public_key.bytes()));
    assert_eq!(
        json["clientExtensionResults"]["prf"],
        json!({"enabled": true})
    );
}

#[test]
fn an_assertion_verifies() {
    for algorithm in [Algorithm::Any, Algorithm::Es256, Algorithm::Eddsa] {
        let mut authenticator = Authenticator::with_settings(Settings {
            algorithm,
            ..Settings::default()
        });
        let registration = register(&mut authenticator);
        let assertion = assert(&mut authenticator, &registration.credential_id);

        assert!(
            assertion.verifies(&registration.public_key),
            "{algorithm:?}"
        );
        assert_eq!(
            client_data(&assertion.json),
            json!({
                "type": "webauthn.get",
                "challenge": b64(&CHALLENGE),
                "origin": ORIGIN,
                "crossOrigin": false,
            })
        );
        assert_eq!(assertion.auth_data.len(), 37);
        assert_eq!(assertion.auth_data[..32], sha256(RP_ID.as_bytes()));
        assert_eq!(flags(&assertion.auth_data), 0x1d, "UP UV BE BS");
        assert_eq!(unb64(&assertion.json["rawId"]), registration.credential_id);
        assert_eq!(unb64(&assertion.json["response"]["userHandle"]), USER);
    }
}

#[test]
fn packed_self_attestation_verifies() {
    for algorithm in [Algorithm::Es256, Algorithm::Eddsa] {
        let mut authenticator = Authenticator::with_settings(Settings {
            algorithm,
            attestation: Attestation::PackedSelf,
            ..Settings::default()
        });
        let registration = register(&mut authenticator);
        assert_eq!(registration.format, "packed");
        assert_eq!(registration.seen()["signature"], true, "{algorithm:?}");
    }
}

#[test]
fn prf_outputs_are_those_of_the_spec() {
    let mut authenticator = Authenticator::new();
    let id = register(&mut authenticator).credential_id;
    let secret = prf_secret(&authenticator, "with_uv");

    for _ in 0..2 {
        let assertion = assert(&mut authenticator, &id);
        assert_eq!(assertion.prf("first"), prf_output(&secret, PRF_INPUT));
        assert_eq!(
            assertion.prf("second"),
            prf_output(&secret, OTHER_PRF_INPUT)
        );
    }
    let other = register(&mut Authenticator::new());
    assert_ne!(other.credential_id, id);

    let mut first_only = request_options(&id);
    first_only["extensions"] = json!({"prf": {"eval": {"first": b64(PRF_INPUT)}}});
    let response = authenticator
        .assert(&first_only.to_string(), ORIGIN)
        .unwrap();
    let prf = Assertion::read(&response).json["clientExtensionResults"]["prf"].clone();
    assert_eq!(
        prf,
        json!({"results": {"first": b64(&prf_output(&secret, PRF_INPUT))}})
    );

    let mut by_credential = request_options(&id);
    by_credential["extensions"] =
        json!({"prf": {"evalByCredential": {b64(&id): {"first": b64(OTHER_PRF_INPUT)}}}});
    let response = authenticator
        .assert(&by_credential.to_string(), ORIGIN)
        .unwrap();
    assert_eq!(
        Assertion::read(&response).prf("first"),
        prf_output(&secret, OTHER_PRF_INPUT)
    );
}

#[test]
fn prf_outputs_differ_between_passkeys_and_without_user_verification() {
    let mut one = Authenticator::new();
    let mut other = Authenticator::new();
    let id = register(&mut one).credential_id;
    let other_id = register(&mut other).credential_id;
    let output = assert(&mut one, &id).prf("first");
    assert_ne!(output, assert(&mut other, &other_id).prf("first"));

    one.user_verified(false);
    let unverified = assert(&mut one, &id).prf("first");
    assert_ne!(output, unverified);
    assert_eq!(
        unverified,
        prf_output(&prf_secret(&one, "without_uv"), PRF_INPUT)
    );
}

#[test]
fn prf_support_is_a_setting() {
    let with = |prf| {
        Authenticator::with_settings(Settings {
            prf,
            ..Settings::default()
        })
    };

    let mut at_creation = with(Prf::Creation);
    let registration = register(&mut at_creation);
    let output = prf_output(&prf_secret(&at_creation, "with_uv"), PRF_INPUT);
    assert_eq!(
        registration.json["clientExtensionResults"]["prf"],
        json!({"enabled": true, "results": {"first": b64(&output)}})
    );

    let mut never = with(Prf::None);
    let registration = register(&mut never);
    assert_eq!(registration.json["clientExtensionResults"], json!({}));
    let assertion = assert(&mut never, &registration.credential_id);
    assert_eq!(assertion.json["clientExtensionResults"], json!({}));
}

#[test]
fn backup_flags_are_a_setting() {
    for (backup, bits) in [
        (Backup::Synced, 0x18),
        (Backup::Eligible, 0x08),
        (Backup::DeviceBound, 0x00),
    ] {
        let mut authenticator = Authenticator::with_settings(Settings {
            backup,
            ..Settings::default()
        });
        let registration = register(&mut authenticator);
        assert_eq!(flags(&registration.auth_data), 0x45 | bits, "{backup:?}");
        assert_eq!(
            unb64(&registration.json["response"]["authenticatorData"]),
            registration.auth_data
        );
        let assertion = assert(&mut authenticator, &registration.credential_id);
        assert_eq!(flags(&assertion.auth_data), 0x05 | bits, "{backup:?}");
        assert!(assertion.verifies(&registration.public_key));
    }
}

#[test]
fn the_counter_is_a_setting() {
    for (setting, counters) in [(Counter::None, [0, 0, 0]), (Counter::Counting, [0, 1, 2])] {
        let mut authenticator = Authenticator::with_settings(Settings {
            counter: setting,
            ..Settings::default()
        });
        let registration = register(&mut authenticator);
        let id = &registration.credential_id;
        let seen = [
            registration.auth_data.clone(),
            assert(&mut authenticator, id).auth_data,
            assert(&mut authenticator, id).auth_data,
        ]
        .map(|data| counter(&data));
        assert_eq!(seen, counters, "{setting:?}");
    }
}

#[test]
fn the_user_may_be_unverified_or_absent() {
    let mut authenticator = Authenticator::new();
    let registration = register(&mut authenticator);
    for (verified, present, expected) in [
        (false, true, 0x19),
        (true, false, 0x1c),
        (false, false, 0x18),
    ] {
        authenticator.user_verified(verified).user_present(present);
        let assertion = assert(&mut authenticator, &registration.credential_id);
        assert_eq!(flags(&assertion.auth_data), expected);
        assert!(assertion.verifies(&registration.public_key));

        let registration = register(&mut authenticator.clone());
        assert_eq!(flags(&registration.auth_data), expected | 0x40);
    }

    let mut options = creation_options();
    options
        .as_object_mut()
        .unwrap()
        .remove("authenticatorSelection");
    let response = authenticator
        .register(&options.to_string(), ORIGIN)
        .unwrap();
    assert_eq!(
        flags(&Registration::read(&response).auth_data),
        0x58,
        "BE BS AT"
    );
}

#[test]
fn apps_and_local_servers_have_origins_too() {
    let android = format!("android:apk-key-hash:{}", b64(&sha256(b"certificate")));
    let mut authenticator = Authenticator::new();
    authenticator.settings_mut().android_package = Some("org.example.app".to_owned());
    let response = authenticator
        .register(&creation_options().to_string(), &android)
        .unwrap();
    let registration = Registration::read(&response);
    assert_eq!(client_data(&registration.json)["origin"], android);
    let options = request_options(&registration.credential_id).to_string();
    let assertion = Assertion::read(&authenticator.assert(&options, &android).unwrap());
    assert_eq!(client_data(&assertion.json)["origin"], android);
    assert_eq!(
        client_data(&assertion.json)["androidPackageName"],
        "org.example.app"
    );
    assert!(assertion.verifies(&registration.public_key));

    let mut options = creation_options();
    options["rp"]["id"] = json!("localhost");
    let local = "http://localhost:8080";
    let response = Authenticator::new()
        .register(&options.to_string(), local)
        .unwrap();
    let registration = Registration::read(&response);
    assert_eq!(client_data(&registration.json)["origin"], local);
    assert_eq!(registration.auth_data[..32], sha256(b"localhost"));
}

#[test]
fn the_client_refuses_what_a_browser_refuses() {
    let mut authenticator = Authenticator::new();
    let options = creation_options().to_string();
    for origin in [
        "https://example.com",
        "http://example.org",
        "https://evilexample.org",
    ] {
        let refused = authenticator.register(&options, origin);
        assert!(matches!(refused, Err(Error::Client(_))), "{origin}");
    }
    let mut local = creation_options();
    local["rp"]["id"] = json!("localhost");
    for origin in [
        "https://example.org",
        "http://example.org",
        "http://localhost.example.org",
    ] {
        let refused = authenticator.register(&local.to_string(), origin);
        assert!(
            matches!(refused, Err(Error::Client(_))),
            "{origin} for localhost"
        );
    }
    let refused = authenticator.register(&options, "http://localhost:8080");
    assert!(matches!(refused, Err(Error::Client(_))));
    for origin in [
        "https://example.org/",
        "https://EXAMPLE.org",
        "https://example.org:443",
        "https://example.org/path",
        "android:apk-key-hash:AAAA",
        "example.org",
    ] {
        let refused = authenticator.register(&options, origin);
        assert!(matches!(refused, Err(Error::Origin(_))), "{origin}");
    }
    assert!(authenticator.credential_ids().is_empty());
}

#[test]
fn credentials_are_found_excluded_and_replaced() {
    let mut authenticator = Authenticator::new();
    let first = register(&mut authenticator);

    let mut options = creation_options();
    options["excludeCredentials"] =
        json!([{"type": "public-key", "id": b64(&first.credential_id)}]);
    let excluded = authenticator
        .register(&options.to_string(), ORIGIN)
        .unwrap_err();
    assert!(
        excluded.to_string().contains("CredentialExcluded"),
        "{excluded}"
    );

    let mut options = creation_options();
    options["user"]["id"] = json!(b64(b"somebody else"));
    let second = Registration::read(
        &authenticator
            .register(&options.to_string(), ORIGIN)
            .unwrap(),
    );
    let replaced = register(&mut authenticator);
    assert_eq!(
        authenticator.credential_ids(),
        [second.credential_id.clone(), replaced.credential_id.clone()],
        "the same user has one passkey for one rp id"
    );

    let mut any = request_options(b"");
    any["allowCredentials"] = json!([]);
    let newest = Assertion::read(&authenticator.assert(&any.to_string(), ORIGIN).unwrap());
    assert_eq!(unb64(&newest.json["rawId"]), replaced.credential_id);
    assert_eq!(
        unb64(&assert(&mut authenticator, &second.credential_id).json["rawId"]),
        second.credential_id
    );

    for options in [request_options(&first.credential_id), {
        let mut elsewhere = request_options(&second.credential_id);
        elsewhere["rpId"] = json!("www.example.org");
        elsewhere
    }] {
        let origin = "https://www.example.org";
        assert!(matches!(
            authenticator.assert(&options.to_string(), origin),
            Err(Error::Client(_))
        ));
    }
}

#[test]
fn what_begin_prints_will_do() {
    let printed = json!({
        "ceremony": "00112233445566778899aabbccddeeff",
        "options": creation_options(),
        "expires_at": "2030-01-01T00:00:00Z",
    });
    let mut authenticator = Authenticator::new();
    Registration::read(
        &authenticator
            .register(&printed.to_string(), ORIGIN)
            .unwrap(),
    );
}
