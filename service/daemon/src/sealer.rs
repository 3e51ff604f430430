// SPDX-License-Identifier: Apache-2.0

//! Requests to the sealer.
//!
//! # Life of a request
//!
//! ```text
//! catalogue: what was seen of the vault ─▶ sealer ─▶ catalogue: record number, audit, view ─▶ caller
//! ```
//!
//! Every answer, a refusal too, can carry the state of the vault's record: its sequence number, by
//! which a sealer that was put back shows, and audit entries that the service has not stored yet.
//! Both are stored before the answer is looked at. Where that fails, as on a full disk, the answer
//! is still given: the sealer keeps the entries and hands them over again, and once it has no room
//! for more it releases nothing.
//!
//! # Locking
//!
//! None here. The sealer serves one request at a time; answers may reach the catalogue out of
//! order, which it allows for.

use std::sync::{Arc, Mutex, PoisonError};

use passkeybackup_aidl::android::hardware::security::sealer::SealerKind::SealerKind as HardwareKind;
use passkeybackup_catalogue::Catalogue;
use sealer_wire::{
    AuditEntry, Begun, Error, ErrorCode, FactorSecret, Id, Info, Operation, Owner, RecordUpdate,
    Reply, Request, Response, Result, SealerKind, VaultRef, VaultView, WIRE_VERSION,
    decode_canonical,
};
use zeroize::Zeroizing;

use crate::ceremonies::Ceremony;
use crate::hal::{Hal, unanswered};

/// More audit than one answer carries is fetched in at most so many further ones.
const DRAINS: usize = 16;

/// The sealer, and the catalogue that keeps what it says.
pub struct Sealer {
    hal: Hal,
    catalogue: Arc<Catalogue>,
    info: Mutex<Option<Info>>,
}

impl Sealer {
    /// Takes a sealer after asking what it is.
    ///
    /// Errors: `TEE_UNAVAILABLE`; `UNSUPPORTED_VERSION`; `INTERNAL` if the HAL service and the
    /// sealer behind it do not say the same.
    pub fn new(hal: Hal, catalogue: Arc<Catalogue>) -> Result<Sealer> {
        let sealer = Sealer {
            hal,
            catalogue,
            info: Mutex::new(None),
        };
        let info = sealer.info()?;
        let kind = match info.kind {
            SealerKind::Nonsecure => HardwareKind::NONSECURE,
            SealerKind::Optee => HardwareKind::OPTEE,
        };
        if kind != sealer.hal.kind() {
            return Err(Error::new(
                ErrorCode::Internal,
                "the sealer and its HAL service disagree on what they are",
            ));
        }
        if info.wire_version != WIRE_VERSION {
            return Err(Error::new(
                ErrorCode::UnsupportedVersion,
                "the sealer speaks another wire version",
            ));
        }
        Ok(sealer)
    }

