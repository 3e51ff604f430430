// SPDX-License-Identifier: Apache-2.0

//! Factors that work on a new device: the PRF extension of a passkey, a recovery key, a password.

use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, FactorInfo::FactorInfo, FactorResult::FactorResult,
    RecoveryKeyResult::RecoveryKeyResult,
};
use sealer_wire::{Id, Operation, Owner, Reply, Result, VaultView};

use super::vaults::Answer;
use super::{Core, vaults};
use crate::sealer::unexpected;
use crate::{convert, options, password};

/// Begins the first of two assertions that enrol the PRF extension.
pub fn begin_prf(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<Ceremony> {
    vaults::begin_operation(core, owner, vault_id, Operation::EnrolPrf)
}

/// Takes the first and begins the second.
pub fn confirm_prf(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<Ceremony> {
    let begun = vaults::proceed(core, owner, answer, enrols)?;
    Ok(vaults::ceremony(&begun, options::request(&begun)))
}

/// Enrols the PRF extension.
pub fn finish_prf(core: &Core, owner: &Owner, answer: Answer<'_>) -> Result<FactorResult> {
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(enrols))?;
    enrolled(&reply)
}

/// Begins the assertion that makes a recovery key.
pub fn begin_recovery(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<Ceremony> {
    vaults::begin_operation(core, owner, vault_id, Operation::CreateRecoveryKey)
}

/// Makes the recovery key. The caller's buffer is the only one that is not wiped here.
pub fn finish_recovery(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
) -> Result<RecoveryKeyResult> {
    let makes = |operation: &Operation| matches!(operation, Operation::CreateRecoveryKey);
    let (_, reply) = vaults::finish(core, owner, answer, |begun| begun.operation(makes))?;
    let Reply::RecoveryCreated {
        vault,
        factor_id,
        key,
    } = reply
    else {
        return Err(unexpected());
    };
    Ok(RecoveryKeyResult {
        vaultId: vault.vault_id.to_vec(),
        factor: factor(&vault, &factor_id)?,
        // Moved, not copied.
        recoveryKey: std::mem::take(&mut *key.to_text()),
    })
}

/// Begins the assertion that sets a password.
pub fn begin_password(core: &Core, owner: &Owner, vault_id: &[u8]) -> Result<Ceremony> {
    let operation = Operation::SetPassword {
        parameters: password::parameters()?,
    };
    vaults::begin_operation(core, owner, vault_id, operation)
}

/// Sets the password.
pub fn finish_password(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    password: &[u8],
) -> Result<FactorResult> {
    let sets = |operation: &Operation| matches!(operation, Operation::SetPassword { .. });
    let begun = answer.ceremony(core, owner)?;
    let operation = begun.operation(sets)?;
    let Operation::SetPassword { parameters } = &operation else {
        return Err(unexpected());
    };
    let known = core
        .catalogue
        .read(|view| view.vault(owner, &begun.vault_id))
        .map(|vault| [vault.view.user_name, vault.view.rp_id])
        .unwrap_or_default();
    password::check_strength(password, &known.each_ref().map(String::as_str))?;
    let secret = password::stretch(password, parameters)?;
    let reply = vaults::finish_with(core, &begun, answer, operation, Some(secret))?;
    enrolled(&reply)
}

fn enrols(operation: &Operation) -> bool {
    matches!(operation, Operation::EnrolPrf)
}

fn enrolled(reply: &Reply) -> Result<FactorResult> {
    let Reply::Enrolled { vault, factor_id } = reply else {
        return Err(unexpected());
    };
    Ok(FactorResult {
        vaultId: vault.vault_id.to_vec(),
        factor: factor(vault, factor_id)?,
    })
}

fn factor(vault: &VaultView, factor_id: &Id) -> Result<FactorInfo> {
    let mut factors = vault.factors.iter();
    factors
        .find(|factor| factor.factor_id == *factor_id)
        .map(convert::factor)
        .ok_or_else(unexpected)
}
