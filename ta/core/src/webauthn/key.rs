// SPDX-License-Identifier: Apache-2.0

//! The signature algorithms, independent of how a key was encoded.

use alloc::boxed::Box;
use alloc::vec::Vec;
use p256::ecdsa::signature::Verifier;
use rsa::BoxedUint;
use rsa::pkcs1v15;
use sealer_wire::{Error, ErrorCode, Result};
use sha2::Sha256;

/// The algorithms that a credential or an attestation may use, by their COSE numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; signatures are strict DER, high S included.
    Es256 = -7,
    /// Ed25519, pure.
    EdDsa = -8,
    /// ECDSA on P-384 with SHA-384.
    Es384 = -35,
    /// ECDSA on P-521 with SHA-512.
    Es512 = -36,
    /// RSASSA-PKCS1-v1_5 with SHA-256, modulus of 2048 to 4096 bits.
    Rs256 = -257,
}

impl Algorithm {
    /// Every supported algorithm, in order of preference.
    pub const ALL: [Algorithm; 5] = [
        Algorithm::Es256,
        Algorithm::EdDsa,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::Rs256,
    ];

    /// The algorithm of a COSE number; `None` for one that is not supported.
    pub fn from_cose(number: i128) -> Option<Algorithm> {
        match number {
            -7 => Some(Algorithm::Es256),
            -8 => Some(Algorithm::EdDsa),
            -35 => Some(Algorithm::Es384),
            -36 => Some(Algorithm::Es512),
            -257 => Some(Algorithm::Rs256),
            _ => None,
        }
    }

    /// The number in the IANA registry "COSE Algorithms".
    pub fn cose(self) -> i64 {
        self as i16 as i64
    }
}

/// Smallest and largest RSA modulus in bits.
const RSA_BITS: core::ops::RangeInclusive<usize> = 2048..=4096;
/// Longest RSA exponent in bytes: a verification takes time with its length.
const RSA_EXPONENT_BYTES: usize = 4;

const MALFORMED: Error = Error::new(
    ErrorCode::MalformedKey,
    "the public key is not a valid key of its algorithm",
);
const INVALID: Error = Error::new(ErrorCode::SignatureInvalid, "the signature does not verify");

/// A public key that was checked: a point on its curve, or numbers within their limits.
#[derive(Clone, Debug)]
pub(super) enum VerifyingKey {
    Es256(Box<p256::ecdsa::VerifyingKey>),
    Es384(Box<p384::ecdsa::VerifyingKey>),
    Es512(Box<p521::ecdsa::VerifyingKey>),
    EdDsa(Box<ed25519_dalek::VerifyingKey>),
    Rs256(Box<pkcs1v15::VerifyingKey<Sha256>>),
}

impl VerifyingKey {
    /// An ECDSA key from its coordinates, big endian, each exactly as long as the field.
    ///
    /// `MALFORMED_KEY`: wrong length, not reduced, not on the curve, or `alg` is no ECDSA.
    pub fn ecdsa(alg: Algorithm, x: &[u8], y: &[u8]) -> Result<Self> {
        let len = match alg {
            Algorithm::Es256 => 32,
            Algorithm::Es384 => 48,
            Algorithm::Es512 => 66,
            Algorithm::EdDsa | Algorithm::Rs256 => return Err(MALFORMED),
        };
        if x.len() != len || y.len() != len {
            return Err(MALFORMED);
        }
        // Uncompressed SEC 1: its decoder checks range and curve equation, and this form cannot
        // express the point at infinity.
        let mut point = Vec::with_capacity(1 + 2 * 66);
        point.push(4);
        point.extend_from_slice(x);
        point.extend_from_slice(y);
        match alg {
            Algorithm::Es256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .map(|key| VerifyingKey::Es256(Box::new(key))),
            Algorithm::Es384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .map(|key| VerifyingKey::Es384(Box::new(key))),
            _ => p521::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .map(|key| VerifyingKey::Es512(Box::new(key))),
        }
        .map_err(|_| MALFORMED)
    }

    /// An Ed25519 key (RFC 8032 §5.1.5).
    ///
    /// `MALFORMED_KEY`: not 32 bytes, no point, not the canonical encoding of it, or of small
    /// order (with such a key one signature fits many messages).
    pub fn ed25519(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| MALFORMED)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| MALFORMED)?;
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(MALFORMED);
        }
        Ok(VerifyingKey::EdDsa(Box::new(key)))
    }

    /// An RSA key from modulus and exponent, big endian without leading zeros (RFC 8230 §4).
    ///
    /// `MALFORMED_KEY`: leading zeros, modulus even or not of 2048 to 4096 bits, exponent even,
    /// below 3 or longer than four bytes.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self> {
        let starts_with_zero = |number: &[u8]| number.first().is_none_or(|byte| *byte == 0);
        let even = |number: &[u8]| number.last().is_none_or(|byte| byte & 1 == 0);
        // Before any arithmetic: it takes time and memory with the length.
        if modulus.len() > RSA_BITS.end() / 8
            || exponent.len() > RSA_EXPONENT_BYTES
            || starts_with_zero(modulus)
            || starts_with_zero(exponent)
            || even(modulus)
            || even(exponent)
            || exponent == [1]
        {
            return Err(MALFORMED);
        }
        let key = rsa::RsaPublicKey::new_with_size_limits(
            BoxedUint::from_be_slice_vartime(modulus),
            BoxedUint::from_be_slice_vartime(exponent),
            RSA_BITS,
        )
        .map_err(|_| MALFORMED)?;
        Ok(VerifyingKey::Rs256(Box::new(pkcs1v15::VerifyingKey::new(
            key,
        ))))
    }

    /// The algorithm that the key is for.
    pub fn alg(&self) -> Algorithm {
        match self {
            VerifyingKey::Es256(_) => Algorithm::Es256,
            VerifyingKey::Es384(_) => Algorithm::Es384,
            VerifyingKey::Es512(_) => Algorithm::Es512,
            VerifyingKey::EdDsa(_) => Algorithm::EdDsa,
            VerifyingKey::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// Verifies a signature in the form of §6.5.5: strict DER for ECDSA, 64 bytes for Ed25519, as
    /// long as the modulus for RSA. Everything else, and every mismatch, is `SIGNATURE_INVALID`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        match self {
            VerifyingKey::Es256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .and_then(|signature| key.verify(message, &signature)),
            VerifyingKey::Es384(key) => p384::ecdsa::DerSignature::from_bytes(signature)
                .and_then(|signature| key.verify(message, &signature)),
            VerifyingKey::Es512(key) => p521::ecdsa::DerSignature::from_bytes(signature)
                .and_then(|signature| key.verify(message, &signature)),
            // Strict: refuses small-order and non-canonical R, and S above the group order.
            VerifyingKey::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature)),
            VerifyingKey::Rs256(key) => pkcs1v15::Signature::try_from(signature)
                .and_then(|signature| key.verify(message, &signature)),
        }
        .map_err(|_| INVALID)
    }
}
