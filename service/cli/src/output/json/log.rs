// SPDX-License-Identifier: Apache-2.0

//! The audit log.

use passkeybackup_aidl::android::security::passkeybackup as aidl;
use sealer_wire::{AuditEvent, ErrorCode};
use serde::Serialize;

use super::{Name, time};
use crate::output::text::{base64url, hex};

#[derive(Debug, Serialize)]
pub struct Audit {
    pub entries: Vec<AuditEntry>,
    pub verified: Option<bool>,
    pub next_page: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct AuditEntry {
    pub seq: i64,
    pub time: Option<String>,
    pub event: Name,
    pub result: Name,
    pub count: i64,
    pub backup_id: Option<String>,
    pub credential_id: Option<String>,
}

impl From<aidl::AuditEntry::AuditEntry> for AuditEntry {
    fn from(from: aidl::AuditEntry::AuditEntry) -> AuditEntry {
        AuditEntry {
            seq: from.seq,
            time: time(from.time.as_ref()),
            event: AuditEvent::ALL
                .iter()
                .find(|event| event.number() == from.event.0)
                .map(|event| event.name()),
            result: match from.result {
                0 => Some("ok"),
                code => ErrorCode::from_code(code).map(ErrorCode::name),
            },
            count: from.count,
            backup_id: from.backupId.as_deref().map(hex),
            credential_id: from.credentialId.as_deref().map(base64url),
        }
    }
}
