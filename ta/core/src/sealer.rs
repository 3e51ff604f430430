//! From a request to its response.

use alloc::vec::Vec;

use sealer_wire::{
    AuditEvent, Begun, Error, ErrorCode, Id, Info, Operation, Owner, RecordUpdate, Reply, Request,
    Response, Result, SealedAuditEntry, VaultRef, WIRE_VERSION, limits,
};
use zeroize::Zeroizing;

use crate::audit::Deferred;
use crate::challenge::{Binding, Challenge, Challenges};
use crate::platform::{Platform, random};
use crate::record::{Event, Record};
use crate::vault::Parameters;
use crate::webauthn::{self, Algorithm};
use crate::{auth_token, backup, gate, slots, vault};

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
    platform: P,
    config: Config,
    challenges: Challenges,
    deferred: Deferred,
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
            Request::Finish {
                vault,
                token,
                operation,
                response,
                auth_token,
                secret: _,
            } => self.finish(
                vault,
                &token,
                operation,
                &response,
                auth_token.as_deref(),
                update,
            ),
            Request::CreateBackup { vault, meta } => {
                let mut record = self.load(&vault, update)?;
                let reply = backup::create(&mut self.platform, &mut record, meta)?;
                self.commit(&mut record, update)?;
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
            Request::Continue { .. } | Request::Refresh { .. } => Err(gate::unsupported()),
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

    /// Issues a challenge. Writes nothing to the store.
    fn begin(
        &mut self,
        vault: VaultRef,
        operation: Operation,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        let operation_digest = gate::operation_digest(&operation)?;
        let (vault_id, epoch, rp_id, user_name, credential_ids, biometric) = match operation {
            Operation::CreateVault {
                rp_id,
                origins,
                user_name,
                label,
                require_biometric,
            } => {
                vault::check_owner(&vault.owner)?;
                vault::check_parameters(&Parameters {
                    rp_id: &rp_id,
                    origins: &origins,
                    user_name: &user_name,
                    label: &label,
                })?;
                if require_biometric && self.platform.auth_token_key().is_none() {
                    return Err(gate::no_biometrics());
                }
                self.check_vault_quota(&vault.owner)?;
                let id = random(&mut self.platform)?;
                (id, [0; 16], rp_id, user_name, Vec::new(), require_biometric)
            }
            operation => {
                let record = self.load(&vault, update)?;
                let checked = gate::check_begin(&self.platform, &record, &operation);
                self.defer_tampering(&record.vault_id, &checked);
                checked?;
                let state = record.state;
                let ids = state
                    .credentials
                    .into_iter()
                    .map(|found| found.id.into())
                    .collect();
                let biometric = state.biometric_user.is_some();
                let epoch = record.current.epoch.id;
                (
                    record.vault_id,
                    epoch,
                    state.rp_id,
                    state.user_name,
                    ids,
                    biometric,
                )
            }
        };
        let now_ms = self.platform.monotonic_ms();
        let challenge = Challenge {
            token: random(&mut self.platform)?,
            value: random(&mut self.platform)?,
            // Zero means "no challenge" in a hardware auth token.
            auth_token: u64::from_le_bytes(random(&mut self.platform)?).max(1),
            binding: Binding {
                owner: gate::owner_digest(&vault.owner)?,
                vault_id,
                epoch,
                operation: operation_digest,
            },
            expires_ms: now_ms.saturating_add(self.config.challenge_ttl_ms),
        };
        self.challenges.insert(challenge.clone(), now_ms)?;
        Ok(Reply::Begun(Begun {
            token: challenge.token,
            challenge: challenge.value,
            ttl_ms: self.config.challenge_ttl_ms,
            vault_id,
            rp_id,
            user_name,
            credential_ids,
            auth_token_challenge: biometric.then_some(challenge.auth_token),
            prf: None,
        }))
    }

    fn finish(
        &mut self,
        vault: VaultRef,
        token: &Id,
        operation: Operation,
        response: &[u8],
        auth_token: Option<&[u8]>,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        gate::check_response(response)?;
        let mut binding = Binding {
            owner: gate::owner_digest(&vault.owner)?,
            vault_id: vault.vault_id,
            epoch: [0; 16],
            operation: gate::operation_digest(&operation)?,
        };
        if let Operation::CreateVault {
            rp_id,
            origins,
            user_name,
            label,
            require_biometric,
        } = &operation
        {
            let challenge = self.take(token, &binding)?;
            let parameters = Parameters {
                rp_id,
                origins,
                user_name,
                label,
            };
            let user = if *require_biometric {
                let key = self.platform.auth_token_key();
                Some(auth_token::verify(
                    key.as_ref(),
                    auth_token,
                    challenge.auth_token,
                )?)
            } else {
                None
            };
            return self.create_vault(&vault, &challenge, &parameters, user, response, update);
        }

        let mut record = self.load(&vault, update)?;
        binding.epoch = record.current.epoch.id;
        let verified = self.take(token, &binding).and_then(|challenge| {
            gate::verify(
                &self.platform,
                &record,
                &challenge,
                &operation,
                response,
                auth_token,
            )
        });
        let verified = match verified {
            Ok(verified) => verified,
            Err(error) => {
                self.log_failure(&mut record, &error, update);
                return Err(error);
            }
        };
        if matches!(operation, Operation::DeleteVault) {
            slots::delete(self.platform.store(), &record)?;
            self.deferred.forget(&record.vault_id);
            *update = None;
            return Ok(Reply::Deleted);
        }
        let reply = gate::apply(&mut self.platform, &mut record, operation, verified)?;
        self.commit(&mut record, update)?;
        Ok(reply)
    }

    fn take(&mut self, token: &Id, binding: &Binding) -> Result<Challenge> {
        let now_ms = self.platform.monotonic_ms();
        self.challenges.take(token, binding, now_ms)
    }

    fn create_vault(
        &mut self,
        vault: &VaultRef,
        challenge: &Challenge,
        parameters: &Parameters<'_>,
        biometric_user: Option<u64>,
        response: &[u8],
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        self.check_vault_quota(&vault.owner)?;
        let registration = webauthn::verify_registration(
            &gate::policy(parameters.rp_id, parameters.origins, &vault.owner),
            &challenge.value,
            response,
        )?;
        let mut record = vault::create(
            &mut self.platform,
            &vault.owner,
            vault.vault_id,
            parameters,
            biometric_user,
            registration,
        )?;
        if let Err(error) = self.commit(&mut record, update) {
            // What a failed first write may have left is no vault; if it stays, it is not seen.
            slots::delete(self.platform.store(), &record).ok();
            return Err(error);
        }
        Ok(Reply::Vault(record.view()))
    }

    fn check_vault_quota(&mut self, owner: &Owner) -> Result<()> {
        if slots::list(self.platform.store(), owner)?.len() >= limits::VAULTS_PER_OWNER {
            return Err(Error::new(ErrorCode::Quota, "an app has at most 16 vaults"));
        }
        Ok(())
    }

    /// Reads a record, forgets what the service has stored of its log, and notes its state for the
    /// response.
    fn load(&mut self, vault: &VaultRef, update: &mut Option<RecordUpdate>) -> Result<Record> {
        vault::check_owner(&vault.owner)?;
        let loaded = slots::load(self.platform.store(), vault);
        self.defer_tampering(&vault.vault_id, &loaded);
        let mut record = loaded?;
        record.audit.acknowledge(vault.audit_stored);
        *update = Some(status(&record));
        Ok(record)
    }

    /// The one commit of a request, with whatever could not be logged before.
    fn commit(&mut self, record: &mut Record, update: &mut Option<RecordUpdate>) -> Result<()> {
        let now = self.platform.unix_time();
        record.audit.note_time(now);
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
    fn log_failure(
        &mut self,
        record: &mut Record,
        error: &Error,
        update: &mut Option<RecordUpdate>,
    ) {
        let now = self.platform.unix_time();
        let event = if error.code == ErrorCode::HeaderTampered {
            AuditEvent::TamperFound
        } else {
            AuditEvent::CeremonyFailed
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
            && self.commit(record, update).is_ok();
        if !logged {
            self.deferred.add(&record.vault_id, event, error.code);
        }
    }

    /// Remembers tampering that a request found which must not write.
    fn defer_tampering<T>(&mut self, vault_id: &Id, result: &Result<T>) {
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
