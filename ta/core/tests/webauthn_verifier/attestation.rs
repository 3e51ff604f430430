// SPDX-License-Identifier: Apache-2.0

//! Attestation: formats none and packed, with every rule of §8.2 and §8.2.1.

use crate::support::*;
use serde_json::{Value, json};
use signer::{EDDSA, ES256, ES384, RS256, Signer};

/// A registration with this format and statement.
fn raw(format: &'static str, statement: Vec<u8>) -> Value {
    registration(|r| r.statement = Statement::Raw(format, statement))
}

fn lenient(document: Value) -> Value {
    with(document, |d| {
        d["policy"]["accept_unverified_attestation"] = json!(true)
    })
}

/// A registration attested by a certificate that `change` spoiled.
fn certificate(change: impl FnOnce(&mut der::Certificate)) -> Value {
    let attester = Signer::of(ES384);
    let mut certificate = der::Certificate::new(attester.spki(), AAGUID);
    change(&mut certificate);
    registration(|r| r.statement = Statement::X5c(attester, vec![certificate.der()]))
}

fn accepted(name: &str, input: Value, kind: &str) -> Case {
    let expected = json!({ "registration": { "result": "accept", "attestation": kind } });
    Case::new(name, input, expected)
}

fn invalid(name: &str, input: Value) -> Case {
    Case::reject(name, input, "ATTESTATION_INVALID")
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(formats());
    cases.extend(packed());
    cases.extend(self_attested());
    cases.extend(certificates());
    cases
}

fn formats() -> Vec<Case> {
    let entry = || (cbor::text("x"), cbor::int(1));
    let none = || raw("none", cbor::map(&[entry()]));
    let mut cases = vec![
        accepted("none", raw("none", cbor::map(&[])), "none"),
        invalid("none with a statement", none()),
        invalid(
            "none with a statement under a lenient policy",
            lenient(none()),
        ),
        accepted(
            "none under a lenient policy",
            lenient(raw("none", cbor::map(&[]))),
            "none",
        ),
        invalid(
            "packed and empty under a lenient policy",
            lenient(raw("packed", cbor::map(&[]))),
        ),
    ];
    let others = [
        "fido-u2f",
        "tpm",
        "android-key",
        "android-safetynet",
        "apple",
        "compound",
        "",
        "None",
        "PACKED",
        "new",
    ];
    for format in others {
        let statement = || raw(format, cbor::map(&[entry()]));
        let name = format!("format {format:?}");
        cases.push(Case::reject(
            name.clone(),
            statement(),
            "ATTESTATION_UNSUPPORTED",
        ));
        cases.push(accepted(
            &format!("{name} under a lenient policy"),
            lenient(statement()),
            "unverified",
        ));
    }
    // What is taken unverified is the statement only.
    let unsigned = lenient(registration(|r| {
        r.statement = Statement::Raw("tpm", cbor::map(&[]));
        r.auth.flags = UP | BE | AT;
    }));
    cases.push(Case::reject(
        "format tpm without user verification",
        unsigned,
        "USER_NOT_VERIFIED",
    ));
    cases
}

