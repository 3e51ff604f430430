// SPDX-License-Identifier: Apache-2.0

//! Whole ceremonies of the `passkey` crate: a client and an authenticator of other authors.

use crate::support::{HANDLE, b64};
use passkey::authenticator::extensions::HmacSecretConfig;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use sealer_core::webauthn::*;
use sealer_wire::{ErrorCode, Result};
use serde_json::{Value, json};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use url::Url;

const ORIGIN: &str = "https://example.org";
const CHALLENGE: &[u8] = b"0123456789abcdef0123456789abcdef";

struct Owner {
    verifies: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        _: bool,
    ) -> core::result::Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification: self.verifies,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(self.verifies)
    }
}

/// What the relying party asks of a device.
enum Ask<'a> {
    /// A passkey for this algorithm.
    Create(i64),
    Get,
    /// An assertion in a page of this origin, for this challenge.
    GetFor(&'a str, &'a [u8]),
}

/// Nothing in these ceremonies waits for anything.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the software authenticator waits"),
    }
}

/// A client with its authenticator; it keeps the passkey that it created last.
fn device(verifies: bool, counts: bool) -> impl FnMut(Ask<'_>) -> Value {
    let mut authenticator = Authenticator::new(
        Aaguid::new_empty(),
        None,
        Owner { verifies },
        RustCryptoBackend,
    )
    .hmac_secret(HmacSecretConfig::new_with_uv_only().enable_on_make_credential());
    authenticator.set_make_credentials_with_signature_counter(counts);
    let algorithms = [
        passkey::crypto::iana::Algorithm::ES256,
        passkey::crypto::iana::Algorithm::EdDSA,
    ];
    authenticator.set_algorithms(&algorithms).unwrap();
    let mut client = Client::new(authenticator);
    move |ask| {
        let (origin, challenge) = match ask {
            Ask::Create(alg) => {
                let options = creation_options(alg);
                let options = if verifies {
                    options
                } else {
                    without_verification(options)
                };
                let options = serde_json::from_value(options).unwrap();
                let origin = Url::parse(ORIGIN).unwrap();
                let created = now(client.register(&origin, options, DefaultClientData)).unwrap();
                return serde_json::to_value(created).unwrap();
            }
            Ask::Get => (ORIGIN, CHALLENGE),
            Ask::GetFor(origin, challenge) => (origin, challenge),
        };
        let options = serde_json::from_value(request_options(challenge)).unwrap();
        let origin = Url::parse(origin).unwrap();
        let assertion = now(client.authenticate(&origin, options, DefaultClientData)).unwrap();
        serde_json::to_value(assertion).unwrap()
    }
}

fn creation_options(alg: i64) -> Value {
    json!({ "publicKey": {
        "rp": { "id": "example.org", "name": "Example" },
        "user": { "id": b64(HANDLE), "name": "user", "displayName": "User" },
        "challenge": b64(CHALLENGE),
        "pubKeyCredParams": [{ "type": "public-key", "alg": alg }],
        "authenticatorSelection": { "residentKey": "required", "userVerification": "preferred" },
        "extensions": { "credProps": true, "prf": { "eval": { "first": b64(&[1; 32]) } } },
    } })
}

/// For an authenticator that verifies nobody: it has no PRF either.
fn without_verification(mut options: Value) -> Value {
    let options_json = &mut options["publicKey"];
    options_json["authenticatorSelection"]["userVerification"] = json!("discouraged");
    options_json["extensions"] = json!({});
    options
}

fn request_options(challenge: &[u8]) -> Value {
    json!({ "publicKey": {
        "challenge": b64(challenge),
        "rpId": "example.org",
        "userVerification": "preferred",
        "extensions": { "prf": { "eval": { "first": b64(&[1; 32]), "second": b64(&[2; 32]) } } },
    } })
}

fn register(json: &Value, origins: &[String], challenge: &[u8]) -> Result<Registration> {
    let policy = Policy {
        rp_id: "example.org",
        origins,
        package: None,
        accept_unverified_attestation: false,
    };
    verify_registration(&policy, challenge, json.to_string().as_bytes())
}

fn authenticate(json: &Value, registration: &Registration, sign_count: u32) -> Result<Assertion> {
    let policy = Policy {
        rp_id: "example.org",
        origins: &[ORIGIN.to_string()],
        package: None,
        accept_unverified_attestation: false,
    };
    let parsed = parse_assertion(json.to_string().as_bytes())?;
    assert_eq!(parsed.credential_id(), registration.credential_id);
    let credential = Credential {
        id: &registration.credential_id,
        public_key: &registration.public_key,
        sign_count,
        backup_eligible: registration.backup_eligible,
        user_handle: Some(HANDLE),
    };
    verify_assertion(&policy, CHALLENGE, &credential, parsed)
}

