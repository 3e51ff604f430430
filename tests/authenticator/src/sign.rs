// SPDX-License-Identifier: Apache-2.0

//! The only place where this crate signs anything itself, and what it puts signatures into.
//!
//! `passkey` signs what it has made. Where authenticator data was edited, and for self
//! attestation, which `passkey` does not have, the stored private key signs here.

use passkey::{
    crypto::{
        CryptoBackend, SecretKeyT,
        coset::cbor::{Value, ser},
        rust_crypto::RustCryptoBackend,
    },
    types::Passkey,
};

use crate::{Attestation, Error, auth_data::sha256};

/// The signature of `passkey` over authenticator data and the hash of the client data.
pub(crate) fn sign(
    passkey: &Passkey,
    auth_data: &[u8],
    client_data_json: &[u8],
) -> Result<Vec<u8>, Error> {
    type SecretKey = <RustCryptoBackend as CryptoBackend>::SecretKey;
    let mut key = SecretKey::from_cose_key(&passkey.key)
        .map_err(|error| Error::Store(format!("private key: {error:?}")))?;
    Ok(key.sign(&[auth_data, &sha256(client_data_json)].concat()))
}

/// Flips the last bit: of `s` in ECDSA, of `S` in EdDSA. DER stays DER.
pub(crate) fn tamper(signature: &mut [u8]) {
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
}

/// An attestation object, in canonical CBOR. `signature` is unused for format `none`.
pub(crate) fn attestation_object(
    attestation: Attestation,
    algorithm: i64,
    signature: Vec<u8>,
    auth_data: Vec<u8>,
) -> Vec<u8> {
    let (format, statement) = match attestation {
        Attestation::None => ("none", vec![]),
        Attestation::PackedSelf => (
            "packed",
            vec![
                (Value::from("alg"), Value::from(algorithm)),
                (Value::from("sig"), Value::Bytes(signature)),
            ],
        ),
    };
    let object = Value::Map(vec![
        (Value::from("fmt"), Value::from(format)),
        (Value::from("attStmt"), Value::Map(statement)),
        (Value::from("authData"), Value::Bytes(auth_data)),
    ]);
    let mut bytes = Vec::new();
    ser::into_writer(&object, &mut bytes).expect("a vector takes every byte");
    bytes
}
