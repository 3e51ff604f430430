// SPDX-License-Identifier: Apache-2.0

//! The course of a ceremony: from its challenge to its answer.

use sealer_wire::{
    AuditEvent, Begun, Error, ErrorCode, FactorKind, FactorSecret, Id, Operation, RecordUpdate,
    Reply, Result, SensitiveBytes, VaultRef, limits,
};

use crate::challenge::{Asserted, Binding, Challenge, Memory};
use crate::change::{self, Change};
use crate::gate::{self, Terms};
use crate::header::Header;
use crate::import::{self, Place, Presence};
use crate::platform::{Platform, random};
use crate::record::Record;
use crate::sealer::Sealer;
use crate::vault::Parameters;
use crate::webauthn;
use crate::{auth_token, slots, vault};

/// What comes back from the passkey client, with what the service began it for.
pub struct Answer {
    /// The vault.
    pub vault: VaultRef,
    /// The ceremony.
    pub token: Id,
    /// What it was begun for.
    pub operation: Operation,
    /// The response JSON.
    pub response: SensitiveBytes,
    /// `hw_auth_token_t`.
    pub auth_token: Option<SensitiveBytes>,
}

impl<P: Platform> Sealer<P> {
    /// Issues a challenge. Writes nothing to the store.
    pub(crate) fn begin(
        &mut self,
        vault: VaultRef,
        operation: Operation,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        let mut binding = Binding {
            owner: gate::owner_digest(&vault.owner)?,
            vault_id: vault.vault_id,
            epoch: [0; 16],
            operation: gate::operation_digest(&operation)?,
            continues: gate::has_two_steps(&operation),
        };
        let has_token_key = self.platform.auth_token_key().is_some();
        match operation {
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
                if require_biometric && !has_token_key {
                    return Err(gate::no_biometrics());
                }
                self.check_vault_quota(&vault)?;
                binding.vault_id = random(&mut self.platform)?;
                self.issue(binding, Terms::none(), rp_id, user_name, require_biometric)
            }
            Operation::Import {
                core,
                key_part,
                with,
                label,
                ..
            } => {
                vault::check_owner(&vault.owner)?;
                vault::check_label(&label)?;
                let header = Header::decode(&core, &key_part)?;
                check_vault_id(&vault, &header)?;
                let known = self.known(&vault, update)?;
                self.check_import(&vault, known.as_ref(), &header, with)?;
                if with == FactorKind::Password {
                    self.check_attempts(&vault)?;
                }
                let terms = import::terms(&header, with)?;
                // The name is in the vault state, which nobody can open yet.
                let rp_id = header.part.rp_id;
                self.issue(binding, terms, rp_id.clone(), rp_id, has_token_key)
            }
            operation => {
                let record = self.load(&vault, update)?;
                if gate::guesses(&operation) {
                    self.check_attempts(&vault)?;
                }
                let terms = gate::begin(&mut self.platform, &record, &operation);
                self.defer_tampering(&record.vault_id, &terms);
                binding.epoch = record.current.epoch.id;
                let state = record.state;
                let biometric = state.biometric_user.is_some();
                self.issue(binding, terms?, state.rp_id, state.user_name, biometric)
            }
        }
    }

    fn issue(
        &mut self,
        binding: Binding,
        terms: Terms,
        rp_id: alloc::string::String,
        user_name: alloc::string::String,
        biometric: bool,
    ) -> Result<Reply> {
        let now_ms = self.platform.monotonic_ms();
        let vault_id = binding.vault_id;
        let challenge = Challenge {
            token: random(&mut self.platform)?,
            value: random(&mut self.platform)?,
            // Zero means "no challenge" in a hardware auth token.
            auth_token: u64::from_le_bytes(random(&mut self.platform)?).max(1),
            binding,
            memory: terms.memory,
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
            credential_ids: terms.credential_ids,
            auth_token_challenge: biometric.then_some(challenge.auth_token),
            prf: terms.prf,
        }))
    }

    /// The step between the two of a ceremony: verifies the first and issues the second challenge,
    /// which only this one could bring about.
    pub(crate) fn continue_ceremony(
        &mut self,
        answer: Answer,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        gate::check_response(&answer.response)?;
        let mut record = self.load(&answer.vault, update)?;
        let mut binding = binding(&answer, &record.current.epoch.id, true)?;
        let terms = self
            .take(&answer.token, &binding)
            .and_then(|challenge| second_terms(&self.platform, &record, &challenge, &answer));
        let terms = match terms {
            Ok(terms) => terms,
            Err(error) => {
                self.log_failure(&mut record, &error, update);
                return Err(error);
            }
        };
        binding.continues = false;
        let biometric = record.state.biometric_user.is_some()
            && matches!(answer.operation, Operation::EnrolPrf);
        let state = record.state;
        self.issue(binding, terms, state.rp_id, state.user_name, biometric)
    }

    /// The last step: verifies the answer, carries the operation out, and commits.
    pub(crate) fn finish(
        &mut self,
        answer: Answer,
        secret: Option<FactorSecret>,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        gate::check_response(&answer.response)?;
        match answer.operation {
            Operation::CreateVault { .. } => return self.create_vault(answer, update),
            Operation::Import { .. } => return self.import(answer, secret, update),
            _ => {}
        }
        let mut record = self.load(&answer.vault, update)?;
        let binding = binding(&answer, &record.current.epoch.id, false)?;
        let decided = self
            .take(&answer.token, &binding)
            .and_then(|challenge| self.decide(&record, challenge, &answer, secret));
        let (by, change) = match decided {
            Ok(decided) => decided,
            Err(error) => {
                self.note_lockout(&answer, &error);
                self.log_failure(&mut record, &error, update);
                return Err(error);
            }
        };
        let Some(change) = change else {
            slots::delete(self.platform.store(), &record)?;
            self.deferred.forget(&record.vault_id);
            *update = None;
            return Ok(Reply::Deleted);
        };
        let erases = matches!(change, Change::EndEpoch(_));
        let now = self.platform.unix_time();
        let reply = change::apply(&mut self.platform, &mut record, &by, change, now)?;
        self.commit(&mut record, now, update)?;
        if erases {
            // The other slot still has the key that is to be gone.
            self.commit(&mut record, now, update)?;
        }
        Ok(reply)
    }

    /// Who has answered, and what that lets happen; nothing is to change for `DeleteVault`, whose
    /// record goes.
    fn decide(
        &mut self,
        record: &Record,
        challenge: Challenge,
        answer: &Answer,
        secret: Option<FactorSecret>,
    ) -> Result<(Asserted, Option<Change>)> {
        if let Operation::AddCredential { label } = &answer.operation {
            let Memory::Registration(by) = challenge.memory else {
                return Err(change::no_memory());
            };
            let state = &record.state;
            let registration = webauthn::verify_registration(
                &gate::policy(&state.rp_id, &state.origins, &record.owner),
                &challenge.value,
                &answer.response,
            )?;
            change::check_new(record, &registration)?;
            gate::check_credentials(state)?;
            return Ok((by, Some(Change::AddCredential(registration, label.clone()))));
        }
        let auth_token = answer.auth_token.as_deref();
        let proof = gate::verify_assertion(
            &self.platform,
            record,
            &challenge,
            &answer.response,
            auth_token,
        )?;
        let by = proof.asserted.clone();
        if matches!(answer.operation, Operation::DeleteVault) {
            return Ok((by, None));
        }
        let guesses = gate::guesses(&answer.operation);
        if guesses {
            self.count_attempt(&answer.vault)?;
        }
        let memory = &challenge.memory;
        let change = change::decide(record, &answer.operation, memory, &proof, secret)?;
        if guesses {
            self.attempts
                .clear(self.platform.store(), &answer.vault.owner)?;
        }
        Ok((by, Some(change)))
    }

    fn take(&mut self, token: &Id, binding: &Binding) -> Result<Challenge> {
        let now_ms = self.platform.monotonic_ms();
        self.challenges.take(token, binding, now_ms)
    }

    fn check_attempts(&mut self, vault: &VaultRef) -> Result<()> {
        let now_ms = self.platform.monotonic_ms();
        self.attempts
            .check(self.platform.store(), &vault.owner, now_ms)
    }

    fn count_attempt(&mut self, vault: &VaultRef) -> Result<()> {
        let now_ms = self.platform.monotonic_ms();
        self.attempts
            .count(self.platform.store(), &vault.owner, now_ms)
    }

    /// For the log: whether it was a wrong password, and one too many.
    fn note_lockout(&mut self, answer: &Answer, error: &Error) {
        let locked = |error: Error| error.code == ErrorCode::LockedOut;
        if error.code == ErrorCode::CannotOpen
            && gate::guesses(&answer.operation)
            && self.check_attempts(&answer.vault).is_err_and(locked)
        {
            let vault_id = &answer.vault.vault_id;
            let event = AuditEvent::LockedOut;
            self.deferred.add(vault_id, event, ErrorCode::LockedOut);
        }
    }

    fn create_vault(&mut self, answer: Answer, update: &mut Option<RecordUpdate>) -> Result<Reply> {
        let binding = binding(&answer, &[0; 16], false)?;
        let Operation::CreateVault {
            rp_id,
            origins,
            user_name,
            label,
            require_biometric,
        } = &answer.operation
        else {
            return Err(change::no_memory());
        };
        let challenge = self.take(&answer.token, &binding)?;
        let parameters = Parameters {
            rp_id,
            origins,
            user_name,
            label,
        };
        let user = if *require_biometric {
            Some(self.token_user(&challenge, &answer)?)
        } else {
            None
        };
        self.check_vault_quota(&answer.vault)?;
        let owner = &answer.vault.owner;
        let registration = webauthn::verify_registration(
            &gate::policy(rp_id, origins, owner),
            &challenge.value,
            &answer.response,
        )?;
        let vault_id = answer.vault.vault_id;
        let now = self.platform.unix_time();
        let mut record = vault::create(
            &mut self.platform,
            owner,
            vault_id,
            &parameters,
            user,
            registration,
            now,
        )?;
        if let Err(error) = self.commit(&mut record, now, update) {
            // What a failed first write may have left is no vault; if it stays, it is not seen.
            slots::delete(self.platform.store(), &record).ok();
            return Err(error);
        }
        Ok(Reply::Vault(record.view()))
    }

    /// The secure user id of the hardware auth token.
    fn token_user(&self, challenge: &Challenge, answer: &Answer) -> Result<u64> {
        let key = self.platform.auth_token_key();
        let token = answer.auth_token.as_deref();
        auth_token::verify(key.as_ref(), token, challenge.auth_token)
    }

    fn check_vault_quota(&mut self, vault: &VaultRef) -> Result<()> {
        let ids = slots::list(self.platform.store(), &vault.owner)?;
        if ids.len() >= limits::VAULTS_PER_OWNER && !ids.contains(&vault.vault_id) {
            return Err(Error::new(ErrorCode::Quota, "an app has at most 16 vaults"));
        }
        Ok(())
    }

    /// The vault that an import is about, if this device has it whole. What it has lost is no
    /// obstacle: an import is the way back.
    fn known(
        &mut self,
        vault: &VaultRef,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Option<Record>> {
        match self.load(vault, update) {
            Ok(record) => Ok(Some(record)),
            Err(error) => match error.code {
                ErrorCode::NotFound
                | ErrorCode::Reset
                | ErrorCode::Rollback
                | ErrorCode::Corrupt => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Whether this device needs the archive, and has room for what it brings.
    fn check_import(
        &mut self,
        vault: &VaultRef,
        known: Option<&Record>,
        header: &Header<'_>,
        with: FactorKind,
    ) -> Result<()> {
        match known {
            Some(record) if record.root_of(&header.part.epoch.id).is_some() => {
                // Who has lost every passkey, and not the device, gets back in by what is left. An
                // archive of the current epoch has no factor that was taken away since.
                if with == FactorKind::Passkey || header.part.epoch.id != record.current.epoch.id {
                    return Err(import::already_imported());
                }
                record.audit.check_room()
            }
            Some(record) => record.audit.check_room(),
            None => self.check_vault_quota(vault),
        }
    }

    fn import(
        &mut self,
        answer: Answer,
        secret: Option<FactorSecret>,
        update: &mut Option<RecordUpdate>,
    ) -> Result<Reply> {
        let Operation::Import {
            core,
            key_part,
            with,
            ..
        } = &answer.operation
        else {
            return Err(change::no_memory());
        };
        let header = Header::decode(core, key_part)?;
        check_vault_id(&answer.vault, &header)?;
        let binding = binding(&answer, &[0; 16], false)?;
        let known = self.known(&answer.vault, update)?;
        let verified = self.take(&answer.token, &binding).and_then(|challenge| {
            self.check_import(&answer.vault, known.as_ref(), &header, *with)?;
            let (opened, presence) = self.open(&header, &challenge, &answer, secret)?;
            let user = match (&known, opened.state.biometric_user) {
                (Some(record), _) => {
                    let token = answer.auth_token.as_deref();
                    gate::check_biometric(&self.platform, &record.state, &challenge, token)?;
                    None
                }
                (None, Some(_)) => Some(self.token_user(&challenge, &answer)?),
                (None, None) => None,
            };
            Ok((opened, presence, user))
        });
        if let Err(error) = &verified {
            self.note_lockout(&answer, error);
        }
        let (mut known, (opened, presence, user)) = match (known, verified) {
            (known, Ok(verified)) => (known, verified),
            (Some(mut record), Err(error)) => {
                self.log_failure(&mut record, &error, update);
                return Err(error);
            }
            (None, Err(error)) => return Err(error),
        };
        let factor_id = opened.factor_id;
        let now = self.platform.unix_time();
        if let Some(record) = &mut known {
            import::add_to(&mut self.platform, record, opened, presence, now)?;
            self.commit(record, now, update)?;
            let vault = record.view();
            return Ok(Reply::Imported { vault, factor_id });
        }
        let (older, seq) = slots::leftover(self.platform.store(), &answer.vault)?;
        let nothing_before = older.is_none() && answer.vault.seen.is_none();
        let place = Place {
            owner: answer.vault.owner,
            vault_id: answer.vault.vault_id,
            older,
            seq,
        };
        let mut record = import::take_in(&mut self.platform, place, opened, presence, user, now)?;
        if let Err(error) = self.commit(&mut record, now, update) {
            if nothing_before {
                // As when a vault is created.
                slots::delete(self.platform.store(), &record).ok();
            }
            return Err(error);
        }
        Ok(Reply::Imported {
            vault: record.view(),
            factor_id,
        })
    }

    /// Opens an archive with what its owner has given, and verifies that the owner is there. The
    /// order is that of trust: secret, root key, MAC, vault state, ceremony, then what the state
    /// says of app and sealer.
    fn open(
        &mut self,
        header: &Header<'_>,
        challenge: &Challenge,
        answer: &Answer,
        secret: Option<FactorSecret>,
    ) -> Result<(import::Opened, Presence)> {
        let Operation::Import {
            with,
            label,
            allow_weaker_sealer,
            ..
        } = &answer.operation
        else {
            return Err(change::no_memory());
        };
        let owner = &answer.vault.owner;
        let (opened, presence) = match (with, &secret) {
            (FactorKind::Passkey, None) => {
                import::open_by_passkey(header, &challenge.value, &answer.response, owner)?
            }
            (_, Some(secret)) if secret.kind() == *with => {
                let guesses = gate::guesses(&answer.operation);
                if guesses {
                    self.count_attempt(&answer.vault)?;
                }
                let opened = import::open(header, *with, None, secret.expose())?;
                if guesses {
                    self.attempts.clear(self.platform.store(), owner)?;
                }
                let state = &opened.state;
                let registration = webauthn::verify_registration(
                    &gate::policy(&state.rp_id, &state.origins, owner),
                    &challenge.value,
                    &answer.response,
                )?;
                if state.find(&registration.credential_id).is_some() {
                    return Err(change::duplicate());
                }
                (opened, Presence::Registered(registration, label.clone()))
            }
            _ => return Err(change::no_secret()),
        };
        import::check_owner(&opened.state, owner)?;
        import::check_sealer(&opened.state, self.platform.kind(), *allow_weaker_sealer)?;
        Ok((opened, presence))
    }
}

/// What the second step of a ceremony asks, after its first was verified.
fn second_terms(
    platform: &impl Platform,
    record: &Record,
    challenge: &Challenge,
    answer: &Answer,
) -> Result<Terms> {
    let auth_token = answer.auth_token.as_deref();
    let proof = gate::verify_assertion(platform, record, challenge, &answer.response, auth_token)?;
    let state = &record.state;
    match answer.operation {
        Operation::AddCredential { .. } => {
            gate::check_credentials(state)?;
            Ok(Terms {
                credential_ids: gate::ids(&state.credentials),
                prf: None,
                memory: Memory::Registration(proof.asserted),
            })
        }
        Operation::EnrolPrf => {
            let hash = change::propose_prf(record, &proof)?;
            let again = || state.credentials.get(proof.index).into_iter();
            Ok(Terms {
                credential_ids: gate::ids(again()),
                prf: Some(gate::prf_inputs(state, again(), None)),
                memory: Memory::Confirmation(proof.asserted, hash),
            })
        }
        _ => Err(change::no_memory()),
    }
}

fn binding(answer: &Answer, epoch: &Id, continues: bool) -> Result<Binding> {
    Ok(Binding {
        owner: gate::owner_digest(&answer.vault.owner)?,
        vault_id: answer.vault.vault_id,
        epoch: *epoch,
        operation: gate::operation_digest(&answer.operation)?,
        continues,
    })
}

fn check_vault_id(vault: &VaultRef, header: &Header<'_>) -> Result<()> {
    if vault.vault_id != header.core.vault_id {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "the vault is not the one that the archive names",
        ));
    }
    Ok(())
}
