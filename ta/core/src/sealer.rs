// SPDX-License-Identifier: Apache-2.0

//! From a request to its response.

use alloc::vec::Vec;

use sealer_wire::{
    AuditEvent, Error, ErrorCode, Id, Info, RecordUpdate, Reply, Request, Response, Result,
    SealedAuditEntry, VaultRef, WIRE_VERSION, limits,
};
use zeroize::Zeroizing;

use crate::attempts::Attempts;
use crate::audit::Deferred;
use crate::ceremony::Answer;
use crate::challenge::Challenges;
use crate::platform::Platform;
use crate::record::{Event, Record};
use crate::webauthn::Algorithm;
use crate::{backup, slots, vault};

/// What may be set where a sealer is started.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Life of a challenge; longer than [`limits::CHALLENGE_TTL_MS`] means that one.
    pub challenge_ttl_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            challenge_ttl_ms: limits::CHALLENGE_TTL_MS,
        }
    }
}

/// A sealer on a platform.
pub struct Sealer<P> {
    pub(crate) platform: P,
    pub(crate) config: Config,
    pub(crate) challenges: Challenges,
    pub(crate) deferred: Deferred,
    pub(crate) attempts: Attempts,
}

impl<P: Platform> Sealer<P> {
    /// A sealer with no ceremonies begun.
    pub fn new(platform: P, config: Config) -> Self {
        let config = Config {
            challenge_ttl_ms: config.challenge_ttl_ms.min(limits::CHALLENGE_TTL_MS),
        };
        Sealer {
            platform,
            config,
            challenges: Challenges::default(),
            deferred: Deferred::default(),
            attempts: Attempts::default(),
        }
    }

    /// The platform, for tests that look at what a request did to it.
    pub fn platform(&mut self) -> &mut P {
        &mut self.platform
    }

    /// Processes one encoded request. Every refusal is an encoded response; the result is empty
    /// only when not even a refusal could be allocated.
    pub fn process(&mut self, request: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut record = None;
        let result =
            Request::from_bytes(request).and_then(|request| self.dispatch(request, &mut record));
        Response { result, record }
            .to_bytes()
            .unwrap_or_else(|error| {
                Response {
                    result: Err(error),
                    record: None,
                }
                .to_bytes()
                .unwrap_or_default()
            })
    }

    fn dispatch(&mut self, request: Request, update: &mut Option<RecordUpdate>) -> Result<Reply> {
        match request {
            Request::GetInfo => Ok(Reply::Info(self.info())),
            Request::ListVaults { owner } => {
                vault::check_owner(&owner)?;
                let ids = slots::list(self.platform.store(), &owner)?;
                Ok(Reply::Vaults(ids.into_iter().map(Into::into).collect()))
            }
            Request::ShowVault { vault } => {
                let record = self.load(&vault, update)?;
                Ok(Reply::Vault(record.view()))
            }
            Request::Begin { vault, operation } => self.begin(vault, operation, update),
            Request::Continue {
                vault,
                token,
                operation,
                response,
                auth_token,
            } => {
                let answer = Answer {
                    vault,
                    token,
                    operation,
                    response,
                    auth_token,
                };
                self.continue_ceremony(answer, update)
            }
            Request::Finish {
                vault,
                token,
                operation,
                response,
                auth_token,
                secret,
            } => {
                let answer = Answer {
                    vault,
                    token,
                    operation,
                    response,
                    auth_token,
                };
                self.finish(answer, secret, update)
            }
            Request::CreateBackup { vault, meta } => {
                let mut record = self.load(&vault, update)?;
                let now = self.platform.unix_time();
                let reply = backup::create(&mut self.platform, &mut record, meta, now)?;
                self.commit(&mut record, now, update)?;
                Ok(reply)
            }
            Request::CheckHeader {
                vault,
                core,
                key_part,
            } => {
                let record = self.load(&vault, update)?;
                let result = backup::authenticate(&record, &core, &key_part);
                self.defer_tampering(&record.vault_id, &result);
                result.map(|_| Reply::HeaderAuthentic)
            }
            Request::VerifyAudit {
                vault,
                after,
                entries,
            } => {
                let record = self.load(&vault, update)?;
                let result = record.audit.verify(&record.vault_id, after, &entries);
                self.defer_tampering(&record.vault_id, &result);
                result.map(|(mark, head)| Reply::AuditVerified { mark, head })
            }
            Request::RemoveVaults { user, uid } => {
                let (ids, more) = slots::remove_some(self.platform.store(), user, uid)?;
                Ok(Reply::Removed {
                    vaults: ids.into_iter().map(Into::into).collect(),
                    more,
                })
            }
            Request::Refresh {
                vault,
                core,
                key_part,
            } => {
                let record = self.load(&vault, update)?;
                let result = backup::refresh(&mut self.platform, &record, &core, &key_part);
                self.defer_tampering(&record.vault_id, &result);
                result
            }
        }
    }

