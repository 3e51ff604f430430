// SPDX-License-Identifier: Apache-2.0

//! What a vault has to look like: the simple model.

use std::collections::{BTreeMap, BTreeSet};

use passkeybackup_aidl::android::security::passkeybackup::{
    FactorKind::FactorKind, PrfState::PrfState, Survives::Survives, VaultInfo::VaultInfo,
    VaultState::VaultState,
};

/// A vault, as far as the model goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    pub epoch: i64,
    pub retired: BTreeSet<i64>,
    /// By credential id: whether its PRF extension is enrolled.
    pub passkeys: BTreeMap<Vec<u8>, bool>,
    /// Id of the recovery factor.
    pub recovery: Option<Vec<u8>>,
    pub origins: usize,
}

impl Vault {
    /// A vault as the service shows it.
    pub fn shown(info: &VaultInfo) -> Vault {
        assert_eq!(info.state, VaultState::OK, "{info:?}");
        let recovery = info
            .factors
            .iter()
            .find(|factor| factor.kind == FactorKind::RECOVERY);
        let vault = Vault {
            epoch: info.epoch,
            retired: info.retiredEpochs.iter().copied().collect(),
            passkeys: info
                .credentials
                .iter()
                .map(|one| (one.credentialId.clone(), one.prf == PrfState::ENROLLED))
                .collect(),
            recovery: recovery.map(|factor| factor.factorId.clone()),
            origins: info.origins.len(),
        };
        let Survives {
            phoneLost: phone_lost,
            passkeyDeleted: passkey_deleted,
            both,
        } = info.survives.as_ref().expect("of a vault that is well");
        let found = [*phone_lost, *passkey_deleted, *both];
        assert_eq!(found, vault.survives(), "{info:?}");
        vault
    }

    /// What it would survive, counted out: every passkey that could be deleted is tried.
    fn survives(&self) -> [bool; 3] {
        let opens_elsewhere = |without: Option<&Vec<u8>>| {
            self.recovery.is_some()
                || self
                    .passkeys
                    .iter()
                    .any(|(id, enrolled)| *enrolled && Some(id) != without)
        };
        let opens_here = |without: &Vec<u8>| {
            self.recovery.is_some() || self.passkeys.keys().any(|id| id != without)
        };
        [
            opens_elsewhere(None),
            self.passkeys.keys().all(opens_here),
            self.passkeys.keys().all(|id| opens_elsewhere(Some(id))),
        ]
    }

    /// The same after a rotation.
    pub fn rotated(&self) -> Vault {
        let mut next = self.clone();
        next.retired.insert(next.epoch);
        next.epoch += 1;
        next
    }

    /// Factors that open archives on a new device.
    pub fn portable(&self) -> BTreeSet<Vec<u8>> {
        let enrolled = self.passkeys.iter().filter(|(_, enrolled)| **enrolled);
        enrolled
            .map(|(id, _)| id.clone())
            .chain(self.recovery.clone())
            .collect()
    }
}
