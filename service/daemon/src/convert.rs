// SPDX-License-Identifier: Apache-2.0

//! From the terms of the sealer and the catalogue to those of the interface, and back. Numbers of
//! enums are mapped one by one: the two sides may grow apart.

use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveInfo::ArchiveInfo, ArchiveState::ArchiveState, AttestationKind::AttestationKind,
    AuditEntry::AuditEntry, AuditEvent::AuditEvent, CredentialInfo::CredentialInfo,
    FactorInfo::FactorInfo, FactorKind::FactorKind, PrfState::PrfState, SealerInfo::SealerInfo,
    SealerKind::SealerKind, StorageProtection::StorageProtection, UnixTime::UnixTime,
};
use passkeybackup_catalogue::{Archive, ArchiveState as Known};
use sealer_wire::{
    self as wire, CredentialView, ErrorCode, FactorView, Id, Info, Result, SealedAuditEntry,
    decode_canonical,
};

use crate::error;

/// An id out of an argument. Errors: `BAD_REQUEST`.
pub fn id(bytes: &[u8], what: &str) -> Result<Id> {
    bytes
        .try_into()
        .map_err(|_| error(ErrorCode::BadRequest, format!("{what} has 16 bytes")))
}

/// The limit of a page out of an argument. Errors: `BAD_REQUEST`.
pub fn limit(limit: i32) -> Result<u32> {
    u32::try_from(limit).map_err(|_| error(ErrorCode::BadRequest, "the limit is negative"))
}

/// A number for AIDL, which has signed ones only.
pub fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A small number for AIDL.
pub fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Seconds to milliseconds.
pub fn millis(seconds: u64) -> i64 {
    long(seconds.saturating_mul(1000))
}

/// A time that is known.
pub fn time(seconds: u64) -> Option<UnixTime> {
    Some(UnixTime {
        millis: millis(seconds),
    })
}

/// A passkey.
pub fn credential(view: &CredentialView) -> CredentialInfo {
    CredentialInfo {
        credentialId: view.credential_id.clone(),
        algorithm: view.alg,
        label: view.label.clone(),
        createdAt: time(view.created_at),
        lastUsedAt: view.last_used_at.and_then(time),
        signCount: i64::from(view.sign_count),
        backupEligible: view.backup_eligible,
        backupState: view.backup_state,
        attestation: match view.attestation {
            wire::AttestationKind::None => AttestationKind::NONE,
            wire::AttestationKind::SelfAttested => AttestationKind::SELF,
            wire::AttestationKind::X5c => AttestationKind::X5C,
            wire::AttestationKind::Unverified => AttestationKind::UNVERIFIED,
        },
        prf: match view.prf {
            wire::PrfState::Unsupported => PrfState::UNSUPPORTED,
            wire::PrfState::Enabled => PrfState::ENABLED,
            wire::PrfState::Enrolled => PrfState::ENROLLED,
        },
    }
}

/// A factor.
pub fn factor(view: &FactorView) -> FactorInfo {
    FactorInfo {
        factorId: view.factor_id.to_vec(),
        kind: factor_kind(view.kind),
        portable: view.portable,
        lastProvedAt: view.last_proved_at.and_then(time),
    }
}

/// What kind of secret a factor is.
pub fn factor_kind(kind: wire::FactorKind) -> FactorKind {
    match kind {
        wire::FactorKind::Passkey => FactorKind::PASSKEY,
        wire::FactorKind::Recovery => FactorKind::RECOVERY,
        wire::FactorKind::Password => FactorKind::PASSWORD,
    }
}

/// The sealer.
pub fn sealer(info: &Info) -> SealerInfo {
    SealerInfo {
        kind: match info.kind {
            wire::SealerKind::Nonsecure => SealerKind::NONSECURE,
            wire::SealerKind::Optee => SealerKind::OPTEE,
        },
        revision: info.revision.clone(),
        wireVersion: i32::from(info.wire_version),
        storageProtection: match info.storage_protection {
            wire::StorageProtection::None => StorageProtection::NONE,
            wire::StorageProtection::ReeFs => StorageProtection::REE_FS,
            wire::StorageProtection::Rpmb => StorageProtection::RPMB,
        },
    }
}

