// SPDX-License-Identifier: Apache-2.0

//! One vault as the service and its user see it.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{
    AuditEntry, AuditMark, Begun, Error, ErrorCode, Id, Operation, Owner, PrfInputs, RecordUpdate,
    Reply, Request, Response, SealedAuditEntry, VaultRef, VaultView, decode_canonical, limits,
};
use serde_json::{Value, json};
use test_authenticator::{Authenticator, Fault};

use super::Device;

pub const RP_ID: &str = "example.org";
pub const ORIGIN: &str = "https://example.org";

/// A backup as it was made.
#[derive(Clone, Debug)]
pub struct Backup {
    pub core: Vec<u8>,
    pub key_part: Vec<u8>,
    pub dek: [u8; 32],
}

impl Backup {
    pub fn restore(&self) -> Operation {
        Operation::Restore {
            core: self.core.clone(),
            key_part: self.key_part.clone(),
        }
    }

    pub fn full_verify(&self) -> Operation {
        Operation::FullVerify {
            core: self.core.clone(),
            key_part: self.key_part.clone(),
        }
    }
}

#[derive(Clone)]
pub struct Client {
    pub owner: Owner,
    pub vault_id: Id,
    pub seen: Option<u64>,
    pub stored: u64,
    pub log: Vec<SealedAuditEntry>,
    pub authenticator: Authenticator,
    pub biometric: bool,
    /// Whether it stores the log, as a service must.
    pub acknowledges: bool,
    /// Whether the service dies before it has stored what comes with a response.
    pub forgets: bool,
}

impl Client {
    pub fn new(uid: u32) -> Self {
        Client {
            owner: Owner {
                user: uid / 100_000,
                uid,
                package: format!("com.example.app{uid}"),
                signer: [uid as u8; 32],
            },
            vault_id: [0; 16],
            seen: None,
            stored: 0,
            log: Vec::new(),
            authenticator: Authenticator::new(),
            biometric: false,
            acknowledges: true,
            forgets: false,
        }
    }

    /// With a vault.
    pub fn with_vault(device: &mut Device, uid: u32) -> Self {
        let mut client = Client::new(uid);
        client.create(device).unwrap();
        client
    }

    pub fn vault(&self) -> VaultRef {
        VaultRef {
            owner: self.owner.clone(),
            vault_id: self.vault_id,
            seen: self.seen,
            audit_stored: self.stored,
        }
    }

    pub fn create_vault(&self) -> Operation {
        Operation::CreateVault {
            rp_id: RP_ID.into(),
            origins: vec![ORIGIN.into()],
            user_name: "alex".into(),
            label: "phone".into(),
            require_biometric: self.biometric,
        }
    }

    /// Sends a request and stores what comes with the response.
    pub fn send(&mut self, device: &mut Device, request: Request) -> Result<Reply, Error> {
        let Response { result, record } = device.call(request);
        self.note(record);
        result
    }

    /// Stores what comes with a response.
    pub fn note(&mut self, record: Option<RecordUpdate>) {
        if let Some(record) = record
            && !self.forgets
            && (self.vault_id == record.vault_id || self.vault_id == [0; 16])
        {
            self.seen = self.seen.max(Some(record.seq));
            for sealed in record.audit.into_iter().filter(|_| self.acknowledges) {
                // As the service does: where one is missing, the verification finds it.
                let number = entry(&sealed).seq;
                if number > self.stored {
                    self.log.push(sealed);
                    self.stored = number;
                }
            }
        }
    }

    pub fn begin(&mut self, device: &mut Device, operation: &Operation) -> Result<Begun, Error> {
        let request = Request::Begin {
            vault: self.vault(),
            operation: operation.clone(),
        };
        match self.send(device, request)? {
            Reply::Begun(begun) => Ok(begun),
            other => panic!("{other:?}"),
        }
    }

