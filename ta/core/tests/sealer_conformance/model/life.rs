// SPDX-License-Identifier: Apache-2.0

//! One life: phones, what their user has, what lies in the cloud, and what is to be true of it.

use std::collections::BTreeMap;

use sealer_core::StoreError;
use sealer_wire::{Error, ErrorCode, FactorKind, Id};
use test_authenticator::{Algorithm, Authenticator, Settings};

use super::operations::Done;
use super::vault::{Epoch, Known, Passkey, Vault};
use crate::support::client::only;
use crate::support::{Backup, Client, Cut, Device, Medium, ORIGIN, Random, Secret};

pub const PHONES: usize = 3;

/// A phone: its sealer, its service, and the vault that it should have.
pub struct Phone {
    pub device: Device,
    pub client: Client,
    pub vault: Option<Vault>,
    /// What the store still has of a vault that is lost here.
    pub leftover: Option<Vault>,
    /// An older state of the store, and the vault in it.
    pub copy: Option<(Medium, Option<Vault>)>,
}

/// A file in the cloud.
pub struct Archive {
    pub backup: Backup,
    /// The vault when its key part was made.
    pub made: Vault,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub operations: u64,
    pub faults: u64,
    pub old: u64,
    pub new: u64,
    pub refused: u64,
    pub imports: u64,
    pub opened: u64,
    pub kept_out: u64,
    pub lost: u64,
}

impl Counts {
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            operations: self.operations + other.operations,
            faults: self.faults + other.faults,
            old: self.old + other.old,
            new: self.new + other.new,
            refused: self.refused + other.refused,
            imports: self.imports + other.imports,
            opened: self.opened + other.opened,
            kept_out: self.kept_out + other.kept_out,
            lost: self.lost + other.lost,
        }
    }

    /// A model that meets none of these would prove nothing.
    pub fn check(self) {
        let Counts {
            operations,
            faults,
            old,
            new,
            refused,
            imports,
            opened,
            kept_out,
            lost,
        } = self;
        for count in [
            operations, faults, old, new, refused, imports, opened, kept_out, lost,
        ] {
            assert!(count > 100, "{self:?}");
        }
    }
}

/// What goes wrong in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Nothing,
    /// The power goes at this storage operation.
    Cut(u64, Cut),
    Reads,
    Writes,
    /// The service dies before it has stored any answer.
    Forgets,
}

pub struct Life {
    pub random: Random,
    pub phones: Vec<Phone>,
    pub passkeys: BTreeMap<Vec<u8>, Authenticator>,
    pub secrets: BTreeMap<Id, Secret>,
    pub archives: Vec<Archive>,
    pub marks: usize,
    pub counts: Counts,
    story: Vec<String>,
}

pub fn authenticator() -> Authenticator {
    // The fastest.
    Authenticator::with_settings(Settings {
        algorithm: Algorithm::Eddsa,
        ..Settings::default()
    })
}

impl Life {
    pub fn new(seed: u64) -> Life {
        let phones = (0..PHONES as u64).map(|number| {
            let mut client = Client::new(10_100);
            client.authenticator = authenticator();
            Phone {
                device: Device::another((seed << 8) + number),
                client,
                vault: None,
                leftover: None,
                copy: None,
            }
        });
        let mut phones: Vec<_> = phones.collect();
        let phone = &mut phones[0];
        let view = phone.client.create(&mut phone.device).unwrap();
        let vault_id = view.vault_id;
        let id = view.credentials[0].credential_id.clone();
        phone.vault = Some(Vault {
            current: Epoch { number: 1, mark: 0 },
            retired: Vec::new(),
            ended: Vec::new(),
            passkeys: vec![Passkey {
                id: id.clone(),
                enrolled: false,
            }],
            factors: Vec::new(),
            origins: vec![ORIGIN.into()],
        });
        let passkeys = [(id, phone.client.authenticator.clone())].into();
        for phone in &mut phones {
            phone.client.vault_id = vault_id;
        }
        Life {
            random: Random::new(seed),
            phones,
            passkeys,
            secrets: BTreeMap::new(),
            archives: Vec::new(),
            marks: 1,
            counts: Counts::default(),
            story: Vec::new(),
        }
    }

    pub fn mark(&mut self) -> usize {
        self.marks += 1;
        self.marks
    }

    pub fn tell(&mut self, what: String) {
        self.story.push(what);
    }

    fn trouble(&mut self) -> Trouble {
        match self.random.below(8) {
            0..=2 => Trouble::Nothing,
            3..=5 => {
                // The one that leaves the new state is as likely as all others.
                let cut = match self.random.below(2) {
                    0 => Cut::After,
                    _ => Cut::ALL[self.random.below(Cut::ALL.len())],
                };
                // Few operations take more of the storage's.
                Trouble::Cut(self.random.below(8) as u64, cut)
            }
            6 => match self.random.below(2) {
                0 => Trouble::Reads,
                _ => Trouble::Writes,
            },
            _ => Trouble::Forgets,
        }
    }

