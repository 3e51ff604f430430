// SPDX-License-Identifier: Apache-2.0

//! The service, and vaults: creating, showing, deleting.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony as CeremonyInfo, IPasskeyBackup::MAX_ARCHIVES_PER_CALL, Limits::Limits,
    ServiceInfo::ServiceInfo, VaultInfo::VaultInfo, VaultParameters::VaultParameters,
    VaultState::VaultState,
};
use passkeybackup_archive::Structure;
use passkeybackup_catalogue::MAX_PAGE;
use passkeybackup_identity::Caller;
use sealer_wire::{
    Begun, Error, ErrorCode, FactorSecret, Id, Info, Operation, Owner, Reply, Result, VaultView,
    limits,
};

use super::Core;
use crate::ceremonies::{Ceremony, Purpose};
use crate::convert::{self, id, int, long};
use crate::sealer::unexpected;
use crate::{erasing, operation, options, password, survives};

/// Version of the interface.
const API_VERSION: i32 = 1;

/// What the service and its sealer are.
pub fn info(core: &Core) -> ServiceInfo {
    let sealer = core.sealer.info().inspect_err(|error| {
        super::log_refusal("getInfo", error);
    });
    let sealer = sealer.ok();
    ServiceInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        apiVersion: API_VERSION,
        algorithms: sealer
            .as_ref()
            .map(|info| info.algorithms.clone())
            .unwrap_or_default(),
        limits: limits_info(sealer.as_ref()),
        sealer: sealer.as_ref().map(convert::sealer),
    }
}

fn limits_info(sealer: Option<&Info>) -> Limits {
    let longest = Structure::from_body_bytes(Structure::MAX_BODY_BYTES);
    Limits {
        vaultsPerOwner: int(limits::VAULTS_PER_OWNER),
        credentialsPerVault: int(limits::CREDENTIALS),
        envelopesPerVault: int(limits::ENVELOPES),
        originsPerVault: int(limits::ORIGINS),
        ceremoniesPerOwner: int(limits::CHALLENGES_PER_OWNER),
        ceremonyLifetimeMillis: long(
            sealer.map_or(limits::CHALLENGE_TTL_MS, |info| info.challenge_ttl_ms),
        ),
        operationsPerOwner: int(operation::PER_OWNER),
        responseJsonBytes: int(limits::RESPONSE_JSON),
        metaBytes: int(limits::META),
        pageEntries: i32::try_from(MAX_PAGE).unwrap_or(i32::MAX),
        archivesPerCall: MAX_ARCHIVES_PER_CALL,
        plaintextBytes: long(longest.map_or(0, |body| body.plaintext_bytes)),
    }
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

/// A ceremony as its client gets it.
pub fn ceremony(begun: &Begun, options_json: String) -> CeremonyInfo {
    CeremonyInfo {
        token: begun.token.to_vec(),
        optionsJson: options_json,
        expiresAtMillis: long(now_ms().saturating_add(begun.ttl_ms)),
    }
}

/// Begins an assertion for an operation on a vault.
pub fn begin_assertion(
    core: &Core,
    owner: &Owner,
    vault_id: &Id,
    operation: Operation,
    purpose: Purpose,
) -> Result<CeremonyInfo> {
    let begun = core.sealer.begin(owner, vault_id, operation)?;
    let info = ceremony(&begun, options::request(&begun));
    remember(core, owner, &begun, purpose, None);
    Ok(info)
}

/// Begins an assertion for an operation on a vault that is named in an argument.
pub fn begin_operation(
    core: &Core,
    owner: &Owner,
    vault_id: &[u8],
    operation: Operation,
) -> Result<CeremonyInfo> {
    let vault_id = id(vault_id, "a vault id")?;
    let purpose = Purpose::Operation(operation.clone());
    begin_assertion(core, owner, &vault_id, operation, purpose)
}

/// Remembers what was begun.
pub fn remember(
    core: &Core,
    owner: &Owner,
    begun: &Begun,
    purpose: Purpose,
    secret: Option<FactorSecret>,
) {
    core.ceremonies.insert(Ceremony {
        token: begun.token,
        owner: owner.clone(),
        vault_id: begun.vault_id,
        purpose,
        secret: secret.map(Arc::new),
        since: Instant::now(),
    });
}

/// What a client hands over to end a ceremony or a step of it.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The ceremony.
    pub token: &'a [u8],
    /// What the passkey client returned.
    pub response: &'a [u8],
}

