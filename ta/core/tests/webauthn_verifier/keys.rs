// SPDX-License-Identifier: Apache-2.0

//! Credential public keys: which COSE keys are taken, and which are refused by which name.

use crate::support::*;
use serde_json::{Value, json};
use signer::{EDDSA, ES256, ES384, ES512, RS256, Signer, cose};

/// A registration of `key`.
fn register(key: Vec<u8>) -> Value {
    registration(|r| {
        let (id, _) = r.auth.attested.clone().unwrap();
        r.auth.attested = Some((id, key));
    })
}

/// The key of `alg` with one parameter changed.
fn changed(alg: i64, label: i64, value: Vec<u8>) -> Value {
    let mut parameters = Signer::of(alg).parameters();
    for (known, old) in &mut parameters {
        if *known == label {
            *old = value.clone();
        }
    }
    register(cose(&parameters))
}

fn without(alg: i64, label: i64) -> Value {
    let mut parameters = Signer::of(alg).parameters();
    parameters.retain(|(known, _)| *known != label);
    register(cose(&parameters))
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(parameters());
    cases.extend(algorithms());
    cases.extend(points());
    cases.extend(rsa());
    cases.extend(encoding());
    cases
}

fn parameters() -> Vec<Case> {
    let mut cases = vec![];
    for alg in signer::ALL {
        for (label, value) in Signer::of(alg).parameters() {
            let name = |what: &str| format!("alg {alg} parameter {label} {what}");
            cases.push(Case::reject(
                name("missing"),
                without(alg, label),
                "MALFORMED_KEY",
            ));
            let text = changed(alg, label, cbor::text("2"));
            cases.push(Case::reject(name("as text"), text, "MALFORMED_KEY"));
            // A byte string longer or shorter by a byte; integers are covered below.
            if value[0] >> 5 == 2 {
                let bytes = minicbor_bytes(&value);
                let longer = cbor::bytes(&[&bytes[..], &[1]].concat());
                // (An RSA modulus of one byte more is 2056 bits long, and may be a good one.)
                if alg != RS256 {
                    cases.push(Case::reject(
                        name("longer"),
                        changed(alg, label, longer),
                        "MALFORMED_KEY",
                    ));
                }
                let shorter = cbor::bytes(&bytes[1..]);
                cases.push(Case::reject(
                    name("shorter"),
                    changed(alg, label, shorter),
                    "MALFORMED_KEY",
                ));
                let padded = cbor::bytes(&[&[0], &bytes[..]].concat());
                cases.push(Case::reject(
                    name("zero-padded"),
                    changed(alg, label, padded),
                    "MALFORMED_KEY",
                ));
                let empty = changed(alg, label, cbor::bytes(&[]));
                cases.push(Case::reject(name("empty"), empty, "MALFORMED_KEY"));
            }
        }
        let with_parameter = |at: usize, parameter: (i64, Vec<u8>)| {
            let mut parameters = Signer::of(alg).parameters();
            parameters.insert(at, parameter);
            register(cose(&parameters))
        };
        let reject =
            |name: &str, input| Case::reject(format!("alg {alg} {name}"), input, "MALFORMED_KEY");
        cases.push(reject(
            "with a key id",
            with_parameter(1, (2, cbor::bytes(b"id"))),
        ));
        cases.push(reject(
            "with empty key operations",
            with_parameter(2, (4, cbor::array(&[]))),
        ));
        let len = Signer::of(alg).parameters().len();
        cases.push(reject(
            "with a private key",
            with_parameter(len, (-4, cbor::bytes(&[1; 32]))),
        ));
    }
    cases
}

/// The content of an encoded byte string.
fn minicbor_bytes(encoded: &[u8]) -> Vec<u8> {
    let skip = match encoded[0] & 0x1f {
        24 => 2,
        25 => 3,
        _ => 1,
    };
    encoded[skip..].to_vec()
}