    /// What the sealer is.
    pub fn info(&self) -> Result<Info> {
        match self.call(Request::GetInfo)?.result? {
            Reply::Info(info) => {
                *self.info.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.clone());
                Ok(info)
            }
            _ => Err(unexpected()),
        }
    }

    /// What the sealer said it is when it was last asked.
    pub fn last_info(&self) -> Option<Info> {
        self.info
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Ids of the vaults that the sealer has of this owner.
    pub fn list(&self, owner: &Owner) -> Result<Vec<Id>> {
        let request = Request::ListVaults {
            owner: owner.clone(),
        };
        match self.call(request)?.result? {
            Reply::Vaults(ids) => Ok(ids.into_iter().map(|id| *id).collect()),
            _ => Err(unexpected()),
        }
    }

    /// A vault as the sealer has it now; the catalogue has the same afterwards.
    pub fn show(&self, owner: &Owner, vault_id: &Id) -> Result<VaultView> {
        match self.ask(owner, vault_id, |vault| Request::ShowVault { vault })? {
            Reply::Vault(view) => Ok(view),
            _ => Err(unexpected()),
        }
    }

    /// Begins a ceremony. For `CreateVault` the vault id is ignored.
    pub fn begin(&self, owner: &Owner, vault_id: &Id, operation: Operation) -> Result<Begun> {
        match self.ask(owner, vault_id, |vault| Request::Begin { vault, operation })? {
            Reply::Begun(begun) => Ok(begun),
            _ => Err(unexpected()),
        }
    }

    /// Finishes a ceremony with what the passkey client returned, and with the secret of a factor
    /// that is no passkey where the operation takes one.
    pub fn finish(
        &self,
        begun: &Ceremony,
        operation: Operation,
        response: &[u8],
        secret: Option<FactorSecret>,
    ) -> Result<Reply> {
        self.ask(&begun.owner, &begun.vault_id, |vault| Request::Finish {
            vault,
            token: begun.token,
            operation,
            response: response.to_vec().into(),
            auth_token: None,
            secret,
        })
    }

    /// Ends the first step of a ceremony of two.
    pub fn proceed(
        &self,
        begun: &Ceremony,
        operation: Operation,
        response: &[u8],
    ) -> Result<Begun> {
        let reply = self.ask(&begun.owner, &begun.vault_id, |vault| Request::Continue {
            vault,
            token: begun.token,
            operation,
            response: response.to_vec().into(),
            auth_token: None,
        })?;
        match reply {
            Reply::Begun(begun) => Ok(begun),
            _ => Err(unexpected()),
        }
    }

    /// Erases the vaults of a user, or of one uid of that user.
    pub fn remove(&self, user: u32, uid: Option<u32>) -> Result<Vec<Id>> {
        let mut removed = Vec::new();
        loop {
            let Reply::Removed { vaults, more } =
                self.call(Request::RemoveVaults { user, uid })?.result?
            else {
                return Err(unexpected());
            };
            // A sealer that says there is more and removes nothing would never be done.
            let stuck = more && vaults.is_empty();
            removed.extend(vaults.into_iter().map(|id| *id));
            if stuck {
                return Err(unexpected());
            }
            if !more {
                return Ok(removed);
            }
        }
    }

    /// Asks about one vault, and stores what the answer says of its record.
    pub fn ask(
        &self,
        owner: &Owner,
        vault_id: &Id,
        request: impl FnOnce(VaultRef) -> Request,
    ) -> Result<Reply> {
        let vault = self
            .catalogue
            .read(|view| view.vault_ref(owner, vault_id))?;
        let response = self.call(request(vault))?;
        let backlog = self.store(owner, &response);
        if backlog {
            self.drain(owner, vault_id);
        }
        response.result
    }

    /// Fetches audit entries that one answer had no room for.
    fn drain(&self, owner: &Owner, vault_id: &Id) {
        for _ in 0..DRAINS {
            let asked = self
                .catalogue
                .read(|view| view.vault_ref(owner, vault_id))
                .and_then(|vault| self.call(Request::ShowVault { vault }));
            match asked {
                Ok(response) => {
                    if !self.store(owner, &response) {
                        return;
                    }
                }
                Err(error) => {
                    log::warn!("audit entries stay with the sealer for now: {error}");
                    return;
                }
            }
        }
    }

    /// Stores what an answer says of a record. Returns whether the sealer may have more to say.
    fn store(&self, owner: &Owner, response: &Response) -> bool {
        let Some(update) = &response.record else {
            return false;
        };
        let reply = response.result.as_ref().ok();
        let view = reply.and_then(Reply::vault);
        let imported = matches!(reply, Some(Reply::Imported { .. }));
        let stored = self
            .store_update(owner, update, view, imported)
            .or_else(|error| {
                // The catalogue does not know the vault yet, as after a crash right after its creation.
                match (error.code, view) {
                    (ErrorCode::NotFound, None) => self.adopt(owner, &update.vault_id),
                    _ => Err(error),
                }
            });
        match stored {
            // One entry is the request's own; more than one is a backlog.
            Ok(()) => update.audit.len() > 1,
            Err(error) => {
                log::error!("cannot store what the sealer says of a record: {error}");
                false
            }
        }
    }

    /// An import brings a vault that this device had lost back with a record and an audit log that
    /// begin anew.
    fn store_update(
        &self,
        owner: &Owner,
        update: &RecordUpdate,
        view: Option<&VaultView>,
        imported: bool,
    ) -> Result<()> {
        self.catalogue.with_transaction(|change| {
            if imported && begins_log(update) {
                match change.restart_vault(owner, &update.vault_id, update.seq) {
                    Err(error) if error.code != ErrorCode::NotFound => return Err(error),
                    _ => {}
                }
            }
            if let Some(view) = view {
                change.put_vault(owner, view, update.seq)?;
            }
            change.note(owner, update)
        })
    }

    /// Enters a vault into the catalogue that only the sealer knows.
    fn adopt(&self, owner: &Owner, vault_id: &Id) -> Result<()> {
        let vault = VaultRef {
            owner: owner.clone(),
            vault_id: *vault_id,
            seen: None,
            audit_stored: 0,
        };
        let response = self.call(Request::ShowVault { vault })?;
        match (&response.result, &response.record) {
            (Ok(Reply::Vault(view)), Some(update)) => {
                self.store_update(owner, update, Some(view), false)
            }
            // Erased meanwhile: there is nothing to store.
            _ => Ok(()),
        }
    }

    fn call(&self, request: Request) -> Result<Response> {
        let request = request.to_bytes()?;
        let response = self
            .hal
            .get()?
            .processRequest(&request)
            .map(Zeroizing::new)
            .map_err(|status| unanswered(&status))?;
        Response::from_bytes(&response)
    }
}

/// Whether the audit entries that came are the first ones of their log.
fn begins_log(update: &RecordUpdate) -> bool {
    update.audit.first().is_some_and(|sealed| {
        let what = "not an audit entry";
        decode_canonical::<AuditEntry>(&sealed.entry, ErrorCode::AuditTampered, what)
            .is_ok_and(|entry| entry.seq == 1)
    })
}

/// The sealer answered to another request than the one that was asked.
pub fn unexpected() -> Error {
    Error::new(
        ErrorCode::Internal,
        "the sealer's answer is not one to this request",
    )
}