impl Answer<'_> {
    /// The ceremony that it ends. Errors: `BAD_REQUEST`, `CHALLENGE_UNKNOWN`, `TOO_LARGE`.
    pub fn ceremony(&self, core: &Core, owner: &Owner) -> Result<Ceremony> {
        let begun = core
            .ceremonies
            .find(owner, &id(self.token, "a ceremony token")?)?;
        if self.response.len() > limits::RESPONSE_JSON {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the client's response has more than 16 KiB",
            ));
        }
        Ok(begun)
    }
}

/// Finishes a ceremony. `operation` gives the operation that is to be finished for what was begun:
/// if that was another one, it refuses or the sealer finds out.
pub fn finish(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    operation: impl FnOnce(&Ceremony) -> Result<Operation>,
) -> Result<(Ceremony, Reply)> {
    let begun = answer.ceremony(core, owner)?;
    let operation = operation(&begun)?;
    let secret = begun.secret.as_deref().map(password::duplicate);
    let reply = finish_with(core, &begun, answer, operation, secret)?;
    Ok((begun, reply))
}

/// Finishes a ceremony with a secret.
pub fn finish_with(
    core: &Core,
    begun: &Ceremony,
    answer: Answer<'_>,
    operation: Operation,
    secret: Option<FactorSecret>,
) -> Result<Reply> {
    let reply = core
        .sealer
        .finish(begun, operation, answer.response, secret);
    core.ceremonies.settle(&begun.token, &reply);
    reply
}

/// Ends the first step of a ceremony of two, and begins the second.
pub fn proceed(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    wanted: impl FnOnce(&Operation) -> bool,
) -> Result<Begun> {
    let begun = answer.ceremony(core, owner)?;
    let operation = begun.operation(wanted)?;
    let next = core
        .sealer
        .proceed(&begun, operation.clone(), answer.response);
    core.ceremonies.settle(&begun.token, &next);
    let next = next?;
    remember(core, owner, &next, Purpose::Operation(operation), None);
    Ok(next)
}

/// A text that a person typed. Errors: `BAD_REQUEST`.
pub fn check_text(text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "a name for people contains a control character",
        ));
    }
    Ok(())
}

/// Begins the registration that makes a vault.
pub fn begin_create(
    core: &Core,
    caller: &Caller,
    parameters: &VaultParameters,
) -> Result<CeremonyInfo> {
    caller.check_origins(&parameters.rpId, &parameters.origins)?;
    check_text(&parameters.userName)?;
    check_text(&parameters.credentialLabel)?;
    let operation = Operation::CreateVault {
        rp_id: parameters.rpId.clone(),
        origins: parameters.origins.clone(),
        user_name: parameters.userName.clone(),
        label: parameters.credentialLabel.clone(),
        require_biometric: parameters.requireBiometric,
    };
    let begun = core
        .sealer
        .begin(caller.owner(), &[0; 16], operation.clone())?;
    let info = registration(core, &begun)?;
    let purpose = Purpose::Operation(operation);
    remember(core, caller.owner(), &begun, purpose, None);
    Ok(info)
}

/// A ceremony that is a registration, as its client gets it.
pub fn registration(core: &Core, begun: &Begun) -> Result<CeremonyInfo> {
    let algorithms = core.sealer.info()?.algorithms;
    Ok(ceremony(begun, options::creation(begun, &algorithms)))
}

