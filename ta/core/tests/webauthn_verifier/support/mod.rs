// SPDX-License-Identifier: Apache-2.0

//! An authenticator and a client for tests: right by default, wrong wherever a test says so.

pub mod cbor;
pub mod der;
pub mod signer;

use aws_lc_rs::digest;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use signer::Signer;

pub const RP_ID: &str = "example.org";
pub const ORIGIN: &str = "https://example.org";
pub const ANDROID_ORIGIN: &str = "android:apk-key-hash:2jmj7l5rSw0yVb_vlWAYkK_YBwk1uMPq0iA3sJ5q6rM";
pub const PACKAGE: &str = "org.example.app";
pub const CHALLENGE: &[u8] = b"challenge made in the sealer 32b";
pub const HANDLE: &[u8] = b"user handle";
pub const AAGUID: [u8; 16] = *b"example aaguid 1";

pub const UP: u8 = 1;
pub const RFU1: u8 = 1 << 1;
pub const UV: u8 = 1 << 2;
pub const BE: u8 = 1 << 3;
pub const BS: u8 = 1 << 4;
pub const RFU2: u8 = 1 << 5;
pub const AT: u8 = 1 << 6;
pub const ED: u8 = 1 << 7;

pub fn b64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The policy document of a vault.
pub fn policy() -> Value {
    json!({
        "rp_id": RP_ID,
        "origins": [ORIGIN, ANDROID_ORIGIN],
        "package": PACKAGE,
        "accept_unverified_attestation": false,
    })
}

/// clientDataJSON; `extra` is appended behind the last member.
pub fn client_data(kind: &str, challenge: &[u8], origin: &str, extra: &str) -> Vec<u8> {
    let challenge = b64(challenge);
    let members = format!(r#""type":"{kind}","challenge":"{challenge}","origin":"{origin}""#);
    format!("{{{members}{extra}}}").into_bytes()
}

#[derive(Clone)]
pub struct AuthData {
    pub rp_id: &'static str,
    pub flags: u8,
    pub sign_count: u32,
    pub aaguid: [u8; 16],
    /// Credential id and public key, for registrations.
    pub attested: Option<(Vec<u8>, Vec<u8>)>,
    pub extensions: Vec<u8>,
}

impl AuthData {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = sha256(self.rp_id.as_bytes());
        out.push(self.flags);
        out.extend(self.sign_count.to_be_bytes());
        if let Some((id, key)) = &self.attested {
            out.extend(self.aaguid);
            out.extend((id.len() as u16).to_be_bytes());
            out.extend(id);
            out.extend(key);
        }
        out.extend(&self.extensions);
        out
    }
}

