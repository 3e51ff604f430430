// SPDX-License-Identifier: Apache-2.0

//! The lines of `webauthn-check`: what is a document, and what is not.

use crate::support::*;
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    let good = registration(|_| {});
    let without = |pointer: &str| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        with(good.clone(), |d| {
            d.pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
        })
    };
    let at = |pointer: &str, value: Value| {
        with(good.clone(), |d| *d.pointer_mut(pointer).unwrap() = value)
    };
    let mut cases = vec![
        Case::accept(
            "line with unknown members",
            with(good.clone(), |d| d["comment"] = json!("x")),
        ),
        Case::accept("line without a package", without("/policy/package")),
        Case::bad_line("line empty", json!("")),
        Case::bad_line("line of spaces", json!("   ")),
        Case::bad_line("line of text", json!("hello")),
        Case::bad_line("line of an array", json!("[]")),
        Case::bad_line("line of an array of values", json!(r#"["x",{},{}]"#)),
        Case::bad_line("line of an empty object", json!("{}")),
        Case::bad_line("line cut", json!(good.to_string()[..200].to_string())),
        Case::bad_line("line with two documents", json!(format!("{good}{good}"))),
        Case::bad_line(
            "line with two ids",
            json!(good.to_string().replacen('{', r#"{"id":"x","#, 1)),
        ),
        Case::bad_line("line of brackets", json!("[".repeat(20_000))),
        Case::bad_line(
            "line with a registration and a credential",
            with(good.clone(), |d| {
                d["credential"] = authentication(|_| {})["credential"].clone();
            }),
        ),
        Case::bad_line("line without a ceremony", without("/registration")),
        Case::bad_line(
            "line with an authentication only",
            with(authentication(|_| {}), |d| {
                d.as_object_mut().unwrap().remove("credential");
            }),
        ),
        Case::bad_line(
            "line with a challenge padded",
            at("/registration/challenge", json!("AA==")),
        ),
        Case::bad_line(
            "line with a package as number",
            at("/policy/package", json!(1)),
        ),
        Case::bad_line(
            "line with origins as text",
            at("/policy/origins", json!(ORIGIN)),
        ),
        Case::bad_line(
            "line with an origin as number",
            at("/policy/origins", json!([1])),
        ),
        Case::bad_line(
            "line with a flag as text",
            at("/policy/accept_unverified_attestation", json!("false")),
        ),
    ];
    for pointer in [
        "/policy",
        "/policy/rp_id",
        "/policy/origins",
        "/policy/accept_unverified_attestation",
        "/registration/challenge",
        "/registration/response",
    ] {
        cases.push(Case::bad_line(
            format!("line without {pointer}"),
            without(pointer),
        ));
    }
    let bad_id = with(good.clone(), |d| d["id"] = json!(5)).to_string();
    cases.push(Case::bad_line("line with an id as number", json!(bad_id)));
    let known = authentication(|_| {});
    for (name, value) in [
        ("id", json!("A")),
        ("public_key", json!("A===")),
        ("sign_count", json!(-1)),
        ("sign_count", json!(4_294_967_296u64)),
        ("backup_eligible", json!("true")),
        ("user_handle", json!(7)),
    ] {
        let input = with(known.clone(), |d| d["credential"][name] = value.clone());
        cases.push(Case::bad_line(
            format!("line with credential {name} {value}"),
            input,
        ));
    }
    for response in [json!(null), json!(5), json!([]), json!({}), json!("")] {
        let input = at("/registration/response", response.clone());
        cases.push(Case::reject(
            format!("line with response {response}"),
            input,
            "MALFORMED_JSON",
        ));
    }
    cases
}