fn packed() -> Vec<Case> {
    let signed = |r: &Registration| [r.auth_bytes(), sha256(&r.client_data)].concat();
    let base = Registration::new(ES256);
    let alg = (cbor::text("alg"), cbor::int(ES256));
    let sig = (
        cbor::text("sig"),
        cbor::bytes(&base.signer.sign(&signed(&base))),
    );
    let chain = |items: &[Vec<u8>]| (cbor::text("x5c"), cbor::array(items));
    let own = der::Certificate::new(base.signer.spki(), AAGUID).der();
    let own = cbor::bytes(&own);
    let of = |pairs: &[&(Vec<u8>, Vec<u8>)]| {
        raw(
            "packed",
            cbor::map(&pairs.iter().map(|pair| (*pair).clone()).collect::<Vec<_>>()),
        )
    };
    let bytes = |n: usize| vec![own.clone(); n];
    vec![
        accepted("packed self by hand", of(&[&alg, &sig]), "self"),
        accepted(
            "packed x5c by hand",
            of(&[&alg, &sig, &chain(&bytes(1))]),
            "x5c",
        ),
        accepted(
            "packed x5c with a chain of eight",
            of(&[&alg, &sig, &chain(&bytes(8))]),
            "x5c",
        ),
        invalid(
            "packed x5c with a chain of nine",
            of(&[&alg, &sig, &chain(&bytes(9))]),
        ),
        invalid("packed empty", of(&[])),
        invalid("packed without alg", of(&[&sig])),
        invalid("packed without sig", of(&[&alg])),
        invalid("packed x5c without sig", of(&[&alg, &chain(&bytes(1))])),
        invalid("packed with an empty chain", of(&[&alg, &sig, &chain(&[])])),
        invalid(
            "packed with a certificate as text",
            of(&[&alg, &sig, &chain(&[cbor::text("x")])]),
        ),
        invalid(
            "packed with another item in the chain",
            of(&[&alg, &sig, &chain(&[own.clone(), cbor::int(1)])]),
        ),
        invalid(
            "packed with x5c as bytes",
            of(&[&alg, &sig, &(cbor::text("x5c"), own.clone())]),
        ),
        invalid(
            "packed with x5c null",
            of(&[&alg, &sig, &(cbor::text("x5c"), vec![0xf6])]),
        ),
        invalid(
            "packed with alg as text",
            of(&[&(cbor::text("alg"), cbor::text("ES256")), &sig]),
        ),
        invalid(
            "packed with sig as text",
            of(&[&alg, &(cbor::text("sig"), cbor::text("x"))]),
        ),
        invalid(
            "packed with sig empty",
            of(&[&alg, &(cbor::text("sig"), cbor::bytes(&[]))]),
        ),
        invalid(
            "packed with an integer key",
            of(&[&(cbor::int(1), cbor::int(1)), &alg, &sig]),
        ),
        invalid(
            "packed with ecdaaKeyId",
            of(&[&alg, &sig, &(cbor::text("ecdaaKeyId"), cbor::bytes(&[1]))]),
        ),
    ]
}

fn self_attested() -> Vec<Case> {
    let mut cases = vec![];
    for alg in signer::ALL {
        let attested = || {
            let mut registration = Registration::new(alg);
            registration.statement = Statement::SelfAttested;
            registration
        };
        cases.push(accepted(
            &format!("self alg {alg}"),
            attested().document(),
            "self",
        ));
        let mut wrong = attested();
        wrong.statement_alg = Some(if alg == ES256 { EDDSA } else { ES256 });
        cases.push(invalid(
            &format!("self alg {alg} under another name"),
            wrong.document(),
        ));
        let mut wrong = attested();
        wrong.statement_alg = Some(-65535);
        cases.push(invalid(
            &format!("self alg {alg} under an unknown number"),
            wrong.document(),
        ));
        let mut wrong = attested();
        let object = wrong.attestation_object();
        wrong.client_data.push(b' ');
        wrong.raw_object = Some(object);
        cases.push(invalid(
            &format!("self alg {alg} over other client data"),
            wrong.document(),
        ));
        let mut wrong = attested();
        let forged =
            Signer::generate(alg).sign(&[wrong.auth_bytes(), sha256(&wrong.client_data)].concat());
        let statement = [
            (cbor::text("alg"), cbor::int(alg)),
            (cbor::text("sig"), cbor::bytes(&forged)),
        ];
        wrong.statement = Statement::Raw("packed", cbor::map(&statement));
        cases.push(invalid(
            &format!("self alg {alg} by another key"),
            wrong.document(),
        ));
    }
    cases
}