    /// The user's answer to a ceremony that has begun.
    pub fn answer(&mut self, operation: &Operation, begun: &Begun, faults: &[Fault]) -> Vec<u8> {
        if matches!(operation, Operation::CreateVault { .. }) {
            registration(begun, &mut self.authenticator, faults)
        } else {
            assertion(begun, &mut self.authenticator, faults)
        }
    }

    pub fn finish_request(
        &self,
        begun: &Begun,
        operation: &Operation,
        response: &[u8],
        auth_token: Option<Vec<u8>>,
    ) -> Request {
        let mut vault = self.vault();
        vault.vault_id = begun.vault_id;
        Request::Finish {
            vault,
            token: begun.token,
            operation: operation.clone(),
            response: response.to_vec().into(),
            auth_token: auth_token.map(Into::into),
            secret: None,
        }
    }

    pub fn finish(
        &mut self,
        device: &mut Device,
        begun: &Begun,
        operation: &Operation,
        response: &[u8],
    ) -> Result<Reply, Error> {
        let request = self.finish_request(begun, operation, response, None);
        self.send(device, request)
    }

    /// A whole ceremony, wrong in the given things.
    pub fn run(
        &mut self,
        device: &mut Device,
        operation: &Operation,
        faults: &[Fault],
    ) -> Result<Reply, Error> {
        let begun = self.begin(device, operation)?;
        let response = self.answer(operation, &begun, faults);
        self.finish(device, &begun, operation, &response)
    }

