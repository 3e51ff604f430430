// SPDX-License-Identifier: Apache-2.0

//! Every object that `--json` prints, made of what the service returns. What is unknown is null,
//! never left out; that goes for a value of a later version of the service too.

mod changes;
mod log;

use std::io;

use passkeybackup_aidl::android::security::passkeybackup as aidl;
use serde::Serialize;
use serde_json::value::RawValue;

use super::text::{base64url, hex, rfc3339};
use crate::connect::Transport;
use crate::failure::{Failure, Result};

use aidl::{
    ArchiveState::ArchiveState, AttestationKind::AttestationKind, FactorKind::FactorKind,
    MacState::MacState, PrfState::PrfState, SealerKind::SealerKind,
    StorageProtection::StorageProtection, VaultState::VaultState, VaultWarning::VaultWarning,
};

pub use changes::{
    Enrolled, ImportBegun, Imported, Rebuilt, RecoveryCreated, RefusedFile, Rehearsed, Rotated,
};
pub use log::{Audit, AuditEntry};

type Name = Option<&'static str>;

/// What a command did.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Report {
    Info(Info),
    Begun(Box<Begun>),
    Vault(Box<Vault>),
    Vaults {
        vaults: Vec<Vault>,
    },
    Deleted {
        vault_id: String,
    },
    Credentials {
        credentials: Vec<Credential>,
    },
    CredentialAdded {
        vault_id: String,
        credential: Credential,
    },
    Enrolled(Enrolled),
    RecoveryCreated(RecoveryCreated),
    Imported(Box<Imported>),
    Rotated(Rotated),
    Rehearsed(Rehearsed),
    Rebuilt(Rebuilt),
    BackedUp(BackedUp),
    Restored(Restored),
    Verified(Verified),
    Archives(Archives),
    Forgotten {
        backup_id: String,
    },
    Audit(Audit),
    #[cfg(feature = "demo")]
    Demo(crate::demo::Story),
}

impl Report {
    /// What went less well than the report says; for standard error.
    pub fn warnings(&self) -> &[String] {
        match self {
            Report::BackedUp(done) => &done.warnings,
            _ => &[],
        }
    }

    /// Exit status of the program.
    pub fn exit_status(&self) -> u8 {
        match self {
            #[cfg(feature = "demo")]
            Report::Demo(story) => story.exit_status(),
            _ => 0,
        }
    }
}

/// The text of an object.
pub fn object(value: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::from)
}

/// An error.
#[derive(Debug, Serialize)]
pub struct ErrorObject<'a> {
    error: ErrorFields<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorFields<'a> {
    name: &'a str,
    code: i32,
    message: &'a str,
    hint: Option<&'a str>,
    retry_after_ms: Option<u64>,
}