fn algorithms() -> Vec<Case> {
    let mut cases = vec![];
    // ES256K, PS256, RS384, RS512, RS1, ESP256, Ed25519, Ed448, ML-DSA-65, symmetric, none, huge.
    for alg in [
        -47,
        -37,
        -258,
        -259,
        -65535,
        -9,
        -19,
        -53,
        -49,
        5,
        0,
        i64::MIN,
        i64::MAX,
    ] {
        let input = changed(ES256, 3, cbor::int(alg));
        cases.push(Case::reject(
            format!("algorithm {alg}"),
            input,
            "UNSUPPORTED_ALGORITHM",
        ));
    }
    let least = changed(ES256, 3, vec![0x3b, 255, 255, 255, 255, 255, 255, 255, 255]);
    cases.push(Case::reject(
        "algorithm -2^64",
        least,
        "UNSUPPORTED_ALGORITHM",
    ));
    // Every supported algorithm in every other's key.
    for key in signer::ALL {
        for alg in signer::ALL.into_iter().filter(|alg| *alg != key) {
            let input = changed(key, 3, cbor::int(alg));
            cases.push(Case::reject(
                format!("algorithm {alg} in a key of {key}"),
                input,
                "MALFORMED_KEY",
            ));
        }
    }
    for (alg, right) in [(ES256, 1), (ES384, 2), (ES512, 3), (EDDSA, 6)] {
        // P-256, P-384, P-521, X25519, X448, Ed25519, Ed448, secp256k1.
        for crv in (1..=8).filter(|crv| *crv != right) {
            let input = changed(alg, -1, cbor::int(crv));
            cases.push(Case::reject(
                format!("algorithm {alg} with curve {crv}"),
                input,
                "MALFORMED_KEY",
            ));
        }
    }
    for alg in signer::ALL {
        let right = minicbor_int(&Signer::of(alg).parameters()[0].1);
        for kty in (0..=5).filter(|kty| *kty != right) {
            let input = changed(alg, 1, cbor::int(kty));
            cases.push(Case::reject(
                format!("algorithm {alg} with key type {kty}"),
                input,
                "MALFORMED_KEY",
            ));
        }
    }
    cases
}

fn minicbor_int(encoded: &[u8]) -> i64 {
    i64::from(encoded[0])
}

