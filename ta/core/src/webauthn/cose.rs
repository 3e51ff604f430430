// SPDX-License-Identifier: Apache-2.0

//! COSE keys (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4) as WebAuthn restricts them (§5.8.5, §6.5.1).

use super::cbor;
use super::key::{Algorithm, VerifyingKey};
use alloc::vec::Vec;
use minicbor::Decoder;
use sealer_wire::{Error, ErrorCode, Result};

// Labels common to all keys, and those that each key type defines.
const LABEL_KTY: i128 = 1;
const LABEL_ALG: i128 = 3;
const LABEL_CRV_OR_N: i128 = -1;
const LABEL_X_OR_E: i128 = -2;
const LABEL_Y: i128 = -3;

const KTY_OKP: i128 = 1;
const KTY_EC2: i128 = 2;
const KTY_RSA: i128 = 3;

const CRV_P256: i128 = 1;
const CRV_P384: i128 = 2;
const CRV_P521: i128 = 3;
const CRV_ED25519: i128 = 6;

const NOT_A_KEY: Error = Error::new(
    ErrorCode::MalformedKey,
    "the public key lacks a parameter, has one too many, or they do not fit each other",
);

/// The validated public key of a credential.
///
/// Its canonical COSE encoding is what is stored; two keys are equal if that is.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key: VerifyingKey,
    cose: Vec<u8>,
}

impl PublicKey {
    /// Reads a COSE_Key: one canonical CBOR map with exactly the parameters of its type.
    ///
    /// | alg | kty | parameters |
    /// |---|---|---|
    /// | ES256, ES384, ES512 | EC2 | crv P-256, P-384, P-521; x and y of 32, 48, 66 bytes |
    /// | EdDSA | OKP | crv Ed25519; x of 32 bytes |
    /// | RS256 | RSA | n of 2048 to 4096 bits; e odd, 3 to 2^32 - 1 |
    ///
    /// `MALFORMED_CBOR`: not canonical. `UNSUPPORTED_ALGORITHM`: another `alg`. `MALFORMED_KEY`:
    /// anything else, weak and off-curve points included.
    pub fn from_cose(bytes: &[u8]) -> Result<PublicKey> {
        let parameters = Parameters::read(cbor::whole(bytes)?).ok_or(NOT_A_KEY)??;
        let key = parameters.key()?;
        let mut cose = Vec::new();
        cose.try_reserve_exact(bytes.len())
            .map_err(|_| ErrorCode::TooLarge)?;
        cose.extend_from_slice(bytes);
        Ok(PublicKey { key, cose })
    }

    /// The algorithm of the key's signatures.
    pub fn alg(&self) -> Algorithm {
        self.key.alg()
    }

    /// The key as canonical CBOR, at most about 530 bytes; [`PublicKey::from_cose`] reads it.
    pub fn cose_bytes(&self) -> &[u8] {
        &self.cose
    }

    /// Verifies a signature over `message`, in the form of §6.5.5; else `SIGNATURE_INVALID`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.key.verify(message, signature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.cose == other.cose
    }
}

impl Eq for PublicKey {}

/// The parameters of a key whose algorithm is supported; nothing else is checked yet.
struct Parameters<'b> {
    kty: i128,
    alg: Algorithm,
    crv: Option<i128>,
    /// x, or the modulus of an RSA key.
    first: Option<&'b [u8]>,
    /// y, or the exponent of an RSA key.
    second: Option<&'b [u8]>,
}

impl<'b> Parameters<'b> {
    /// `None`: not a map, or a parameter that is unknown, ill-typed or missing. An unsupported
    /// algorithm is reported before any of these: the rest of such a key means nothing here.
    fn read(decoder: Decoder<'b>) -> Option<Result<Self>> {
        match Algorithm::from_cose(algorithm_number(decoder.clone())?) {
            Some(alg) => Self::read_known(decoder, alg).map(Ok),
            None => Some(Err(Error::new(
                ErrorCode::UnsupportedAlgorithm,
                "the key is not for ES256, ES384, ES512, EdDSA or RS256",
            ))),
        }
    }

    fn read_known(mut decoder: Decoder<'b>, alg: Algorithm) -> Option<Self> {
        let rsa = alg == Algorithm::Rs256;
        let mut kty = None;
        let (mut crv, mut first, mut second) = (None, None, None);
        for _ in 0..decoder.map().ok()?? {
            match integer(&mut decoder)? {
                LABEL_KTY => kty = Some(integer(&mut decoder)?),
                LABEL_ALG => decoder.skip().ok()?,
                LABEL_CRV_OR_N if rsa => first = Some(decoder.bytes().ok()?),
                LABEL_X_OR_E if rsa => second = Some(decoder.bytes().ok()?),
                LABEL_CRV_OR_N => crv = Some(integer(&mut decoder)?),
                LABEL_X_OR_E => first = Some(decoder.bytes().ok()?),
                // A compressed point would have a boolean here, which §6.5.1 forbids.
                LABEL_Y if !rsa => second = Some(decoder.bytes().ok()?),
                // §6.5.1: no optional parameters. A private key would be one of them.
                _ => return None,
            }
        }
        Some(Parameters {
            kty: kty?,
            alg,
            crv,
            first,
            second,
        })
    }

    fn key(&self) -> Result<VerifyingKey> {
        let Parameters {
            kty,
            alg,
            crv,
            first,
            second,
        } = *self;
        match (alg, kty, crv, first, second) {
            (Algorithm::Es256, KTY_EC2, Some(CRV_P256), Some(x), Some(y))
            | (Algorithm::Es384, KTY_EC2, Some(CRV_P384), Some(x), Some(y))
            | (Algorithm::Es512, KTY_EC2, Some(CRV_P521), Some(x), Some(y)) => {
                VerifyingKey::ecdsa(alg, x, y)
            }
            (Algorithm::EdDsa, KTY_OKP, Some(CRV_ED25519), Some(x), None) => {
                VerifyingKey::ed25519(x)
            }
            (Algorithm::Rs256, KTY_RSA, None, Some(n), Some(e)) => VerifyingKey::rsa(n, e),
            _ => Err(NOT_A_KEY),
        }
    }
}

/// The value of `alg` in a COSE_Key; `None` without one.
fn algorithm_number(mut decoder: Decoder<'_>) -> Option<i128> {
    for _ in 0..decoder.map().ok()?? {
        match integer(&mut decoder) {
            Some(LABEL_ALG) => return integer(&mut decoder),
            Some(_) => decoder.skip().ok()?,
            // A text label sorts behind all integers.
            None => return None,
        }
    }
    None
}

fn integer(decoder: &mut Decoder<'_>) -> Option<i128> {
    decoder.int().ok().map(i128::from)
}