fn certificates() -> Vec<Case> {
    let mut cases = vec![];
    for alg in signer::ALL {
        let attester = Signer::of(alg);
        let der = der::Certificate::new(attester.spki(), AAGUID).der();
        let attested = |change: &dyn Fn(&mut Registration)| {
            registration(|r| {
                r.statement = Statement::X5c(attester, vec![der.clone()]);
                change(r);
            })
        };
        cases.push(accepted(
            &format!("x5c alg {alg}"),
            attested(&|_| {}),
            "x5c",
        ));
        let other = if alg == ES256 { RS256 } else { ES256 };
        cases.push(invalid(
            &format!("x5c alg {alg} under another name"),
            attested(&|r| r.statement_alg = Some(other)),
        ));
        cases.push(invalid(
            &format!("x5c alg {alg} signed by another key"),
            attested(&|r| r.statement = Statement::X5c(Signer::of(other), vec![der.clone()])),
        ));
        cases.push(invalid(
            &format!("x5c alg {alg} over other client data"),
            attested(&|r| {
                let object = r.attestation_object();
                r.client_data.push(b' ');
                r.raw_object = Some(object);
            }),
        ));
    }

    let twice = |kind: &'static [u8]| {
        move |c: &mut der::Certificate| {
            let attribute = c
                .subject
                .iter()
                .find(|attribute| attribute.0 == kind)
                .unwrap()
                .clone();
            c.subject.push(attribute);
        }
    };
    let right = || (false, der::tlv(4, &AAGUID));
    cases.extend([
        accepted("certificate as it should be", certificate(|_| {}), "x5c"),
        accepted(
            "certificate without an aaguid",
            certificate(|c| c.aaguid.clear()),
            "x5c",
        ),
        accepted(
            "certificate with another attribute beside",
            certificate(|c| c.subject.push((&[0x55, 4, 7], der::UTF8, b"Lund".to_vec()))),
            "x5c",
        ),
        accepted(
            "certificate with printable strings",
            certificate(|c| {
                c.subject
                    .iter_mut()
                    .for_each(|attribute| attribute.1 = der::PRINTABLE)
            }),
            "x5c",
        ),
        invalid(
            "certificate of version 1",
            certificate(|c| c.version = None),
        ),
        invalid(
            "certificate of version 1, written out",
            certificate(|c| c.version = Some(0)),
        ),
        invalid(
            "certificate of version 2",
            certificate(|c| c.version = Some(1)),
        ),
        invalid(
            "certificate of version 4",
            certificate(|c| c.version = Some(3)),
        ),
        invalid(
            "certificate without C",
            certificate(|c| c.drop_attribute(der::COUNTRY)),
        ),
        invalid(
            "certificate without O",
            certificate(|c| c.drop_attribute(der::ORGANIZATION)),
        ),
        invalid(
            "certificate without OU",
            certificate(|c| c.drop_attribute(der::UNIT)),
        ),
        invalid(
            "certificate without CN",
            certificate(|c| c.drop_attribute(der::NAME)),
        ),
        invalid(
            "certificate without a subject",
            certificate(|c| c.subject.clear()),
        ),
        invalid("certificate with C twice", certificate(twice(der::COUNTRY))),
        invalid("certificate with OU twice", certificate(twice(der::UNIT))),
        invalid(
            "certificate with O empty",
            certificate(|c| c.set_attribute(der::ORGANIZATION, der::UTF8, b"")),
        ),
        invalid(
            "certificate with CN empty",
            certificate(|c| c.set_attribute(der::NAME, der::UTF8, b"")),
        ),
        invalid(
            "certificate with C of one letter",
            certificate(|c| c.set_attribute(der::COUNTRY, der::PRINTABLE, b"S")),
        ),
        invalid(
            "certificate with C a name",
            certificate(|c| c.set_attribute(der::COUNTRY, der::PRINTABLE, b"Sweden")),
        ),
        invalid(
            "certificate with C of digits",
            certificate(|c| c.set_attribute(der::COUNTRY, der::PRINTABLE, b"46")),
        ),
        invalid(
            "certificate with another OU",
            certificate(|c| c.set_attribute(der::UNIT, der::UTF8, b"Authenticators")),
        ),
        invalid(
            "certificate with OU in another case",
            certificate(|c| c.set_attribute(der::UNIT, der::UTF8, b"authenticator attestation")),
        ),
        invalid(
            "certificate with OU as IA5 string",
            certificate(|c| c.set_attribute(der::UNIT, der::IA5, b"Authenticator Attestation")),
        ),
        invalid(
            "certificate of an authority",
            certificate(|c| c.ca = vec![true]),
        ),
        invalid(
            "certificate without basic constraints",
            certificate(|c| c.ca.clear()),
        ),
        invalid(
            "certificate with basic constraints twice",
            certificate(|c| c.ca = vec![false, false]),
        ),
        invalid(
            "certificate without extensions",
            certificate(|c| {
                c.ca.clear();
                c.aaguid.clear();
            }),
        ),
        invalid(
            "certificate for another aaguid",
            certificate(|c| c.aaguid = vec![(false, der::tlv(4, b"another aaguid 1"))]),
        ),
        invalid(
            "certificate with a critical aaguid",
            certificate(|c| c.aaguid[0].0 = true),
        ),
        invalid(
            "certificate with the aaguid twice",
            certificate(|c| c.aaguid.push(right())),
        ),
        invalid(
            "certificate with a bare aaguid",
            certificate(|c| c.aaguid = vec![(false, AAGUID.to_vec())]),
        ),
        invalid(
            "certificate with a long aaguid",
            certificate(|c| c.aaguid = vec![(false, der::tlv(4, &[&AAGUID[..], &[0]].concat()))]),
        ),
        invalid(
            "certificate with the aaguid as UTF8 string",
            certificate(|c| c.aaguid = vec![(false, der::tlv(der::UTF8, &AAGUID))]),
        ),
        invalid(
            "certificate with a byte behind the aaguid",
            certificate(|c| c.aaguid = vec![(false, [der::tlv(4, &AAGUID), vec![0]].concat())]),
        ),
        invalid(
            "certificate with a byte behind",
            certificate(|c| c.trailing = vec![0]),
        ),
        invalid(
            "certificate that names two signature algorithms",
            certificate(|c| c.inner_algorithm = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]),
        ),
    ]);

    // Keys that a certificate may carry and an attestation may not use.
    let rsa = |bits: &[u8]| {
        let oid = der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
        der::sequence(&[
            der::sequence(&[oid, der::tlv(5, &[])]),
            der::tlv(3, &[&[0], bits].concat()),
        ])
    };
    let ec = |curve: &[u8], point: &[u8]| {
        let oid = der::oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
        let algorithm = der::sequence(&[oid, der::oid(curve)]);
        der::sequence(&[algorithm, der::tlv(3, &[&[0], point].concat())])
    };
    let p256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let (x, y) = Signer::of(ES256).coordinates();
    let small = der::sequence(&[der::tlv(2, &[1; 128]), der::tlv(2, &[1, 0, 1])]);
    let keys: [(&str, Vec<u8>); 6] = [
        ("RSA of 1024 bits", rsa(&small)),
        (
            "RSA without an exponent",
            rsa(&der::sequence(&[der::tlv(2, &[1; 256])])),
        ),
        (
            "secp256k1",
            ec(&[0x2b, 0x81, 4, 0, 0x0a], &[&[4], &x[..], &y[..]].concat()),
        ),
        ("compressed", ec(p256, &[&[2], &x[..]].concat())),
        ("off the curve", ec(p256, &[&[4], &y[..], &x[..]].concat())),
        ("at infinity", ec(p256, &[0])),
    ];
    for (name, key) in keys {
        cases.push(invalid(
            &format!("certificate key {name}"),
            certificate(|c| c.key = key),
        ));
    }
    let chain = |chain: Vec<Vec<u8>>| {
        registration(|r| r.statement = Statement::X5c(Signer::of(ES384), chain))
    };
    let good = der::Certificate::new(Signer::of(ES384).spki(), AAGUID).der();
    cases.push(invalid("certificate empty", chain(vec![vec![]])));
    cases.push(invalid(
        "certificate of noise",
        chain(vec![vec![0x5a; 400]]),
    ));
    cases.push(invalid(
        "certificate cut",
        chain(vec![good[..good.len() - 1].to_vec()]),
    ));
    cases.push(invalid(
        "certificate second in its chain",
        chain(vec![vec![0x30, 0], good]),
    ));
    cases
}

/// A certificate that this project did not write: OpenSSL made it (`fixtures/README.md`).
#[test]
fn certificate_of_openssl() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    let key = EcdsaKeyPair::from_private_key_der(
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        include_bytes!("fixtures/openssl-test-key.der"),
    );
    let signer: &'static Signer = Box::leak(Box::new(Signer::Ecdsa(ES256, key.unwrap())));
    let certificate = include_bytes!("fixtures/openssl-test-cert.der").to_vec();
    let attested = registration(|r| {
        r.statement = Statement::X5c(signer, vec![certificate.clone()]);
    });
    crate::conformance::run(&[accepted("certificate of OpenSSL", attested, "x5c")]);
    let other_model = registration(|r| {
        r.auth.aaguid = *b"another aaguid 1";
        r.statement = Statement::X5c(signer, vec![certificate]);
    });
    crate::conformance::run(&[invalid(
        "certificate of OpenSSL for another aaguid",
        other_model,
    )]);
}
