// SPDX-License-Identifier: Apache-2.0

//! The operations of a life: which there is a choice of, what each should bring, and how it is done.

use sealer_wire::{Error, ErrorCode, FactorKind, Id, Operation};

use super::life::{Archive, Life, authenticator, refusal};
use super::vault::{Known, Passkey, Vault};
use crate::support::{Backup, ORIGIN, Secret};

/// An operation; numbers are places in the lists of the model.
#[derive(Clone, Debug)]
pub enum Step {
    Backup,
    Refresh(usize),
    Restore(usize, Vec<u8>),
    AddPasskey(Vec<u8>),
    RemovePasskey(Vec<u8>, Vec<u8>, bool),
    EnrolPrf(Vec<u8>),
    RecoveryKey(Vec<u8>),
    Password(Vec<u8>, [u8; 32]),
    Rotate(Vec<u8>),
    EndEpoch(Vec<u8>, u32),
    Origins(Vec<u8>),
    Rehearse(usize, Vec<u8>, Option<Id>),
    ImportByPasskey(usize, Vec<u8>),
    ImportBySecret(usize, Id),
}

/// What its user has of it, once it is answered.
#[derive(Debug)]
pub enum Done {
    Nothing,
    Archive(Backup),
    Secret(Id, Secret),
}

/// The state that it should bring, or the refusal; and what came of it.
pub type Outcome = (Result<Vault, ErrorCode>, Result<Done, Error>);

