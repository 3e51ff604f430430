// SPDX-License-Identifier: Apache-2.0

//! What happens: an action at a time, perhaps with a fault, and what has to be so afterwards.

use std::collections::BTreeSet;
use std::fs::File;

use binder::Status;
use passkeybackup_aidl::android::security::passkeybackup::{
    AuditVerification::AuditVerification, IPasskeyBackup::IPasskeyBackup,
    OperationResult::OperationResult,
};
use passkeybackup_status::from_status;
use sealer_core::StoreError;

use super::Random;
use super::device::{Device, Lost};
use super::expected::Vault;
use super::medium::Fault;
use super::person::{Person, fd, file, wait};

/// Actions of a sequence.
const ACTIONS: usize = 14;
/// Stands for an id that only the service knows.
const NEW: &[u8] = b"";

/// What was seen in all sequences.
#[derive(Debug, Default)]
pub struct Seen {
    pub actions: u64,
    pub faults_met: u64,
    pub kept_old: u64,
    pub took_new: u64,
    pub opened: u64,
}

/// An archive in the cloud.
struct Archive {
    file: File,
    id: Vec<u8>,
    content: Vec<u8>,
    /// The vault when its header was written.
    vault: Vault,
    /// Whether the catalogue of the device has it.
    listed: bool,
}

/// What a client can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Backup,
    Restore,
    Refresh,
    Rotate,
    EndEpoch,
    EnrolPrf,
    Recovery,
    AddPasskey,
    RemovePasskey,
    SetOrigins,
    Rehearse,
    Rebuild,
    NewDevice,
    PowerCycle,
}

const ALL: [Action; 18] = [
    Action::Backup,
    Action::Backup,
    Action::Backup,
    Action::Restore,
    Action::Refresh,
    Action::Refresh,
    Action::Rotate,
    Action::EndEpoch,
    Action::EnrolPrf,
    Action::EnrolPrf,
    Action::Recovery,
    Action::AddPasskey,
    Action::RemovePasskey,
    Action::SetOrigins,
    Action::Rehearse,
    Action::Rebuild,
    Action::NewDevice,
    Action::PowerCycle,
];

/// A person with a device, and archives in the cloud.
pub struct World {
    random: Random,
    device: Device,
    person: Person,
    id: Vec<u8>,
    vault: Vault,
    archives: Vec<Archive>,
    made: u8,
    /// What happened, for whoever has to find out why it should not have.
    pub told: Vec<String>,
}

type Done<T> = Result<T, Status>;

fn name(status: &Status) -> String {
    from_status(status).name
}

impl World {
    /// A device with a vault.
    pub fn new(random: Random) -> World {
        let device = Device::new();
        let mut person = Person::default();
        let vault = person.create(device.service()).unwrap();
        World {
            random,
            device,
            person,
            id: vault.vaultId.clone(),
            vault: Vault::shown(&vault),
            archives: Vec::new(),
            made: 0,
            told: Vec::new(),
        }
    }

    /// A sequence.
    pub fn play(&mut self, seen: &mut Seen) {
        for _ in 0..ACTIONS {
            let action = ALL[self.random.below(ALL.len())];
            self.act(action, seen);
        }
        self.check_here();
        self.open_elsewhere(seen);
    }

    /// One action, with a fault every other time.
    fn act(&mut self, action: Action, seen: &mut Seen) {
        let Some(next) = self.next(action) else {
            return;
        };
        seen.actions += 1;
        let fault = self.random.below(6);
        let mut unheard = false;
        match fault {
            0 => {
                let faults = [
                    Fault::Error(StoreError::NoSpace),
                    Fault::Error(StoreError::Io),
                    Fault::Before,
                    Fault::After,
                    Fault::Torn,
                    Fault::Empty,
                    Fault::Gone,
                ];
                let fault = faults[self.random.below(faults.len())];
                self.device.medium.arm(self.random.below(10), fault);
            }
            1 => self.device.arm(self.random.below(4), Lost::Request),
            2 => self.device.arm(self.random.below(4), Lost::Answer),
            3 => unheard = true,
            _ => {}
        }
        self.told
            .push(format!("{action:?}, fault {fault}: {:?}", self.vault));
        if action == Action::NewDevice {
            return self.move_on(seen);
        }
        let outcome = self.perform(action, unheard);
        let met = self.device.calm(unheard);
        seen.faults_met += u64::from(met);
        let shown = self.device.service().getVault(&self.id);
        let now = Vault::shown(&shown.unwrap_or_else(|status| panic!("{action:?}: {status}")));
        let next = filled(next, &self.vault, &now);
        match &outcome {
            Ok(()) => assert_eq!(now, next, "{action:?} was done"),
            Err(status) => {
                assert!(met, "{action:?} was refused: {status}");
                assert!(
                    now == self.vault || now == next,
                    "{action:?} ended with {status}\nold {:?}\nnew {next:?}\nnow {now:?}",
                    self.vault
                );
                seen.kept_old += u64::from(now == self.vault && now != next);
                seen.took_new += u64::from(now == next && now != self.vault);
            }
        }
        self.vault = now;
        self.check_catalogue();
    }

