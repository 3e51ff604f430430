// SPDX-License-Identifier: Apache-2.0

//! Options, and a reader of responses that shares no code with what made them: JSON by
//! `serde_json`, fixed CBOR by hand, signatures and hashes by `ring`.

#![allow(dead_code)] // Each test binary uses its part.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::{
    digest::{SHA256, digest},
    hmac,
    signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey},
};
use serde_json::{Value, json};

pub const ORIGIN: &str = "https://example.org";
pub const RP_ID: &str = "example.org";
pub const CHALLENGE: [u8; 32] = [7; 32];
pub const USER: &[u8] = b"user handle";
pub const PRF_INPUT: &[u8] = b"first input of the vault";
pub const OTHER_PRF_INPUT: &[u8] = b"second input of the vault";

pub fn b64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub fn unb64(value: &Value) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(value.as_str().expect("a string")).expect("base64url, unpadded")
}

pub fn sha256(data: &[u8]) -> Vec<u8> {
    digest(&SHA256, data).as_ref().to_vec()
}

/// What the spec makes of a PRF input and the secret of a credential.
pub fn prf_output(secret: &[u8], input: &[u8]) -> Vec<u8> {
    let salt = sha256(&[b"WebAuthn PRF\0", input].concat());
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &salt)
        .as_ref()
        .to_vec()
}

pub fn creation_options() -> Value {
    json!({
        "rp": {"id": RP_ID, "name": "Example"},
        "user": {"id": b64(USER), "name": "alex", "displayName": "Alex"},
        "challenge": b64(&CHALLENGE),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -257},
        ],
        "timeout": 120000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"prf": {"eval": {"first": b64(PRF_INPUT)}}},
    })
}

pub fn request_options(credential_id: &[u8]) -> Value {
    json!({
        "challenge": b64(&CHALLENGE),
        "timeout": 120000,
        "rpId": RP_ID,
        "allowCredentials": [{"type": "public-key", "id": b64(credential_id)}],
        "userVerification": "required",
        "extensions": {"prf": {"eval": {
            "first": b64(PRF_INPUT),
            "second": b64(OTHER_PRF_INPUT),
        }}},
    })
}

/// A public key as a registration gives it.
#[derive(Clone, Debug)]
pub enum PublicKey {
    Es256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Reads a COSE_Key of one of the two forms, byte for byte canonical.
    pub fn from_cose(cose: &[u8]) -> Self {
        if let Some(x_y) = cose.strip_prefix(b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20") {
            let (x, y) = x_y.split_at(32);
            let y = y.strip_prefix(b"\x22\x58\x20").expect("y");
            assert_eq!(y.len(), 32);
            return Self::Es256([b"\x04", x, y].concat());
        }
        let x = cose
            .strip_prefix(b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20")
            .expect("EdDSA");
        assert_eq!(x.len(), 32);
        Self::Ed25519(x.to_vec())
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Es256(bytes) | Self::Ed25519(bytes) => bytes,
        }
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.as_slice())
                .verify(message, signature),
            Self::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key.as_slice()).verify(message, signature)
            }
        }
        .is_ok()
    }
}

/// A registration, taken apart.
pub struct Registration {
    pub json: Value,
    pub format: &'static str,
    pub attestation_signature: Option<Vec<u8>>,
    pub auth_data: Vec<u8>,
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
}

impl Registration {
    pub fn read(response: &str) -> Self {
        let json: Value = serde_json::from_str(response).expect("JSON");
        let object = unb64(&json["response"]["attestationObject"]);
        let (format, attestation_signature, rest) =
            match object.strip_prefix(b"\xa3\x63fmt\x64none\x67attStmt\xa0") {
                Some(rest) => ("none", None, rest),
                None => {
                    let rest = object
                        .strip_prefix(b"\xa3\x63fmt\x66packed\x67attStmt\xa2\x63alg")
                        .expect("packed");
                    let algorithm = json["response"]["publicKeyAlgorithm"].as_i64().unwrap();
                    assert_eq!(i64::from(rest[0]), 0x1f - algorithm);
                    let (signature, rest) =
                        byte_string(rest[1..].strip_prefix(b"\x63sig").expect("sig"));
                    ("packed", Some(signature.to_vec()), rest)
                }
            };
        let (auth_data, rest) = byte_string(rest.strip_prefix(b"\x68authData").expect("authData"));
        assert!(rest.is_empty());
        let length = usize::from(u16::from_be_bytes([auth_data[53], auth_data[54]]));
        let (credential_id, cose) = auth_data[55..].split_at(length);
        Self {
            format,
            attestation_signature,
            credential_id: credential_id.to_vec(),
            public_key: PublicKey::from_cose(cose),
            auth_data: auth_data.to_vec(),
            json,
        }
    }