/// Makes the vault.
pub fn finish_create(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<VaultInfo> {
    let creates = |operation: &Operation| matches!(operation, Operation::CreateVault { .. });
    let (_, reply) = finish(core, owner, answer, |begun| begun.operation(creates))?;
    match reply {
        Reply::Vault(view) => Ok(shown(core, &view)),
        _ => Err(unexpected()),
    }
}

/// One vault.
pub fn get(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<VaultInfo> {
    show(core, owner, &id(vault_id, "a vault id")?)
}

/// All vaults of an owner, oldest first: those that the sealer has, and those that the catalogue
/// remembers.
pub fn list(core: &Core, owner: &Owner) -> Result<Vec<VaultInfo>> {
    let known = core.catalogue.read(|view| view.vaults(owner))?;
    let mut ids: BTreeSet<Id> = known.iter().map(|vault| vault.view.vault_id).collect();
    match core.sealer.list(owner) {
        Ok(present) => ids.extend(present),
        Err(error) if error.code == ErrorCode::TeeUnavailable && !ids.is_empty() => {}
        Err(error) => return Err(error),
    }
    let mut vaults = Vec::with_capacity(ids.len());
    for id in ids {
        match show(core, owner, &id) {
            Ok(vault) => vaults.push(vault),
            // Erased since the list was made.
            Err(error) if error.code == ErrorCode::NotFound => {}
            // A damaged record of which nothing else is known must not hide the others.
            Err(error) if error.code == ErrorCode::Corrupt => {
                super::log_refusal("listVaults", &error);
                vaults.push(VaultInfo {
                    vaultId: id.to_vec(),
                    state: VaultState::CORRUPT,
                    ..VaultInfo::default()
                });
            }
            Err(error) => return Err(error),
        }
    }
    vaults.sort_by_key(|vault| {
        let created = vault.createdAt.as_ref().map(|time| time.millis);
        (created, vault.vaultId.clone())
    });
    Ok(vaults)
}

fn show(core: &Core, owner: &Owner, vault_id: &Id) -> Result<VaultInfo> {
    let error = match core.sealer.show(owner, vault_id) {
        Ok(view) => return Ok(shown(core, &view)),
        Err(error) => error,
    };
    let (state, answers) = match error.code {
        ErrorCode::Reset if erasing::was_erased(&core.catalogue, owner, vault_id)? => {
            return Err(Error::new(ErrorCode::NotFound, "no such vault"));
        }
        ErrorCode::Reset => (VaultState::RESET, true),
        ErrorCode::Rollback => (VaultState::ROLLBACK, true),
        ErrorCode::Corrupt => (VaultState::CORRUPT, true),
        ErrorCode::TeeUnavailable => (VaultState::OK, false),
        _ => return Err(error),
    };
    // What the catalogue does not know either is not shown: the sealer's error says why.
    let known = core.catalogue.read(|view| view.vault(owner, vault_id));
    match known {
        Ok(vault) => Ok(vault_info(core, &vault.view, state, answers)),
        Err(missing) if missing.code == ErrorCode::NotFound => Err(error),
        Err(other) => Err(other),
    }
}

/// A vault that the sealer has just shown. What the catalogue knows better, when a passkey was used
/// last, it has already.
pub fn shown(core: &Core, view: &VaultView) -> VaultInfo {
    vault_info(core, view, VaultState::OK, true)
}

fn vault_info(core: &Core, view: &VaultView, state: VaultState, answers: bool) -> VaultInfo {
    let sealer = core.sealer.last_info();
    let mut retired: Vec<i64> = view.retired_epochs.iter().map(|&n| i64::from(n)).collect();
    retired.sort_unstable();
    VaultInfo {
        vaultId: view.vault_id.to_vec(),
        epoch: i64::from(view.epoch),
        retiredEpochs: retired,
        rpId: view.rp_id.clone(),
        origins: view.origins.clone(),
        userName: view.user_name.clone(),
        requireBiometric: view.require_biometric,
        createdAt: convert::time(view.created_at),
        state,
        credentials: view.credentials.iter().map(convert::credential).collect(),
        factors: view.factors.iter().map(convert::factor).collect(),
        survives: (state == VaultState::OK).then(|| survives::survives(view)),
        warnings: survives::warnings(view, sealer.as_ref(), answers, now_ms() / 1000),
    }
}

/// Begins the assertion that deletes a vault.
pub fn begin_delete(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<CeremonyInfo> {
    begin_operation(core, owner, vault_id, Operation::DeleteVault)
}

/// Deletes the vault.
pub fn finish_delete(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<Vec<u8>> {
    let deletes = |operation: &Operation| matches!(operation, Operation::DeleteVault);
    let begun = answer.ceremony(core, owner)?;
    let operation = begun.operation(deletes)?;
    let vault_id = begun.vault_id;
    erasing::announce_vault(&core.catalogue, owner, &vault_id)?;
    match finish_with(core, &begun, answer, operation, None) {
        Ok(Reply::Deleted) => {
            erasing::remove_vault(&core.catalogue, owner, &vault_id)?;
            Ok(vault_id.to_vec())
        }
        Ok(_) => Err(unexpected()),
        Err(error) => {
            // Without an answer nobody knows; then the note stays until the vault is next shown.
            let unanswered = matches!(
                error.code,
                ErrorCode::TeeUnavailable | ErrorCode::Io | ErrorCode::Internal
            );
            if !unanswered {
                erasing::call_off_vault(&core.catalogue, owner, &vault_id)?;
            }
            Err(error)
        }
    }
}
