// SPDX-License-Identifier: Apache-2.0

//! The shapes of every JSON object of `pkb --json` (`pkb-cli.md`): exact key sets, nulls included.
//!
//! Every function panics with the object if it is not of that shape.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

/// The interface that is compiled into client and service: the names and codes of errors.
const ERROR_CODES: &str =
    include_str!("../../../aidl/android/security/passkeybackup/ErrorCode.aidl");
const AUDIT_EVENTS: &str =
    include_str!("../../../aidl/android/security/passkeybackup/AuditEvent.aidl");

/// An object with exactly these members.
pub fn keys(object: &Value, expected: &[&str]) {
    let members = object
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {object}"));
    let found: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = expected.iter().copied().collect();
    assert_eq!(found, expected, "members of {object:#}");
}

/// `{"error": {…}}` with a known name, its code, and a message for people.
pub fn error(object: &Value) {
    keys(object, &["error"]);
    let error = &object["error"];
    keys(
        error,
        &["name", "code", "message", "hint", "retry_after_ms"],
    );
    let name = text(&error["name"]);
    let code = error_codes()
        .get(name)
        .unwrap_or_else(|| panic!("no error is called {name}"));
    assert_eq!(error["code"].as_i64(), Some(*code), "the code of {name}");
    assert!(
        !text(&error["message"]).is_empty(),
        "an error says why: {error}"
    );
    nullable(&error["hint"], |hint| {
        assert!(!text(hint).is_empty(), "an empty hint")
    });
    nullable(&error["retry_after_ms"], number);
}

/// CER, with the options of a registration.
pub fn creation(object: &Value) {
    keys(object, &["ceremony", "options", "expires_at"]);
    id(&object["ceremony"]);
    time(&object["expires_at"]);
    let options = &object["options"];
    challenge(options);
    assert!(
        options["rp"]["id"].is_string() && options["rp"]["name"].is_string(),
        "{options:#}"
    );
    base64url(&options["user"]["id"]);
    text(&options["user"]["name"]);
    text(&options["user"]["displayName"]);
    list(&options["pubKeyCredParams"]).iter().for_each(|one| {
        assert_eq!(one["type"], "public-key", "{options:#}");
        assert!(one["alg"].is_i64(), "{options:#}");
    });
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "required"
    );
}

/// CER, with the options of an assertion.
pub fn request(object: &Value) {
    keys(object, &["ceremony", "options", "expires_at"]);
    request_members(object);
}

/// CER of an assertion with PRF results.
pub fn prf_request(object: &Value) {
    request(object);
    base64url(&object["options"]["extensions"]["prf"]["eval"]["first"]);
}

/// CER of an import, with what the header says.
pub fn import_begun(object: &Value) {
    let members = [
        "ceremony",
        "options",
        "expires_at",
        "vault_id",
        "epoch",
        "created_at",
        "rp_id",
        "factors",
    ];
    keys(object, &members);
    id(&object["ceremony"]);
    time(&object["expires_at"]);
    challenge(&object["options"]);
    id(&object["vault_id"]);
    number(&object["epoch"]);
    nullable(&object["created_at"], time);
    text(&object["rp_id"]);
    for kind in list(&object["factors"]) {
        one_of(kind, &["passkey", "recovery", "password"]);
    }
}

/// `prf finish` and `password finish-set`.
pub fn enrolled(object: &Value) {
    keys(object, &["vault_id", "factor"]);
    id(&object["vault_id"]);
    factor(&object["factor"]);
    assert_eq!(object["factor"]["portable"], true);
}

/// `recovery finish-create`.
pub fn recovery(object: &Value) {
    keys(object, &["vault_id", "factor", "recovery_key"]);
    id(&object["vault_id"]);
    factor(&object["factor"]);
    let groups: Vec<&str> = text(&object["recovery_key"]).split('-').collect();
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert_eq!(groups.len(), 8, "eight groups");
    for group in groups {
        assert!(group.len() == 8 && group.bytes().all(hex), "eight digits");
    }
}

/// `rotate finish`.
pub fn rotated(object: &Value) {
    keys(object, &["vault_id", "epoch", "rewrapped", "pending"]);
    id(&object["vault_id"]);
    number(&object["epoch"]);
    list(&object["rewrapped"]).iter().for_each(id);
    list(&object["pending"]).iter().for_each(id);
}

/// `rehearse finish`.
pub fn rehearsed(object: &Value) {
    keys(object, &["backup_id", "factor_id"]);
    id(&object["backup_id"]);
    id(&object["factor_id"]);
}

/// `catalogue rebuild`.
pub fn rebuilt(object: &Value) {
    keys(object, &["added", "known", "refused"]);
    number(&object["added"]);
    number(&object["known"]);
    for refused in list(&object["refused"]) {
        text(&refused["path"]);
        assert!(
            error_codes().contains_key(text(&refused["error"])),
            "{refused:#}"
        );
    }
}

