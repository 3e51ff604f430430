// SPDX-License-Identifier: Apache-2.0

//! What a user does with factors, on a device that has the vault and on a new one.

use sealer_wire::header::{Core, PasswordParameters};
use sealer_wire::{
    Begun, Error, FactorKind, FactorSecret, Id, Operation, RecoveryKey, Reply, Request, Secret32,
    VaultView,
};
use test_authenticator::{Authenticator, Fault};

use super::client::registration;
use super::{Backup, Client, Device};

/// The secret of a factor that is no passkey, as its owner keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    Recovery([u8; 28]),
    Password([u8; 32]),
}

impl Secret {
    pub fn kind(&self) -> FactorKind {
        match self {
            Secret::Recovery(_) => FactorKind::Recovery,
            Secret::Password(_) => FactorKind::Password,
        }
    }

    pub fn wire(&self) -> FactorSecret {
        match self {
            Secret::Recovery(bytes) => {
                let copied = RecoveryKey::try_fill(|out| {
                    out.copy_from_slice(bytes);
                    Ok::<(), ()>(())
                });
                FactorSecret::Recovery(copied.unwrap())
            }
            Secret::Password(bytes) => FactorSecret::Password(Secret32::new(bytes)),
        }
    }

    /// With another first byte.
    pub fn wrong(&self) -> Secret {
        let mut wrong = self.clone();
        match &mut wrong {
            Secret::Recovery(bytes) => bytes[0] ^= 1,
            Secret::Password(bytes) => bytes[0] ^= 1,
        }
        wrong
    }
}

pub fn parameters() -> PasswordParameters {
    PasswordParameters {
        salt: [0x5a; 16],
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    }
}

impl Backup {
    pub fn vault_id(&self) -> Id {
        Core::decode(&self.core).unwrap().vault_id
    }

    pub fn import(&self, with: FactorKind) -> Operation {
        Operation::Import {
            core: self.core.clone(),
            key_part: self.key_part.clone(),
            with,
            label: "new phone".into(),
            allow_weaker_sealer: false,
        }
    }

    pub fn rehearsal(&self, with: FactorKind) -> Operation {
        Operation::Rehearse {
            core: self.core.clone(),
            key_part: self.key_part.clone(),
            with,
        }
    }
}

impl Client {
    /// The same user and app on a device that knows nothing of them; the passkeys are synced.
    pub fn elsewhere(&self) -> Client {
        Client {
            owner: self.owner.clone(),
            vault_id: self.vault_id,
            authenticator: self.authenticator.clone(),
            ..Client::new(self.owner.uid)
        }
    }

    /// Begins and answers the first of two steps.
    pub fn first_step(
        &mut self,
        device: &mut Device,
        operation: &Operation,
        faults: &[Fault],
    ) -> Result<Begun, Error> {
        let begun = self.begin(device, operation)?;
        let response = self.answer(operation, &begun, faults);
        self.proceed(device, &begun, operation, &response)
    }

    pub fn proceed(
        &mut self,
        device: &mut Device,
        begun: &Begun,
        operation: &Operation,
        response: &[u8],
    ) -> Result<Begun, Error> {
        let request = Request::Continue {
            vault: self.vault(),
            token: begun.token,
            operation: operation.clone(),
            response: response.to_vec().into(),
            auth_token: None,
        };
        match self.send(device, request)? {
            Reply::Begun(begun) => Ok(begun),
            other => panic!("{other:?}"),
        }
    }

    pub fn finish_with(
        &mut self,
        device: &mut Device,
        begun: &Begun,
        operation: &Operation,
        response: &[u8],
        secret: Option<FactorSecret>,
    ) -> Result<Reply, Error> {
        let mut request = self.finish_request(begun, operation, response, None);
        if let Request::Finish { secret: place, .. } = &mut request {
            *place = secret;
        }
        self.send(device, request)
    }

    /// A whole ceremony with an assertion and a secret.
    pub fn run_with(
        &mut self,
        device: &mut Device,
        operation: &Operation,
        secret: Option<FactorSecret>,
    ) -> Result<Reply, Error> {
        let begun = self.begin(device, operation)?;
        let response = self.answer(operation, &begun, &[]);
        self.finish_with(device, &begun, operation, &response, secret)
    }

