// SPDX-License-Identifier: Apache-2.0

//! What a vault would survive, and what its owner should know.

use passkeybackup_aidl::android::security::passkeybackup::{
    Survives::Survives, VaultWarning::VaultWarning,
};
use sealer_wire::{FactorKind, Info, SealerKind, StorageProtection, VaultView};

/// What the archives of a vault would survive.
///
/// - The loss of this device: any portable factor opens them on a new one.
/// - The deletion of the passkey while the device remains: another passkey of the vault passes the
///   ceremonies here, or a factor that is no passkey opens them anew.
/// - Both at once: what is left is a portable factor that is no passkey, or a second portable one.
pub fn survives(view: &VaultView) -> Survives {
    let portable = |kind: Option<FactorKind>| {
        view.factors
            .iter()
            .filter(|factor| factor.portable && kind.is_none_or(|kind| factor.kind == kind))
            .count()
    };
    let passkeys = portable(Some(FactorKind::Passkey));
    let others = portable(None) - passkeys;
    Survives {
        phoneLost: passkeys + others > 0,
        passkeyDeleted: view.credentials.len() > 1 || others > 0,
        both: passkeys > 1 || others > 0,
    }
}

/// How long a proof of a portable factor is good for, in seconds.
const PROOF_S: u64 = 90 * 24 * 3600;

/// Warnings about a vault; `info` is what the sealer said of itself last, `now` is in seconds since
/// 1970.
pub fn warnings(
    view: &VaultView,
    info: Option<&Info>,
    answers: bool,
    now: u64,
) -> Vec<VaultWarning> {
    let is_old = |proved_at: u64| now.saturating_sub(proved_at) > PROOF_S;
    let portable = || view.factors.iter().filter(|factor| factor.portable);
    let found = [
        (
            info.is_some_and(|info| info.kind == SealerKind::Nonsecure),
            VaultWarning::SEALER_NONSECURE,
        ),
        (
            info.is_some_and(|info| info.storage_protection != StorageProtection::Rpmb),
            VaultWarning::NO_ROLLBACK_PROTECTION,
        ),
        (portable().next().is_none(), VaultWarning::NOT_PORTABLE),
        (
            view.factors
                .iter()
                .any(|factor| factor.kind == FactorKind::Password),
            VaultWarning::PASSWORD_GUESSABLE,
        ),
        (
            !view.retired_epochs.is_empty(),
            VaultWarning::RETIRED_EPOCHS_IN_USE,
        ),
        (
            portable().any(|factor| factor.last_proved_at.is_none()),
            VaultWarning::FACTOR_NEVER_PROVED,
        ),
        (
            portable().any(|factor| factor.last_proved_at.is_some_and(is_old)),
            VaultWarning::FACTOR_NOT_PROVED_LATELY,
        ),
        (!answers, VaultWarning::SEALER_UNAVAILABLE),
    ];
    found
        .into_iter()
        .filter_map(|(applies, warning)| applies.then_some(warning))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealer_wire::{AttestationKind, CredentialView, FactorView, PrfState};

    fn vault(credentials: usize, factors: &[(FactorKind, bool)]) -> VaultView {
        let credential = CredentialView {
            credential_id: vec![1],
            alg: -7,
            label: String::new(),
            created_at: 0,
            last_used_at: None,
            sign_count: 0,
            backup_eligible: true,
            backup_state: true,
            attestation: AttestationKind::None,
            prf: PrfState::Enabled,
        };
        let factor = |&(kind, portable): &(FactorKind, bool)| FactorView {
            factor_id: [0; 16],
            kind,
            portable,
            last_proved_at: Some(1),
        };
        VaultView {
            vault_id: [0; 16],
            epoch: 1,
            retired_epochs: vec![],
            rp_id: "example.org".into(),
            origins: vec![],
            user_name: "n".into(),
            require_biometric: false,
            created_at: 0,
            credentials: vec![credential; credentials],
            factors: factors.iter().map(factor).collect(),
        }
    }

    fn info(kind: SealerKind, storage_protection: StorageProtection) -> Info {
        Info {
            kind,
            revision: String::new(),
            wire_version: 1,
            storage_protection,
            algorithms: vec![],
            challenge_ttl_ms: 1,
        }
    }

    #[test]
    fn what_survives_follows_from_the_factors() {
        use FactorKind::{Passkey, Password, Recovery};
        type Case = (usize, &'static [(FactorKind, bool)], [bool; 3]);
        let cases: [Case; 8] = [
            (1, &[(Passkey, false)], [false, false, false]),
            (
                2,
                &[(Passkey, false), (Passkey, false)],
                [false, true, false],
            ),
            (1, &[(Passkey, true)], [true, false, false]),
            (2, &[(Passkey, true), (Passkey, false)], [true, true, false]),
            (2, &[(Passkey, true), (Passkey, true)], [true, true, true]),
            (1, &[(Passkey, false), (Recovery, true)], [true, true, true]),
            (1, &[(Passkey, false), (Password, true)], [true, true, true]),
            (0, &[], [false, false, false]),
        ];
        for (credentials, factors, expected) in cases {
            let found = survives(&vault(credentials, factors));
            let found = [found.phoneLost, found.passkeyDeleted, found.both];
            assert_eq!(found, expected, "{credentials} {factors:?}");
        }
    }

    #[test]
    fn warnings_name_what_is_missing() {
        let plain = vault(1, &[(FactorKind::Passkey, false)]);
        let nonsecure = info(SealerKind::Nonsecure, StorageProtection::None);
        assert_eq!(
            warnings(&plain, Some(&nonsecure), true, 1),
            [
                VaultWarning::SEALER_NONSECURE,
                VaultWarning::NO_ROLLBACK_PROTECTION,
                VaultWarning::NOT_PORTABLE
            ]
        );
        let best = info(SealerKind::Optee, StorageProtection::Rpmb);
        let portable = vault(1, &[(FactorKind::Passkey, true)]);
        assert_eq!(warnings(&portable, Some(&best), true, 1), []);
        let ree = info(SealerKind::Optee, StorageProtection::ReeFs);
        assert_eq!(
            warnings(&portable, Some(&ree), false, 1),
            [
                VaultWarning::NO_ROLLBACK_PROTECTION,
                VaultWarning::SEALER_UNAVAILABLE
            ]
        );
        let mut old = vault(1, &[(FactorKind::Password, true)]);
        old.retired_epochs = vec![1];
        old.factors[0].last_proved_at = None;
        assert_eq!(
            warnings(&old, None, true, 1),
            [
                VaultWarning::PASSWORD_GUESSABLE,
                VaultWarning::RETIRED_EPOCHS_IN_USE,
                VaultWarning::FACTOR_NEVER_PROVED
            ]
        );
    }

    #[test]
    fn a_proof_grows_old() {
        let best = info(SealerKind::Optee, StorageProtection::Rpmb);
        let portable = vault(1, &[(FactorKind::Recovery, true)]);
        let at = |now| warnings(&portable, Some(&best), true, now);
        assert_eq!(at(1 + PROOF_S), []);
        assert_eq!(at(2 + PROOF_S), [VaultWarning::FACTOR_NOT_PROVED_LATELY]);
        // A clock that was put back proves nothing, and accuses nobody.
        assert_eq!(at(0), []);
    }
}