/// CER of a restore: it also shows the archive.
pub fn restore_request(object: &Value) {
    keys(object, &["ceremony", "options", "expires_at", "archive"]);
    request_members(object);
    archive(&object["archive"]);
}

/// CER and ARCH side by side, of a full verification; `archive` is there as in a restore.
pub fn verify_request(object: &Value) {
    let mut side_by_side = object.clone();
    let members = side_by_side.as_object_mut().expect("an object");
    let mut beside = serde_json::Map::new();
    for name in ["ceremony", "options", "expires_at", "archive"] {
        let value = members
            .remove(name)
            .unwrap_or_else(|| panic!("no {name} in {object:#}"));
        beside.insert(name.to_owned(), value);
    }
    archive(&side_by_side);
    restore_request(&Value::Object(beside));
}

fn request_members(object: &Value) {
    id(&object["ceremony"]);
    time(&object["expires_at"]);
    let options = &object["options"];
    challenge(options);
    text(&options["rpId"]);
    assert_eq!(options["userVerification"], "required", "{options:#}");
    list(&options["allowCredentials"]).iter().for_each(|one| {
        assert_eq!(one["type"], "public-key", "{options:#}");
        base64url(&one["id"]);
    });
}

fn challenge(options: &Value) {
    assert!(
        options.get("publicKey").is_none(),
        "options have no wrapper: {options:#}"
    );
    base64url(&options["challenge"]);
    assert_eq!(
        text(&options["challenge"]).len(),
        43,
        "32 bytes: {options:#}"
    );
}

/// VAULT.
pub fn vault(object: &Value) {
    keys(
        object,
        &[
            "vault_id",
            "epoch",
            "retired_epochs",
            "rp_id",
            "origins",
            "user_name",
            "require_biometric",
            "created_at",
            "state",
            "credentials",
            "factors",
            "survives",
            "warnings",
        ],
    );
    id(&object["vault_id"]);
    number(&object["epoch"]);
    list(&object["retired_epochs"]).iter().for_each(number);
    text(&object["rp_id"]);
    list(&object["origins"])
        .iter()
        .for_each(|origin| _ = text(origin));
    text(&object["user_name"]);
    boolean(&object["require_biometric"]);
    nullable(&object["created_at"], time);
    one_of(&object["state"], &["ok", "reset", "rollback", "corrupt"]);
    list(&object["credentials"]).iter().for_each(credential);
    list(&object["factors"]).iter().for_each(factor);
    nullable(&object["survives"], |survives| {
        keys(survives, &["phone_lost", "passkey_deleted", "both"]);
        survives
            .as_object()
            .into_iter()
            .flatten()
            .for_each(|(_, value)| boolean(value));
    });
    list(&object["warnings"])
        .iter()
        .for_each(|warning| _ = text(warning));
}

/// CRED.
pub fn credential(object: &Value) {
    keys(
        object,
        &[
            "credential_id",
            "alg",
            "label",
            "created_at",
            "last_used_at",
            "sign_count",
            "backup_eligible",
            "backup_state",
            "attestation",
            "prf",
        ],
    );
    base64url(&object["credential_id"]);
    assert!(object["alg"].is_i64(), "a COSE number: {object:#}");
    nullable(&object["label"], |label| _ = text(label));
    nullable(&object["created_at"], time);
    nullable(&object["last_used_at"], time);
    number(&object["sign_count"]);
    boolean(&object["backup_eligible"]);
    boolean(&object["backup_state"]);
    one_of(
        &object["attestation"],
        &["none", "self", "x5c", "unverified"],
    );
    one_of(&object["prf"], &["unsupported", "enabled", "enrolled"]);
}

/// FACTOR.
pub fn factor(object: &Value) {
    keys(object, &["factor_id", "kind", "portable", "last_proved_at"]);
    id(&object["factor_id"]);
    one_of(&object["kind"], &["passkey", "recovery", "password"]);
    boolean(&object["portable"]);
    nullable(&object["last_proved_at"], time);
}

/// ARCH.
pub fn archive(object: &Value) {
    keys(
        object,
        &[
            "backup_id",
            "vault_id",
            "epoch",
            "created_at",
            "plaintext_bytes",
            "archive_bytes",
            "meta",
            "state",
        ],
    );
    id(&object["backup_id"]);
    id(&object["vault_id"]);
    number(&object["epoch"]);
    nullable(&object["created_at"], time);
    number(&object["plaintext_bytes"]);
    number(&object["archive_bytes"]);
    one_of(&object["state"], &["complete", "unconfirmed"]);
}

/// `archives V`.
pub fn archives(object: &Value) {
    keys(object, &["archives", "next_page"]);
    list(&object["archives"]).iter().for_each(archive);
    nullable(&object["next_page"], |page| _ = text(page));
}