#[test]
fn ceremonies_are_accepted() {
    for (alg, number) in [(Algorithm::Es256, -7), (Algorithm::EdDsa, -8)] {
        let mut device = device(true, true);
        let origins = [ORIGIN.to_string()];
        let created = device(Ask::Create(number));
        let registration = register(&created, &origins, CHALLENGE).unwrap();
        assert_eq!(registration.public_key.alg(), alg);
        assert_eq!(registration.attestation, Attestation::None);
        assert_eq!(registration.prf_enabled, Some(true));
        let mut count = registration.sign_count;
        for _ in 0..3 {
            let assertion = device(Ask::Get);
            let assertion = authenticate(&assertion, &registration, count).unwrap();
            assert!(assertion.sign_count > count);
            count = assertion.sign_count;
            let first = assertion.prf_first.unwrap();
            let created = registration.prf_first.as_ref().unwrap();
            assert_eq!(
                first.as_bytes(),
                created.as_bytes(),
                "the same input gives the same output"
            );
            assert_ne!(assertion.prf_second.unwrap().as_bytes(), first.as_bytes());
        }
    }
}

#[test]
fn ceremonies_without_a_counter_are_accepted() {
    let mut device = device(true, false);
    let created = device(Ask::Create(-7));
    let registration = register(&created, &[ORIGIN.into()], CHALLENGE).unwrap();
    assert_eq!(registration.sign_count, 0);
    for _ in 0..2 {
        let assertion = device(Ask::Get);
        assert_eq!(
            authenticate(&assertion, &registration, 0)
                .unwrap()
                .sign_count,
            0
        );
    }
}

#[test]
fn ceremonies_for_something_else_are_refused() {
    let mut device = device(true, true);
    let origins = [ORIGIN.to_string()];
    let created = device(Ask::Create(-7));
    let registration = register(&created, &origins, CHALLENGE).unwrap();
    let refused = |result: Result<Registration>, code| assert_eq!(result.unwrap_err().code, code);
    refused(
        register(&created, &origins, &[0; 32]),
        ErrorCode::ChallengeMismatch,
    );
    refused(
        register(&created, &[], CHALLENGE),
        ErrorCode::OriginMismatch,
    );

    let refused = |result: Result<Assertion>, code| assert_eq!(result.unwrap_err().code, code);
    let assertion = device(Ask::GetFor(ORIGIN, &[0; 32]));
    refused(
        authenticate(&assertion, &registration, 0),
        ErrorCode::ChallengeMismatch,
    );
    let assertion = device(Ask::GetFor("https://login.example.org", CHALLENGE));
    refused(
        authenticate(&assertion, &registration, 0),
        ErrorCode::OriginMismatch,
    );
    // The same assertion twice, with the counter of the first on file.
    let assertion = device(Ask::Get);
    let count = authenticate(&assertion, &registration, 0)
        .unwrap()
        .sign_count;
    refused(
        authenticate(&assertion, &registration, count),
        ErrorCode::CounterRegression,
    );
}

#[test]
fn ceremonies_without_user_verification_are_refused() {
    let mut device = device(false, true);
    let created = device(Ask::Create(-7));
    let error = register(&created, &[ORIGIN.into()], CHALLENGE).unwrap_err();
    assert_eq!(error.code, ErrorCode::UserNotVerified);
}

#[test]
fn prf_results_are_never_printed() {
    let mut device = device(true, true);
    let created = device(Ask::Create(-7));
    let registration = register(&created, &[ORIGIN.into()], CHALLENGE).unwrap();
    let assertion = device(Ask::Get);
    let text = assertion["clientExtensionResults"]["prf"]["results"]["first"]
        .as_str()
        .unwrap();
    let parsed = parse_assertion(assertion.to_string().as_bytes()).unwrap();
    let secret = *parsed.prf_first().unwrap().as_bytes();
    assert_eq!(b64(&secret), text);
    let printed = format!(
        "{parsed:?} {registration:?} {:?}",
        authenticate(&assertion, &registration, 0).unwrap()
    );
    let numbers = format!("{secret:?}");
    assert!(!printed.contains(text) && !printed.contains(numbers.trim_matches(['[', ']'])));
    assert!(printed.contains("redacted"));
}