impl<'a> From<&'a Failure> for ErrorObject<'a> {
    fn from(failure: &'a Failure) -> Self {
        ErrorObject {
            error: ErrorFields {
                name: &failure.0.name,
                code: failure.0.code,
                message: &failure.0.text,
                hint: failure.0.hint.as_deref(),
                retry_after_ms: failure.0.retry_after_ms,
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Info {
    pub version: String,
    pub api_version: i32,
    pub transport: &'static str,
    pub sealer: Option<Sealer>,
    pub algorithms: Vec<i32>,
    pub limits: Limits,
}

#[derive(Debug, Serialize)]
pub struct Sealer {
    pub kind: Name,
    pub revision: String,
    pub wire_version: i32,
    pub storage_protection: Name,
}

#[derive(Debug, Serialize)]
pub struct Limits {
    pub vaults_per_owner: i32,
    pub credentials_per_vault: i32,
    pub envelopes_per_vault: i32,
    pub origins_per_vault: i32,
    pub ceremonies_per_owner: i32,
    pub ceremony_lifetime_ms: i64,
    pub operations_per_owner: i32,
    pub response_json_bytes: i32,
    pub meta_bytes: i32,
    pub page_entries: i32,
    pub archives_per_call: i32,
    pub plaintext_bytes: i64,
}

impl Info {
    pub fn new(info: aidl::ServiceInfo::ServiceInfo, transport: Transport) -> Info {
        let limits = info.limits;
        Info {
            version: info.version,
            api_version: info.apiVersion,
            transport: match transport {
                Transport::Rpc => "rpc",
                Transport::Binder => "binder",
            },
            sealer: info.sealer.map(|sealer| Sealer {
                kind: sealer_kind(sealer.kind),
                revision: sealer.revision,
                wire_version: sealer.wireVersion,
                storage_protection: storage_protection(sealer.storageProtection),
            }),
            algorithms: info.algorithms,
            limits: Limits {
                vaults_per_owner: limits.vaultsPerOwner,
                credentials_per_vault: limits.credentialsPerVault,
                envelopes_per_vault: limits.envelopesPerVault,
                origins_per_vault: limits.originsPerVault,
                ceremonies_per_owner: limits.ceremoniesPerOwner,
                ceremony_lifetime_ms: limits.ceremonyLifetimeMillis,
                operations_per_owner: limits.operationsPerOwner,
                response_json_bytes: limits.responseJsonBytes,
                meta_bytes: limits.metaBytes,
                page_entries: limits.pageEntries,
                archives_per_call: limits.archivesPerCall,
                plaintext_bytes: limits.plaintextBytes,
            },
        }
    }
}

/// A ceremony that was begun, with the archive that it is about.
#[derive(Debug, Serialize)]
pub struct Begun {
    pub ceremony: String,
    pub options: Box<RawValue>,
    pub expires_at: Option<String>,
    /// Of `restore begin` and `verify begin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
    /// Of `verify begin`, whose contract has the archive's fields beside the ceremony's.
    #[serde(flatten)]
    pub fields: Option<Archive>,
    /// Of `import begin` and its kind.
    #[serde(flatten)]
    pub import: Option<ImportBegun>,
    /// For people: the command that finishes it.
    #[serde(skip)]
    pub finish: String,
}

impl Begun {
    pub fn new(ceremony: aidl::Ceremony::Ceremony, finish: String) -> Result<Begun> {
        let options = serde_json::from_str(&ceremony.optionsJson).map_err(|error| {
            Failure::internal(format!(
                "the service sent options that are no JSON: {error}"
            ))
        })?;
        Ok(Begun {
            ceremony: hex(&ceremony.token),
            options,
            expires_at: rfc3339(ceremony.expiresAtMillis),
            archive: None,
            fields: None,
            import: None,
            finish,
        })
    }
}

#[derive(Debug, Serialize)]
pub struct Credential {
    pub credential_id: String,
    pub alg: i32,
    pub label: String,
    pub created_at: Option<String>,
    pub last_used_at: Option<String>,
    pub sign_count: i64,
    pub backup_eligible: bool,
    pub backup_state: bool,
    pub attestation: Name,
    pub prf: Name,
}

impl From<aidl::CredentialInfo::CredentialInfo> for Credential {
    fn from(from: aidl::CredentialInfo::CredentialInfo) -> Credential {
        Credential {
            credential_id: base64url(&from.credentialId),
            alg: from.algorithm,
            label: from.label,
            created_at: time(from.createdAt.as_ref()),
            last_used_at: time(from.lastUsedAt.as_ref()),
            sign_count: from.signCount,
            backup_eligible: from.backupEligible,
            backup_state: from.backupState,
            attestation: match from.attestation {
                AttestationKind::NONE => Some("none"),
                AttestationKind::SELF => Some("self"),
                AttestationKind::X5C => Some("x5c"),
                AttestationKind::UNVERIFIED => Some("unverified"),
                _ => None,
            },
            prf: match from.prf {
                PrfState::UNSUPPORTED => Some("unsupported"),
                PrfState::ENABLED => Some("enabled"),
                PrfState::ENROLLED => Some("enrolled"),
                _ => None,
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Factor {
    pub factor_id: String,
    pub kind: Name,
    pub portable: bool,
    pub last_proved_at: Option<String>,
}

impl From<aidl::FactorInfo::FactorInfo> for Factor {
    fn from(from: aidl::FactorInfo::FactorInfo) -> Factor {
        Factor {
            factor_id: hex(&from.factorId),
            kind: factor_kind(from.kind),
            portable: from.portable,
            last_proved_at: time(from.lastProvedAt.as_ref()),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Vault {
    pub vault_id: String,
    pub epoch: i64,
    pub retired_epochs: Vec<i64>,
    pub rp_id: String,
    pub origins: Vec<String>,
    pub user_name: String,
    pub require_biometric: bool,
    pub created_at: Option<String>,
    pub state: Name,
    pub credentials: Vec<Credential>,
    pub factors: Vec<Factor>,
    pub survives: Option<Survives>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Survives {
    pub phone_lost: bool,
    pub passkey_deleted: bool,
    pub both: bool,
}

impl From<aidl::VaultInfo::VaultInfo> for Vault {
    fn from(from: aidl::VaultInfo::VaultInfo) -> Vault {
        Vault {
            vault_id: hex(&from.vaultId),
            epoch: from.epoch,
            retired_epochs: from.retiredEpochs,
            rp_id: from.rpId,
            origins: from.origins,
            user_name: from.userName,
            require_biometric: from.requireBiometric,
            created_at: time(from.createdAt.as_ref()),
            state: match from.state {
                VaultState::OK => Some("ok"),
                VaultState::RESET => Some("reset"),
                VaultState::ROLLBACK => Some("rollback"),
                VaultState::CORRUPT => Some("corrupt"),
                _ => None,
            },
            credentials: from.credentials.into_iter().map(Credential::from).collect(),
            factors: from.factors.into_iter().map(Factor::from).collect(),
            survives: from.survives.map(|survives| Survives {
                phone_lost: survives.phoneLost,
                passkey_deleted: survives.passkeyDeleted,
                both: survives.both,
            }),
            warnings: from.warnings.into_iter().map(warning).collect(),
        }
    }
}

/// A warning of a later version has a name too: leaving it out would hide that there is one.
fn warning(warning: VaultWarning) -> String {
    match warning {
        VaultWarning::SEALER_NONSECURE => "sealer_nonsecure".into(),
        VaultWarning::NO_ROLLBACK_PROTECTION => "no_rollback_protection".into(),
        VaultWarning::NOT_PORTABLE => "not_portable".into(),
        VaultWarning::PASSWORD_GUESSABLE => "password_guessable".into(),
        VaultWarning::RETIRED_EPOCHS_IN_USE => "retired_epochs_in_use".into(),
        VaultWarning::FACTOR_NEVER_PROVED => "factor_never_proved".into(),
        VaultWarning::SEALER_UNAVAILABLE => "sealer_unavailable".into(),
        VaultWarning::FACTOR_NOT_PROVED_LATELY => "factor_not_proved_lately".into(),
        VaultWarning(number) => format!("unknown_{number}"),
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Archive {
    pub backup_id: String,
    pub vault_id: String,
    pub epoch: i64,
    pub created_at: Option<String>,
    pub plaintext_bytes: i64,
    pub archive_bytes: i64,
    pub meta: Option<Box<RawValue>>,
    pub state: Name,
}

impl From<aidl::ArchiveInfo::ArchiveInfo> for Archive {
    fn from(from: aidl::ArchiveInfo::ArchiveInfo) -> Archive {
        Archive {
            backup_id: hex(&from.backupId),
            vault_id: hex(&from.vaultId),
            epoch: from.epoch,
            created_at: rfc3339(from.createdAtMillis),
            plaintext_bytes: from.plaintextBytes,
            archive_bytes: from.archiveBytes,
            meta: meta(&from.meta),
            state: match from.state {
                ArchiveState::COMPLETE => Some("complete"),
                ArchiveState::UNCONFIRMED => Some("unconfirmed"),
                _ => None,
            },
        }
    }
}

/// An archive that was made.
#[derive(Debug, Serialize)]
pub struct BackedUp {
    #[serde(flatten)]
    pub archive: Archive,
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// For people: the command that goes on with it.
    #[serde(skip)]
    pub next: String,
}

#[derive(Debug, Serialize)]
pub struct Restored {
    pub backup_id: String,
    pub vault_id: String,
    pub plaintext_bytes: i64,
    pub meta: Option<Box<RawValue>>,
}

impl From<aidl::RestoreResult::RestoreResult> for Restored {
    fn from(from: aidl::RestoreResult::RestoreResult) -> Restored {
        Restored {
            backup_id: hex(&from.backupId),
            vault_id: hex(&from.vaultId),
            plaintext_bytes: from.plaintextBytes,
            meta: meta(&from.meta),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Verified {
    pub backup_id: String,
    pub vault_id: String,
    pub epoch: i64,
    pub mac: Name,
    pub full: bool,
    pub segments: i64,
}

impl From<aidl::VerifyResult::VerifyResult> for Verified {
    fn from(from: aidl::VerifyResult::VerifyResult) -> Verified {
        Verified {
            backup_id: hex(&from.backupId),
            vault_id: hex(&from.vaultId),
            epoch: from.epoch,
            mac: match from.mac {
                MacState::OK => Some("ok"),
                MacState::NOT_CHECKABLE => Some("not_checkable"),
                _ => None,
            },
            full: from.full,
            segments: from.segments,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Archives {
    pub archives: Vec<Archive>,
    pub next_page: Option<String>,
}

impl From<aidl::ArchivePage::ArchivePage> for Archives {
    fn from(from: aidl::ArchivePage::ArchivePage) -> Archives {
        Archives {
            archives: from.archives.into_iter().map(Archive::from).collect(),
            next_page: from.nextPage,
        }
    }
}

fn factor_kind(kind: FactorKind) -> Name {
    match kind {
        FactorKind::PASSKEY => Some("passkey"),
        FactorKind::RECOVERY => Some("recovery"),
        FactorKind::PASSWORD => Some("password"),
        _ => None,
    }
}

fn sealer_kind(kind: SealerKind) -> Name {
    match kind {
        SealerKind::NONSECURE => Some("nonsecure"),
        SealerKind::OPTEE => Some("optee"),
        _ => None,
    }
}

fn storage_protection(protection: StorageProtection) -> Name {
    match protection {
        StorageProtection::NONE => Some("none"),
        StorageProtection::REE_FS => Some("ree-fs"),
        StorageProtection::RPMB => Some("rpmb"),
        _ => None,
    }
}

fn time(time: Option<&aidl::UnixTime::UnixTime>) -> Option<String> {
    time.and_then(|time| rfc3339(time.millis))
}

/// The app's metadata: null if there is none, itself on one line if it is JSON, else, as an app
/// may have given any bytes, a string of their base64url.
fn meta(bytes: &[u8]) -> Option<Box<RawValue>> {
    if bytes.is_empty() {
        return None;
    }
    let json = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| serde_json::from_str::<&RawValue>(text).is_ok())
        // In JSON a line break is never part of a string.
        .map(|text| text.replace(['\n', '\r'], " "))
        .unwrap_or_else(|| format!("\"{}\"", base64url(bytes)));
    RawValue::from_string(json).ok()
}

#[cfg(test)]
mod tests;
