// SPDX-License-Identifier: Apache-2.0

//! What the sealer keeps of a vault.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::bytes::ByteArray;
use minicbor::{CborLen, Decode, Encode};
use sealer_wire::header::{Epoch, PasswordParameters};
use sealer_wire::{
    AttestationKind, AuditEvent, CredentialView, FactorKind, FactorView, Id, Owner, PrfState,
    SealedAuditEntry, SealerKind, Secret32, VaultView, decode_list, limits,
};

use crate::factor::{Addressee, Portable};
use crate::keys::RootKey;
use crate::webauthn::PublicKey;
use crate::window::Window;

/// A record as it is stored: the vault, and what belongs to this device alone.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Record {
    /// Grows by one with every commit.
    #[n(1)]
    pub seq: u64,
    /// Who owns it.
    #[n(2)]
    pub owner: Owner,
    /// The vault.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// The current epoch.
    #[n(4)]
    pub current: EpochKey,
    /// What archives carry along.
    #[n(5)]
    pub state: VaultState,
    /// The log of this device.
    #[n(6)]
    pub audit: AuditState,
    /// Backups of late, for their limit.
    #[n(7)]
    pub backups: Window,
}

/// An epoch with its root key.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct EpochKey {
    /// Number, id, parent.
    #[n(0)]
    pub epoch: Epoch,
    /// The root key.
    #[n(1)]
    pub root_key: Secret32,
}

/// The vault state: in the record, and sealed in every archive header, so that an import restores
/// all of it.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct VaultState {
    /// Relying party id.
    #[n(1)]
    pub rp_id: String,
    /// Origins that ceremonies may come from.
    #[cbor(n(2), decode_with = "decode_list::<_, _, {limits::ORIGINS}>")]
    pub origins: Vec<String>,
    /// The name that passkey clients show.
    #[n(3)]
    pub user_name: String,
    /// Package of the owner.
    #[n(4)]
    pub package: String,
    /// Signing certificate digest of the owner.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub signer: [u8; 32],
    /// The kind of sealer that made this state.
    #[n(6)]
    pub sealer: SealerKind,
    /// When the vault was made, seconds since 1970.
    #[n(7)]
    pub created_at: u64,
    /// `user_id` of the hardware auth token at creation, where the vault asks for biometrics.
    #[n(8)]
    pub biometric_user: Option<u64>,
    /// Input of the PRF extension for passkeys without one of their own.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub prf_input: [u8; 32],
    /// Passkeys, oldest first.
    #[cbor(n(10), decode_with = "decode_list::<_, _, {limits::CREDENTIALS}>")]
    pub credentials: Vec<Credential>,
    /// Epochs that open and re-wrap older archives, in the order of their numbers.
    #[cbor(
        n(11),
        decode_with = "decode_list::<_, _, {limits::RETIRED_EPOCHS_IMPORTED}>"
    )]
    pub retired: Vec<EpochKey>,
    /// Factors that are no passkeys: at most one of each kind.
    #[cbor(n(12), decode_with = "decode_list::<_, _, {limits::ENVELOPES}>")]
    pub factors: Vec<Factor>,
    /// Ids of epochs that were ended, oldest first, as far as they are remembered.
    #[cbor(n(13), decode_with = "decode_list::<_, _, {limits::ENDED_EPOCHS}>")]
    pub ended: Vec<ByteArray<16>>,
}

/// A recovery key or a password.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Factor {
    /// Its id.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: Id,
    /// Which of the two.
    #[n(2)]
    pub kind: FactorKind,
    /// What is kept of its secret.
    #[n(3)]
    pub portable: Portable,
    /// Seconds since 1970.
    #[n(4)]
    pub created_at: u64,
    /// How a password is stretched.
    #[n(5)]
    pub password: Option<PasswordParameters>,
}

/// A passkey of a vault.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Credential {
    /// WebAuthn credential id.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: Vec<u8>,
    /// The id of the passkey as a factor.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub factor_id: Id,
    /// Canonical COSE_Key.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub public_key: Vec<u8>,
    /// Signature counter as last seen.
    #[n(4)]
    pub sign_count: u32,
    /// BE.
    #[n(5)]
    pub backup_eligible: bool,
    /// BS as last seen.
    #[n(6)]
    pub backup_state: bool,
    /// A name for people.
    #[n(7)]
    pub label: String,
    /// Seconds since 1970.
    #[n(8)]
    pub created_at: u64,
    /// Seconds since 1970.
    #[n(9)]
    pub last_used_at: Option<u64>,
    /// What the registration proved.
    #[n(10)]
    pub attestation: AttestationKind,
    /// What its PRF extension can do.
    #[n(11)]
    pub prf: PrfState,
    /// What is kept of its PRF output, once that is enrolled.
    #[n(12)]
    pub portable: Option<Portable>,
    /// Input of its PRF extension where that is not the vault's: it was not there when another
    /// passkey got a new one.
    #[cbor(n(13), with = "minicbor::bytes")]
    pub prf_input: Option<[u8; 32]>,
}

/// Head of the audit log, and what the service has not acknowledged.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct AuditState {
    /// Random, per vault and device.
    #[n(1)]
    pub key: Secret32,
    /// Sequence number of the newest entry.
    #[n(2)]
    pub seq: u64,
    /// The chain up to it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub chain: [u8; 32],
    /// Entries that the service has not acknowledged, oldest first.
    #[cbor(n(4), decode_with = "decode_list::<_, _, {limits::AUDIT_PENDING}>")]
    pub pending: Vec<SealedAuditEntry>,
    /// Failed ceremonies with an entry of their own of late.
    #[n(5)]
    pub failures: Window,
}

