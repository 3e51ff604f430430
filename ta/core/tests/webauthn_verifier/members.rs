// SPDX-License-Identifier: Apache-2.0

//! The members of a response: missing, of another type, in another base64url, PRF results.

use crate::support::*;
use serde_json::{Value, json};

fn malformed(name: impl Into<String>, input: Value) -> Case {
    Case::reject(name, input, "MALFORMED_JSON")
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(members());
    cases.extend(base64url());
    cases.extend(prf());
    cases
}

/// Every required member missing, null and of each other type.
fn members() -> Vec<Case> {
    let mut cases = vec![];
    let registration_members = [
        "/id",
        "/rawId",
        "/type",
        "/response",
        "/clientExtensionResults",
        "/response/clientDataJSON",
        "/response/attestationObject",
    ];
    let authentication_members = [
        "/id",
        "/rawId",
        "/type",
        "/response",
        "/clientExtensionResults",
        "/response/clientDataJSON",
        "/response/authenticatorData",
        "/response/signature",
    ];
    let both = [
        (
            "registration",
            registration(|_| {}),
            &registration_members[..],
        ),
        (
            "authentication",
            authentication(|_| {}),
            &authentication_members[..],
        ),
    ];
    for (ceremony, document, members) in both {
        for member in members {
            let (parent, name) = member.rsplit_once('/').unwrap();
            let changed = |value: Option<Value>| {
                with(document.clone(), |d| {
                    let parent = d
                        .pointer_mut(&format!("/{ceremony}/response{parent}"))
                        .unwrap();
                    match value {
                        Some(value) => parent[name] = value,
                        None => drop(parent.as_object_mut().unwrap().remove(name)),
                    }
                })
            };
            cases.push(malformed(
                format!("{ceremony} {member} missing"),
                changed(None),
            ));
            for value in [
                json!(null),
                json!(1),
                json!(true),
                json!([]),
                json!({}),
                json!(""),
            ] {
                // Empty extension results are the usual ones.
                if (name == "clientExtensionResults" && value == json!({}))
                    || (name == "type" && value == json!(""))
                {
                    continue;
                }
                // An empty string is good base64url of nothing; what it stands for is not.
                let error = match (ceremony, name) {
                    ("registration", "attestationObject") if value == json!("") => "MALFORMED_CBOR",
                    ("authentication", "authenticatorData") if value == json!("") => {
                        "MALFORMED_AUTH_DATA"
                    }
                    ("authentication", "signature") if value == json!("") => "SIGNATURE_INVALID",
                    _ => "MALFORMED_JSON",
                };
                cases.push(Case::reject(
                    format!("{ceremony} {member} as {value}"),
                    changed(Some(value)),
                    error,
                ));
            }
        }
        let at = |name: &str, value: Value| {
            with(document.clone(), |d| d[ceremony]["response"][name] = value)
        };
        cases.push(Case::reject(
            format!("{ceremony} type another"),
            at("type", json!("password")),
            "WRONG_TYPE",
        ));
        cases.push(Case::reject(
            format!("{ceremony} type empty"),
            at("type", json!("")),
            "WRONG_TYPE",
        ));
        cases.push(Case::reject(
            format!("{ceremony} type in capitals"),
            at("type", json!("Public-Key")),
            "WRONG_TYPE",
        ));
        cases.push(malformed(
            format!("{ceremony} id is not rawId"),
            at("id", json!("AAAA")),
        ));
        cases.push(malformed(
            format!("{ceremony} rawId is not id"),
            at("rawId", json!("AAAA")),
        ));
    }
    let handle = |value: Value| {
        with(authentication(|_| {}), |d| {
            d["authentication"]["response"]["response"]["userHandle"] = value
        })
    };
    for value in [json!(1), json!([]), json!({}), json!("="), json!("AB")] {
        cases.push(malformed(format!("userHandle as {value}"), handle(value)));
    }
    // Derived deserializers also read a structure from the array of its values.
    let array = with(registration(|_| {}), |d| {
        let r = d["registration"]["response"].clone();
        d["registration"]["response"] = json!([
            r["id"],
            r["rawId"],
            r["type"],
            r["response"],
            r["clientExtensionResults"]
        ]);
    });
    cases.push(malformed("response as an array of its values", array));
    let array = with(registration(|_| {}), |d| {
        let r = d["registration"]["response"]["response"].clone();
        d["registration"]["response"]["response"] =
            json!([r["clientDataJSON"], r["attestationObject"]]);
    });
    cases.push(malformed("inner response as an array of its values", array));
    cases
}