    /// What the vault has to be after an action; `None` where there is nothing to do it with.
    fn next(&mut self, action: Action) -> Option<Vault> {
        let mut next = self.vault.clone();
        match action {
            Action::Backup | Action::PowerCycle => {}
            Action::Rotate => next = next.rotated(),
            Action::Restore | Action::Refresh | Action::Rebuild => {
                self.archives.iter().find(|one| self.is_open(one))?;
            }
            Action::EndEpoch => {
                let oldest = *next.retired.first()?;
                next.retired.remove(&oldest);
            }
            Action::EnrolPrf => {
                let id = self.not_enrolled()?;
                next.passkeys.insert(id, true);
            }
            Action::Recovery => {
                if next.recovery.is_some() {
                    next = next.rotated();
                }
                next.recovery = Some(NEW.into());
            }
            Action::AddPasskey => {
                if next.passkeys.len() >= 4 {
                    return None;
                }
                next.passkeys.insert(NEW.into(), false);
            }
            Action::RemovePasskey => {
                if next.passkeys.len() < 2 {
                    return None;
                }
                next = next.rotated();
                next.passkeys.pop_last();
            }
            Action::SetOrigins => next.origins = 3 - next.origins,
            Action::Rehearse => {
                self.rehearsable()?;
            }
            Action::NewDevice => {
                self.newest()?;
            }
        }
        Some(next)
    }

    /// Does it; a client that will not hear of it dies before it has put files in their place.
    fn perform(&mut self, action: Action, unheard: bool) -> Done<()> {
        let by = self.any_passkey();
        let id = self.id.clone();
        match action {
            Action::PowerCycle => {
                self.device.calm(true);
                Ok(())
            }
            Action::Backup => self.back_up(unheard),
            Action::Restore => {
                let place = self.any_open();
                let archive = &self.archives[place];
                let service = self.device.service();
                let bytes = self.person.restore(service, &by, &archive.file)?;
                assert_eq!(bytes, archive.content);
                Ok(())
            }
            Action::Refresh => self.refresh(unheard),
            Action::Rebuild => self.rebuild(),
            Action::EnrolPrf => {
                let by = self.not_enrolled().expect("asked before");
                self.person.enrol_prf(self.device.service(), &id, &by)
            }
            Action::Recovery => self.person.recovery(self.device.service(), &id, &by),
            Action::AddPasskey => {
                let service = self.device.service();
                let begun = service.beginAddCredential(&id, "another")?;
                let answer = self.person.assert_by(&by, &begun);
                let begun = service.continueAddCredential(&begun.token, &answer)?;
                let answer = self.person.register(&begun);
                service.finishAddCredential(&begun.token, &answer).map(drop)
            }
            Action::RemovePasskey => {
                let gone = self.vault.passkeys.keys().next_back().unwrap().clone();
                let service = self.device.service();
                let begun = service.beginRemoveCredential(&id, &gone, true)?;
                let answer = self.person.assert_by(&by, &begun);
                service
                    .finishRemoveCredential(&begun.token, &answer)
                    .map(drop)
            }
            Action::SetOrigins => {
                let mut origins = vec!["https://example.org".to_owned()];
                if self.vault.origins == 1 {
                    origins.push("https://www.example.org".to_owned());
                }
                let service = self.device.service();
                let begun = service.beginSetOrigins(&id, &origins)?;
                let answer = self.person.assert_by(&by, &begun);
                service.finishSetOrigins(&begun.token, &answer).map(drop)
            }
            Action::Rotate => {
                let service = self.device.service();
                let begun = service.beginRotate(&id)?;
                let answer = self.person.assert_by(&by, &begun);
                let operation = service.finishRotate(&begun.token, &answer, &[], &[], None)?;
                wait(&operation).map(drop)
            }
            Action::EndEpoch => {
                let oldest = *self.vault.retired.first().unwrap();
                let service = self.device.service();
                let begun = service.beginEndEpoch(&id, oldest)?;
                let answer = self.person.assert_by(&by, &begun);
                service.finishEndEpoch(&begun.token, &answer).map(drop)
            }
            Action::Rehearse => {
                let (place, by) = self.rehearsable().expect("asked before");
                let service = self.device.service();
                let begun = service.beginRehearsal(&fd(&self.archives[place].file))?;
                let answer = self.person.assert_by(&by, &begun);
                service.finishRehearsal(&begun.token, &answer).map(drop)
            }
            Action::NewDevice => Ok(()),
        }
    }

