// SPDX-License-Identifier: Apache-2.0

//! A vault comes to this device, with nothing but one of its archives and its user.
//!
//! Nothing in the header can be authenticated when an import begins. What is read of it here is
//! shown to the person, and bounds are checked; the sealer binds the ceremony to all of it and
//! judges it when the secret is there.

use binder::ParcelFileDescriptor;
use passkeybackup_aidl::android::security::passkeybackup::{
    ImportCeremony::ImportCeremony, ImportResult::ImportResult,
};
use sealer_wire::header::PasswordParameters;
use sealer_wire::{
    Error, ErrorCode, FactorKind, FactorSecret, Operation, Owner, RecoveryKey, Reply, Result,
};

use super::restore::Seen;
use super::vaults::Answer;
use super::{Core, vaults};
use crate::ceremonies::Purpose;
use crate::convert::{self, millis};
use crate::files::Descriptor;
use crate::sealer::unexpected;
use crate::{options, password};

/// What is to open the archive.
pub enum Opener<'a> {
    /// A passkey, by its PRF extension.
    Passkey,
    /// A recovery key as it was typed in.
    RecoveryKey(&'a [u8]),
    /// A password.
    Password(&'a [u8]),
}

impl Opener<'_> {
    /// What kind of factor it is.
    pub fn kind(&self) -> FactorKind {
        match self {
            Opener::Passkey => FactorKind::Passkey,
            Opener::RecoveryKey(_) => FactorKind::Recovery,
            Opener::Password(_) => FactorKind::Password,
        }
    }

    /// A recovery key without its check digits. Errors: `RECOVERY_TYPO`, `TOO_LARGE`.
    pub fn recovery_key(&self) -> Result<Option<FactorSecret>> {
        match self {
            Opener::RecoveryKey(text) => RecoveryKey::parse(text)
                .map(FactorSecret::Recovery)
                .map(Some),
            _ => Ok(None),
        }
    }

    /// A password, stretched as the archive says. To be asked for when the sealer has had its say:
    /// it knows whether there were too many attempts. Errors: `CANNOT_OPEN`, `BAD_REQUEST`.
    pub fn stretched(&self, seen: &Seen) -> Result<Option<FactorSecret>> {
        match self {
            Opener::Password(text) => password::stretch(text, parameters(seen)?).map(Some),
            _ => Ok(None),
        }
    }
}

/// Begins the ceremony: an assertion by the passkey that opens the archive, or the registration of
/// a new one beside another secret.
pub fn begin(
    core: &Core,
    owner: &Owner,
    archive: &ParcelFileDescriptor,
    opener: &Opener<'_>,
    allow_weaker_sealer: bool,
) -> Result<ImportCeremony> {
    let seen = Seen::read(&Descriptor::input_file(archive, "the archive")?)?;
    // A slip of the pen is told before anything is tried.
    let key = opener.recovery_key()?;
    let with = opener.kind();
    let operation = Operation::Import {
        core: seen.header.core.clone(),
        key_part: seen.header.key_part.clone(),
        with,
        label: String::new(),
        allow_weaker_sealer,
    };
    let begun = core
        .sealer
        .begin(owner, &seen.core.vault_id, operation.clone())?;
    let secret = opener.stretched(&seen)?.or(key);
    let ceremony = match opener {
        Opener::Passkey => vaults::ceremony(&begun, options::request(&begun)),
        _ => vaults::registration(core, &begun)?,
    };
    vaults::remember(core, owner, &begun, Purpose::Operation(operation), secret);
    let envelopes = seen.key_part.envelopes.iter();
    Ok(ImportCeremony {
        ceremony,
        vaultId: seen.core.vault_id.to_vec(),
        epoch: i64::from(seen.key_part.epoch.number),
        createdAtMillis: millis(seen.core.created_at),
        rpId: seen.key_part.rp_id.clone(),
        factors: envelopes
            .map(|envelope| convert::factor_kind(envelope.kind))
            .collect(),
    })
}

/// Imports the vault.
pub fn finish(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<ImportResult> {
    let imports = |operation: &Operation| matches!(operation, Operation::Import { .. });
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(imports))?;
    match reply {
        Reply::Imported { vault, factor_id } => Ok(ImportResult {
            vault: vaults::shown(core, &vault),
            factorId: factor_id.to_vec(),
        }),
        _ => Err(unexpected()),
    }
}

/// How the password of an archive is stretched.
fn parameters(seen: &Seen) -> Result<&PasswordParameters> {
    let mut envelopes = seen.key_part.envelopes.iter();
    envelopes
        .find(|envelope| envelope.kind == FactorKind::Password)
        .and_then(|envelope| envelope.password.as_ref())
        .ok_or(Error::new(
            ErrorCode::CannotOpen,
            "the archive has no password among its factors",
        ))
}