impl Life {
    fn pick<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        if list.is_empty() {
            return None;
        }
        Some(list[self.random.below(list.len())].clone())
    }

    pub fn choose(&mut self, at: usize) -> Option<Step> {
        let archive = self.random.below(self.archives.len().max(1));
        let Some(vault) = self.phones[at].vault.clone() else {
            return self.choose_import(archive);
        };
        let ids: Vec<_> = vault.passkeys.iter().map(|one| one.id.clone()).collect();
        let by = self.pick(&ids)?;
        let any_archive = (!self.archives.is_empty()).then_some(archive);
        Some(match self.random.below(16) {
            0 | 1 => Step::Backup,
            2 => Step::Refresh(any_archive?),
            3 => Step::Restore(any_archive?, by),
            4 if vault.passkeys.len() < 6 => Step::AddPasskey(by),
            5 => {
                let gone = self.pick(&ids)?;
                Step::RemovePasskey(by, gone, self.random.below(2) == 0)
            }
            6 | 7 => {
                let able = vault.passkeys.iter().filter(|one| !one.enrolled);
                let able: Vec<_> = able.map(|one| one.id.clone()).collect();
                Step::EnrolPrf(self.pick(&able)?)
            }
            8 => Step::RecoveryKey(by),
            9 => {
                let mut password = [0; 32];
                self.random.fill(&mut password);
                Step::Password(by, password)
            }
            10 | 11 => Step::Rotate(by),
            12 => Step::EndEpoch(by, self.pick(&vault.retired)?.number),
            13 => Step::Origins(by),
            14 => self.choose_rehearsal(any_archive?, &vault)?,
            _ => self.choose_import(archive)?,
        })
    }

    fn factors_of(&self, archive: usize) -> Vec<Id> {
        let made = &self.archives[archive].made;
        let ids = made.factors.iter().filter_map(|factor| factor.id);
        ids.filter(|id| self.secrets.contains_key(id)).collect()
    }

    fn passkeys_of(&self, archive: usize) -> Vec<Vec<u8>> {
        let made = &self.archives[archive].made;
        let enrolled = made.passkeys.iter().filter(|one| one.enrolled);
        enrolled.map(|one| one.id.clone()).collect()
    }

    fn choose_import(&mut self, archive: usize) -> Option<Step> {
        if self.archives.is_empty() {
            return None;
        }
        let (passkeys, factors) = (self.passkeys_of(archive), self.factors_of(archive));
        if self.random.below(2) == 0 {
            return Some(Step::ImportByPasskey(archive, self.pick(&passkeys)?));
        }
        Some(Step::ImportBySecret(archive, self.pick(&factors)?))
    }

    fn choose_rehearsal(&mut self, archive: usize, vault: &Vault) -> Option<Step> {
        let here: Vec<_> = vault.passkeys.iter().map(|one| one.id.clone()).collect();
        let mut passkeys = self.passkeys_of(archive);
        passkeys.retain(|id| here.contains(id));
        let factors = self.factors_of(archive);
        if self.random.below(2) == 0 {
            return Some(Step::Rehearse(archive, self.pick(&passkeys)?, None));
        }
        let by = self.pick(&here)?;
        Some(Step::Rehearse(archive, by, Some(self.pick(&factors)?)))
    }

    /// Does it, whatever comes of it.
    pub fn perform(&mut self, at: usize, step: Step) -> Outcome {
        let vault = self.phones[at].vault.clone();
        match (step, vault) {
            (Step::ImportByPasskey(archive, id), vault) => self.import(at, archive, vault, Ok(id)),
            (Step::ImportBySecret(archive, id), vault) => self.import(at, archive, vault, Err(id)),
            (step, Some(vault)) => self.perform_here(at, step, vault),
            (step, None) => panic!("{step:?} without a vault"),
        }
    }

    fn answer_with(&mut self, at: usize, id: &[u8]) {
        self.phones[at].client.authenticator = self.passkeys[id].clone();
    }

    fn perform_here(&mut self, at: usize, step: Step, mut vault: Vault) -> Outcome {
        let mark = self.mark();
        if let Step::Restore(_, by)
        | Step::AddPasskey(by)
        | Step::RemovePasskey(by, ..)
        | Step::EnrolPrf(by)
        | Step::RecoveryKey(by)
        | Step::Password(by, _)
        | Step::Rotate(by)
        | Step::EndEpoch(by, _)
        | Step::Origins(by)
        | Step::Rehearse(_, by, _) = &step
        {
            self.answer_with(at, by);
        }
        let phone = &mut self.phones[at];
        let (device, client) = (&mut phone.device, &mut phone.client);
        let nothing = |_| Done::Nothing;
        let allowed = |archive: &Archive, vault: Vault| match refusal(&vault, archive) {
            None => Ok(vault),
            Some(code) => Err(code),
        };
        match step {
            Step::Backup => (Ok(vault), client.try_backup(device, b"").map(Done::Archive)),
            Step::Refresh(index) => {
                let archive = &self.archives[index];
                let result = client.refresh(device, &archive.backup);
                (allowed(archive, vault), result.map(Done::Archive))
            }
            Step::Restore(index, _) => {
                let archive = &self.archives[index];
                let result = client.restore(device, &archive.backup);
                let result = result.map(|dek| assert_eq!(dek, archive.backup.dek));
                (allowed(archive, vault), result.map(nothing))
            }
            Step::AddPasskey(_) => {
                let mut new = authenticator();
                let result = client.add_passkey(device, &mut new);
                if let Some(id) = new.credential_ids().pop() {
                    self.passkeys.insert(id.clone(), new);
                    vault.passkeys.push(Passkey {
                        id,
                        enrolled: false,
                    });
                }
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::RemovePasskey(_, gone, allow) => {
                let result = client.remove_passkey(device, &gone, allow);
                let enrolled = vault.passkey_mut(&gone).unwrap().enrolled;
                let expected = if vault.passkeys.len() == 1 {
                    Err(ErrorCode::BadRequest)
                } else if enrolled && !allow && vault.portable() == 1 {
                    Err(ErrorCode::LastPortableFactor)
                } else {
                    vault.passkeys.retain(|one| one.id != gone);
                    vault.rotate(mark);
                    Ok(vault)
                };
                (expected, result.map(|_| Done::Nothing))
            }
            Step::EnrolPrf(by) => {
                let result = client.enrol_prf(device);
                vault.passkey_mut(&by).unwrap().enrolled = true;
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::RecoveryKey(_) => {
                let result = client.recovery_key(device);
                if vault.set_factor(FactorKind::Recovery, None) {
                    vault.rotate(mark);
                }
                (Ok(vault), result.map(|(id, key)| Done::Secret(id, key)))
            }
            Step::Password(_, password) => {
                let secret = Secret::Password(password);
                let result = client.set_password(device, &secret);
                if vault.set_factor(FactorKind::Password, None) {
                    vault.rotate(mark);
                }
                (Ok(vault), result.map(|id| Done::Secret(id, secret)))
            }
            Step::Rotate(_) => {
                let result = client.rotate(device);
                vault.rotate(mark);
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::EndEpoch(_, number) => {
                let result = client.end_epoch(device, number);
                vault.end(number);
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::Origins(_) => {
                let origins = vec![format!("https://{mark}.example.org"), ORIGIN.into()];
                vault.origins.clone_from(&origins);
                let operation = Operation::SetOrigins { origins };
                let result = client.run(device, &operation, &[]);
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::Rehearse(index, _, secret) => {
                let secret = secret.map(|id| self.secrets[&id].clone());
                let archive = &self.archives[index];
                let result = client.rehearse(device, &archive.backup, secret.as_ref());
                (Ok(vault), result.map(|_| Done::Nothing))
            }
            Step::ImportByPasskey(..) | Step::ImportBySecret(..) => panic!("done elsewhere"),
        }
    }

    fn import(
        &mut self,
        at: usize,
        index: usize,
        vault: Option<Vault>,
        factor: Result<Vec<u8>, Id>,
    ) -> Outcome {
        let mark = self.mark();
        let mut new = authenticator();
        if let Ok(id) = &factor {
            self.answer_with(at, id);
        }
        let archive = &self.archives[index];
        let (backup, made) = (&archive.backup, &archive.made);
        let phone = &mut self.phones[at];
        let (device, client) = (&mut phone.device, &mut phone.client);
        let result = match &factor {
            Ok(_) => client.import(device, backup),
            Err(id) => client.import_with(device, backup, &self.secrets[id], &mut new),
        };
        let result = result.map(|_| Done::Nothing);
        let mut admitted = None;
        if let Some(id) = new.credential_ids().pop() {
            self.passkeys.insert(id.clone(), new);
            admitted = Some(Passkey {
                id,
                enrolled: false,
            });
        }
        if result.is_ok() {
            self.counts.imports += 1;
        }
        let expected = match vault {
            // The way back for who has lost every passkey.
            Some(mut vault) if vault.current == made.current && factor.is_err() => {
                vault.passkeys.extend(admitted);
                Ok(vault)
            }
            Some(vault) if vault.knows(&made.current) == Known::Opens => {
                Err(ErrorCode::AlreadyImported)
            }
            Some(mut vault) => {
                vault.add(made, mark);
                let current = |id| vault.factors.iter().any(|one| one.id == Some(id));
                if factor.is_err_and(current) {
                    vault.passkeys.extend(admitted);
                }
                Ok(vault)
            }
            None => {
                let mut vault = Vault::taken_in(made, phone.leftover.as_ref(), mark);
                vault.passkeys.extend(admitted);
                Ok(vault)
            }
        };
        (expected, result)
    }
}