    fn back_up(&mut self, unheard: bool) -> Done<()> {
        self.made += 1;
        let content = vec![self.made; 1000 + self.random.below(2000)];
        let output = file(b"");
        let service = self.device.service();
        let input = fd(&file(&content));
        let operation = service.backup(&self.id, &input, &fd(&output), b"", None)?;
        let OperationResult::Archive(info) = wait(&operation)? else {
            panic!("the result of another operation");
        };
        if unheard {
            return Ok(());
        }
        // From here on the archive is the client's, whether the service hears of it or not.
        self.archives.push(Archive {
            file: output,
            id: info.backupId.clone(),
            content,
            vault: self.vault.clone(),
            listed: true,
        });
        service.confirmArchive(&info.backupId).map(drop)
    }

    fn refresh(&mut self, unheard: bool) -> Done<()> {
        let place = self.any_open();
        let service = self.device.service();
        let output = file(b"");
        let input = fd(&self.archives[place].file);
        let operation = service.refreshArchive(&input, &fd(&output), None)?;
        wait(&operation)?;
        if unheard {
            return Ok(());
        }
        service.confirmArchive(&self.archives[place].id)?;
        let archive = &mut self.archives[place];
        archive.file = output;
        archive.vault = self.vault.clone();
        archive.listed = true;
        Ok(())
    }

    fn rebuild(&mut self) -> Done<()> {
        let open: Vec<usize> = (0..self.archives.len())
            .filter(|place| self.is_open(&self.archives[*place]))
            .take(16)
            .collect();
        let files: Vec<_> = open
            .iter()
            .map(|place| fd(&self.archives[*place].file))
            .collect();
        let operation = self.device.service().rebuildCatalogue(&files, None)?;
        let OperationResult::Rebuild(rebuilt) = wait(&operation)? else {
            panic!("the result of another operation");
        };
        if rebuilt.refused.is_empty() {
            for place in open {
                self.archives[place].listed = true;
            }
            return Ok(());
        }
        // With the power gone in between, all that is refused is refused for that.
        let first = &rebuilt.refused[0];
        Err(Status::new_service_specific_error_str(
            first.error.0,
            Some(&first.message),
        ))
    }

    /// The device is lost; a new one takes its place. With a fault it has the whole vault or none.
    fn move_on(&mut self, seen: &mut Seen) {
        self.device.calm(false);
        let (place, factor) = self.newest().expect("asked before");
        let mut device = Device::new();
        match self.random.below(5) {
            0 => device.medium.arm(self.random.below(8), Fault::Torn),
            1 => device.medium.arm(self.random.below(8), Fault::After),
            2 => device.arm(self.random.below(2), Lost::Answer),
            _ => {}
        }
        let archive = &self.archives[place];
        let by_digits = !archive.vault.passkeys.contains_key(&factor);
        let imported = if by_digits {
            let key = self.person.paper[&factor].clone();
            let service = device.service();
            self.person.import_by_digits(service, &key, &archive.file)
        } else {
            let service = device.service();
            self.person
                .import_by_passkey(service, &factor, &archive.file)
        };
        let met = device.calm(false);
        seen.faults_met += u64::from(met);
        let mut next = archive.vault.rotated();
        if by_digits {
            next.passkeys.insert(NEW.into(), false);
        }
        let shown = device.service().getVault(&self.id);
        match (imported, shown) {
            (Err(status), Err(none)) => {
                assert!(met, "an import was refused: {status}");
                assert_eq!(name(&none), "NOT_FOUND");
                seen.kept_old += 1;
            }
            (imported, Ok(info)) => {
                assert!(imported.is_ok() || met);
                let now = Vault::shown(&info);
                let next = filled(next, &archive.vault, &now);
                assert_eq!(now, next, "a vault came to another device");
                self.vault = now;
                self.device = device;
                for archive in &mut self.archives {
                    archive.listed = false;
                }
            }
            (Ok(_), Err(status)) => panic!("an imported vault is not there: {status}"),
        }
    }

    /// The catalogue never claims a newer header than the file has that its client kept.
    fn check_catalogue(&self) {
        let service = self.device.service();
        let page = service.listArchives(&self.id, 100, None, false).unwrap();
        for archive in self.archives.iter().filter(|one| one.listed) {
            let known = page.archives.iter().find(|one| one.backupId == archive.id);
            let known = known.expect("what is in place is known");
            assert!(known.epoch <= archive.vault.epoch, "{known:?}");
        }
    }

