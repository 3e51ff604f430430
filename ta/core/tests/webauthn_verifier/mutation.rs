// SPDX-License-Identifier: Apache-2.0

//! Valid responses changed at random: nothing panics, and nothing that is signed or hashed can be
//! changed. Bounded by iterations; `WEBAUTHN_FUZZ_ITERATIONS` runs more of them.

use crate::support::*;
use proptest::prelude::*;
use sealer_core::webauthn::{
    Assertion, Attestation, Credential, Policy, PublicKey, Registration, parse_assertion,
    verify_assertion, verify_registration,
};
use sealer_wire::Result;
use serde_json::{Value, json};
use signer::{ES256, ES384, Signer};
use std::sync::LazyLock;

fn with_policy<T>(check: impl FnOnce(&Policy<'_>) -> T) -> T {
    let origins = [ORIGIN.to_string()];
    check(&Policy {
        rp_id: RP_ID,
        origins: &origins,
        package: Some(PACKAGE),
        accept_unverified_attestation: false,
    })
}

fn register(json: &[u8]) -> Result<Registration> {
    with_policy(|policy| verify_registration(policy, CHALLENGE, json))
}

fn authenticate(json: &[u8]) -> Result<Assertion> {
    let signer = Signer::of(ES256);
    let public_key = PublicKey::from_cose(&signer.cose())?;
    let credential = Credential {
        id: b"credential -7",
        public_key: &public_key,
        sign_count: 4,
        backup_eligible: true,
        user_handle: Some(HANDLE),
    };
    let parsed = parse_assertion(json)?;
    with_policy(|policy| verify_assertion(policy, CHALLENGE, &credential, parsed))
}

/// A registration in which everything is signed: self attestation.
static SELF_ATTESTED: LazyLock<Registered> =
    LazyLock::new(|| Registered::new(Statement::SelfAttested));
/// The same by a certificate.
static CERTIFIED: LazyLock<Registered> = LazyLock::new(|| {
    let attester = Signer::of(ES384);
    Registered::new(Statement::X5c(
        attester,
        vec![der::Certificate::new(attester.spki(), AAGUID).der()],
    ))
});
static ASSERTED: LazyLock<Value> = LazyLock::new(|| {
    let mut authentication = Authentication::new(ES256);
    authentication.auth.sign_count = 5;
    authentication.response()
});

struct Registered {
    response: Value,
    registration: super::support::Registration,
    object: Vec<u8>,
}

impl Registered {
    fn new(statement: Statement) -> Self {
        let mut registration = super::support::Registration::new(ES256);
        registration.statement = statement;
        let object = registration.attestation_object();
        registration.raw_object = Some(object.clone());
        Registered {
            response: registration.response(),
            registration,
            object,
        }
    }
}

/// The member at `pointer` with one bit flipped in what it encodes.
fn flip(response: &Value, pointer: &str, bit: usize) -> Value {
    let mut response = response.clone();
    let member = response.pointer_mut(pointer).unwrap();
    let text = member.as_str().unwrap();
    let mut bytes = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(text).unwrap();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    *member = json!(b64(&bytes));
    response
}

/// Every single bit of the signed parts, not a sample of them.
#[test]
fn every_bit_of_an_assertion_counts() {
    authenticate(ASSERTED.to_string().as_bytes()).unwrap();
    for member in [
        "clientDataJSON",
        "authenticatorData",
        "signature",
        "userHandle",
    ] {
        let pointer = format!("/response/{member}");
        let bits = ASSERTED.pointer(&pointer).unwrap().as_str().unwrap().len() * 6 / 8 * 8;
        for bit in 0..bits {
            let changed = flip(&ASSERTED, &pointer, bit);
            authenticate(changed.to_string().as_bytes()).expect_err(&format!("{member} bit {bit}"));
        }
    }
}

#[test]
fn every_bit_of_a_self_attested_registration_counts() {
    register(SELF_ATTESTED.response.to_string().as_bytes()).unwrap();
    for member in ["clientDataJSON", "attestationObject"] {
        let pointer = format!("/response/{member}");
        let text = SELF_ATTESTED
            .response
            .pointer(&pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .len();
        for bit in 0..text * 6 / 8 * 8 {
            let changed = flip(&SELF_ATTESTED.response, &pointer, bit);
            register(changed.to_string().as_bytes()).expect_err(&format!("{member} bit {bit}"));
        }
    }
}

#[test]
fn every_bit_that_a_certificate_vouches_for_counts() {
    register(CERTIFIED.response.to_string().as_bytes()).unwrap();
    let object = &CERTIFIED.object;
    let auth = CERTIFIED.registration.auth_bytes();
    let start = object
        .windows(auth.len())
        .position(|window| window == auth)
        .unwrap();
    for bit in start * 8..(start + auth.len()) * 8 {
        let changed = flip(&CERTIFIED.response, "/response/attestationObject", bit);
        register(changed.to_string().as_bytes()).expect_err(&format!("bit {bit}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A flipped bit anywhere in the JSON is refused or changes nothing that was verified: names
    /// of ignored members, white space, the client's word on extensions.
    #[test]
    fn flipped_bits_in_json_change_nothing(bit in any::<prop::sample::Index>()) {
        let original = SELF_ATTESTED.response.to_string().into_bytes();
        let mut json = original.clone();
        let bit = bit.index(json.len() * 8);
        json[bit / 8] ^= 1 << (bit % 8);
        if let Ok(registration) = register(&json) {
            let expected = register(&original).unwrap();
            prop_assert_eq!(registration.credential_id, expected.credential_id);
            prop_assert_eq!(registration.public_key, expected.public_key);
            prop_assert_eq!(registration.sign_count, expected.sign_count);
            prop_assert_eq!(registration.backup_eligible, expected.backup_eligible);
            prop_assert_eq!(registration.attestation, Attestation::SelfAttested);
        }
        let mut json = ASSERTED.to_string().into_bytes();
        let bit = bit % (json.len() * 8);
        json[bit / 8] ^= 1 << (bit % 8);
        if let Ok(assertion) = authenticate(&json) {
            prop_assert_eq!(assertion.sign_count, 5);
            prop_assert!(assertion.backup_state);
        }
    }

    #[test]
    fn any_bytes_as_a_response(json in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(register(&json).is_err());
        prop_assert!(authenticate(&json).is_err());
    }

    #[test]
    fn any_bytes_as_a_key(key in prop::collection::vec(any::<u8>(), 0..128)) {
        if let Ok(key) = PublicKey::from_cose(&key) {
            prop_assert!(PublicKey::from_cose(key.cose_bytes()).is_ok());
        }
    }

    #[test]
    fn any_bytes_as_a_signature(
        signature in prop::collection::vec(any::<u8>(), 0..300),
        alg in prop::sample::select(signer::ALL.to_vec()),
        start in prop::sample::select(vec![&b""[..], b"\x30", b"\x30\x44\x02\x20", b"\x30\x81\x88\x02\x42"]),
    ) {
        let key = PublicKey::from_cose(&Signer::of(alg).cose()).unwrap();
        prop_assert!(key.verify(b"message", &[start, &signature].concat()).is_err());
    }

    #[test]
    fn any_bytes_as_members(
        client in prop::collection::vec(any::<u8>(), 0..200),
        object in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let json = registration(|r| {
            r.client_data = client;
            r.raw_object = Some(object.clone());
        });
        prop_assert!(register(json["registration"]["response"].to_string().as_bytes()).is_err());
        let json = registration(|r| r.raw_object = Some(object));
        prop_assert!(register(json["registration"]["response"].to_string().as_bytes()).is_err());
    }
}

/// xorshift64*: the same sequence on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    /// One to four changes: a byte, a bit, a cut, an insertion, a part copied elsewhere.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const INTERESTING: [u8; 12] = [
            0, 1, 0x18, 0x1b, 0x3b, 0x58, 0x5f, 0x80, 0x9f, 0xbb, 0xbf, 0xff,
        ];
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                _ if bytes.is_empty() => bytes.push(0xa3),
                0 => bytes[at] = INTERESTING[self.below(INTERESTING.len())],
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => bytes.insert(at, INTERESTING[self.below(INTERESTING.len())]),
                4 => drop(bytes.remove(at)),
                _ => {
                    let end = (at + 1 + self.below(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
            }
        }
    }
}

/// Mutations below the layers of encoding, where flipped bits of JSON never get.
#[test]
fn fuzz_structures() {
    let iterations = std::env::var("WEBAUTHN_FUZZ_ITERATIONS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(20_000);
    let mut random = Random(0x5eed);
    let assertion = Authentication::new(ES256);
    let signature = assertion.signer.sign(&assertion.signed());
    let key = Signer::of(ES256).cose();
    for round in 0..iterations {
        let registered = if round % 2 == 0 {
            &*SELF_ATTESTED
        } else {
            &*CERTIFIED
        };
        let mut bytes = registered.object.clone();
        random.mutate(&mut bytes);
        let mut changed = registered.registration.clone();
        changed.raw_object = Some(bytes.clone());
        if let Ok(registration) = register(changed.response().to_string().as_bytes()) {
            // Only what nobody signs can differ: parts of the certificate, the chain behind it.
            assert_eq!(registration.credential_id, changed.raw_id, "round {round}");
            assert_eq!(registration.public_key.cose_bytes(), key, "round {round}");
            let same = bytes == registered.object;
            assert!(
                same || registration.attestation == Attestation::X5c,
                "round {round}"
            );
        }

        let mut changed = assertion.clone();
        changed.signature = Some(signature.clone());
        let mut auth = changed.auth.bytes();
        random.mutate(&mut auth);
        let same = auth == changed.auth.bytes();
        changed.raw_auth = Some(auth);
        let mut signed = assertion.client_data.clone();
        if round % 3 == 0 {
            random.mutate(&mut signed);
        }
        let same = same && signed == assertion.client_data;
        changed.client_data = signed;
        let credential_key = PublicKey::from_cose(&key).unwrap();
        let credential = Credential {
            id: &assertion.raw_id,
            public_key: &credential_key,
            sign_count: 0,
            backup_eligible: true,
            user_handle: None,
        };
        let result =
            parse_assertion(changed.response().to_string().as_bytes()).and_then(|parsed| {
                with_policy(|p| verify_assertion(p, CHALLENGE, &credential, parsed))
            });
        assert_eq!(result.is_ok(), same, "round {round}");

        let mut bytes = key.clone();
        random.mutate(&mut bytes);
        if let Ok(other) = PublicKey::from_cose(&bytes) {
            assert_eq!(other.cose_bytes(), bytes);
        }
        let mut bytes = signature.clone();
        random.mutate(&mut bytes);
        let valid = credential_key.verify(&assertion.signed(), &bytes).is_ok();
        assert_eq!(valid, bytes == signature, "round {round}");
    }
}
