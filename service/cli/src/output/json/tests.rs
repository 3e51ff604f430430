// SPDX-License-Identifier: Apache-2.0

//! Every object against what the contract says, with everything known and with nothing known.

use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveInfo::ArchiveInfo, ArchivePage::ArchivePage, AuditEntry as entry,
    AuditEvent::AuditEvent as Event, Ceremony::Ceremony, CredentialInfo::CredentialInfo,
    FactorInfo::FactorInfo, Limits as limits, RestoreResult::RestoreResult, SealerInfo::SealerInfo,
    ServiceInfo::ServiceInfo, Survives as survives, UnixTime::UnixTime, VaultInfo::VaultInfo,
    VerifyResult::VerifyResult,
};
use serde_json::{Value, json};

use super::*;
use sealer_wire::ErrorCode;

fn same(report: &impl Serialize, expected: Value) {
    let text = object(report).unwrap();
    assert!(!text.contains('\n'));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value, expected);
    // Nothing twice, which a parsed value does not show.
    assert_eq!(text.len(), value.to_string().len(), "{text}");
}

fn at(millis: i64) -> Option<UnixTime> {
    Some(UnixTime { millis })
}

const IDS: &str = "000102030405060708090a0b0c0d0eff";

fn id() -> Vec<u8> {
    vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]
}

#[test]
fn errors() {
    let mut failure = Failure::new(ErrorCode::ChallengeExpired, "too late");
    same(
        &ErrorObject::from(&failure),
        json!({"error": {"name": "CHALLENGE_EXPIRED", "code": 23, "message": "too late",
            "hint": "begin again and answer sooner", "retry_after_ms": null}}),
    );
    failure.0.hint = None;
    failure.0.retry_after_ms = Some(1500);
    same(
        &ErrorObject::from(&failure),
        json!({"error": {"name": "CHALLENGE_EXPIRED", "code": 23, "message": "too late",
            "hint": null, "retry_after_ms": 1500}}),
    );
}

#[test]
fn info() {
    let from = ServiceInfo {
        version: "0.1.0".into(),
        apiVersion: 1,
        sealer: Some(SealerInfo {
            kind: SealerKind::OPTEE,
            revision: "r".into(),
            wireVersion: 1,
            storageProtection: StorageProtection::REE_FS,
        }),
        algorithms: vec![-7, -8],
        limits: limits::Limits {
            vaultsPerOwner: 1,
            credentialsPerVault: 2,
            envelopesPerVault: 3,
            originsPerVault: 4,
            ceremoniesPerOwner: 5,
            ceremonyLifetimeMillis: 6,
            operationsPerOwner: 7,
            responseJsonBytes: 8,
            metaBytes: 9,
            pageEntries: 10,
            archivesPerCall: 11,
            plaintextBytes: 12,
        },
    };
    same(
        &Report::Info(Info::new(from, Transport::Binder)),
        json!({
            "version": "0.1.0", "api_version": 1, "transport": "binder",
            "sealer": {"kind": "optee", "revision": "r", "wire_version": 1,
                "storage_protection": "ree-fs"},
            "algorithms": [-7, -8],
            "limits": {"vaults_per_owner": 1, "credentials_per_vault": 2, "envelopes_per_vault": 3,
                "origins_per_vault": 4, "ceremonies_per_owner": 5, "ceremony_lifetime_ms": 6,
                "operations_per_owner": 7, "response_json_bytes": 8, "meta_bytes": 9,
                "page_entries": 10, "archives_per_call": 11, "plaintext_bytes": 12},
        }),
    );
    let value = serde_json::to_value(Info::new(ServiceInfo::default(), Transport::Rpc)).unwrap();
    assert_eq!(value["sealer"], Value::Null);
    assert_eq!(value["transport"], "rpc");
}

fn ceremony() -> Ceremony {
    Ceremony {
        token: id(),
        optionsJson: r#"{"challenge":"AA"}"#.into(),
        expiresAtMillis: 1_700_000_000_123,
    }
}

#[test]
fn ceremonies() {
    let begun = || Begun::new(ceremony(), "how to finish".into()).unwrap();
    let plain = json!({"ceremony": IDS, "options": {"challenge": "AA"},
        "expires_at": "2023-11-14T22:13:20.123Z"});
    same(&Report::Begun(Box::new(begun())), plain.clone());

    let archive = Archive::from(archive_info());
    let mut with_archive = plain;
    with_archive["archive"] = archive_json();
    let report = Begun {
        archive: Some(archive.clone()),
        ..begun()
    };
    same(&Report::Begun(Box::new(report)), with_archive.clone());

    let mut with_fields = with_archive;
    for (name, value) in archive_json().as_object().unwrap() {
        with_fields[name] = value.clone();
    }
    let report = Begun {
        archive: Some(archive.clone()),
        fields: Some(archive),
        ..begun()
    };
    same(&Report::Begun(Box::new(report)), with_fields);

    let broken = Ceremony {
        optionsJson: "{".into(),
        ..ceremony()
    };
    let failure = Begun::new(broken, String::new()).unwrap_err();
    assert_eq!(failure.0.name, "INTERNAL");
}