    fn info(&self) -> Info {
        Info {
            kind: self.platform.kind(),
            revision: self.platform.revision(),
            wire_version: WIRE_VERSION,
            storage_protection: self.platform.storage_protection(),
            algorithms: Algorithm::ALL
                .iter()
                .filter_map(|algorithm| i32::try_from(algorithm.cose()).ok())
                .collect(),
            challenge_ttl_ms: self.config.challenge_ttl_ms,
        }
    }

    /// Reads a record, forgets what the service has stored of its log, and notes its state for the
    /// response.
    pub(crate) fn load(
        &mut self,
        vault: &VaultRef,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Record> {
        vault::check_owner(&vault.owner)?;
        let loaded = slots::load(self.platform.store(), vault);
        self.defer_tampering(&vault.vault_id, &loaded);
        let mut record = loaded?;
        record.audit.acknowledge(vault.audit_stored);
        *update = Some(status(&record));
        Ok(record)
    }

    /// The one commit of a request, with whatever could not be logged before.
    pub(crate) fn commit(
        &mut self,
        record: &mut Record,
        now: u64,
        update: &mut Option<RecordUpdate>,
    ) -> Result<()> {
        record.audit.failures.note_time(now);
        record.backups.note_time(now);
        let vault_id = record.vault_id;
        let deferred = self.deferred.take(&vault_id, record.audit.room());
        let result = deferred
            .iter()
            .try_for_each(|counted| record.audit.append(&vault_id, now, counted.event()))
            .and_then(|()| slots::commit(self.platform.store(), record));
        match result {
            Ok(()) => *update = Some(status(record)),
            Err(_) => deferred
                .into_iter()
                .for_each(|counted| self.deferred.put(counted)),
        }
        result
    }

    /// Logs a failed ceremony: an entry and a commit up to the rate limit, then only a count.
    /// Failing to log does not change the refusal.
    pub(crate) fn log_failure(
        &mut self,
        record: &mut Record,
        error: &Error,
        update: &mut Option<RecordUpdate>,
    ) {
        let now = self.platform.unix_time();
        let event = match error.code {
            ErrorCode::HeaderTampered => AuditEvent::TamperFound,
            ErrorCode::LockedOut => AuditEvent::LockedOut,
            _ => AuditEvent::CeremonyFailed,
        };
        let logged = record.audit.admit_failure(now)
            && record
                .audit
                .append(
                    &record.vault_id,
                    now,
                    Event {
                        result: error.code as i32,
                        ..Event::done(event)
                    },
                )
                .is_ok()
            && self.commit(record, now, update).is_ok();
        if !logged {
            self.deferred.add(&record.vault_id, event, error.code);
        }
    }

    /// Remembers tampering that a request found which must not write.
    pub(crate) fn defer_tampering<T>(&mut self, vault_id: &Id, result: &Result<T>) {
        if let Err(error) = result
            && matches!(
                error.code,
                ErrorCode::HeaderTampered
                    | ErrorCode::Rollback
                    | ErrorCode::Corrupt
                    | ErrorCode::Reset
                    | ErrorCode::AuditTampered
            )
        {
            self.deferred
                .add(vault_id, AuditEvent::TamperFound, error.code);
        }
    }
}

fn status(record: &Record) -> RecordUpdate {
    let audit: Vec<SealedAuditEntry> = record
        .audit
        .pending
        .iter()
        .take(limits::AUDIT_PER_RESPONSE)
        .cloned()
        .collect();
    RecordUpdate {
        vault_id: record.vault_id,
        seq: record.seq,
        audit,
    }
}
