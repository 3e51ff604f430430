// SPDX-License-Identifier: Apache-2.0

//! JSON: what strict and lax parsers differ in, for the response and for the client data.

use crate::support::*;
use sealer_core::webauthn::{MAX_RESPONSE_JSON, Policy, parse_assertion, verify_registration};
use sealer_wire::ErrorCode;
use serde_json::{Value, json};

/// The document with the response replaced by its exact text after `change`.
fn text(document: Value, ceremony: &str, change: impl FnOnce(String) -> String) -> Value {
    with(document, |d| {
        let response = &mut d[ceremony]["response"];
        *response = json!(change(response.to_string()));
    })
}

fn registration_text(change: impl FnOnce(String) -> String) -> Value {
    text(registration(|_| {}), "registration", change)
}

/// A registration whose client data are exactly these bytes.
fn data(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Value {
    registration(|r| r.client_data = change(r.client_data.clone()))
}

fn text_data(change: impl FnOnce(String) -> String) -> Value {
    data(|bytes| change(String::from_utf8(bytes).unwrap()).into_bytes())
}

/// Adds a member to the end of the object `json`.
fn append(json: String, member: &str) -> String {
    format!("{},{member}}}", json.strip_suffix('}').unwrap())
}

fn malformed(name: impl Into<String>, input: Value) -> Case {
    Case::reject(name, input, "MALFORMED_JSON")
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(response());
    cases.extend(client_data_cases());
    cases
}

type Change = fn(String) -> String;

/// What strict and lax parsers differ in, for any JSON object: name, change, whether it is JSON.
fn strictness() -> Vec<(&'static str, Change, bool)> {
    vec![
        ("unchanged", |j| j, true),
        ("white space around", |j| format!(" \t\r\n{j}\n "), true),
        (
            "unknown member",
            |j| append(j, r#""x":{"a":[{},[],1.5e3,-0,true,null,"\ud83d\ude00"]}"#),
            true,
        ),
        (
            "escaped name of a member",
            |j| j.replacen(r#""type""#, r#""\u0074ype""#, 1),
            true,
        ),
        ("escaped solidus", |j| append(j, r#""x":"\/\/""#), true),
        (
            "depth of 16",
            |j| append(j, &format!(r#""x":{}{}"#, "[".repeat(15), "]".repeat(15))),
            true,
        ),
        (
            "thousands of distinct members",
            |j| {
                append(
                    j,
                    &(0..500)
                        .map(|i| format!("\"m{i}\":0"))
                        .collect::<Vec<_>>()
                        .join(","),
                )
            },
            true,
        ),
        ("byte order mark", |j| format!("\u{feff}{j}"), false),
        ("empty", |_| String::new(), false),
        ("null", |_| "null".into(), false),
        ("text", |_| r#""{}""#.into(), false),
        ("array around", |j| format!("[{j}]"), false),
        ("trailing object", |j| format!("{j}{{}}"), false),
        ("trailing letter", |j| format!("{j}x"), false),
        ("trailing zero byte", |j| format!("{j}\0"), false),
        ("cut", |j| j[..j.len() - 1].into(), false),
        (
            "trailing comma",
            |j| format!("{},}}", j.strip_suffix('}').unwrap()),
            false,
        ),
        ("comment", |j| format!("/**/{j}"), false),
        ("single quotes", |j| j.replace('"', "'"), false),
        (
            "member twice, same value",
            |j| append(j, r#""type":"public-key""#),
            false,
        ),
        (
            "member twice, escaped",
            |j| append(j, r#""\u0074ype":"public-key""#),
            false,
        ),
        (
            "unknown member twice",
            |j| append(j, r#""x":1,"x":1"#),
            false,
        ),
        (
            "unknown member twice, escaped",
            |j| append(j, r#""x":1,"\u0078":2"#),
            false,
        ),
        (
            "unknown member twice, not adjacent",
            |j| append(j, r#""x":1,"y":2,"x":3"#),
            false,
        ),
        (
            "unknown member twice, nested",
            |j| append(j, r#""x":{"y":[{"z":1,"z":2}]}"#),
            false,
        ),
        ("empty name twice", |j| append(j, r#""":1,"":2"#), false),
        (
            "depth of 17",
            |j| append(j, &format!(r#""x":{}{}"#, "[".repeat(16), "]".repeat(16))),
            false,
        ),
        (
            "depth of 6000",
            |j| {
                append(
                    j,
                    &format!(r#""x":{}{}"#, "[".repeat(6000), "]".repeat(6000)),
                )
            },
            false,
        ),
        (
            "depth of 6000, open",
            |j| append(j, &format!(r#""x":{}"#, "[".repeat(6000))),
            false,
        ),
        (
            "depth of 1500 objects",
            |j| {
                append(
                    j,
                    &format!(r#""x":{}0{}"#, r#"{"a":"#.repeat(1500), "}".repeat(1500)),
                )
            },
            false,
        ),
        ("lone surrogate", |j| append(j, r#""x":"\ud83d""#), false),
        (
            "surrogates in the wrong order",
            |j| append(j, r#""x":"\ude00\ud83d""#),
            false,
        ),
        (
            "lone surrogate in a name",
            |j| append(j, r#""\udfff":1"#),
            false,
        ),
        ("unknown escape", |j| append(j, r#""x":"\x41""#), false),
        (
            "control character in a string",
            |j| append(j, "\"x\":\"\u{1}\""),
            false,
        ),
        (
            "line feed in a string",
            |j| append(j, "\"x\":\"\n\""),
            false,
        ),
        (
            "number with a leading zero",
            |j| append(j, r#""x":01"#),
            false,
        ),
        ("number with a plus", |j| append(j, r#""x":+1"#), false),
        ("number in hex", |j| append(j, r#""x":0x1"#), false),
        ("number not a number", |j| append(j, r#""x":NaN"#), false),
        ("word in capitals", |j| append(j, r#""x":True"#), false),
        ("name without quotes", |j| append(j, "x:1"), false),
        ("no-break space", |j| format!("\u{a0}{j}"), false),
    ]
}

fn response() -> Vec<Case> {
    let mut cases = vec![];
    for (name, change, valid) in strictness() {
        let inputs = [
            (
                format!("registration JSON: {name}"),
                registration_text(change),
            ),
            (
                format!("authentication JSON: {name}"),
                text(authentication(|_| {}), "authentication", change),
            ),
        ];
        for (name, input) in inputs {
            cases.push(if valid {
                Case::accept(name, input)
            } else {
                malformed(name, input)
            });
        }
    }
    let nested = |json: String| json.replacen(r#""response":{"#, r#""response":{"x":1,"x":1,"#, 1);
    cases.push(malformed(
        "member twice in response",
        registration_text(nested),
    ));
    let nested = |json: String| {
        json.replacen(
            r#""clientExtensionResults":{"#,
            r#""clientExtensionResults":{"a":1,"\u0061":1,"#,
            1,
        )
    };
    cases.push(malformed(
        "member twice in extensions",
        registration_text(nested),
    ));

    let padded = |len: usize| {
        registration_text(|json| {
            let json = append(json, r#""x":"""#);
            let missing = len - json.len();
            json.replacen(r#""x":"""#, &format!(r#""x":"{}""#, "a".repeat(missing)), 1)
        })
    };
    cases.push(Case::accept(
        "response of 16 KiB",
        padded(MAX_RESPONSE_JSON),
    ));
    cases.push(Case::reject(
        "response of 16 KiB and a byte",
        padded(MAX_RESPONSE_JSON + 1),
        "TOO_LARGE",
    ));
    let noise = registration_text(|_| "[".repeat(MAX_RESPONSE_JSON + 1));
    cases.push(Case::reject(
        "response too large and no JSON",
        noise,
        "TOO_LARGE",
    ));
    let large = text(authentication(|_| {}), "authentication", |_| {
        " ".repeat(100_000)
    });
    cases.push(Case::reject("assertion of 100 kB", large, "TOO_LARGE"));
    cases
}

fn client_data_cases() -> Vec<Case> {
    let mut cases = vec![];
    for (name, change, valid) in strictness() {
        // A size that only the response's cap bounds.
        if name == "depth of 6000" || name == "thousands of distinct members" {
            continue;
        }
        let name = format!("client data: {name}");
        let input = text_data(change);
        cases.push(if valid {
            Case::accept(name, input)
        } else {
            malformed(name, input)
        });
    }
    let utf8: [(&str, &[u8]); 7] = [
        ("a stray continuation", b"\x80"),
        ("an overlong slash", b"\xc0\xaf"),
        ("an overlong slash in three bytes", b"\xe0\x80\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("a code point too large", b"\xf4\x90\x80\x80"),
        ("a sequence cut", b"\xe2\x82"),
        ("0xff", b"\xff"),
    ];
    for (name, bytes) in utf8 {
        // In a member that nobody reads.
        let input = data(|json| {
            let json = json.strip_suffix(b"}").unwrap();
            [json, br#","x":""#, bytes, br#""}"#].concat()
        });
        cases.push(malformed(format!("client data with {name}"), input));
    }
    cases.push(malformed(
        "client data in UTF-16",
        data(|j| j.iter().flat_map(|b| [*b, 0]).collect()),
    ));
    let origin = |j: String| {
        j.replacen(
            r#""origin":"#,
            r#""origin":"https://evil.example","origin":"#,
            1,
        )
    };
    cases.push(malformed("client data with two origins", text_data(origin)));
    let origin = |j: String| {
        j.replacen(
            r#""origin":"#,
            r#""orig\u0069n":"https://evil.example","origin":"#,
            1,
        )
    };
    cases.push(malformed(
        "client data with two origins, one escaped",
        text_data(origin),
    ));
    let slashes = |j: String| j.replace("https://", r"https:\/\/");
    cases.push(Case::accept(
        "client data with escaped slashes",
        text_data(slashes),
    ));
    let escaped = |j: String| j.replace("https", r"\u0068ttps");
    cases.push(Case::accept(
        "client data with an escaped origin",
        text_data(escaped),
    ));
    let null = |j: String| j.replace("example.org\"", "example.org\\u0000\"");
    cases.push(Case::reject(
        "client data with a zero behind the origin",
        text_data(null),
        "ORIGIN_MISMATCH",
    ));
    for member in ["type", "challenge", "origin"] {
        let renamed = |j: String| j.replacen(&format!("\"{member}\""), "\"other\"", 1);
        cases.push(malformed(
            format!("client data without {member}"),
            text_data(renamed),
        ));
        for value in ["null", "1", "[]", "{}", "true"] {
            let start = format!("\"{member}\":\"");
            let replaced = |j: String| {
                let (head, tail) = j.split_once(&start).unwrap();
                let (_, tail) = tail.split_once('"').unwrap();
                format!("{head}\"{member}\":{value}{tail}")
            };
            cases.push(malformed(
                format!("client data with {member} {value}"),
                text_data(replaced),
            ));
        }
    }
    let array = format!(r#"["webauthn.create","{}","{ORIGIN}"]"#, b64(CHALLENGE));
    cases.push(malformed(
        "client data as an array of its values",
        text_data(|_| array),
    ));
    cases
}

/// The response itself cannot be invalid UTF-8 in a vector, which is JSON.
#[test]
fn a_response_that_is_not_utf8_is_refused() {
    let response = Registration::new(signer::ES256).response().to_string();
    let origins = [ORIGIN.to_string()];
    let policy = Policy {
        rp_id: RP_ID,
        origins: &origins,
        package: None,
        accept_unverified_attestation: false,
    };
    verify_registration(&policy, CHALLENGE, response.as_bytes()).unwrap();
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82"] {
        for place in [r#""x":""#, r#"""#] {
            let mut json = response.strip_suffix('}').unwrap().as_bytes().to_vec();
            json.extend_from_slice(format!(",{place}").as_bytes());
            json.extend_from_slice(bytes);
            json.extend_from_slice(if place == "\"" { b"\":1}" } else { b"\"}" });
            let error = verify_registration(&policy, CHALLENGE, &json).unwrap_err();
            assert_eq!(error.code, ErrorCode::MalformedJson);
        }
    }
}

/// The trusted application has 128 KiB of stack; debug builds use more of it than release builds.
#[test]
fn deep_nesting_needs_little_stack() {
    let thread = std::thread::Builder::new().stack_size(96 * 1024).spawn(|| {
        for open in ["[", r#"{"a":"#] {
            for depth in [10, 16, 17, 100, 3000] {
                let json = format!(r#"{{"x":{}"#, open.repeat(depth));
                let error = parse_assertion(json.as_bytes()).unwrap_err();
                assert_eq!(error.code, ErrorCode::MalformedJson);
            }
        }
    });
    thread.unwrap().join().unwrap();
}

/// Sorting, not comparing each with each.
#[test]
fn many_members_take_no_time() {
    let members: Vec<String> = (0..1700).map(|i| format!("\"{i}\":0")).collect();
    let json = format!("{{{}}}", members.join(","));
    assert!(json.len() < MAX_RESPONSE_JSON);
    let start = std::time::Instant::now();
    parse_assertion(json.as_bytes()).unwrap_err();
    assert!(start.elapsed() < std::time::Duration::from_secs(1));
}

/// Errors reach logs and callers: no part of the input may stand in them.
#[test]
fn errors_do_not_quote_the_input() {
    let secret = "SECRETSECRET";
    for json in [
        format!(r#"{{"{secret}":1,"{secret}":2}}"#),
        format!(r#"{{"id":"{secret}","rawId":1}}"#),
        format!(r#"{{"type":"{secret}"}} {secret}"#),
    ] {
        let error = parse_assertion(json.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains(secret), "{error}");
    }
}