fn credential_info() -> CredentialInfo {
    CredentialInfo {
        credentialId: vec![255, 254, 253, 252],
        algorithm: -7,
        label: "l".into(),
        createdAt: at(0),
        lastUsedAt: at(1),
        signCount: 4_294_967_295,
        backupEligible: true,
        backupState: false,
        attestation: AttestationKind::SELF,
        prf: PrfState::ENROLLED,
    }
}

fn credential_json() -> Value {
    json!({"credential_id": "__79_A", "alg": -7, "label": "l",
        "created_at": "1970-01-01T00:00:00.000Z", "last_used_at": "1970-01-01T00:00:00.001Z",
        "sign_count": 4_294_967_295_u32, "backup_eligible": true, "backup_state": false,
        "attestation": "self", "prf": "enrolled"})
}

#[test]
fn vaults() {
    let from = VaultInfo {
        vaultId: id(),
        epoch: 3,
        retiredEpochs: vec![1, 2],
        rpId: "example.org".into(),
        origins: vec!["https://example.org".into()],
        userName: "n".into(),
        requireBiometric: true,
        createdAt: at(0),
        state: VaultState::OK,
        credentials: vec![credential_info()],
        factors: vec![FactorInfo {
            factorId: id(),
            kind: FactorKind::RECOVERY,
            portable: true,
            lastProvedAt: at(0),
        }],
        survives: Some(survives::Survives {
            phoneLost: true,
            passkeyDeleted: false,
            both: true,
        }),
        warnings: vec![VaultWarning::SEALER_NONSECURE, VaultWarning(99)],
    };
    same(
        &Report::Vault(Box::new(from.into())),
        json!({
            "vault_id": IDS, "epoch": 3, "retired_epochs": [1, 2], "rp_id": "example.org",
            "origins": ["https://example.org"], "user_name": "n", "require_biometric": true,
            "created_at": "1970-01-01T00:00:00.000Z", "state": "ok",
            "credentials": [credential_json()],
            "factors": [{"factor_id": IDS, "kind": "recovery", "portable": true,
                "last_proved_at": "1970-01-01T00:00:00.000Z"}],
            "survives": {"phone_lost": true, "passkey_deleted": false, "both": true},
            "warnings": ["sealer_nonsecure", "unknown_99"],
        }),
    );
    let unknown = VaultInfo {
        vaultId: id(),
        state: VaultState::RESET,
        credentials: vec![CredentialInfo {
            attestation: AttestationKind(99),
            prf: PrfState(99),
            ..Default::default()
        }],
        factors: vec![FactorInfo {
            kind: FactorKind(99),
            ..Default::default()
        }],
        ..Default::default()
    };
    same(
        &Report::Vaults {
            vaults: vec![unknown.into()],
        },
        json!({"vaults": [{
            "vault_id": IDS, "epoch": 0, "retired_epochs": [], "rp_id": "", "origins": [],
            "user_name": "", "require_biometric": false, "created_at": null, "state": "reset",
            "credentials": [{"credential_id": "", "alg": 0, "label": "", "created_at": null,
                "last_used_at": null, "sign_count": 0, "backup_eligible": false,
                "backup_state": false, "attestation": null, "prf": null}],
            "factors": [{"factor_id": "", "kind": null, "portable": false,
                "last_proved_at": null}],
            "survives": null, "warnings": [],
        }]}),
    );
}

#[test]
fn small_ones() {
    let credentials = vec![Credential::from(credential_info())];
    same(
        &Report::Credentials { credentials },
        json!({"credentials": [credential_json()]}),
    );
    let vault_id = hex(&id());
    same(&Report::Deleted { vault_id }, json!({"vault_id": IDS}));
    let backup_id = hex(&id());
    same(&Report::Forgotten { backup_id }, json!({"backup_id": IDS}));
}

fn archive_info() -> ArchiveInfo {
    ArchiveInfo {
        backupId: id(),
        vaultId: id(),
        epoch: 1,
        createdAtMillis: 0,
        plaintextBytes: 5,
        archiveBytes: 500,
        meta: b"{\"a\":[1,1]}".to_vec(),
        state: ArchiveState::UNCONFIRMED,
    }
}

