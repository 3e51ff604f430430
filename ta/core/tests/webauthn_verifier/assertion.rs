// SPDX-License-Identifier: Apache-2.0

//! §7.2: every field, flag and length of an assertion, one fault at a time.

use crate::support::*;
use serde_json::{Value, json};
use signer::{ES256, Signer};

fn extra(extra: &str) -> Value {
    authentication(|a| a.client_data = client_data("webauthn.get", CHALLENGE, ORIGIN, extra))
}

fn flags(flags: u8) -> Value {
    authentication(|a| a.auth.flags = flags)
}

fn counters(stored: u32, new: u32) -> Value {
    authentication(|a| {
        a.credential["sign_count"] = json!(stored);
        a.auth.sign_count = new;
    })
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(accepted());
    cases.extend(credential());
    cases.extend(client());
    cases.extend(authenticator());
    cases.extend(signature());
    cases.extend(both());
    cases
}

fn accepted() -> Vec<Case> {
    let mut cases = vec![];
    for alg in signer::ALL {
        let authentication = Authentication::new(alg);
        let expected = json!({ "authentication": {
            "result": "accept", "credential_id": b64(&authentication.raw_id), "alg": alg,
            "sign_count": 0, "backup_eligible": true, "backup_state": true,
        } });
        cases.push(Case::new(
            format!("accept alg {alg}"),
            authentication.document(),
            expected,
        ));
    }
    for (stored, new) in [
        (0, 0),
        (0, 1),
        (1, 2),
        (7, 1000),
        (0, u32::MAX),
        (u32::MAX - 1, u32::MAX),
    ] {
        let expected = json!({ "authentication": { "result": "accept", "sign_count": new } });
        cases.push(Case::new(
            format!("counter {stored} to {new}"),
            counters(stored, new),
            expected,
        ));
    }
    let attested = |flag: u8| {
        authentication(|a| {
            a.auth.flags |= flag;
            a.auth.attested = Some((b"some id".to_vec(), a.signer.cose()));
        })
    };
    cases.push(Case::accept(
        "accept attested data, which mean nothing here",
        attested(AT),
    ));
    cases.push(Case::reject(
        "attested data without their flag",
        attested(0),
        "MALFORMED_AUTH_DATA",
    ));
    let unsynced = json!({ "authentication": { "result": "accept", "backup_state": false } });
    cases.push(Case::new(
        "accept not synced now",
        flags(UP | UV | BE),
        unsynced,
    ));
    cases
}

fn credential() -> Vec<Case> {
    let handle =
        |handle: Option<&[u8]>| authentication(|a| a.user_handle = handle.map(<[u8]>::to_vec));
    let no_expected = with(handle(Some(b"anyone")), |d| {
        d["credential"]
            .as_object_mut()
            .unwrap()
            .remove("user_handle");
    });
    let null = with(handle(None), |d| {
        d["authentication"]["response"]["response"]["userHandle"] = json!(null);
    });
    vec![
        Case::reject(
            "credential unknown",
            authentication(|a| a.raw_id = b"x".to_vec()),
            "UNKNOWN_CREDENTIAL",
        ),
        Case::reject(
            "credential a prefix of the known one",
            authentication(|a| a.raw_id.truncate(4)),
            "UNKNOWN_CREDENTIAL",
        ),
        Case::accept("user handle absent", handle(None)),
        Case::accept("user handle null", null),
        Case::accept("user handle with none to compare", no_expected),
        Case::reject(
            "user handle of another",
            handle(Some(b"user handlf")),
            "USER_HANDLE_MISMATCH",
        ),
        Case::reject(
            "user handle a prefix",
            handle(Some(b"user")),
            "USER_HANDLE_MISMATCH",
        ),
        Case::reject(
            "user handle empty",
            handle(Some(b"")),
            "USER_HANDLE_MISMATCH",
        ),
        Case::reject(
            "key on file is no CBOR",
            authentication(|a| a.credential["public_key"] = json!("AA")),
            "MALFORMED_KEY",
        ),
        Case::reject(
            "key on file with a trailing byte",
            authentication(|a| {
                let key = [a.signer.cose(), vec![0]].concat();
                a.credential["public_key"] = json!(b64(&key));
            }),
            "MALFORMED_CBOR",
        ),
    ]
}