    pub fn create(&mut self, device: &mut Device) -> Result<VaultView, Error> {
        match self.run(device, &self.create_vault(), &[])? {
            Reply::Vault(view) => {
                self.vault_id = view.vault_id;
                Ok(view)
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn show(&mut self, device: &mut Device) -> Result<VaultView, Error> {
        let vault = self.vault();
        match self.send(device, Request::ShowVault { vault })? {
            Reply::Vault(view) => Ok(view),
            other => panic!("{other:?}"),
        }
    }

    pub fn list(&mut self, device: &mut Device) -> Result<Vec<Id>, Error> {
        let owner = self.owner.clone();
        match self.send(device, Request::ListVaults { owner })? {
            Reply::Vaults(ids) => Ok(ids.into_iter().map(Into::into).collect()),
            other => panic!("{other:?}"),
        }
    }

    pub fn try_backup(&mut self, device: &mut Device, meta: &[u8]) -> Result<Backup, Error> {
        let request = Request::CreateBackup {
            vault: self.vault(),
            meta: meta.to_vec(),
        };
        match self.send(device, request)? {
            Reply::BackupCreated {
                core,
                key_part,
                dek,
            } => Ok(Backup {
                core,
                key_part,
                dek: *dek.expose(),
            }),
            other => panic!("{other:?}"),
        }
    }

    pub fn backup(&mut self, device: &mut Device) -> Backup {
        self.try_backup(device, b"nightly").unwrap()
    }

    /// The data key after a whole ceremony.
    pub fn restore(&mut self, device: &mut Device, backup: &Backup) -> Result<[u8; 32], Error> {
        released(self.run(device, &backup.restore(), &[]))
    }

    pub fn check(&mut self, device: &mut Device, backup: &Backup) -> Result<(), Error> {
        let request = Request::CheckHeader {
            vault: self.vault(),
            core: backup.core.clone(),
            key_part: backup.key_part.clone(),
        };
        match self.send(device, request)? {
            Reply::HeaderAuthentic => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    pub fn verify_run(
        &mut self,
        device: &mut Device,
        after: Option<AuditMark>,
        entries: &[SealedAuditEntry],
    ) -> Result<(Option<AuditMark>, bool), Error> {
        let request = Request::VerifyAudit {
            vault: self.vault(),
            after,
            entries: entries.to_vec(),
        };
        match self.send(device, request)? {
            Reply::AuditVerified { mark, head } => Ok((mark, head)),
            other => panic!("{other:?}"),
        }
    }

    /// Verifies a log in batches; whether it is complete.
    pub fn verify_log(
        &mut self,
        device: &mut Device,
        log: &[SealedAuditEntry],
    ) -> Result<bool, Error> {
        let (mut mark, mut head) = (None, false);
        for batch in log.chunks(limits::AUDIT_BATCH) {
            (mark, head) = self.verify_run(device, mark, batch)?;
        }
        Ok(head)
    }

    /// Fetches what the sealer still holds of the log.
    pub fn drain_log(&mut self, device: &mut Device) {
        loop {
            let before = self.stored;
            self.show(device).unwrap();
            if self.stored == before {
                return;
            }
        }
    }

    /// The log that was stored, decoded.
    pub fn entries(&self) -> Vec<AuditEntry> {
        self.log.iter().map(entry).collect()
    }
}

pub fn entry(sealed: &SealedAuditEntry) -> AuditEntry {
    decode_canonical(&sealed.entry, ErrorCode::Internal, "").unwrap()
}

/// The data key of a reply that releases one.
pub fn released(result: Result<Reply, Error>) -> Result<[u8; 32], Error> {
    match result? {
        Reply::Released(dek) => Ok(*dek.expose()),
        other => panic!("{other:?}"),
    }
}

/// What a ceremony asks, of this passkey alone.
pub fn only(begun: &Begun, id: &[u8]) -> Begun {
    let mut asked = begun.clone();
    asked.credential_ids = vec![id.to_vec().into()];
    if let Some(prf) = &mut asked.prf {
        prf.by_credential.retain(|own| own.credential_id == id);
    }
    asked
}

/// A new passkey's answer to a ceremony.
pub fn registration(begun: &Begun, by: &mut Authenticator, faults: &[Fault]) -> Vec<u8> {
    let options = creation_options(begun).to_string();
    by.register_with(&options, ORIGIN, faults)
        .unwrap()
        .into_bytes()
}

/// An enrolled passkey's answer to a ceremony.
pub fn assertion(begun: &Begun, by: &mut Authenticator, faults: &[Fault]) -> Vec<u8> {
    let options = request_options(begun).to_string();
    by.assert_with(&options, ORIGIN, faults)
        .unwrap()
        .into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn descriptors(begun: &Begun) -> Value {
    begun
        .credential_ids
        .iter()
        .map(|id| json!({"type": "public-key", "id": base64(id)}))
        .collect()
}

fn creation_options(begun: &Begun) -> Value {
    json!({
        "rp": {"id": begun.rp_id, "name": "Passkey Backup"},
        "user": {
            "id": base64(&begun.vault_id),
            "name": begun.user_name,
            "displayName": begun.user_name,
        },
        "challenge": base64(&begun.challenge),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
        ],
        "excludeCredentials": descriptors(begun),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"prf": {}},
    })
}

/// A client that is asked for no PRF results may give some all the same.
fn prf_options(prf: Option<&PrfInputs>) -> Value {
    let Some(prf) = prf else {
        return json!({"eval": {"first": base64(b"input")}});
    };
    let eval = |first: &[u8; 32]| match &prf.second {
        Some(second) => json!({"first": base64(first), "second": base64(second)}),
        None => json!({"first": base64(first)}),
    };
    let own = prf.by_credential.iter();
    let own: serde_json::Map<_, _> = own
        .map(|one| (base64(&one.credential_id), eval(&one.first)))
        .collect();
    if own.is_empty() {
        return json!({"eval": eval(&prf.first)});
    }
    json!({"eval": eval(&prf.first), "evalByCredential": own})
}

fn request_options(begun: &Begun) -> Value {
    json!({
        "challenge": base64(&begun.challenge),
        "rpId": begun.rp_id,
        "allowCredentials": descriptors(begun),
        "userVerification": "required",
        "extensions": {"prf": prf_options(begun.prf.as_ref())},
    })
}