/// What happened, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub event: AuditEvent,
    /// 0 or an error code.
    pub result: i32,
    /// How many times.
    pub count: u32,
    /// The archive.
    pub backup_id: Option<Id>,
    /// The passkey.
    pub credential_id: Option<Vec<u8>>,
}

impl Event {
    /// Something that was done.
    pub fn done(event: AuditEvent) -> Self {
        Event {
            event,
            result: 0,
            count: 1,
            backup_id: None,
            credential_id: None,
        }
    }
}

impl Record {
    /// Root key of the current epoch.
    pub fn current_root(&self) -> RootKey<'_> {
        self.root(&self.current)
    }

    /// Root key of the epoch with this id, if it is current or retired.
    pub fn root_of(&self, epoch: &Id) -> Option<RootKey<'_>> {
        self.epochs()
            .find(|candidate| candidate.epoch.id == *epoch)
            .map(|found| self.root(found))
    }

    /// The current epoch and the retired ones.
    pub fn epochs(&self) -> impl Iterator<Item = &EpochKey> {
        core::iter::once(&self.current).chain(&self.state.retired)
    }

    fn root<'a>(&'a self, epoch: &'a EpochKey) -> RootKey<'a> {
        RootKey {
            vault_id: &self.vault_id,
            epoch: &epoch.epoch,
            key: &epoch.root_key,
        }
    }

    /// What the owner may see.
    pub fn view(&self) -> VaultView {
        let state = &self.state;
        let passkeys = state.credentials.iter().map(Credential::factor_view);
        let others = state.factors.iter().map(Factor::view);
        let mut factors: Vec<_> = passkeys.chain(others).collect();
        factors.sort_by_key(|(created_at, _)| *created_at);
        VaultView {
            vault_id: self.vault_id,
            epoch: self.current.epoch.number,
            retired_epochs: state
                .retired
                .iter()
                .map(|retired| retired.epoch.number)
                .collect(),
            rp_id: state.rp_id.clone(),
            origins: state.origins.clone(),
            user_name: state.user_name.clone(),
            require_biometric: state.biometric_user.is_some(),
            created_at: state.created_at,
            credentials: state.credentials.iter().map(Credential::view).collect(),
            factors: factors.into_iter().map(|(_, view)| view).collect(),
        }
    }
}

impl VaultState {
    /// Everybody who gets an envelope, passkeys first.
    pub fn addressees(&self) -> impl Iterator<Item = Addressee<'_>> {
        let passkeys = self.credentials.iter().filter_map(|credential| {
            Some(Addressee {
                factor_id: &credential.factor_id,
                kind: FactorKind::Passkey,
                portable: credential.portable.as_ref()?,
                credential_id: Some(&credential.id),
                credential_key: Some(&credential.public_key),
                password: None,
                prf_input: Some(self.input_of(credential)),
                own_input: credential.prf_input.is_some(),
            })
        });
        let others = self.factors.iter().map(|factor| Addressee {
            factor_id: &factor.id,
            kind: factor.kind,
            portable: &factor.portable,
            credential_id: None,
            credential_key: None,
            password: factor.password.as_ref(),
            prf_input: None,
            own_input: false,
        });
        passkeys.chain(others)
    }

    /// Input of the PRF extension of a passkey.
    pub fn input_of<'a>(&'a self, credential: &'a Credential) -> &'a [u8; 32] {
        credential.prf_input.as_ref().unwrap_or(&self.prf_input)
    }

    /// Place of the passkey with this credential id.
    pub fn find(&self, credential_id: &[u8]) -> Option<usize> {
        self.credentials
            .iter()
            .position(|credential| credential.id == credential_id)
    }

    /// What is kept of the secret of a factor.
    pub fn portable_mut(&mut self, factor_id: &Id) -> Option<&mut Portable> {
        let passkeys = self
            .credentials
            .iter_mut()
            .filter(|credential| credential.factor_id == *factor_id)
            .filter_map(|credential| credential.portable.as_mut());
        let others = self
            .factors
            .iter_mut()
            .filter(|factor| factor.id == *factor_id)
            .map(|factor| &mut factor.portable);
        passkeys.chain(others).next()
    }
}

impl Factor {
    fn view(&self) -> (u64, FactorView) {
        let view = FactorView {
            factor_id: self.id,
            kind: self.kind,
            portable: true,
            last_proved_at: self.portable.proved_at,
        };
        (self.created_at, view)
    }
}

impl Credential {
    fn view(&self) -> CredentialView {
        CredentialView {
            credential_id: self.id.clone(),
            alg: PublicKey::from_cose(&self.public_key)
                .ok()
                .and_then(|key| i32::try_from(key.alg().cose()).ok())
                .unwrap_or(0),
            label: self.label.clone(),
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            sign_count: self.sign_count,
            backup_eligible: self.backup_eligible,
            backup_state: self.backup_state,
            attestation: self.attestation,
            prf: self.prf,
        }
    }

    fn factor_view(&self) -> (u64, FactorView) {
        let view = FactorView {
            factor_id: self.factor_id,
            kind: FactorKind::Passkey,
            portable: self.portable.is_some(),
            last_proved_at: match &self.portable {
                Some(portable) => portable.proved_at,
                None => self.last_used_at,
            },
        };
        (self.created_at, view)
    }
}