fn client() -> Vec<Case> {
    let data = |kind: &str, challenge: &[u8], origin: &str| {
        authentication(|a| a.client_data = client_data(kind, challenge, origin, ""))
    };
    let get = "webauthn.get";
    vec![
        Case::reject(
            "type of a registration",
            data("webauthn.create", CHALLENGE, ORIGIN),
            "WRONG_TYPE",
        ),
        Case::reject(
            "challenge of another ceremony",
            data(get, &[1; 32], ORIGIN),
            "CHALLENGE_MISMATCH",
        ),
        Case::reject(
            "origin unknown",
            data(get, CHALLENGE, "https://example.net"),
            "ORIGIN_MISMATCH",
        ),
        Case::accept(
            "origin of an Android app",
            data(get, CHALLENGE, ANDROID_ORIGIN),
        ),
        Case::reject(
            "crossOrigin true",
            extra(r#","crossOrigin":true"#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "topOrigin",
            extra(r#","topOrigin":"https://example.org""#),
            "CROSS_ORIGIN",
        ),
        Case::reject(
            "package of another app",
            extra(r#","androidPackageName":"a.b""#),
            "PACKAGE_MISMATCH",
        ),
        Case::accept(
            "package equal",
            extra(r#","androidPackageName":"org.example.app""#),
        ),
        Case::accept("unknown members", extra(r#","other":[{}]"#)),
    ]
}

fn authenticator() -> Vec<Case> {
    let auth = |change: &dyn Fn(&mut Vec<u8>)| {
        authentication(|a| {
            let mut bytes = a.auth.bytes();
            change(&mut bytes);
            a.raw_auth = Some(bytes);
        })
    };
    let bound = |flags: u8| {
        authentication(|a| {
            a.auth.flags = flags;
            a.credential["backup_eligible"] = json!(false);
        })
    };
    let mut cases = vec![
        Case::reject(
            "rp id hash of another",
            authentication(|a| a.auth.rp_id = "example.com"),
            "RP_ID_MISMATCH",
        ),
        Case::reject("user not present", flags(UV | BE | BS), "USER_NOT_PRESENT"),
        Case::reject(
            "user not verified",
            flags(UP | BE | BS),
            "USER_NOT_VERIFIED",
        ),
        Case::reject(
            "backup state without eligibility",
            bound(UP | UV | BS),
            "BACKUP_FLAGS_INVALID",
        ),
        Case::accept("device-bound", bound(UP | UV)),
        Case::reject(
            "eligibility gained",
            bound(UP | UV | BE),
            "BACKUP_FLAGS_INVALID",
        ),
        Case::reject("eligibility lost", flags(UP | UV), "BACKUP_FLAGS_INVALID"),
        Case::reject(
            "extension flag without extensions",
            flags(UP | UV | BE | ED),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "attested flag without data",
            flags(UP | UV | BE | AT),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "one byte too many",
            auth(&|b| b.push(0)),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject("auth data empty", auth(&Vec::clear), "MALFORMED_AUTH_DATA"),
        Case::reject(
            "auth data of 36 bytes",
            auth(&|b| b.truncate(36)),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject(
            "auth data of 32 bytes",
            auth(&|b| b.truncate(32)),
            "MALFORMED_AUTH_DATA",
        ),
        Case::reject("counter 1 to 0", counters(1, 0), "COUNTER_REGRESSION"),
        Case::reject("counter 5 to 5", counters(5, 5), "COUNTER_REGRESSION"),
        Case::reject("counter 5 to 4", counters(5, 4), "COUNTER_REGRESSION"),
        Case::reject(
            "counter largest to 0",
            counters(u32::MAX, 0),
            "COUNTER_REGRESSION",
        ),
    ];
    let extensions = |extensions: Vec<u8>| {
        authentication(|a| {
            a.auth.flags |= ED;
            a.auth.extensions = extensions;
        })
    };
    let secret = cbor::map(&[(cbor::text("hmac-secret"), cbor::bytes(&[1; 48]))]);
    cases.push(Case::accept("extensions", extensions(secret)));
    cases.push(Case::reject(
        "extensions indefinite",
        extensions(vec![0xbf, 0xff]),
        "MALFORMED_CBOR",
    ));
    cases
}

/// The DER integer of big-endian bytes.
fn integer(mut bytes: &[u8]) -> Vec<u8> {
    while bytes.len() > 1 && bytes[0] == 0 {
        bytes = &bytes[1..];
    }
    let sign = if bytes[0] & 0x80 != 0 { &[0][..] } else { &[] };
    der::tlv(2, &[sign, bytes].concat())
}

/// r and s of a DER signature, as they stand in it.
fn r_and_s(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let r_len = usize::from(signature[3]);
    (
        signature[4..4 + r_len].to_vec(),
        signature[6 + r_len..].to_vec(),
    )
}

/// The order of P-256 minus `s`.
fn negated(s: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let s = [vec![0; 33 - s.len()], s.to_vec()].concat()[1..].to_vec();
    let mut out = [0; 32];
    let mut borrow = 0i16;
    for index in (0..32).rev() {
        let difference = i16::from(ORDER[index]) - i16::from(s[index]) - borrow;
        borrow = i16::from(difference < 0);
        out[index] = difference.rem_euclid(256) as u8;
    }
    out.to_vec()
}

fn signature() -> Vec<Case> {
    let mut cases = vec![];
    let mut push = |name: String, input| cases.push(Case::reject(name, input, "SIGNATURE_INVALID"));
    for alg in signer::ALL {
        let signed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut authentication = Authentication::new(alg);
            let mut signature = authentication.signer.sign(&authentication.signed());
            change(&mut signature);
            authentication.signature = Some(signature);
            authentication.document()
        };
        push(format!("alg {alg} signature empty"), signed(&Vec::clear));
        push(
            format!("alg {alg} signature with a trailing byte"),
            signed(&|s| s.push(0)),
        );
        push(
            format!("alg {alg} signature cut"),
            signed(&|s| s.truncate(s.len() - 1)),
        );
        push(
            format!("alg {alg} signature with a flipped bit"),
            signed(&|s| *s.last_mut().unwrap() ^= 1),
        );
        push(
            format!("alg {alg} signature of zeros"),
            signed(&|s| s.fill(0)),
        );
        let other = Signer::generate(alg);
        let mut authentication = Authentication::new(alg);
        authentication.signature = Some(other.sign(&authentication.signed()));
        push(
            format!("alg {alg} signature by another key"),
            authentication.document(),
        );
        let mut authentication = Authentication::new(alg);
        authentication.signature = Some(authentication.signer.sign(b"another message"));
        push(
            format!("alg {alg} signature of another message"),
            authentication.document(),
        );
        // The parts are signed together: neither can be exchanged afterwards.
        let mut authentication = Authentication::new(alg);
        authentication.signature = Some(authentication.signer.sign(&authentication.signed()));
        authentication.auth.sign_count = 9;
        push(
            format!("alg {alg} authenticator data exchanged"),
            authentication.document(),
        );
        let mut authentication = Authentication::new(alg);
        authentication.signature = Some(authentication.signer.sign(&authentication.signed()));
        authentication.client_data.push(b' ');
        push(
            format!("alg {alg} client data with a space more"),
            authentication.document(),
        );
    }

    // A signature of P-256 in forms that lax parsers take.
    let authentication = Authentication::new(ES256);
    let (r, s) = r_and_s(&authentication.signer.sign(&authentication.signed()));
    let (r, s) = (integer(&r), integer(&s));
    let document = |signature: Vec<u8>| {
        let mut authentication = authentication.clone();
        authentication.signature = Some(signature);
        authentication.document()
    };
    let body = [r.clone(), s.clone()].concat();
    let wide = |integer: &[u8], zeros: usize| {
        der::tlv(2, &[vec![0; zeros], integer[2..].to_vec()].concat())
    };
    push(
        "DER length in long form".into(),
        document([&[0x30, 0x81, body.len() as u8], &body[..]].concat()),
    );
    push(
        "DER length indefinite".into(),
        document([&[0x30, 0x80], &body[..], &[0, 0]].concat()),
    );
    push(
        "DER r with leading zeros".into(),
        document(der::sequence(&[wide(&r, 2), s.clone()])),
    );
    push(
        "DER s with leading zeros".into(),
        document(der::sequence(&[r.clone(), wide(&s, 2)])),
    );
    push(
        "DER r of a kilobyte".into(),
        document(der::sequence(&[wide(&r, 1000), s.clone()])),
    );
    push(
        "DER s missing".into(),
        document(der::sequence(std::slice::from_ref(&r))),
    );
    push(
        "DER third integer".into(),
        document(der::sequence(&[r.clone(), s.clone(), s.clone()])),
    );
    push("DER as a set".into(), document(der::tlv(0x31, &body)));
    push(
        "DER r negative".into(),
        document(der::sequence(&[der::tlv(2, &[0xff; 32]), s.clone()])),
    );
    push(
        "DER r zero".into(),
        document(der::sequence(&[integer(&[0]), s.clone()])),
    );
    push(
        "DER s zero".into(),
        document(der::sequence(&[r.clone(), integer(&[0])])),
    );
    push("DER empty sequence".into(), document(der::sequence(&[])));
    let fixed = |integer: &[u8]| {
        let bytes = &integer[2..];
        [
            vec![0; 32usize.saturating_sub(bytes.len())],
            bytes[bytes.len().saturating_sub(32)..].to_vec(),
        ]
        .concat()
    };
    push(
        "fixed length instead of DER".into(),
        document([fixed(&r), fixed(&s)].concat()),
    );

    // Both halves of the range of s are valid.
    let half = |high: bool| {
        let (r, s) = r_and_s(&authentication.signer.sign(&authentication.signed()));
        let s = fixed(&integer(&s));
        let other = negated(&s);
        let s = if high { s.max(other) } else { s.min(other) };
        document(der::sequence(&[integer(&r), integer(&s)]))
    };
    cases.push(Case::accept("high S", half(true)));
    cases.push(Case::accept("low S", half(false)));
    cases
}

/// Registration and authentication on one line.
fn both() -> Vec<Case> {
    let line = |registration: Value, change: &dyn Fn(&mut Authentication)| {
        let mut authentication = Authentication::new(ES256);
        change(&mut authentication);
        with(registration, |d| {
            d["authentication"] = authentication.document()["authentication"].clone();
            d["registration"]["user_handle"] = json!(b64(HANDLE));
        })
    };
    let registered = registration(|_| {});
    let refused = registration(|r| r.auth.flags = BE | AT | UV);
    let expect = |registration: &str, error: Option<&str>| match error {
        None => json!({
            "registration": { "result": registration }, "authentication": { "result": "accept" },
        }),
        Some(error) => json!({
            "registration": { "result": registration },
            "authentication": { "result": "reject", "error": error },
        }),
    };
    vec![
        Case::new(
            "line with both",
            line(registered.clone(), &|_| {}),
            expect("accept", None),
        ),
        Case::new(
            "line with both and another user",
            line(registered.clone(), &|a| a.user_handle = Some(b"x".to_vec())),
            expect("accept", Some("USER_HANDLE_MISMATCH")),
        ),
        Case::new(
            "line with both and the counter of the registration",
            line(registration(|r| r.auth.sign_count = 3), &|a| {
                a.auth.sign_count = 3
            }),
            expect("accept", Some("COUNTER_REGRESSION")),
        ),
        Case::new(
            "line with both and lost eligibility",
            line(registered, &|a| a.auth.flags = UP | UV),
            expect("accept", Some("BACKUP_FLAGS_INVALID")),
        ),
        Case::new(
            "line with both after a refused registration",
            line(refused, &|_| {}),
            expect("reject", Some("UNKNOWN_CREDENTIAL")),
        ),
    ]
}