/// The attestation of a registration.
#[derive(Clone)]
pub enum Statement {
    None,
    SelfAttested,
    X5c(&'static Signer, Vec<Vec<u8>>),
    /// Format and statement as they are.
    Raw(&'static str, Vec<u8>),
}

#[derive(Clone)]
pub struct Registration {
    pub signer: &'static Signer,
    pub policy: Value,
    pub client_data: Vec<u8>,
    pub auth: AuthData,
    /// Instead of the bytes of `auth`.
    pub raw_auth: Option<Vec<u8>>,
    pub raw_id: Vec<u8>,
    pub statement: Statement,
    /// `alg` of a packed statement, where it is not the signer's.
    pub statement_alg: Option<i64>,
    /// Instead of the object made of the above.
    pub raw_object: Option<Vec<u8>>,
}

impl Registration {
    pub fn new(alg: i64) -> Self {
        let signer = Signer::of(alg);
        let id = format!("credential {alg}").into_bytes();
        Registration {
            signer,
            policy: policy(),
            client_data: client_data("webauthn.create", CHALLENGE, ORIGIN, ""),
            auth: AuthData {
                rp_id: RP_ID,
                flags: UP | UV | BE | AT,
                sign_count: 0,
                aaguid: AAGUID,
                attested: Some((id.clone(), signer.cose())),
                extensions: vec![],
            },
            raw_auth: None,
            raw_id: id,
            statement: Statement::None,
            statement_alg: None,
            raw_object: None,
        }
    }

    pub fn auth_bytes(&self) -> Vec<u8> {
        self.raw_auth.clone().unwrap_or_else(|| self.auth.bytes())
    }

    pub fn attestation_object(&self) -> Vec<u8> {
        let auth = self.auth_bytes();
        let signed = [auth.clone(), sha256(&self.client_data)].concat();
        let packed = |signer: &Signer| {
            vec![
                (
                    cbor::text("alg"),
                    cbor::int(self.statement_alg.unwrap_or(signer.alg())),
                ),
                (cbor::text("sig"), cbor::bytes(&signer.sign(&signed))),
            ]
        };
        let (format, statement) = match &self.statement {
            Statement::None => ("none", cbor::map(&[])),
            Statement::SelfAttested => ("packed", cbor::map(&packed(self.signer))),
            Statement::X5c(signer, chain) => {
                let chain: Vec<Vec<u8>> = chain.iter().map(|der| cbor::bytes(der)).collect();
                let mut statement = packed(signer);
                statement.push((cbor::text("x5c"), cbor::array(&chain)));
                ("packed", cbor::map(&statement))
            }
            Statement::Raw(format, statement) => (*format, statement.clone()),
        };
        cbor::map(&[
            (cbor::text("fmt"), cbor::text(format)),
            (cbor::text("attStmt"), statement),
            (cbor::text("authData"), cbor::bytes(&auth)),
        ])
    }

    /// RegistrationResponseJSON.
    pub fn response(&self) -> Value {
        let object = self
            .raw_object
            .clone()
            .unwrap_or_else(|| self.attestation_object());
        json!({
            "id": b64(&self.raw_id),
            "rawId": b64(&self.raw_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": b64(&self.client_data),
                "attestationObject": b64(&object),
                "transports": ["internal", "hybrid"],
            },
            "clientExtensionResults": { "credProps": { "rk": true } },
        })
    }

    /// The line for `webauthn-check`.
    pub fn document(&self) -> Value {
        json!({
            "id": "",
            "policy": self.policy,
            "registration": { "challenge": b64(CHALLENGE), "response": self.response() },
        })
    }
}

#[derive(Clone)]
pub struct Authentication {
    pub signer: &'static Signer,
    pub policy: Value,
    /// The credential that is on file.
    pub credential: Value,
    pub client_data: Vec<u8>,
    pub auth: AuthData,
    pub raw_auth: Option<Vec<u8>>,
    pub raw_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub signature: Option<Vec<u8>>,
}

impl Authentication {
    pub fn new(alg: i64) -> Self {
        let signer = Signer::of(alg);
        let id = format!("credential {alg}").into_bytes();
        Authentication {
            signer,
            policy: policy(),
            credential: json!({
                "id": b64(&id),
                "public_key": b64(&signer.cose()),
                "sign_count": 0,
                "backup_eligible": true,
                "user_handle": b64(HANDLE),
            }),
            client_data: client_data("webauthn.get", CHALLENGE, ORIGIN, ""),
            auth: AuthData {
                rp_id: RP_ID,
                flags: UP | UV | BE | BS,
                sign_count: 0,
                aaguid: AAGUID,
                attested: None,
                extensions: vec![],
            },
            raw_auth: None,
            raw_id: id,
            user_handle: Some(HANDLE.to_vec()),
            signature: None,
        }
    }

    /// What the authenticator signs.
    pub fn signed(&self) -> Vec<u8> {
        [self.auth_bytes(), sha256(&self.client_data)].concat()
    }

    pub fn auth_bytes(&self) -> Vec<u8> {
        self.raw_auth.clone().unwrap_or_else(|| self.auth.bytes())
    }

    /// AuthenticationResponseJSON.
    pub fn response(&self) -> Value {
        let signature = self
            .signature
            .clone()
            .unwrap_or_else(|| self.signer.sign(&self.signed()));
        let mut response = json!({
            "clientDataJSON": b64(&self.client_data),
            "authenticatorData": b64(&self.auth_bytes()),
            "signature": b64(&signature),
        });
        if let Some(handle) = &self.user_handle {
            response["userHandle"] = json!(b64(handle));
        }
        json!({
            "id": b64(&self.raw_id),
            "rawId": b64(&self.raw_id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        })
    }

    /// The line for `webauthn-check`.
    pub fn document(&self) -> Value {
        json!({
            "id": "",
            "policy": self.policy,
            "credential": self.credential,
            "authentication": { "challenge": b64(CHALLENGE), "response": self.response() },
        })
    }
}

/// One conformance vector: a line and what must be in the answer.
pub struct Case {
    pub name: String,
    /// An object is written with the case's name as its id, a string as it is.
    pub input: Value,
    /// Members that the answer has, at any depth; it may have others.
    pub expected: Value,
}

impl Case {
    pub fn new(name: impl Into<String>, input: Value, expected: Value) -> Self {
        let (name, mut input) = (name.into(), input);
        if input.is_object() {
            input["id"] = json!(name);
        }
        Case {
            name,
            input,
            expected,
        }
    }

    /// A document whose only ceremony is refused with `error`.
    pub fn reject(name: impl Into<String>, input: Value, error: &str) -> Self {
        let ceremony = ceremony(&input);
        let expected = json!({ ceremony: { "result": "reject", "error": error } });
        Case::new(name, input, expected)
    }

    /// A document whose only ceremony is accepted.
    pub fn accept(name: impl Into<String>, input: Value) -> Self {
        let ceremony = ceremony(&input);
        Case::new(name, input, json!({ ceremony: { "result": "accept" } }))
    }

    /// A line that is no document.
    pub fn bad_line(name: impl Into<String>, input: Value) -> Self {
        Case::new(name, input, json!({ "id": null, "result": "bad-line" }))
    }

    /// The line that stands for `input`.
    pub fn line(input: &Value) -> String {
        match input {
            Value::String(line) => line.clone(),
            document => document.to_string(),
        }
    }
}

fn ceremony(document: &Value) -> &'static str {
    if document.get("registration").is_some() {
        "registration"
    } else {
        "authentication"
    }
}

/// A registration document after `change`.
pub fn registration(change: impl FnOnce(&mut Registration)) -> Value {
    let mut registration = Registration::new(signer::ES256);
    change(&mut registration);
    registration.document()
}

/// An authentication document after `change`.
pub fn authentication(change: impl FnOnce(&mut Authentication)) -> Value {
    let mut authentication = Authentication::new(signer::ES256);
    change(&mut authentication);
    authentication.document()
}

/// The document after `change`.
pub fn with(mut document: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut document);
    document
}

/// Whether every member of `expected` stands in `actual` with the same value.
pub fn contains(actual: &Value, expected: &Value) -> bool {
    match expected {
        Value::Object(members) => members.iter().all(|(name, value)| {
            actual
                .get(name)
                .is_some_and(|actual| contains(actual, value))
        }),
        _ => actual == expected,
    }
}