    /// One operation on one phone, and what it has left behind.
    pub fn step(&mut self) {
        if self.random.below(16) == 0 {
            let at = self.random.below(PHONES);
            self.lose(at);
            return;
        }
        // Where everything is lost and nothing was kept, there is nothing to do.
        let chosen = (0..50).find_map(|_| {
            let at = self.random.below(PHONES);
            Some((at, self.choose(at)?))
        });
        let Some((at, operation)) = chosen else {
            return;
        };
        let trouble = self.trouble();
        self.tell(format!("phone {at}: {operation:?}, {trouble:?}"));
        self.counts.operations += 1;
        let phone = &mut self.phones[at];
        {
            let mut medium = phone.device.medium.set();
            match trouble {
                Trouble::Nothing => {}
                Trouble::Cut(at, cut) => medium.cut = Some((at, cut)),
                Trouble::Reads => medium.read_error = Some(StoreError::Io),
                Trouble::Writes => medium.write_error = Some(StoreError::NoSpace),
                Trouble::Forgets => phone.client.forgets = true,
            }
        }
        let old = phone.vault.clone();
        let (expected, result) = self.perform(at, operation);
        let phone = &mut self.phones[at];
        phone.client.forgets = false;
        {
            let mut medium = phone.device.medium.set();
            (medium.read_error, medium.write_error) = (None, None);
        }
        if let Trouble::Cut(..) = trouble {
            phone.device.reboot();
        }
        // Open ceremonies expire, and nobody is locked out.
        phone.device.clock.advance_ms(3_600_000);
        let excused = !matches!(trouble, Trouble::Nothing | Trouble::Forgets);
        if excused && result.is_err() {
            self.counts.faults += 1;
            match expected {
                Ok(new) => self.old_or_new(at, old, new),
                Err(_) => self.is(at, old),
            }
            return;
        }
        match (expected, result) {
            (Ok(new), Ok(done)) => {
                self.is(at, Some(new));
                if trouble != Trouble::Forgets {
                    self.keep(at, done);
                }
            }
            (Err(code), Err(error)) => {
                assert_eq!(error.code, code, "{}", self.story());
                self.counts.refused += 1;
                self.is(at, old);
            }
            (expected, result) => panic!("{expected:?}, {result:?}{}", self.story()),
        }
    }

    /// What the user and the cloud have after an operation that was answered.
    fn keep(&mut self, at: usize, done: Done) {
        let made = self.phones[at].vault.clone();
        match done {
            Done::Nothing => {}
            Done::Archive(backup) => self.archives.push(Archive {
                backup,
                made: made.unwrap(),
            }),
            Done::Secret(id, secret) => {
                self.secrets.insert(id, secret);
            }
        }
    }

    /// What a phone shows now: `None` where it has lost the vault or never had it.
    fn shown(&mut self, at: usize) -> Result<sealer_wire::VaultView, Error> {
        let phone = &mut self.phones[at];
        phone.client.show(&mut phone.device)
    }

    fn is(&mut self, at: usize, vault: Option<Vault>) {
        let shown = self.shown(at);
        let Some(mut vault) = vault else {
            self.is_absent(at, shown);
            return;
        };
        match shown {
            Ok(view) if vault.matches(&view) => self.phones[at].vault = Some(vault),
            shown => panic!("phone {at} has not {vault:?}: {shown:?}{}", self.story()),
        }
    }

    fn is_absent(&mut self, at: usize, shown: Result<sealer_wire::VaultView, Error>) {
        let absent = shown.as_ref().is_err_and(|error| {
            matches!(
                error.code,
                ErrorCode::NotFound | ErrorCode::Reset | ErrorCode::Rollback | ErrorCode::Corrupt
            )
        });
        assert!(absent, "phone {at} has a vault: {shown:?}{}", self.story());
        self.phones[at].vault = None;
    }

    fn old_or_new(&mut self, at: usize, old: Option<Vault>, mut new: Vault) {
        let shown = self.shown(at);
        if let Ok(view) = &shown
            && old != Some(new.clone())
            && new.matches(view)
        {
            self.counts.new += 1;
            self.phones[at].vault = Some(new);
            return;
        }
        self.counts.old += 1;
        self.is(at, old);
    }