fn points() -> Vec<Case> {
    let mut cases = vec![];
    for (alg, len) in [(ES256, 32), (ES384, 48), (ES512, 66)] {
        let (x, y) = Signer::of(alg).coordinates();
        let point = |name: &str, x: &[u8], y: &[u8]| {
            let mut parameters = Signer::of(alg).parameters();
            parameters[3].1 = cbor::bytes(x);
            parameters[4].1 = cbor::bytes(y);
            Case::reject(
                format!("alg {alg} point {name}"),
                register(cose(&parameters)),
                "MALFORMED_KEY",
            )
        };
        let mut off = y.clone();
        off[len - 1] ^= 1;
        cases.push(point("off the curve", &x, &off));
        cases.push(point("of zeros", &vec![0; len], &vec![0; len]));
        cases.push(point("of ones", &vec![0xff; len], &vec![0xff; len]));
        cases.push(point("with its coordinates exchanged", &y, &x));
        cases.push(point("in one coordinate", &[&x[..], &y[..]].concat(), &[]));
        cases.push(point(
            "of another size",
            &vec![1; len + 1],
            &vec![1; len - 1],
        ));
        let compressed = changed(alg, -3, vec![0xf5]);
        cases.push(Case::reject(
            format!("alg {alg} point compressed"),
            compressed,
            "MALFORMED_KEY",
        ));
    }

    // A point whose x fits the field only modulo the prime: x = 5 is on P-256; so 5 + p, which
    // still has 32 bytes, must not be taken for it.
    let five_plus_p = "ffffffff00000001000000000000000000000001000000000000000000000004";
    let y = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    let mut parameters = Signer::of(ES256).parameters();
    parameters[3].1 = cbor::bytes(&hex(five_plus_p));
    parameters[4].1 = cbor::bytes(&hex(y));
    let input = register(cose(&parameters));
    cases.push(Case::reject(
        "alg -7 point not reduced",
        input,
        "MALFORMED_KEY",
    ));

    // Points of order 1, 2, 4 and 8, and an encoding above the field's prime.
    let small = [
        (
            "of order 1",
            "0100000000000000000000000000000000000000000000000000000000000000",
        ),
        (
            "of order 2",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        (
            "of order 4",
            "0000000000000000000000000000000000000000000000000000000000000000",
        ),
        (
            "of order 4 negative",
            "0000000000000000000000000000000000000000000000000000000000000080",
        ),
        (
            "of order 8",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ),
        (
            "of order 8 too",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ),
        (
            "not canonical, order 1",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        (
            "not canonical, order 4",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        // y = 3 is a point of full order, and so is its second encoding p + 3.
        (
            "not canonical, full order",
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        (
            "no point",
            "0200000000000000000000000000000000000000000000000000000000000000",
        ),
    ];
    for (name, bytes) in small {
        let input = changed(EDDSA, -2, cbor::bytes(&hex(bytes)));
        cases.push(Case::reject(
            format!("Ed25519 {name}"),
            input,
            "MALFORMED_KEY",
        ));
    }
    let three = changed(
        EDDSA,
        -2,
        cbor::bytes(&hex(&format!("03{}", "00".repeat(31)))),
    );
    cases.push(Case::accept("Ed25519 canonical, full order", three));
    cases
}

fn rsa() -> Vec<Case> {
    let (n, e) = Signer::of(RS256).rsa_numbers();
    let key = |n: &[u8], e: &[u8]| {
        let mut parameters = Signer::of(RS256).parameters();
        parameters[2].1 = cbor::bytes(n);
        parameters[3].1 = cbor::bytes(e);
        register(cose(&parameters))
    };
    // Numbers of the given length; whether they are products of two primes cannot be seen.
    let modulus = |bits: usize| {
        let mut n = vec![0xa5; bits.div_ceil(8)];
        n[0] = 1 << ((bits - 1) % 8);
        n
    };
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let mut cases = vec![
        Case::accept("RSA 2048 bits", key(&modulus(2048), &e)),
        Case::accept("RSA 3072 bits", key(&modulus(3072), &e)),
        Case::accept("RSA 4096 bits", key(&modulus(4096), &e)),
        Case::accept("RSA exponent 3", key(&n, &[3])),
        Case::accept("RSA exponent 2^32 - 1", key(&n, &[255; 4])),
        Case::reject("RSA modulus even", key(&even, &e), "MALFORMED_KEY"),
        Case::reject(
            "RSA modulus with a zero in front",
            key(&[&[0], &n[..]].concat(), &e),
            "MALFORMED_KEY",
        ),
        Case::reject("RSA modulus zero", key(&[0], &e), "MALFORMED_KEY"),
        Case::reject("RSA modulus zeros", key(&[0; 256], &e), "MALFORMED_KEY"),
        Case::reject(
            "RSA modulus of 8 KiB",
            key(&vec![0xff; 8192], &e),
            "MALFORMED_KEY",
        ),
    ];
    for bits in [512, 1024, 2040, 2047, 4097, 4104, 8192] {
        let input = key(&modulus(bits), &e);
        cases.push(Case::reject(
            format!("RSA {bits} bits"),
            input,
            "MALFORMED_KEY",
        ));
    }
    let exponents: [&[u8]; 8] = [
        &[],
        &[0],
        &[1],
        &[2],
        &[4],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
        &[0xff; 256],
    ];
    for (index, exponent) in exponents.into_iter().enumerate() {
        let name = format!("RSA exponent {index} of {} bytes", exponent.len());
        cases.push(Case::reject(name, key(&n, exponent), "MALFORMED_KEY"));
    }
    cases
}

fn encoding() -> Vec<Case> {
    let parameters = Signer::of(ES256).parameters();
    let mut unsorted = parameters.clone();
    unsorted.swap(0, 1);
    let mut negative_first = parameters.clone();
    negative_first.rotate_left(2);
    let mut twice = parameters.clone();
    twice.insert(1, twice[0].clone());
    let mut two_algs = parameters.clone();
    two_algs.insert(2, (3, cbor::int(-8)));
    let key = cose(&parameters);
    let long = |at: usize, with: &[u8]| [&key[..at], with, &key[at + 1..]].concat();
    let reject = |name: &str, key, error| Case::reject(format!("key {name}"), register(key), error);
    vec![
        reject("unsorted", cose(&unsorted), "MALFORMED_CBOR"),
        reject(
            "negative labels first",
            cose(&negative_first),
            "MALFORMED_CBOR",
        ),
        reject("with kty twice", cose(&twice), "MALFORMED_CBOR"),
        reject("with two algorithms", cose(&two_algs), "MALFORMED_CBOR"),
        reject("head not shortest", long(0, &[0xb8, 5]), "MALFORMED_CBOR"),
        reject("label not shortest", long(1, &[0x18, 1]), "MALFORMED_CBOR"),
        reject(
            "indefinite",
            [&[0xbf], &key[1..], &[0xff]].concat(),
            "MALFORMED_CBOR",
        ),
        reject(
            "tagged",
            [&[0xd8, 0x98], &key[..]].concat(),
            "MALFORMED_CBOR",
        ),
        reject("no map", cbor::bytes(&key), "MALFORMED_KEY"),
        reject("empty map", cbor::map(&[]), "MALFORMED_KEY"),
        reject("an integer", cbor::int(5), "MALFORMED_KEY"),
        reject(
            "with text labels",
            cbor::map(&[(cbor::text("alg"), cbor::int(-7))]),
            "MALFORMED_KEY",
        ),
        reject(
            "with algorithm as text",
            cbor::map(&[(cbor::int(3), cbor::text("ES256"))]),
            "MALFORMED_KEY",
        ),
    ]
}

pub fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The keys of the other cases are generated; these signatures are published: RFC 8032 §7.1 test 3
/// and RFC 6979 appendix A.2.5, message "sample".
#[test]
fn published_signatures_verify() {
    use sealer_core::webauthn::PublicKey;
    let ec = |alg: i64, crv: i64, x: &str, y: &str| {
        cose(&[
            (1, cbor::int(2)),
            (3, cbor::int(alg)),
            (-1, cbor::int(crv)),
            (-2, cbor::bytes(&hex(x))),
            (-3, cbor::bytes(&hex(y))),
        ])
    };
    let p256 = ec(
        ES256,
        1,
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
    );
    let (r, s) = (
        hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"),
        hex("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
    );
    let signature = |r: &[u8], s: &[u8]| {
        let integer = |bytes: &[u8]| der::tlv(2, &[&[0][..], bytes].concat());
        der::sequence(&[integer(r), integer(s)])
    };
    let key = PublicKey::from_cose(&p256).unwrap();
    key.verify(b"sample", &signature(&r, &s)).unwrap();
    key.verify(b"Sample", &signature(&r, &s)).unwrap_err();

    let ed25519 = cose(&[
        (1, cbor::int(1)),
        (3, cbor::int(EDDSA)),
        (-1, cbor::int(6)),
        (
            -2,
            cbor::bytes(&hex(
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            )),
        ),
    ]);
    let signature = hex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    );
    let key = PublicKey::from_cose(&ed25519).unwrap();
    key.verify(&hex("af82"), &signature).unwrap();
    key.verify(&hex("af83"), &signature).unwrap_err();
}

/// S plus the group order verifies in lax implementations.
#[test]
fn ed25519_is_strict_about_s() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = sealer_core::webauthn::PublicKey::from_cose(&Signer::of(EDDSA).cose()).unwrap();
    let mut signature = Signer::of(EDDSA).sign(b"message");
    key.verify(b"message", &signature).unwrap();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    key.verify(b"message", &signature).unwrap_err();
}

/// A commitment of small order satisfies the equation of RFC 8032 and binds nothing: R is the
/// neutral element, S the hash times the private scalar of seed 0707…07.
#[test]
fn ed25519_is_strict_about_r() {
    let public_key = hex("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c");
    let signature = hex(
        "0100000000000000000000000000000000000000000000000000000000000000\
         d4c5323131ff9683cfb3d30197c786c9043f1052d6c2d5293f19d6f36b911104",
    );
    let cose = cose(&[
        (1, cbor::int(1)),
        (3, cbor::int(EDDSA)),
        (-1, cbor::int(6)),
        (-2, cbor::bytes(&public_key)),
    ]);
    let key = sealer_core::webauthn::PublicKey::from_cose(&cose).unwrap();
    key.verify(b"message", &signature).unwrap_err();
}

#[test]
fn the_stored_form_is_the_canonical_one() {
    for alg in signer::ALL {
        let cose = Signer::of(alg).cose();
        let key = sealer_core::webauthn::PublicKey::from_cose(&cose).unwrap();
        assert_eq!(key.cose_bytes(), cose);
        assert_eq!(json!(key.alg().cose()), json!(alg));
    }
}
