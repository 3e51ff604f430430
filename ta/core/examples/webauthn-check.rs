// SPDX-License-Identifier: Apache-2.0

//! The passkey verifier as a conformance harness: JSON documents on stdin, verdicts on stdout.
//!
//! One document per line in, one per line out, in order and flushed, so that it can be driven
//! interactively. It calls the functions that the trusted application calls and decides nothing
//! itself. Format: `docs` of the project, "webauthn-check"; examples of every verdict:
//! `tests/conformance/webauthn`. PRF results are never printed.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_core::webauthn::{
    Attestation, Credential, Policy, PublicKey, parse_assertion, verify_assertion,
    verify_registration,
};
use sealer_wire::{Error, ErrorCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::marker::PhantomData;

/// Longest line in bytes. Far above the cap on a response, so that the verifier's own answer to
/// an oversized response can be observed.
const MAX_LINE: u64 = 8 * 1024 * 1024;

#[derive(serde::Deserialize)]
struct Document<'a> {
    id: String,
    policy: Object<PolicyJson>,
    #[serde(borrow, default)]
    registration: Option<Object<CeremonyJson<'a>>>,
    #[serde(default)]
    credential: Option<Object<CredentialJson>>,
    #[serde(borrow, default)]
    authentication: Option<Object<CeremonyJson<'a>>>,
}

#[derive(serde::Deserialize)]
struct PolicyJson {
    rp_id: String,
    origins: Vec<String>,
    #[serde(default)]
    package: Option<String>,
    accept_unverified_attestation: bool,
}

#[derive(serde::Deserialize)]
struct CeremonyJson<'a> {
    challenge: Bytes,
    #[serde(default)]
    user_handle: Option<Bytes>,
    #[serde(borrow)]
    response: &'a RawValue,
}

#[derive(serde::Deserialize)]
struct CredentialJson {
    id: Bytes,
    public_key: Bytes,
    sign_count: u32,
    backup_eligible: bool,
    #[serde(default)]
    user_handle: Option<Bytes>,
}

/// Bytes written as canonical base64url without padding.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64UrlUnpadded::decode_vec(&text)
            .map(Bytes)
            .map_err(|_| serde::de::Error::custom("not base64url without padding"))
    }
}

/// A structure written as an object: derived ones would also accept an array.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// What an authentication is verified against, from the document or from its registration.
struct KnownCredential {
    id: Vec<u8>,
    public_key: Result<PublicKey, Error>,
    sign_count: u32,
    backup_eligible: bool,
    user_handle: Option<Vec<u8>>,
}

impl From<CredentialJson> for KnownCredential {
    fn from(json: CredentialJson) -> Self {
        KnownCredential {
            id: json.id.0,
            public_key: PublicKey::from_cose(&json.public_key.0),
            sign_count: json.sign_count,
            backup_eligible: json.backup_eligible,
            user_handle: json.user_handle.map(|handle| handle.0),
        }
    }
}

fn main() -> io::Result<()> {
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        // Whoever read the verdicts has enough of them.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Answers every line of `input` until its end.
pub fn serve(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.take(MAX_LINE + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let verdict = if line.last() == Some(&b'\n') || line.len() as u64 <= MAX_LINE {
            check(&line)
        } else {
            input.skip_until(b'\n')?;
            bad_line("the line is longer than 8 MiB")
        };
        writeln!(output, "{verdict}")?;
        output.flush()?;
    }
}

/// The verdict on one line.
fn check(line: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(line) else {
        return bad_line("not UTF-8");
    };
    let Object(document) = match serde_json::from_str::<Object<Document<'_>>>(text) {
        Ok(document) => document,
        Err(error) => return bad_line(&error.to_string()),
    };
    if document.registration.is_some() && document.credential.is_some() {
        return bad_line("credential stands instead of a registration, not beside it");
    }
    if document.registration.is_none() && document.authentication.is_none() {
        return bad_line("neither registration nor authentication");
    }
    if document.authentication.is_some()
        && document.registration.is_none()
        && document.credential.is_none()
    {
        return bad_line("an authentication needs a registration or a credential");
    }

    let policy = Policy {
        rp_id: &document.policy.0.rp_id,
        origins: &document.policy.0.origins,
        package: document.policy.0.package.as_deref(),
        accept_unverified_attestation: document.policy.0.accept_unverified_attestation,
    };
    let mut verdict = json!({ "id": document.id });
    let mut credential = document
        .credential
        .map(|Object(json)| KnownCredential::from(json));
    if let Some(Object(ceremony)) = document.registration {
        match register(&policy, ceremony) {
            Ok((accepted, registered)) => {
                verdict["registration"] = accepted;
                credential = Some(registered);
            }
            Err(error) => verdict["registration"] = reject(&error),
        }
    }
    if let Some(Object(ceremony)) = document.authentication {
        verdict["authentication"] =
            authenticate(&policy, credential, &ceremony).unwrap_or_else(|error| reject(&error));
    }
    verdict
}

fn register(
    policy: &Policy<'_>,
    ceremony: CeremonyJson<'_>,
) -> Result<(Value, KnownCredential), Error> {
    let response = exact_bytes(ceremony.response);
    let registration = verify_registration(policy, &ceremony.challenge.0, response.as_bytes())?;
    let attestation = match registration.attestation {
        Attestation::None => "none",
        Attestation::SelfAttested => "self",
        Attestation::X5c => "x5c",
        Attestation::Unverified => "unverified",
    };
    let accepted = json!({
        "result": "accept",
        "credential_id": Base64UrlUnpadded::encode_string(&registration.credential_id),
        "alg": registration.public_key.alg().cose(),
        "sign_count": registration.sign_count,
        "backup_eligible": registration.backup_eligible,
        "backup_state": registration.backup_state,
        "attestation": attestation,
    });
    let credential = KnownCredential {
        id: registration.credential_id,
        public_key: Ok(registration.public_key),
        sign_count: registration.sign_count,
        backup_eligible: registration.backup_eligible,
        user_handle: ceremony.user_handle.map(|handle| handle.0),
    };
    Ok((accepted, credential))
}

fn authenticate(
    policy: &Policy<'_>,
    credential: Option<KnownCredential>,
    ceremony: &CeremonyJson<'_>,
) -> Result<Value, Error> {
    let parsed = parse_assertion(exact_bytes(ceremony.response).as_bytes())?;
    let known = credential.ok_or(Error::new(
        ErrorCode::UnknownCredential,
        "the registration on this line was refused",
    ))?;
    let public_key = known.public_key?;
    let credential = Credential {
        id: &known.id,
        public_key: &public_key,
        sign_count: known.sign_count,
        backup_eligible: known.backup_eligible,
        user_handle: known.user_handle.as_deref(),
    };
    let assertion = verify_assertion(policy, &ceremony.challenge.0, &credential, parsed)?;
    Ok(json!({
        "result": "accept",
        "credential_id": Base64UrlUnpadded::encode_string(&known.id),
        "alg": public_key.alg().cose(),
        "sign_count": assertion.sign_count,
        "backup_eligible": known.backup_eligible,
        "backup_state": assertion.backup_state,
    }))
}

/// The JSON text of a response: the content of a string, or what stands on the line.
fn exact_bytes(response: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<String>(response.get()) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(response.get()),
    }
}

fn reject(error: &Error) -> Value {
    json!({ "result": "reject", "error": error.code.name(), "detail": error.detail })
}

fn bad_line(why: &str) -> Value {
    json!({ "id": null, "result": "bad-line", "error": "BAD_REQUEST", "detail": why })
}
