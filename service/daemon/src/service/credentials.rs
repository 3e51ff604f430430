// SPDX-License-Identifier: Apache-2.0

//! More passkeys, and fewer.

use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, CredentialResult::CredentialResult, VaultInfo::VaultInfo,
};
use sealer_wire::{Operation, Owner, Reply, Result};

use super::vaults::Answer;
use super::{Core, vaults};
use crate::convert;
use crate::sealer::unexpected;

/// Begins the assertion by an enrolled passkey.
pub fn begin_add(core: &Core, owner: &Owner, vault_id: &[u8], label: &str) -> Result<Ceremony> {
    vaults::check_text(label)?;
    let operation = Operation::AddCredential {
        label: label.to_owned(),
    };
    vaults::begin_operation(core, owner, vault_id, operation)
}

/// Takes the assertion and begins the registration of the new one.
pub fn continue_add(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<Ceremony> {
    let begun = vaults::proceed(core, owner, answer, adds)?;
    vaults::registration(core, &begun)
}

/// Adds the new one.
pub fn finish_add(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<CredentialResult> {
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(adds))?;
    let Reply::CredentialAdded {
        vault,
        credential_id,
    } = reply
    else {
        return Err(unexpected());
    };
    let added = vault
        .credentials
        .iter()
        .find(|credential| credential.credential_id == credential_id)
        .ok_or_else(unexpected)?;
    Ok(CredentialResult {
        vaultId: vault.vault_id.to_vec(),
        credential: convert::credential(added),
    })
}

/// Begins the assertion that removes a passkey.
pub fn begin_remove(
    core: &Core,
    owner: &Owner,
    vault_id: &[u8],
    credential_id: &[u8],
    allow_last_portable: bool,
) -> Result<Ceremony> {
    let operation = Operation::RemoveCredential {
        credential_id: credential_id.to_vec(),
        allow_last_portable,
    };
    vaults::begin_operation(core, owner, vault_id, operation)
}

/// Removes the passkey.
pub fn finish_remove(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<VaultInfo> {
    let removes = |operation: &Operation| matches!(operation, Operation::RemoveCredential { .. });
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(removes))?;
    match reply {
        Reply::Vault(view) => Ok(vaults::shown(core, &view)),
        _ => Err(unexpected()),
    }
}

fn adds(operation: &Operation) -> bool {
    matches!(operation, Operation::AddCredential { .. })
}
