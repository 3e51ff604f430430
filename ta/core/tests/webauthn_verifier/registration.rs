// SPDX-License-Identifier: Apache-2.0

//! §7.1: every field, flag and length of a registration, one fault at a time.

use crate::support::*;
use serde_json::{Value, json};
use signer::ES256;

/// A registration whose client data end with `extra`.
fn extra(extra: &str) -> Value {
    registration(|r| r.client_data = client_data("webauthn.create", CHALLENGE, ORIGIN, extra))
}

fn flags(flags: u8) -> Value {
    registration(|r| r.auth.flags = flags)
}

/// A registration of a credential with this id, in both places.
fn credential_id(id: Vec<u8>) -> Value {
    registration(|r| {
        r.auth.attested = Some((id.clone(), r.signer.cose()));
        r.raw_id = id;
    })
}

/// A registration whose authenticator data were changed bytewise.
fn auth_bytes(change: impl FnOnce(&mut Vec<u8>)) -> Value {
    registration(|r| {
        let mut bytes = r.auth.bytes();
        change(&mut bytes);
        r.raw_auth = Some(bytes);
    })
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(accepted());
    cases.extend(client());
    cases.extend(authenticator());
    cases.extend(attestation_object());
    cases
}

fn accepted() -> Vec<Case> {
    let mut cases = vec![];
    for alg in signer::ALL {
        let registration = Registration::new(alg);
        let expected = json!({ "registration": {
            "result": "accept", "credential_id": b64(&registration.raw_id), "alg": alg,
            "sign_count": 0, "backup_eligible": true, "backup_state": false,
            "attestation": "none",
        } });
        cases.push(Case::new(
            format!("accept alg {alg}"),
            registration.document(),
            expected,
        ));
    }
    let synced = registration(|r| {
        r.auth.flags = UP | UV | BE | BS | AT;
        r.auth.sign_count = 7;
    });
    let expected = json!({ "registration": {
        "result": "accept", "sign_count": 7, "backup_eligible": true, "backup_state": true,
    } });
    cases.push(Case::new("accept synced with a counter", synced, expected));
    let bound = json!({ "registration": { "result": "accept", "backup_eligible": false } });
    cases.push(Case::new("accept device-bound", flags(UP | UV | AT), bound));
    cases.push(Case::accept(
        "accept reserved flags",
        flags(UP | UV | BE | AT | RFU1 | RFU2),
    ));
    cases.push(Case::accept(
        "accept credential id of 1 byte",
        credential_id(vec![9]),
    ));
    cases.push(Case::accept(
        "accept credential id of 1023 bytes",
        credential_id(vec![9; 1023]),
    ));
    let extensions = registration(|r| {
        r.auth.flags |= ED;
        r.auth.extensions = cbor::map(&[
            (cbor::text("credProtect"), cbor::int(2)),
            (cbor::text("hmac-secret"), vec![0xf5]),
        ]);
    });
    cases.push(Case::accept("accept extensions", extensions));
    let ignored = with(registration(|_| {}), |d| {
        let response = &mut d["registration"]["response"]["response"];
        response["authenticatorData"] = json!("!!");
        response["publicKey"] = json!(5);
        response["publicKeyAlgorithm"] = json!("x");
        response["transports"] = json!(null);
    });
    cases.push(Case::accept(
        "accept whatever the convenience members say",
        ignored,
    ));
    let bare = with(registration(|_| {}), |d| {
        d["registration"]["response"]["response"]
            .as_object_mut()
            .unwrap()
            .remove("transports");
        d["registration"]["response"]
            .as_object_mut()
            .unwrap()
            .remove("authenticatorAttachment");
    });
    cases.push(Case::accept("accept without the optional members", bare));
    cases
}

