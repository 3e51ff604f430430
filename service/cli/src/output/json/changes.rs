// SPDX-License-Identifier: Apache-2.0

//! What was done to a vault: factors, imports, rotations, rehearsals, the catalogue.

use passkeybackup_aidl::android::security::passkeybackup as aidl;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Factor, Name, Vault, factor_kind};
use crate::output::text::{hex, rfc3339};

/// A factor that was enrolled.
#[derive(Debug, Serialize)]
pub struct Enrolled {
    pub vault_id: String,
    pub factor: Factor,
}

impl From<aidl::FactorResult::FactorResult> for Enrolled {
    fn from(from: aidl::FactorResult::FactorResult) -> Enrolled {
        Enrolled {
            vault_id: hex(&from.vaultId),
            factor: from.factor.into(),
        }
    }
}

/// A recovery key, the only time that it is shown.
#[derive(Serialize)]
pub struct RecoveryCreated {
    pub vault_id: String,
    pub factor: Factor,
    #[serde(serialize_with = "expose")]
    pub recovery_key: Zeroizing<String>,
    /// For people: whether it is shown as a QR code too.
    #[serde(skip)]
    pub qr: bool,
}

impl std::fmt::Debug for RecoveryCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCreated(..)")
    }
}

fn expose<S: Serializer>(secret: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret)
}

/// What an archive's header says before an import; none of it is authenticated.
#[derive(Debug, Serialize)]
pub struct ImportBegun {
    pub vault_id: String,
    pub epoch: i64,
    pub created_at: Option<String>,
    pub rp_id: String,
    pub factors: Vec<Name>,
}

impl From<&aidl::ImportCeremony::ImportCeremony> for ImportBegun {
    fn from(from: &aidl::ImportCeremony::ImportCeremony) -> ImportBegun {
        ImportBegun {
            vault_id: hex(&from.vaultId),
            epoch: from.epoch,
            created_at: rfc3339(from.createdAtMillis),
            rp_id: from.rpId.clone(),
            factors: from.factors.iter().map(|kind| factor_kind(*kind)).collect(),
        }
    }
}

/// A vault that came to this device.
#[derive(Debug, Serialize)]
pub struct Imported {
    pub vault: Vault,
    pub factor_id: String,
}

/// A vault that was rotated.
#[derive(Debug, Serialize)]
pub struct Rotated {
    pub vault_id: String,
    pub epoch: i64,
    pub rewrapped: Vec<String>,
    pub pending: Vec<String>,
}

/// A factor that would open an archive on a new device.
#[derive(Debug, Serialize)]
pub struct Rehearsed {
    pub backup_id: String,
    pub factor_id: String,
}

/// What a rebuild of the catalogue did.
#[derive(Debug, Default, Serialize)]
pub struct Rebuilt {
    pub added: i32,
    pub known: i32,
    pub refused: Vec<RefusedFile>,
}

/// A file that was not taken.
#[derive(Debug, Serialize)]
pub struct RefusedFile {
    pub path: String,
    pub error: Option<String>,
    pub message: String,
}