fn base64url() -> Vec<Case> {
    let mut cases = vec![];
    let members = [
        "/rawId",
        "/response/clientDataJSON",
        "/response/authenticatorData",
        "/response/signature",
    ];
    // One length of each remainder, so that padding and stray bits exist.
    let document = authentication(|a| a.raw_id = b"credential -7".to_vec());
    for member in members {
        let changed = |change: &dyn Fn(&str) -> String| {
            with(document.clone(), |d| {
                let pointer = format!("/authentication/response{member}");
                let value = d.pointer_mut(&pointer).unwrap();
                let text = change(value.as_str().unwrap());
                *value = json!(text.clone());
                if member == "/rawId" {
                    d["authentication"]["response"]["id"] = json!(text);
                }
            })
        };
        cases.push(malformed(
            format!("{member} padded"),
            changed(&|t| format!("{t}=")),
        ));
        cases.push(malformed(
            format!("{member} with a space"),
            changed(&|t| format!("{t} ")),
        ));
        cases.push(malformed(
            format!("{member} with a line feed"),
            changed(&|t| format!("{t}\n")),
        ));
        cases.push(malformed(
            format!("{member} in the other alphabet"),
            changed(&|t| format!("+/{}", &t[2..])),
        ));
        cases.push(malformed(
            format!("{member} with a lone digit"),
            changed(&|t| format!("{}A", &t[..t.len() / 4 * 4])),
        ));
        cases.push(malformed(
            format!("{member} with stray bits"),
            changed(&|t| format!("{}AB", &t[..t.len() / 4 * 4])),
        ));
        cases.push(malformed(
            format!("{member} not ASCII"),
            changed(&|t| format!("{t}\u{e9}")),
        ));
    }
    cases
}

fn prf() -> Vec<Case> {
    let secret = b64(&[0x5e; 32]);
    let of = |ceremony: &str, prf: Value| {
        let document = if ceremony == "registration" {
            registration(|_| {})
        } else {
            authentication(|_| {})
        };
        with(document, |d| {
            d[ceremony]["response"]["clientExtensionResults"]["prf"] = prf
        })
    };
    let mut cases = vec![];
    for ceremony in ["registration", "authentication"] {
        let good = [
            json!({}),
            json!(null),
            json!({ "enabled": true }),
            json!({ "enabled": false, "results": null }),
            json!({ "results": { "first": secret } }),
            json!({ "enabled": true, "results": { "first": secret, "second": secret } }),
            json!({ "results": { "first": secret, "second": null, "third": "x" } }),
        ];
        for prf in good {
            cases.push(Case::accept(
                format!("{ceremony} prf {prf}"),
                of(ceremony, prf),
            ));
        }
        let bad = [
            json!(true),
            json!([]),
            json!({ "enabled": 1 }),
            json!({ "results": secret }),
            json!({ "results": [secret] }),
            json!({ "results": { "first": b64(&[1; 31]) } }),
            json!({ "results": { "first": b64(&[1; 33]) } }),
            json!({ "results": { "first": "" } }),
            json!({ "results": { "first": 5 } }),
            json!({ "results": { "first": format!("{secret}=") } }),
            json!({ "results": { "first": format!("{}_", &secret[..42]) } }),
            json!({ "results": { "first": secret, "second": b64(&[1; 16]) } }),
        ];
        for prf in bad {
            cases.push(malformed(
                format!("{ceremony} prf {prf}"),
                of(ceremony, prf),
            ));
        }
    }
    cases
}
