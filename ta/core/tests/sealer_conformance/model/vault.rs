// SPDX-License-Identifier: Apache-2.0

//! What a vault is, as simply as it can be said.

use sealer_wire::{FactorKind, Id, PrfState, VaultView};

/// An epoch. Two devices can give the same number to two of them; the mark tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    pub number: u32,
    pub mark: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub id: Vec<u8>,
    pub enrolled: bool,
}

/// A recovery key or password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    pub kind: FactorKind,
    /// Unknown until the sealer has told it.
    pub id: Option<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    pub current: Epoch,
    pub retired: Vec<Epoch>,
    pub ended: Vec<Epoch>,
    pub passkeys: Vec<Passkey>,
    pub factors: Vec<Factor>,
    pub origins: Vec<String>,
}

/// What is known of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Opens,
    Ended,
    Never,
}

impl Vault {
    pub fn epochs(&self) -> impl Iterator<Item = &Epoch> {
        std::iter::once(&self.current).chain(&self.retired)
    }

    pub fn knows(&self, epoch: &Epoch) -> Known {
        if self.epochs().any(|known| known == epoch) {
            Known::Opens
        } else if self.ended.contains(epoch) {
            Known::Ended
        } else {
            Known::Never
        }
    }

    fn next(&self, mark: usize) -> Epoch {
        let newest = self.epochs().map(|epoch| epoch.number).max().unwrap();
        Epoch {
            number: newest + 1,
            mark,
        }
    }

    pub fn retire(&mut self, epoch: Epoch) {
        if epoch == self.current || self.retired.contains(&epoch) {
            return;
        }
        self.ended.retain(|ended| *ended != epoch);
        self.retired.push(epoch);
    }

    pub fn rotate(&mut self, mark: usize) {
        let next = self.next(mark);
        let old = std::mem::replace(&mut self.current, next);
        self.retire(old);
    }

    /// Ends the retired epochs of a number.
    pub fn end(&mut self, number: u32) {
        let (ended, kept) = self
            .retired
            .iter()
            .partition(|epoch| epoch.number == number);
        self.retired = kept;
        self.ended.extend::<Vec<Epoch>>(ended);
    }

    /// The vault on a device that has taken it in from an archive, which was made when the vault was
    /// `made`, and that still had it in some older state, or not.
    pub fn taken_in(made: &Vault, older: Option<&Vault>, mark: usize) -> Vault {
        let mut vault = made.clone();
        if let Some(older) = older {
            for ended in &older.ended {
                vault.retired.retain(|epoch| epoch != ended);
                if !vault.ended.contains(ended) && *ended != vault.current {
                    vault.ended.push(*ended);
                }
            }
            let ended = vault.ended.clone();
            for epoch in older.epochs().filter(|epoch| !ended.contains(epoch)) {
                vault.retire(*epoch);
            }
        }
        vault.rotate(mark);
        vault
    }

    /// The same on a device that has the vault.
    pub fn add(&mut self, made: &Vault, mark: usize) {
        let ended = self.ended.clone();
        for epoch in made.retired.iter().filter(|epoch| !ended.contains(epoch)) {
            self.retire(*epoch);
        }
        self.retire(made.current);
        let current = self.current.number;
        if self.retired.iter().any(|epoch| epoch.number >= current) {
            self.rotate(mark);
        }
    }

    pub fn set_factor(&mut self, kind: FactorKind, id: Option<Id>) -> bool {
        let before = self.factors.len();
        self.factors.retain(|factor| factor.kind != kind);
        let replaced = self.factors.len() < before;
        self.factors.push(Factor { kind, id });
        replaced
    }

    pub fn passkey_mut(&mut self, id: &[u8]) -> Option<&mut Passkey> {
        self.passkeys.iter_mut().find(|passkey| passkey.id == id)
    }

    pub fn portable(&self) -> usize {
        let passkeys = self.passkeys.iter().filter(|passkey| passkey.enrolled);
        passkeys.count() + self.factors.len()
    }

    /// Whether the sealer shows just this; then what was unknown is known.
    pub fn matches(&mut self, view: &VaultView) -> bool {
        let mut retired: Vec<_> = self.retired.iter().map(|epoch| epoch.number).collect();
        retired.sort_unstable();
        let passkeys: Vec<_> = view
            .credentials
            .iter()
            .map(|one| Passkey {
                id: one.credential_id.clone(),
                enrolled: one.prf == PrfState::Enrolled,
            })
            .collect();
        let mut factors = self.factors.clone();
        for factor in &mut factors {
            let shown = view.factors.iter().find(|one| one.kind == factor.kind);
            factor.id = factor.id.or(shown.map(|one| one.factor_id));
        }
        let shown: Vec<_> = view
            .factors
            .iter()
            .filter(|one| one.kind != FactorKind::Passkey)
            .collect();
        let same = view.epoch == self.current.number
            && view.retired_epochs == retired
            && view.origins == self.origins
            && passkeys == self.passkeys
            && shown.len() == factors.len()
            && shown.iter().all(|one| {
                one.portable
                    && factors.contains(&Factor {
                        kind: one.kind,
                        id: Some(one.factor_id),
                    })
            })
            && view.factors.iter().filter(|one| one.portable).count() == self.portable();
        if same {
            self.factors = factors;
        }
        same
    }
}