    /// The phone loses the vault, or its store is put back to an older state; or a copy of it is
    /// made for that.
    fn lose(&mut self, at: usize) {
        let phone = &mut self.phones[at];
        let whole = phone.vault.is_some();
        match (self.random.below(3), phone.copy.take()) {
            (0, Some((medium, vault))) if whole => {
                phone.device.medium.set().objects = medium.get().objects.clone();
                phone.device.reboot();
                phone.leftover = vault;
                self.story.push(format!("phone {at} is put back"));
                let shown = self.shown(at);
                if shown.is_ok() {
                    // It was the newest state.
                    let vault = self.phones[at].leftover.take();
                    self.is(at, vault);
                    return;
                }
                self.is_absent(at, shown);
            }
            (1, _) if whole => {
                phone.device.medium.set().objects.clear();
                phone.device.reboot();
                phone.leftover = None;
                self.story.push(format!("phone {at} is reset"));
                let shown = self.shown(at);
                self.is_absent(at, shown);
            }
            _ => {
                let kept = phone.vault.clone().or(phone.leftover.clone());
                phone.copy = Some((phone.device.medium.copy(), kept));
                return;
            }
        }
        self.counts.lost += 1;
        // A log of another key begins with the way back.
        let client = &mut self.phones[at].client;
        (client.stored, client.log) = (0, Vec::new());
    }

    /// Everything that is to be true at the end.
    pub fn finish(mut self) -> Counts {
        for at in 0..PHONES {
            if self.phones[at].vault.is_some() {
                self.check_phone(at);
            }
        }
        for index in 0..self.archives.len() {
            if index + 3 > self.archives.len() || self.random.below(3) == 0 {
                self.check_archive(index);
            }
        }
        self.counts
    }

    fn check_phone(&mut self, at: usize) {
        let story = self.story();
        let phone = &mut self.phones[at];
        let vault = phone.vault.as_ref().unwrap();
        phone.client.drain_log(&mut phone.device);
        let log = phone.client.log.clone();
        let verified = phone.client.verify_log(&mut phone.device, &log);
        assert_eq!(verified.ok(), Some(true), "the log of phone {at}{story}");
        for archive in &self.archives {
            let found = phone.client.check(&mut phone.device, &archive.backup);
            let expected = refusal(vault, archive);
            assert_eq!(
                found.map_err(|error| error.code).err(),
                expected,
                "phone {at}{story}"
            );
        }
    }

    /// Every factor of then opens the archive on a new device, and no other one does.
    fn check_archive(&mut self, index: usize) {
        let made = self.archives[index].made.clone();
        let all: Vec<_> = self.passkeys.keys().cloned().collect();
        for id in all {
            let enrolled = made.passkeys.iter().any(|one| one.id == id && one.enrolled);
            let passkey = self.passkeys[&id].clone();
            let opens = self.opens(index, |device, client, backup| {
                client.authenticator = passkey;
                let operation = backup.import(FactorKind::Passkey);
                let begun = client.begin(device, &operation)?;
                let response = client.answer(&operation, &only(&begun, &id), &[]);
                client
                    .finish(device, &begun, &operation, &response)
                    .map(drop)
            });
            assert_eq!(opens, enrolled, "archive {index}{}", self.story());
        }
        for (id, secret) in self.secrets.clone() {
            let claimed = made.factors.iter().any(|factor| factor.id == Some(id));
            let mut new = authenticator();
            let opens = self.opens(index, |device, client, backup| {
                client.import_with(device, backup, &secret, &mut new)?;
                client.authenticator = new;
                Ok(())
            });
            assert_eq!(opens, claimed, "archive {index}{}", self.story());
        }
    }

    fn opens(
        &mut self,
        index: usize,
        import: impl FnOnce(&mut Device, &mut Client, &Backup) -> Result<(), Error>,
    ) -> bool {
        let mut device = Device::another(0xffff_0000 + index as u64);
        let mut client = self.phones[0].client.elsewhere();
        let backup = self.archives[index].backup.clone();
        match import(&mut device, &mut client, &backup) {
            Ok(()) => {
                let dek = client.restore(&mut device, &backup).unwrap();
                assert_eq!(dek, backup.dek);
                self.counts.opened += 1;
                true
            }
            Err(error) => {
                let apt = matches!(
                    error.code,
                    ErrorCode::CannotOpen | ErrorCode::UnknownCredential
                );
                assert!(apt, "{error}{}", self.story());
                self.counts.kept_out += 1;
                false
            }
        }
    }

    pub fn story(&self) -> String {
        self.story.iter().fold(String::new(), |mut all, line| {
            all.push_str("\n  ");
            all.push_str(line);
            all
        })
    }
}

/// What a phone says of an archive that is not for it.
pub fn refusal(vault: &Vault, archive: &Archive) -> Option<ErrorCode> {
    match vault.knows(&archive.made.current) {
        Known::Opens => None,
        Known::Ended => Some(ErrorCode::EpochEnded),
        Known::Never => Some(ErrorCode::HeaderTampered),
    }
}