    /// What a verifier compares, without what differs from one passkey to the next.
    pub fn seen(&self) -> BTreeMap<&'static str, Value> {
        let mut seen = seen_in_both(&self.json, &self.auth_data[..37]);
        seen.insert(
            "id",
            json!(unb64(&self.json["rawId"]) == self.credential_id),
        );
        seen.insert("format", json!(self.format));
        let signed = [&self.auth_data[..], &sha256(&client_data_bytes(&self.json))].concat();
        let valid = |signature: &Vec<u8>| self.public_key.verifies(&signed, signature);
        seen.insert(
            "signature",
            json!(self.attestation_signature.as_ref().map(valid)),
        );
        seen
    }
}

/// An assertion, taken apart.
pub struct Assertion {
    pub json: Value,
    pub auth_data: Vec<u8>,
}

impl Assertion {
    pub fn read(response: &str) -> Self {
        let json: Value = serde_json::from_str(response).expect("JSON");
        Self {
            auth_data: unb64(&json["response"]["authenticatorData"]),
            json,
        }
    }

    pub fn prf(&self, which: &str) -> Vec<u8> {
        unb64(&self.json["clientExtensionResults"]["prf"]["results"][which])
    }

    pub fn verifies(&self, key: &PublicKey) -> bool {
        let signed = [&self.auth_data[..], &sha256(&client_data_bytes(&self.json))].concat();
        key.verifies(&signed, &unb64(&self.json["response"]["signature"]))
    }

    /// What a verifier compares.
    pub fn seen(&self, key: &PublicKey) -> BTreeMap<&'static str, Value> {
        let mut seen = seen_in_both(&self.json, &self.auth_data);
        seen.insert("id", self.json["rawId"].clone());
        seen.insert("userHandle", self.json["response"]["userHandle"].clone());
        seen.insert("signature", json!(self.verifies(key)));
        seen
    }
}

pub fn client_data_bytes(response: &Value) -> Vec<u8> {
    unb64(&response["response"]["clientDataJSON"])
}

pub fn client_data(response: &Value) -> Value {
    serde_json::from_slice(&client_data_bytes(response)).expect("JSON")
}

pub fn flags(auth_data: &[u8]) -> u8 {
    auth_data[32]
}

pub fn counter(auth_data: &[u8]) -> u32 {
    u32::from_be_bytes(auth_data[33..37].try_into().unwrap())
}

fn seen_in_both(response: &Value, auth_data: &[u8]) -> BTreeMap<&'static str, Value> {
    assert_eq!(response["id"], response["rawId"]);
    assert_eq!(auth_data.len(), 37);
    let client_data = client_data(response);
    let mut seen: BTreeMap<_, _> = [
        "type",
        "challenge",
        "origin",
        "crossOrigin",
        "topOrigin",
        "androidPackageName",
    ]
    .map(|name| (name, client_data[name].clone()))
    .into();
    seen.insert("rpIdHash", json!(auth_data[..32]));
    let flags = flags(auth_data);
    for (name, bit) in [
        ("UP", 0x01),
        ("UV", 0x04),
        ("BE", 0x08),
        ("BS", 0x10),
        ("AT", 0x40),
    ] {
        seen.insert(name, json!(flags & bit != 0));
    }
    assert_eq!(flags & 0xa2, 0, "reserved bits and extension data");
    seen.insert("counter", json!(counter(auth_data)));
    seen.insert("prf", response["clientExtensionResults"]["prf"].clone());
    seen
}

/// A CBOR byte string with a length of one or two bytes, and what follows it.
fn byte_string(cbor: &[u8]) -> (&[u8], &[u8]) {
    match cbor {
        [0x58, length, rest @ ..] => rest.split_at(usize::from(*length)),
        [0x59, high, low, rest @ ..] => {
            rest.split_at(usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => panic!("not such a byte string"),
    }
}