    /// Everything that is not ended opens on this device, and the log is whole.
    fn check_here(&mut self) {
        for place in 0..self.archives.len() {
            let by = self.any_passkey();
            let archive = &self.archives[place];
            let service = self.device.service();
            let restored = self.person.restore(service, &by, &archive.file);
            if self.is_open(&self.archives[place]) {
                assert_eq!(restored.unwrap(), self.archives[place].content);
            } else {
                let refused = name(&restored.unwrap_err());
                let fitting = ["EPOCH_ENDED", "HEADER_TAMPERED"];
                assert!(fitting.contains(&refused.as_str()), "{refused}");
            }
        }
        let service = self.device.service();
        let log = service.getAudit(&self.id, 1, None, true).unwrap();
        assert_eq!(log.verification, AuditVerification::VERIFIED);
    }

    /// An archive opens on a new device with every factor that the status claimed alive when its
    /// header was written, as far as the person has it.
    fn open_elsewhere(&mut self, seen: &mut Seen) {
        if self.archives.is_empty() {
            return;
        }
        let place = self.random.below(self.archives.len());
        let archive = &self.archives[place];
        for factor in archive.vault.portable() {
            let device = Device::new();
            let service = device.service();
            let by = if archive.vault.passkeys.contains_key(&factor) {
                let imported = self
                    .person
                    .import_by_passkey(service, &factor, &archive.file);
                imported.unwrap_or_else(|status| panic!("by a passkey: {status}"));
                factor
            } else if let Some(key) = self.person.paper.get(&factor).cloned() {
                let before: BTreeSet<Vec<u8>> =
                    self.person.authenticators.keys().cloned().collect();
                let imported = self.person.import_by_digits(service, &key, &archive.file);
                imported.unwrap_or_else(|status| panic!("by digits: {status}"));
                let mut ids = self.person.authenticators.keys();
                ids.find(|id| !before.contains(*id)).unwrap().clone()
            } else {
                // Made, and lost before anybody saw it: the status says that nobody proved it.
                continue;
            };
            let restored = self.person.restore(service, &by, &archive.file);
            assert_eq!(restored.unwrap(), archive.content);
            seen.opened += 1;
        }
    }

    fn is_open(&self, archive: &Archive) -> bool {
        let epoch = archive.vault.epoch;
        epoch == self.vault.epoch || self.vault.retired.contains(&epoch)
    }

    fn any_open(&mut self) -> usize {
        let open: Vec<usize> = (0..self.archives.len())
            .filter(|place| self.is_open(&self.archives[*place]))
            .collect();
        open[self.random.below(open.len())]
    }

    fn any_passkey(&mut self) -> Vec<u8> {
        let ids: Vec<&Vec<u8>> = self.vault.passkeys.keys().collect();
        ids[self.random.below(ids.len())].clone()
    }

    fn not_enrolled(&self) -> Option<Vec<u8>> {
        let mut passkeys = self.vault.passkeys.iter();
        passkeys
            .find(|(_, enrolled)| !**enrolled)
            .map(|(id, _)| id.clone())
    }

    /// An archive and a passkey that can be rehearsed with it.
    fn rehearsable(&self) -> Option<(usize, Vec<u8>)> {
        self.archives
            .iter()
            .enumerate()
            .find_map(|(place, archive)| {
                let enrolled = |id: &&Vec<u8>| self.vault.passkeys.get(*id) == Some(&true);
                let then = archive
                    .vault
                    .passkeys
                    .iter()
                    .filter(|(_, enrolled)| **enrolled);
                let id = then.map(|(id, _)| id).find(enrolled)?;
                self.is_open(archive).then(|| (place, id.clone()))
            })
    }

    /// An archive of the current epoch with a factor that the person has.
    fn newest(&self) -> Option<(usize, Vec<u8>)> {
        self.archives
            .iter()
            .enumerate()
            .find_map(|(place, archive)| {
                let has = |id: &Vec<u8>| {
                    archive.vault.passkeys.contains_key(id) || self.person.paper.contains_key(id)
                };
                let factor = archive.vault.portable().into_iter().find(has)?;
                (archive.vault.epoch == self.vault.epoch).then_some((place, factor))
            })
    }
}

/// The expected vault, with the ids that only the service could know.
fn filled(mut next: Vault, old: &Vault, now: &Vault) -> Vault {
    if next.recovery.as_deref() == Some(NEW) && now.recovery != old.recovery {
        next.recovery.clone_from(&now.recovery);
    }
    if let Some(enrolled) = next.passkeys.remove(NEW) {
        let mut added = now
            .passkeys
            .keys()
            .filter(|id| !old.passkeys.contains_key(*id));
        let id = added.next().cloned().unwrap_or_else(|| NEW.into());
        next.passkeys.insert(id, enrolled);
    }
    next
}