fn client() -> Vec<Case> {
    let origin = |origin: &str| {
        registration(|r| r.client_data = client_data("webauthn.create", CHALLENGE, origin, ""))
    };
    let kind =
        |kind: &str| registration(|r| r.client_data = client_data(kind, CHALLENGE, ORIGIN, ""));
    let challenge = |challenge: &[u8]| {
        registration(|r| r.client_data = client_data("webauthn.create", challenge, ORIGIN, ""))
    };
    let written = |text: String| {
        registration(|r| {
            let data = String::from_utf8(r.client_data.clone()).unwrap();
            r.client_data = data.replace(&b64(CHALLENGE), &text).into_bytes();
        })
    };
    let no_package = |extra_members: &str| {
        with(extra(extra_members), |d| {
            d["policy"].as_object_mut().unwrap().remove("package");
        })
    };
    vec![
        Case::reject("type of an assertion", kind("webauthn.get"), "WRONG_TYPE"),
        Case::reject(
            "type in another case",
            kind("WebAuthn.create"),
            "WRONG_TYPE",
        ),
        Case::reject("type of a payment", kind("payment.get"), "WRONG_TYPE"),
        Case::reject("type empty", kind(""), "WRONG_TYPE"),
        Case::reject(
            "challenge of another ceremony",
            challenge(&[7; 32]),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject(
            "challenge cut short",
            challenge(&CHALLENGE[..31]),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject(
            "challenge longer",
            challenge(&[CHALLENGE, b"!"].concat()),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject("challenge empty", challenge(b""), "CHALLENGE_MISMATCH"),
        Case::reject(
            "challenge empty on both sides",
            with(challenge(b""), |d| {
                d["registration"]["challenge"] = json!("")
            }),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject(
            "challenge padded",
            written(b64(CHALLENGE) + "="),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject(
            "challenge with stray bits",
            // 32 bytes leave two unused bits in the last digit.
            written(b64(CHALLENGE)[..42].to_string() + "j"),
            "CHALLENGE_MISMATCH",
        ),
        Case::accept("origin of an Android app", origin(ANDROID_ORIGIN)),
        Case::reject(
            "origin unknown",
            origin("https://example.com"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin subdomain",
            origin("https://a.example.org"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin with a port",
            origin("https://example.org:443"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin with a slash",
            origin("https://example.org/"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin by http",
            origin("http://example.org"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin in another case",
            origin("https://Example.org"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin as a prefix",
            origin("https://example.or"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin with a suffix",
            origin("https://example.org.evil"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject("origin empty", origin(""), "ORIGIN_MISMATCH"),
        Case::reject(
            "origin of another app",
            origin("android:apk-key-hash:AAAA"),
            "ORIGIN_MISMATCH",
        ),
        Case::reject(
            "origin without any in the policy",
            with(registration(|_| {}), |d| d["policy"]["origins"] = json!([])),
            "ORIGIN_MISMATCH",
        ),
        Case::accept("crossOrigin false", extra(r#","crossOrigin":false"#)),
        Case::reject(
            "crossOrigin true",
            extra(r#","crossOrigin":true"#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "crossOrigin text",
            extra(r#","crossOrigin":"false""#),
            "MALFORMED_JSON",
        ),
        Case::reject(
            "crossOrigin null",
            extra(r#","crossOrigin":null"#),
            "MALFORMED_JSON",
        ),
        Case::reject(
            "topOrigin foreign",
            extra(r#","topOrigin":"https://evil.example""#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "topOrigin own",
            extra(r#","topOrigin":"https://example.org""#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "topOrigin beside crossOrigin false",
            extra(r#","crossOrigin":false,"topOrigin":"""#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "topOrigin null",
            extra(r#","topOrigin":null"#),
            "CROSS_ORIGIN",
        ),
        Case::accept(
            "package equal",
            extra(r#","androidPackageName":"org.example.app""#),
        ),
        Case::reject(
            "package of another app",
            extra(r#","androidPackageName":"org.example.app2""#),
            "PACKAGE_MISMATCH",
        ),
        Case::reject(
            "package empty",
            extra(r#","androidPackageName":"""#),
            "PACKAGE_MISMATCH",
        ),
        Case::reject(
            "package number",
            extra(r#","androidPackageName":1"#),
            "MALFORMED_JSON",
        ),
        Case::accept(
            "package not in the policy",
            no_package(r#","androidPackageName":"x.y""#),
        ),
        Case::accept(
            "unknown members",
            extra(r#","futureMember":{"a":[1,2,{"b":null}]}"#),
        ),
        Case::accept(
            "tokenBinding of level 2",
            extra(r#","tokenBinding":{"status":"supported"}"#),
        ),
    ]
}

fn authenticator() -> Vec<Case> {
    let mut cases = vec![
        Case::reject(
            "rp id hash of another",
            registration(|r| r.auth.rp_id = "example.com"),
            "RP_ID_MISMATCH",
        ),
        Case::reject(
            "rp id hash off by a bit",
            auth_bytes(|b| b[31] ^= 1),
            "RP_ID_MISMATCH",
        ),
        Case::reject("user not present", flags(UV | BE | AT), "USER_NOT_PRESENT"),
        Case::reject(
            "user not verified",
            flags(UP | BE | AT),
            "USER_NOT_VERIFIED",
        ),
        Case::reject(
            "backup state without eligibility",
            flags(UP | UV | BS | AT),
            "BACKUP_FLAGS_INVALID",
        ),
        Case::reject("no flag at all", flags(0), "MALFORMED_AUTH_DATA"),
        Case::reject(
            "attested data without their flag",
            flags(UP | UV | BE),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "no credential",
            registration(|r| {
                r.auth.attested = None;
                r.auth.flags = UP | UV | BE;
            }),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "flag of a credential that is not there",
            registration(|r| r.auth.attested = None),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "extension flag without extensions",
            flags(UP | UV | BE | AT | ED),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "extensions without their flag",
            registration(|r| r.auth.extensions = cbor::map(&[])),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "one byte too many",
            auth_bytes(|b| b.push(0)),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "auth data empty",
            auth_bytes(Vec::clear),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "credential id empty",
            credential_id(vec![]),
            "MALFORMED_JSON",
        ),
        Case::reject(
            "credential id empty inside",
            registration(|r| r.auth.attested = Some((vec![], r.signer.cose()))),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "credential id of 1024 bytes",
            credential_id(vec![9; 1024]),
            "MALFORMED_JSON",
        ),
        Case::reject(
            "credential id of 1024 bytes inside",
            registration(|r| r.auth.attested = Some((vec![9; 1024], r.signer.cose()))),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "credential id is not rawId",
            registration(|r| r.raw_id = b"another".to_vec()),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "credential id longer than the data",
            auth_bytes(|b| b[53..55].copy_from_slice(&1000u16.to_be_bytes())),
            "MALFORMED_AUTH_DATA",
        ),
    ];
    // The lengths of each fixed part, less one byte.
    for len in [31, 32, 36, 52, 54, 60] {
        cases.push(Case::reject(
            format!("auth data cut to {len} bytes"),
            auth_bytes(|b| b.truncate(len)),
            "MALFORMED_AUTH_DATA",
        ));
    }
    cases.push(Case::reject(
        "auth data without the last byte of the key",
        auth_bytes(|b| b.truncate(b.len() - 1)),
        "MALFORMED_AUTH_DATA",
    ));
    let extensions: [(&str, Vec<u8>, &str); 8] = [
        ("no map", cbor::array(&[]), "MALFORMED_CBOR"),
        ("cut off", vec![0xa1, 0x61], "MALFORMED_AUTH_DATA"),
        ("indefinite", vec![0xbf, 0xff], "MALFORMED_CBOR"),
        (
            "twice",
            [cbor::map(&[]), cbor::map(&[])].concat(),
            "MALFORMED_AUTH_DATA",
        ),
        (
            "unsorted",
            vec![0xa2, 0x61, b'b', 1, 0x61, b'a', 1],
            "MALFORMED_CBOR",
        ),
        (
            "duplicate",
            vec![0xa2, 0x61, b'a', 1, 0x61, b'a', 1],
            "MALFORMED_CBOR",
        ),
        (
            "long length",
            vec![0xa1, 0x78, 1, b'a', 1],
            "MALFORMED_CBOR",
        ),
        (
            "tagged",
            vec![0xa1, 0x61, b'a', 0xc0, 0x60],
            "MALFORMED_CBOR",
        ),
    ];
    for (name, extensions, error) in extensions {
        let input = registration(|r| {
            r.auth.flags |= ED;
            r.auth.extensions = extensions;
        });
        cases.push(Case::reject(format!("extensions {name}"), input, error));
    }
    cases
}

fn attestation_object() -> Vec<Case> {
    let object = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        registration(|r| r.raw_object = Some(change(r.attestation_object())))
    };
    let auth = Registration::new(ES256).auth.bytes();
    let (fmt, none) = (cbor::text("fmt"), cbor::text("none"));
    let (statement, empty) = (cbor::text("attStmt"), cbor::map(&[]));
    let (data, auth) = (cbor::text("authData"), cbor::bytes(&auth));
    let of = |pairs: &[(&Vec<u8>, &Vec<u8>)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| ((*k).clone(), (*v).clone()))
            .collect();
        registration(|r| r.raw_object = Some(cbor::map(&pairs)))
    };
    let tail = [
        fmt.clone(),
        none.clone(),
        statement.clone(),
        empty.clone(),
        data.clone(),
        auth.clone(),
    ]
    .concat();
    let raw =
        |head: &[u8], tail: &[u8]| registration(|r| r.raw_object = Some([head, tail].concat()));
    let reject = |name: &str, input| {
        Case::reject(
            format!("attestation object {name}"),
            input,
            "MALFORMED_CBOR",
        )
    };
    vec![
        Case::accept(
            "attestation object built by hand",
            of(&[(&fmt, &none), (&statement, &empty), (&data, &auth)]),
        ),
        reject("empty", raw(&[], &[])),
        reject("no map", raw(&cbor::array(&[]), &[])),
        reject("trailing byte", object(&|o| [o, vec![0]].concat())),
        reject("cut", object(&|o| o[..o.len() - 1].to_vec())),
        reject("indefinite", raw(&[0xbf], &[&tail[..], &[0xff]].concat())),
        reject("length not shortest", raw(&[0xb8, 3], &tail)),
        reject(
            "length in eight bytes",
            raw(&[0xbb, 0, 0, 0, 0, 0, 0, 0, 3], &tail),
        ),
        reject("count too large", raw(&[0xa4], &tail)),
        reject(
            "count enormous",
            raw(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255], &tail),
        ),
        reject("tagged", raw(&[0xd9, 0xd9, 0xf7, 0xa3], &tail)),
        reject(
            "unsorted",
            of(&[(&fmt, &none), (&data, &auth), (&statement, &empty)]),
        ),
        reject(
            "fmt twice",
            of(&[
                (&fmt, &none),
                (&fmt, &none),
                (&statement, &empty),
                (&data, &auth),
            ]),
        ),
        reject("without fmt", of(&[(&statement, &empty), (&data, &auth)])),
        reject("without attStmt", of(&[(&fmt, &none), (&data, &auth)])),
        reject(
            "without authData",
            of(&[(&fmt, &none), (&statement, &empty)]),
        ),
        reject(
            "fmt as bytes",
            of(&[
                (&fmt, &cbor::bytes(b"none")),
                (&statement, &empty),
                (&data, &auth),
            ]),
        ),
        reject(
            "fmt not UTF-8",
            of(&[
                (&fmt, &vec![0x61, 0xff]),
                (&statement, &empty),
                (&data, &auth),
            ]),
        ),
        reject(
            "attStmt as array",
            of(&[
                (&fmt, &none),
                (&statement, &cbor::array(&[])),
                (&data, &auth),
            ]),
        ),
        reject(
            "authData as text",
            of(&[
                (&fmt, &none),
                (&statement, &empty),
                (&data, &cbor::text("x")),
            ]),
        ),
        reject(
            "authData in pieces",
            of(&[
                (&fmt, &none),
                (&statement, &empty),
                (&data, &[&[0x5f], &auth[..], &[0xff]].concat()),
            ]),
        ),
        reject(
            "unknown member",
            of(&[
                (&fmt, &none),
                (&statement, &empty),
                (&data, &auth),
                (&cbor::text("authData2"), &empty),
            ]),
        ),
        reject(
            "integer key",
            of(&[
                (&cbor::int(1), &none),
                (&fmt, &none),
                (&statement, &empty),
                (&data, &auth),
            ]),
        ),
        reject(
            "nested too deeply",
            of(&[
                (&fmt, &none),
                (&statement, &[vec![0x81; 1000], vec![0]].concat()),
                (&data, &auth),
            ]),
        ),
    ]
}