    /// Adds a passkey of another authenticator.
    pub fn add_passkey(
        &mut self,
        device: &mut Device,
        new: &mut Authenticator,
    ) -> Result<Vec<u8>, Error> {
        let operation = Operation::AddCredential {
            label: "tablet".into(),
        };
        let begun = self.first_step(device, &operation, &[])?;
        let response = registration(&begun, new, &[]);
        match self.finish(device, &begun, &operation, &response)? {
            Reply::CredentialAdded { credential_id, .. } => Ok(credential_id),
            other => panic!("{other:?}"),
        }
    }

    pub fn remove_passkey(
        &mut self,
        device: &mut Device,
        credential_id: &[u8],
        allow_last_portable: bool,
    ) -> Result<VaultView, Error> {
        let operation = Operation::RemoveCredential {
            credential_id: credential_id.to_vec(),
            allow_last_portable,
        };
        view(self.run(device, &operation, &[]))
    }

    /// Enrols the PRF extension of the passkey that this client answers with.
    pub fn enrol_prf(&mut self, device: &mut Device) -> Result<Id, Error> {
        let operation = Operation::EnrolPrf;
        let begun = self.first_step(device, &operation, &[])?;
        let response = self.answer(&operation, &begun, &[]);
        enrolled(self.finish(device, &begun, &operation, &response))
    }

    pub fn recovery_key(&mut self, device: &mut Device) -> Result<(Id, Secret), Error> {
        match self.run(device, &Operation::CreateRecoveryKey, &[])? {
            Reply::RecoveryCreated { factor_id, key, .. } => {
                Ok((factor_id, Secret::Recovery(*key.expose())))
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn set_password(&mut self, device: &mut Device, secret: &Secret) -> Result<Id, Error> {
        let operation = Operation::SetPassword {
            parameters: parameters(),
        };
        enrolled(self.run_with(device, &operation, Some(secret.wire())))
    }

    pub fn rotate(&mut self, device: &mut Device) -> Result<VaultView, Error> {
        view(self.run(device, &Operation::Rotate, &[]))
    }

    pub fn end_epoch(&mut self, device: &mut Device, epoch: u32) -> Result<VaultView, Error> {
        view(self.run(device, &Operation::EndEpoch { epoch }, &[]))
    }

    pub fn refresh(&mut self, device: &mut Device, backup: &Backup) -> Result<Backup, Error> {
        let request = Request::Refresh {
            vault: self.vault(),
            core: backup.core.clone(),
            key_part: backup.key_part.clone(),
        };
        match self.send(device, request)? {
            Reply::Refreshed { key_part } => Ok(Backup {
                key_part,
                ..backup.clone()
            }),
            other => panic!("{other:?}"),
        }
    }

    /// Opens an archive on this device, by the passkey that this client answers with.
    pub fn import(&mut self, device: &mut Device, backup: &Backup) -> Result<VaultView, Error> {
        imported(self.run(device, &backup.import(FactorKind::Passkey), &[]))
    }

    /// Opens an archive by a secret, with a new passkey.
    pub fn import_with(
        &mut self,
        device: &mut Device,
        backup: &Backup,
        secret: &Secret,
        new: &mut Authenticator,
    ) -> Result<VaultView, Error> {
        let operation = backup.import(secret.kind());
        let begun = self.begin(device, &operation)?;
        let response = registration(&begun, new, &[]);
        imported(self.finish_with(device, &begun, &operation, &response, Some(secret.wire())))
    }

    pub fn rehearse(
        &mut self,
        device: &mut Device,
        backup: &Backup,
        secret: Option<&Secret>,
    ) -> Result<Id, Error> {
        let with = secret.map_or(FactorKind::Passkey, Secret::kind);
        let secret = secret.map(Secret::wire);
        match self.run_with(device, &backup.rehearsal(with), secret)? {
            Reply::Rehearsed { factor_id, .. } => Ok(factor_id),
            other => panic!("{other:?}"),
        }
    }
}

pub fn view(result: Result<Reply, Error>) -> Result<VaultView, Error> {
    match result? {
        Reply::Vault(view) => Ok(view),
        other => panic!("{other:?}"),
    }
}

pub fn imported(result: Result<Reply, Error>) -> Result<VaultView, Error> {
    match result? {
        Reply::Imported { vault, .. } => Ok(vault),
        other => panic!("{other:?}"),
    }
}

pub fn enrolled(result: Result<Reply, Error>) -> Result<Id, Error> {
    match result? {
        Reply::Enrolled { factor_id, .. } => Ok(factor_id),
        other => panic!("{other:?}"),
    }
}
