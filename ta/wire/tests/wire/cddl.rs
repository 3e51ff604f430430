// SPDX-License-Identifier: Apache-2.0

//! What is encoded is valid under `sealer.cddl`, and what is invalid under it is refused.

use cddl_cat::{ValidateError, validate_cbor_bytes};
use sealer_wire::{AuditEntry, ErrorCode, Request, Response, decode_canonical, encode};

use crate::{cbor, samples};

const CDDL: &str = include_str!("../../sealer.cddl");

fn valid(rule: &str, bytes: &[u8]) -> bool {
    match validate_cbor_bytes(rule, CDDL, bytes) {
        Ok(()) => true,
        Err(ValidateError::Mismatch(_) | ValidateError::MapCut(_)) => false,
        Err(other) => panic!("{rule}: {other}"),
    }
}

#[test]
fn every_request_is_valid_and_comes_back() {
    for request in samples::requests() {
        let name = format!("{request:?}");
        let bytes = request.to_bytes().unwrap();
        assert!(valid("request", &bytes), "{name}");
        let again = Request::from_bytes(&bytes).unwrap().to_bytes().unwrap();
        assert_eq!(again, bytes, "{name}");
    }
}

#[test]
fn every_response_is_valid_and_comes_back() {
    for response in samples::responses() {
        let name = format!("{response:?}");
        let bytes = response.to_bytes().unwrap();
        assert!(valid("response", &bytes), "{name}");
        let again = Response::from_bytes(&bytes).unwrap().to_bytes().unwrap();
        assert_eq!(again, bytes, "{name}");
    }
}

#[test]
fn every_audit_entry_is_valid_and_comes_back() {
    for entry in samples::entries() {
        let bytes = encode(&entry).unwrap();
        assert!(valid("audit-entry", &bytes), "{entry:?}");
        let again: AuditEntry = decode_canonical(&bytes, ErrorCode::AuditTampered, "").unwrap();
        assert_eq!(again, entry);
    }
}

#[test]
fn the_specification_tells_requests_from_responses() {
    let response = samples::responses().remove(0).to_bytes().unwrap();
    assert!(!valid("request", &response));
    for request in samples::requests() {
        assert!(!valid("response", &request.to_bytes().unwrap()));
    }
}

#[test]
fn an_element_more_is_refused_unless_it_is_a_specified_one() {
    let (mut refused, mut taken) = (0, 0);
    let mut check = |rule, changed: &[u8], decoded: bool| {
        // A validator may be laxer, where only the range of a number is wrong, never stricter.
        assert!(!decoded || valid(rule, changed), "{changed:02x?}");
        *if decoded { &mut taken } else { &mut refused } += 1;
    };
    for request in samples::requests() {
        for changed in cbor::additions(&request.to_bytes().unwrap()) {
            check("request", &changed, Request::from_bytes(&changed).is_ok());
        }
    }
    for response in samples::responses() {
        for changed in cbor::additions(&response.to_bytes().unwrap()) {
            check("response", &changed, Response::from_bytes(&changed).is_ok());
        }
    }
    assert!(
        refused > 1000 && taken > 0 && taken < refused / 4,
        "{taken} {refused}"
    );
}

#[test]
fn the_specification_has_the_limits_of_the_code() {
    use sealer_wire::limits::*;
    let range =
        |range: core::ops::RangeInclusive<u32>| format!("{}..{},", range.start(), range.end());
    for text in [
        format!("response: bstr .size (0..{RESPONSE_JSON})"),
        format!("meta: bstr .size (0..{META})"),
        format!("entries: [*{AUDIT_BATCH} sealed-audit-entry]"),
        format!("rp-id: tstr .size (1..{RP_ID})"),
        format!("user-name: tstr .size (1..{NAME})"),
        format!("label: tstr .size (0..{NAME})"),
        format!("origins = [1*{ORIGINS} tstr .size (1..{ORIGIN})]"),
        format!("package: tstr .size (1..{PACKAGE})"),
        format!("credential-id = bstr .size (1..{CREDENTIAL_ID})"),
        format!("credentials: [*{CREDENTIALS} credential-view]"),
        format!("credential-ids: [*{CREDENTIALS} credential-id]"),
        format!("by-credential: [*{CREDENTIALS} [credential-id, prf-input]]"),
        format!("factors: [*{ENVELOPES} factor-view]"),
        format!("origins: [*{ORIGINS} tstr]"),
        format!("retired-epochs: [*{RETIRED_EPOCHS_IMPORTED} u32]"),
        format!("algorithms: [*{ALGORITHMS} int]"),
        format!("vaults = [2, [[*{VAULTS_PER_OWNER} id]]]"),
        format!("removed = [10, [[*{REMOVED_VAULTS} id], more: bool]]"),
        format!("audit: [*{AUDIT_PER_RESPONSE} sealed-audit-entry]"),
        format!("memory-kib: {}", range(PASSWORD_MEMORY_KIB)),
        format!("passes: {}", range(PASSWORD_PASSES)),
        format!("lanes: {}", range(PASSWORD_LANES)),
        format!("at most {MESSAGE} bytes"),
        format!("; {HEADER} bytes together"),
    ] {
        assert!(CDDL.contains(&text), "{text}");
    }
}
