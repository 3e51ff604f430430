// SPDX-License-Identifier: Apache-2.0

//! Keys of all algorithms, signing with `aws-lc-rs`: none of the verifier's own code.

use super::{cbor, der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use std::sync::OnceLock;

pub const ES256: i64 = -7;
pub const EDDSA: i64 = -8;
pub const ES384: i64 = -35;
pub const ES512: i64 = -36;
pub const RS256: i64 = -257;

/// Every algorithm that the verifier supports.
pub const ALL: [i64; 5] = [ES256, EDDSA, ES384, ES512, RS256];

pub enum Signer {
    Ecdsa(i64, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub fn generate(alg: i64) -> Self {
        let ecdsa = |kind: &'static EcdsaSigningAlgorithm| {
            Signer::Ecdsa(alg, EcdsaKeyPair::generate(kind).unwrap())
        };
        match alg {
            ES256 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            ES384 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            ES512 => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            EDDSA => Signer::Ed25519(Ed25519KeyPair::generate().unwrap()),
            RS256 => Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            _ => panic!("no signer for {alg}"),
        }
    }

    /// One key per algorithm and process: generating RSA keys takes long.
    pub fn of(alg: i64) -> &'static Signer {
        static KEYS: OnceLock<Vec<Signer>> = OnceLock::new();
        let keys = KEYS.get_or_init(|| ALL.map(Signer::generate).into_iter().collect());
        keys.iter().find(|signer| signer.alg() == alg).unwrap()
    }

    pub fn alg(&self) -> i64 {
        match self {
            Signer::Ecdsa(alg, _) => *alg,
            Signer::Ed25519(_) => EDDSA,
            Signer::Rsa(_) => RS256,
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Signer::Ecdsa(_, key) => key
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Signer::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Signer::Rsa(key) => {
                let mut out = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out)
                    .unwrap();
                out
            }
        }
    }

    /// x and y of an ECDSA key.
    pub fn coordinates(&self) -> (Vec<u8>, Vec<u8>) {
        let Signer::Ecdsa(_, key) = self else {
            panic!("not an ECDSA key")
        };
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        (x.to_vec(), y.to_vec())
    }

    /// n and e of an RSA key.
    pub fn rsa_numbers(&self) -> (Vec<u8>, Vec<u8>) {
        let Signer::Rsa(key) = self else {
            panic!("not an RSA key")
        };
        let key = key.public_key();
        let n = key.modulus().big_endian_without_leading_zero().to_vec();
        let e = key.exponent().big_endian_without_leading_zero().to_vec();
        (n, e)
    }

    /// Labels and encoded values of the COSE key, in canonical order.
    pub fn parameters(&self) -> Vec<(i64, Vec<u8>)> {
        match self {
            Signer::Ecdsa(alg, _) => {
                let (x, y) = self.coordinates();
                let crv = match *alg {
                    ES256 => 1,
                    ES384 => 2,
                    _ => 3,
                };
                vec![
                    (1, cbor::int(2)),
                    (3, cbor::int(*alg)),
                    (-1, cbor::int(crv)),
                    (-2, cbor::bytes(&x)),
                    (-3, cbor::bytes(&y)),
                ]
            }
            Signer::Ed25519(key) => vec![
                (1, cbor::int(1)),
                (3, cbor::int(EDDSA)),
                (-1, cbor::int(6)),
                (-2, cbor::bytes(key.public_key().as_ref())),
            ],
            Signer::Rsa(_) => {
                let (n, e) = self.rsa_numbers();
                vec![
                    (1, cbor::int(3)),
                    (3, cbor::int(RS256)),
                    (-1, cbor::bytes(&n)),
                    (-2, cbor::bytes(&e)),
                ]
            }
        }
    }

    pub fn cose(&self) -> Vec<u8> {
        cose(&self.parameters())
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let bits = |bytes: &[u8]| der::tlv(3, &[&[0], bytes].concat());
        match self {
            Signer::Ecdsa(alg, key) => {
                let curve: &[u8] = match *alg {
                    ES256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
                    ES384 => &[0x2b, 0x81, 4, 0, 0x22],
                    _ => &[0x2b, 0x81, 4, 0, 0x23],
                };
                let ec = der::oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
                let algorithm = der::sequence(&[ec, der::oid(curve)]);
                der::sequence(&[algorithm, bits(key.public_key().as_ref())])
            }
            Signer::Ed25519(key) => {
                let algorithm = der::sequence(&[der::oid(&[0x2b, 0x65, 0x70])]);
                der::sequence(&[algorithm, bits(key.public_key().as_ref())])
            }
            Signer::Rsa(key) => {
                let rsa = der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
                let algorithm = der::sequence(&[rsa, der::tlv(5, &[])]);
                der::sequence(&[algorithm, bits(key.public_key().as_ref())])
            }
        }
    }
}

/// A COSE key with these parameters in this order.
pub fn cose(parameters: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let pairs: Vec<_> = parameters
        .iter()
        .map(|(label, value)| (cbor::int(*label), value.clone()))
        .collect();
    cbor::map(&pairs)
}
