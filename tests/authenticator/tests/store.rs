// SPDX-License-Identifier: Apache-2.0

//! The store between calls and on other devices.

mod common;

use common::*;
use serde_json::Value;
use test_authenticator::{Algorithm, Authenticator, Backup, Counter, Error, Settings};

fn registered(settings: Settings) -> (Authenticator, Registration) {
    let mut authenticator = Authenticator::with_settings(settings);
    let response = authenticator
        .register(&creation_options().to_string(), ORIGIN)
        .unwrap();
    (authenticator, Registration::read(&response))
}

#[test]
fn the_same_passkey_works_on_another_device() {
    for algorithm in [Algorithm::Es256, Algorithm::Eddsa] {
        let settings = Settings {
            algorithm,
            backup: Backup::Eligible,
            counter: Counter::Counting,
            android_package: Some("org.example.app".to_owned()),
            ..Settings::default()
        };
        let (mut here, registration) = registered(settings);
        let exported = here.export().unwrap();
        let mut there = Authenticator::import(&exported).unwrap();
        assert_eq!(there.settings(), here.settings());
        assert_eq!(there.export().unwrap(), exported);

        let options = request_options(&registration.credential_id).to_string();
        let [here, there] = [&mut here, &mut there]
            .map(|device| Assertion::read(&device.assert(&options, ORIGIN).unwrap()));
        assert!(there.verifies(&registration.public_key));
        assert_eq!(
            here.seen(&registration.public_key),
            there.seen(&registration.public_key)
        );
        assert_eq!(here.prf("second"), there.prf("second"));
    }
}

#[test]
fn a_deleted_passkey_is_gone() {
    let (mut authenticator, registration) = registered(Settings::default());
    assert!(authenticator.delete(&registration.credential_id));
    assert!(!authenticator.delete(&registration.credential_id));
    let options = request_options(&registration.credential_id).to_string();
    assert!(matches!(
        authenticator.assert(&options, ORIGIN),
        Err(Error::Client(_))
    ));
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let (authenticator, _) = registered(Settings::default());
    let file: Value = serde_json::from_slice(&authenticator.export().unwrap()).unwrap();
    for (pointer, value) in [
        ("/version", Value::from(2)),
        ("/passkeys/0/key", Value::from("AAAA")),
        ("/passkeys/0/credential_id", Value::Null),
        ("/settings/backup", Value::from("sometimes")),
    ] {
        let mut file = file.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        let refused = Authenticator::import(file.to_string().as_bytes());
        assert!(matches!(refused, Err(Error::Store(_))), "{pointer}");
    }
    assert!(matches!(Authenticator::import(b""), Err(Error::Store(_))));
}
