// SPDX-License-Identifier: Apache-2.0

//! Origins of a vault.

use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, VaultInfo::VaultInfo,
};
use passkeybackup_identity::Caller;
use sealer_wire::{Operation, Owner, Reply, Result};

use super::vaults::Answer;
use super::{Core, vaults};
use crate::convert::id;
use crate::sealer::unexpected;

/// Begins the assertion that replaces the origins.
pub fn begin(
    core: &Core,
    caller: &Caller,
    vault_id: &[u8],
    origins: &[String],
) -> Result<Ceremony> {
    let vault_id = id(vault_id, "a vault id")?;
    let vault = core.sealer.show(caller.owner(), &vault_id)?;
    caller.check_origins(&vault.rp_id, origins)?;
    let operation = Operation::SetOrigins {
        origins: origins.to_vec(),
    };
    vaults::begin_operation(core, caller.owner(), &vault_id, operation)
}

/// Replaces the origins.
pub fn finish(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<VaultInfo> {
    let sets = |operation: &Operation| matches!(operation, Operation::SetOrigins { .. });
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(sets))?;
    match reply {
        Reply::Vault(view) => Ok(vaults::shown(core, &view)),
        _ => Err(unexpected()),
    }
}