/// `restore finish`.
pub fn restored(object: &Value) {
    keys(
        object,
        &["backup_id", "vault_id", "plaintext_bytes", "meta"],
    );
    id(&object["backup_id"]);
    id(&object["vault_id"]);
    number(&object["plaintext_bytes"]);
}

/// `verify F` and `verify finish`.
pub fn verified(object: &Value) {
    keys(
        object,
        &["backup_id", "vault_id", "epoch", "mac", "full", "segments"],
    );
    id(&object["backup_id"]);
    id(&object["vault_id"]);
    number(&object["epoch"]);
    one_of(&object["mac"], &["ok", "not_checkable"]);
    boolean(&object["full"]);
    number(&object["segments"]);
}

/// `audit V`.
pub fn audit(object: &Value) {
    keys(object, &["entries", "verified", "next_page"]);
    let events = enum_names(AUDIT_EVENTS);
    for entry in list(&object["entries"]) {
        keys(
            entry,
            &[
                "seq",
                "time",
                "event",
                "result",
                "count",
                "backup_id",
                "credential_id",
            ],
        );
        number(&entry["seq"]);
        assert!(
            entry["count"].as_u64() >= Some(1),
            "an entry stands for something: {entry:#}"
        );
        let result = text(&entry["result"]);
        assert!(
            result == "ok" || error_codes().contains_key(result),
            "{entry:#}"
        );
        nullable(&entry["time"], time);
        let event = text(&entry["event"]).to_uppercase();
        assert!(
            events.contains_key(event.as_str()),
            "an event of the interface: {entry:#}"
        );
        nullable(&entry["backup_id"], id);
        nullable(&entry["credential_id"], base64url);
    }
    nullable(&object["verified"], boolean);
    nullable(&object["next_page"], |page| _ = text(page));
}

/// `info`.
pub fn info(object: &Value) {
    keys(
        object,
        &[
            "version",
            "api_version",
            "transport",
            "sealer",
            "algorithms",
            "limits",
        ],
    );
    text(&object["version"]);
    number(&object["api_version"]);
    one_of(&object["transport"], &["rpc", "binder"]);
    let sealer = &object["sealer"];
    keys(
        sealer,
        &["kind", "revision", "wire_version", "storage_protection"],
    );
    one_of(&sealer["kind"], &["optee", "nonsecure"]);
    number(&sealer["wire_version"]);
    one_of(&sealer["storage_protection"], &["none", "ree-fs", "rpmb"]);
    assert!(
        list(&object["algorithms"]).iter().all(Value::is_i64),
        "{object:#}"
    );
    let limits = object["limits"].as_object().expect("limits are an object");
    assert!(!limits.is_empty(), "limits are given");
    limits.values().for_each(number);
}

/// Names and codes of all errors.
pub fn error_codes() -> &'static BTreeMap<&'static str, i64> {
    static CODES: OnceLock<BTreeMap<&'static str, i64>> = OnceLock::new();
    CODES.get_or_init(|| enum_names(ERROR_CODES))
}

fn enum_names(aidl: &'static str) -> BTreeMap<&'static str, i64> {
    let constant = |line: &'static str| {
        let (name, value) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        Some((name, value.parse().ok()?))
    };
    aidl.lines().filter_map(constant).collect()
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("not a list: {value}"))
}

fn boolean(value: &Value) {
    assert!(value.is_boolean(), "not true or false: {value}");
}

fn number(value: &Value) {
    assert!(value.is_u64(), "not a whole number: {value}");
}

fn nullable(value: &Value, check: impl FnOnce(&Value)) {
    if !value.is_null() {
        check(value);
    }
}

fn one_of(value: &Value, names: &[&str]) {
    assert!(names.contains(&text(value)), "{value} is none of {names:?}");
}

fn id(value: &Value) {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let text = text(value);
    assert!(
        text.len() == 32 && text.bytes().all(hex),
        "not an id: {value}"
    );
}

fn base64url(value: &Value) {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let text = text(value);
    assert!(
        !text.is_empty() && text.bytes().all(digit),
        "not base64url: {value}"
    );
    assert_ne!(text.len() % 4, 1, "not base64url: {value}");
}

/// RFC 3339, UTC.
fn time(value: &Value) {
    let text = text(value);
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let whole = shape
        .strip_suffix('Z')
        .unwrap_or_else(|| panic!("not UTC: {value}"));
    let (seconds, fraction) = whole.split_once('.').unwrap_or((whole, "0"));
    assert_eq!(seconds, "0000-00-00T00:00:00", "not RFC 3339: {value}");
    assert!(
        !fraction.is_empty() && fraction.bytes().all(|b| b == b'0'),
        "not RFC 3339: {value}"
    );
    let year = &text[..4];
    assert!(
        (2024..2100).contains(&year.parse().unwrap_or(0)),
        "not a time of now: {value}"
    );
}