fn archive_json() -> Value {
    json!({"backup_id": IDS, "vault_id": IDS, "epoch": 1,
        "created_at": "1970-01-01T00:00:00.000Z", "plaintext_bytes": 5, "archive_bytes": 500,
        "meta": {"a": [1, 1]}, "state": "unconfirmed"})
}

#[test]
fn archives() {
    let page = |next: Option<&str>| ArchivePage {
        archives: vec![archive_info()],
        nextPage: next.map(Into::into),
    };
    let value = serde_json::to_value(Report::Archives(page(Some("p")).into())).unwrap();
    assert_eq!(
        value,
        json!({"archives": [archive_json()], "next_page": "p"})
    );
    let value = serde_json::to_value(Report::Archives(page(None).into())).unwrap();
    assert_eq!(value["next_page"], Value::Null);

    let done = BackedUp {
        archive: archive_info().into(),
        warnings: vec!["for people".into()],
        next: "for people too".into(),
    };
    let value = serde_json::to_value(Report::BackedUp(done)).unwrap();
    assert_eq!(value, archive_json());
}

#[test]
fn metadata_is_json_or_shown_as_base64url() {
    let shown = |bytes: &[u8]| meta(bytes).map(|raw| raw.get().to_owned());
    assert_eq!(shown(b""), None);
    assert_eq!(shown(b"{\r\n\"a\\n\":\n1}"), Some("{  \"a\\n\": 1}".into()));
    assert_eq!(shown(b"null"), Some("null".into()));
    assert_eq!(
        shown(b"18446744073709551616"),
        Some("18446744073709551616".into())
    );
    assert_eq!(shown(b"{"), Some("\"ew\"".into()));
    assert_eq!(shown(&[255]), Some("\"_w\"".into()));
}

#[test]
fn restores_and_verifications() {
    let restored = |meta: &[u8]| RestoreResult {
        backupId: id(),
        vaultId: id(),
        plaintextBytes: 5,
        meta: meta.to_vec(),
    };
    same(
        &Report::Restored(restored(b"{}").into()),
        json!({"backup_id": IDS, "vault_id": IDS, "plaintext_bytes": 5, "meta": {}}),
    );
    same(
        &Report::Restored(restored(b"").into()),
        json!({"backup_id": IDS, "vault_id": IDS, "plaintext_bytes": 5, "meta": null}),
    );
    for (mac, name) in [
        (MacState::OK, json!("ok")),
        (MacState::NOT_CHECKABLE, json!("not_checkable")),
        (MacState(99), Value::Null),
    ] {
        let verified = VerifyResult {
            backupId: id(),
            vaultId: id(),
            epoch: 2,
            mac,
            full: true,
            segments: 3,
        };
        same(
            &Report::Verified(verified.into()),
            json!({"backup_id": IDS, "vault_id": IDS, "epoch": 2, "mac": name, "full": true,
                "segments": 3}),
        );
    }
}

#[test]
fn audit() {
    let done = entry::AuditEntry {
        seq: 2,
        time: at(0),
        event: Event::RESTORE_KEY_RELEASED,
        result: 0,
        count: 1,
        backupId: Some(id()),
        credentialId: Some(vec![255]),
    };
    let failed = entry::AuditEntry {
        seq: 1,
        event: Event::CEREMONY_FAILED,
        result: 32,
        count: 7,
        ..Default::default()
    };
    let later = entry::AuditEntry {
        event: Event(99),
        result: 9999,
        ..Default::default()
    };
    same(
        &Report::Audit(Audit {
            entries: [done, failed, later].map(AuditEntry::from).into(),
            verified: None,
            next_page: None,
        }),
        json!({"entries": [
            {"seq": 2, "time": "1970-01-01T00:00:00.000Z", "event": "restore_key_released",
             "result": "ok", "count": 1, "backup_id": IDS, "credential_id": "_w"},
            {"seq": 1, "time": null, "event": "ceremony_failed", "result": "USER_NOT_VERIFIED",
             "count": 7, "backup_id": null, "credential_id": null},
            {"seq": 0, "time": null, "event": null, "result": null, "count": 0,
             "backup_id": null, "credential_id": null},
        ], "verified": null, "next_page": null}),
    );
}

#[test]
fn every_event_of_the_interface_has_the_same_number_in_the_sealer() {
    for event in Event::enum_values() {
        let shown = AuditEntry::from(entry::AuditEntry {
            event,
            ..Default::default()
        });
        assert!(shown.event.is_some(), "{event:?}");
    }
}