/// An archive of the catalogue.
pub fn archive(known: &Archive) -> ArchiveInfo {
    ArchiveInfo {
        backupId: known.backup_id.to_vec(),
        vaultId: known.vault_id.to_vec(),
        epoch: i64::from(known.epoch),
        createdAtMillis: millis(known.created_at),
        plaintextBytes: long(known.plaintext_bytes),
        archiveBytes: long(known.archive_bytes),
        meta: known.meta.clone(),
        state: match known.state {
            Known::Complete => ArchiveState::COMPLETE,
            Known::Unconfirmed => ArchiveState::UNCONFIRMED,
        },
    }
}

/// An audit entry. One that the sealer did not write, as in a catalogue that was tampered with, is
/// shown as what it is.
pub fn audit_entry(seq: u64, sealed: &SealedAuditEntry) -> AuditEntry {
    let what = "not an audit entry";
    match decode_canonical::<wire::AuditEntry>(&sealed.entry, ErrorCode::AuditTampered, what) {
        Ok(entry) => AuditEntry {
            seq: long(seq),
            time: time(entry.time),
            event: audit_event(entry.event),
            result: entry.result,
            count: i64::from(entry.count),
            backupId: entry.backup_id.map(Vec::from),
            credentialId: entry.credential_id,
        },
        Err(_) => AuditEntry {
            seq: long(seq),
            time: None,
            event: AuditEvent::TAMPER_FOUND,
            result: ErrorCode::AuditTampered as i32,
            count: 1,
            backupId: None,
            credentialId: None,
        },
    }
}

fn audit_event(event: wire::AuditEvent) -> AuditEvent {
    use wire::AuditEvent as Event;
    match event {
        Event::VaultCreated => AuditEvent::VAULT_CREATED,
        Event::VaultImported => AuditEvent::VAULT_IMPORTED,
        Event::OriginsSet => AuditEvent::ORIGINS_SET,
        Event::CredentialAdded => AuditEvent::CREDENTIAL_ADDED,
        Event::CredentialRemoved => AuditEvent::CREDENTIAL_REMOVED,
        Event::PrfEnrolled => AuditEvent::PRF_ENROLLED,
        Event::RecoveryCreated => AuditEvent::RECOVERY_CREATED,
        Event::PasswordSet => AuditEvent::PASSWORD_SET,
        Event::Rotated => AuditEvent::ROTATED,
        Event::EpochEnded => AuditEvent::EPOCH_ENDED,
        Event::BackupKeyReleased => AuditEvent::BACKUP_KEY_RELEASED,
        Event::RestoreKeyReleased => AuditEvent::RESTORE_KEY_RELEASED,
        Event::VerifyKeyReleased => AuditEvent::VERIFY_KEY_RELEASED,
        Event::Rehearsed => AuditEvent::REHEARSED,
        Event::CeremonyFailed => AuditEvent::CEREMONY_FAILED,
        Event::TamperFound => AuditEvent::TAMPER_FOUND,
        Event::LockedOut => AuditEvent::LOCKED_OUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_the_number_that_the_sealer_gives_it() {
        for &event in wire::AuditEvent::ALL {
            assert_eq!(audit_event(event).0, event.number(), "{}", event.name());
        }
    }

    #[test]
    fn an_entry_that_nobody_wrote_is_shown_as_tampered() {
        let sealed = SealedAuditEntry {
            entry: vec![0xff],
            mac: [0; 32],
        };
        let entry = audit_entry(7, &sealed);
        assert_eq!(entry.seq, 7);
        assert_eq!(entry.event, AuditEvent::TAMPER_FOUND);
        assert_eq!(entry.result, 103);
    }

    #[test]
    fn arguments_are_checked() {
        assert_eq!(id(&[7; 16], "x"), Ok([7; 16]));
        for bytes in [&[][..], &[0; 15], &[0; 17]] {
            assert_eq!(
                id(bytes, "x").map_err(|e| e.code),
                Err(ErrorCode::BadRequest)
            );
        }
        assert_eq!(limit(-1).map_err(|e| e.code), Err(ErrorCode::BadRequest));
        assert_eq!(long(u64::MAX), i64::MAX);
        assert_eq!(millis(u64::MAX), i64::MAX);
    }
}
