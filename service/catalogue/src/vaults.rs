// SPDX-License-Identifier: Apache-2.0

//! Owners, vaults and credentials; and the two gates through which every query goes.

use rusqlite::{Row, params};
use sealer_wire::{
    AttestationKind, CredentialView, ErrorCode, FactorView, Id, Owner, PrfState, RecordUpdate,
    Result, VaultRef, VaultView, decode_canonical, encode,
};

use crate::error::not_found;
use crate::{Transaction, View, int, sql, uint};

/// A vault as the sealer showed it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// What it showed.
    pub view: VaultView,
    /// Sequence number of its record, the highest ever seen. A sealer that has a lower one was
    /// rolled back.
    pub seen_seq: u64,
}

/// Row of an owner. Only [`View::owner_key`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnerKey(i64);

/// Row of a vault of the owner who asks. Only [`View::vault_key`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VaultKey(i64);

impl OwnerKey {
    pub(crate) fn row(self) -> i64 {
        self.0
    }
}

impl VaultKey {
    pub(crate) fn row(self) -> i64 {
        self.0
    }
}

const NO_VAULT: &str = "no such vault";

impl View<'_> {
    /// The first gate: all four parts agree.
    pub(crate) fn owner_key(&self, owner: &Owner) -> Result<Option<OwnerKey>> {
        let parts = params![owner.uid, owner.package, owner.signer, owner.user];
        self.first(sql::OWNER_FIND, parts, |row| row.get(0).map(OwnerKey))
    }

    /// The second gate: the vault is this owner's. Errors: `NOT_FOUND`.
    pub(crate) fn vault_key(&self, owner: &Owner, vault_id: &Id) -> Result<(OwnerKey, VaultKey)> {
        if let Some(owner) = self.owner_key(owner)?
            && let Some(vault) = self.first(sql::VAULT_FIND, params![owner.0, vault_id], |row| {
                row.get(0).map(VaultKey)
            })?
        {
            return Ok((owner, vault));
        }
        Err(not_found(NO_VAULT))
    }

    /// One vault. Errors: `NOT_FOUND`.
    pub fn vault(&self, owner: &Owner, vault_id: &Id) -> Result<Vault> {
        let Some(key) = self.owner_key(owner)? else {
            return Err(not_found(NO_VAULT));
        };
        let row = self.first(sql::VAULT_GET, params![key.0, vault_id], VaultRow::read)?;
        row.ok_or_else(|| not_found(NO_VAULT))?.into_vault(self)
    }

    /// All vaults of an owner, oldest first.
    pub fn vaults(&self, owner: &Owner) -> Result<Vec<Vault>> {
        let Some(key) = self.owner_key(owner)? else {
            return Ok(Vec::new());
        };
        let rows = self.all(sql::VAULT_LIST, [key.0], VaultRow::read)?;
        rows.into_iter().map(|row| row.into_vault(self)).collect()
    }

    /// How to name a vault to the sealer: what the service has seen of it, nothing if it does not
    /// know it.
    pub fn vault_ref(&self, owner: &Owner, vault_id: &Id) -> Result<VaultRef> {
        let (seen, audit_stored) = match self.vault_key(owner, vault_id) {
            Ok((_, vault)) => (self.seen(vault)?, self.last_audit(vault)?),
            Err(e) if e.code == ErrorCode::NotFound => (None, 0),
            Err(e) => return Err(e),
        };
        Ok(VaultRef {
            owner: owner.clone(),
            vault_id: *vault_id,
            seen,
            audit_stored,
        })
    }

    /// Everybody who has a vault. For reconciliation and maintenance, never for an app.
    pub fn owners(&self) -> Result<Vec<Owner>> {
        self.all(sql::OWNERS_ALL, [], |row| {
            Ok(Owner {
                user: row.get(0)?,
                uid: row.get(1)?,
                package: row.get(2)?,
                signer: row.get(3)?,
            })
        })
    }

    fn seen(&self, vault: VaultKey) -> Result<Option<u64>> {
        self.first(sql::VAULT_SEEN, [vault.0], |row| uint(row, 0))
    }

    fn credentials(&self, vault: i64) -> Result<Vec<CredentialView>> {
        self.all(sql::CREDENTIAL_LIST, [vault], read_credential)
    }
}

impl Transaction<'_> {
    /// Stores what the sealer has just shown of a vault, and the sequence number of its record. The
    /// owner and the vault are added if they are new. Of a passkey's `last_used_at` the later of
    /// the known and the new one stays. What is older than what is stored is ignored: answers of
    /// the sealer may arrive here out of order.
    ///
    /// Returns whether anything changed. Errors: `TOO_LARGE` for a number above 2^63 - 1.
    pub fn put_vault(&self, owner: &Owner, view: &VaultView, seq: u64) -> Result<bool> {
        let known = match self.vault(owner, &view.vault_id) {
            Ok(vault) => Some(vault),
            Err(e) if e.code == ErrorCode::NotFound => None,
            Err(e) => return Err(e),
        };
        let mut view = view.clone();
        if let Some(known) = &known {
            if seq < known.seen_seq {
                return Ok(false);
            }
            keep_last_used(&mut view.credentials, &known.view.credentials);
            if seq == known.seen_seq && view == known.view {
                return Ok(false);
            }
        }
        let owner_key = match self.owner_key(owner)? {
            Some(key) => key.0,
            None => self.add_owner(owner)?,
        };
        let sql = match known {
            Some(_) => sql::VAULT_UPDATE,
            None => sql::VAULT_ADD,
        };
        let retired_epochs = encode(&view.retired_epochs)?;
        let origins = encode(&view.origins)?;
        let factors = encode(&view.factors)?;
        let row = params![
            owner_key,
            view.vault_id,
            int(view.created_at)?,
            int(seq)?,
            view.epoch,
            retired_epochs.as_slice(),
            view.rp_id,
            origins.as_slice(),
            view.user_name,
            view.require_biometric,
            factors.as_slice(),
        ];
        self.execute(sql, row)?;
        let (_, vault) = self.vault_key(owner, &view.vault_id)?;
        self.execute(sql::CREDENTIAL_CLEAR, [vault.0])?;
        for (position, credential) in (0_i64..).zip(&view.credentials) {
            self.add_credential(vault, position, credential)?;
        }
        Ok(true)
    }

    /// Stores what came with an answer of the sealer, done or refused: sequence number and audit
    /// entries. Errors: `NOT_FOUND` if [`Transaction::put_vault`] has not stored the vault; else as
    /// of [`Transaction::append_audit`].
    pub fn note(&self, owner: &Owner, update: &RecordUpdate) -> Result<()> {
        self.set_seen(owner, &update.vault_id, update.seq)?;
        self.append_audit(owner, &update.vault_id, &update.audit)?;
        Ok(())
    }

    /// Raises the sequence number of the vault's record to `seq`; never lowers it. Returns whether
    /// it rose. Errors: `NOT_FOUND`.
    pub fn set_seen(&self, owner: &Owner, vault_id: &Id, seq: u64) -> Result<bool> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let changed = self.execute(sql::SEEN_RAISE, params![vault.0, int(seq)?])?;
        Ok(changed > 0)
    }

    /// A new record has taken the place of the one that the sealer had lost or that was rolled
    /// back: its numbers start anew, and the old audit chain, whose key is gone, goes with it. To
    /// be called once, after an import that ended `RESET`, `ROLLBACK` or `CORRUPT`, and before the
    /// first [`Transaction::note`] about the new record. Errors: `NOT_FOUND`.
    pub fn restart_vault(&self, owner: &Owner, vault_id: &Id, seq: u64) -> Result<()> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        self.execute(sql::SEEN_RESTART, params![vault.0, int(seq)?])?;
        self.execute(sql::AUDIT_CLEAR, [vault.0])?;
        Ok(())
    }

    /// A passkey was used at this time. Errors: `NOT_FOUND`.
    pub fn credential_used(
        &self,
        owner: &Owner,
        vault_id: &Id,
        credential_id: &[u8],
        at: u64,
    ) -> Result<()> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let row = params![vault.0, credential_id, int(at)?];
        match self.execute(sql::CREDENTIAL_USED, row)? {
            0 => Err(not_found("no such passkey")),
            _ => Ok(()),
        }
    }

    /// Removes a vault with all that belongs to it. Errors: `NOT_FOUND`.
    pub fn remove_vault(&self, owner: &Owner, vault_id: &Id) -> Result<()> {
        let (owner, vault) = self.vault_key(owner, vault_id)?;
        self.execute(sql::VAULT_REMOVE, [vault.0])?;
        let left = self.first(sql::VAULT_ANY, [owner.0], |_| Ok(()))?;
        if left.is_none() {
            self.execute(sql::OWNER_REMOVE, [owner.0])?;
        }
        Ok(())
    }

    /// Removes an owner with all that belongs to it. Returns the ids of the vaults that it had;
    /// none if it is unknown.
    pub fn remove_owner(&self, owner: &Owner) -> Result<Vec<Id>> {
        let Some(key) = self.owner_key(owner)? else {
            return Ok(Vec::new());
        };
        let ids = self.all(sql::VAULT_IDS, [key.0], |row| row.get(0))?;
        self.execute(sql::OWNER_REMOVE, [key.0])?;
        Ok(ids)
    }

    fn add_owner(&self, owner: &Owner) -> Result<i64> {
        let parts = params![owner.uid, owner.package, owner.signer, owner.user];
        self.execute(sql::OWNER_ADD, parts)?;
        Ok(self.db.last_insert_rowid())
    }

    fn add_credential(&self, vault: VaultKey, position: i64, view: &CredentialView) -> Result<()> {
        let row = params![
            vault.0,
            position,
            view.credential_id,
            view.alg,
            view.label,
            int(view.created_at)?,
            view.last_used_at.map(int).transpose()?,
            view.sign_count,
            view.backup_eligible,
            view.backup_state,
            attestation_number(view.attestation),
            prf_number(view.prf),
        ];
        self.execute(sql::CREDENTIAL_ADD, row).map(drop)
    }
}

fn keep_last_used(new: &mut [CredentialView], known: &[CredentialView]) {
    for credential in new {
        let before = known
            .iter()
            .find(|known| known.credential_id == credential.credential_id)
            .and_then(|known| known.last_used_at);
        credential.last_used_at = credential.last_used_at.max(before);
    }
}

/// A row of `vaults`, its lists not yet decoded.
struct VaultRow {
    id: i64,
    view: VaultView,
    seen_seq: u64,
    retired_epochs: Vec<u8>,
    origins: Vec<u8>,
    factors: Vec<u8>,
}

impl VaultRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<VaultRow> {
        Ok(VaultRow {
            id: row.get(0)?,
            view: VaultView {
                vault_id: row.get(1)?,
                epoch: row.get(4)?,
                retired_epochs: Vec::new(),
                rp_id: row.get(6)?,
                origins: Vec::new(),
                user_name: row.get(8)?,
                require_biometric: row.get(9)?,
                created_at: uint(row, 2)?,
                credentials: Vec::new(),
                factors: Vec::new(),
            },
            seen_seq: uint(row, 3)?,
            retired_epochs: row.get(5)?,
            origins: row.get(7)?,
            factors: row.get(10)?,
        })
    }

    fn into_vault(self, db: &View<'_>) -> Result<Vault> {
        const WHAT: &str = "the catalogue holds a list that nobody wrote";
        let mut view = self.view;
        view.retired_epochs = decode_canonical(&self.retired_epochs, ErrorCode::Corrupt, WHAT)?;
        view.origins = decode_canonical(&self.origins, ErrorCode::Corrupt, WHAT)?;
        view.factors =
            decode_canonical::<Vec<FactorView>>(&self.factors, ErrorCode::Corrupt, WHAT)?;
        view.credentials = db.credentials(self.id)?;
        Ok(Vault {
            view,
            seen_seq: self.seen_seq,
        })
    }
}

fn read_credential(row: &Row<'_>) -> rusqlite::Result<CredentialView> {
    let last_used_at = match row.get::<_, Option<i64>>(4)? {
        Some(_) => Some(uint(row, 4)?),
        None => None,
    };
    Ok(CredentialView {
        credential_id: row.get(0)?,
        alg: row.get(1)?,
        label: row.get(2)?,
        created_at: uint(row, 3)?,
        last_used_at,
        sign_count: row.get(5)?,
        backup_eligible: row.get(6)?,
        backup_state: row.get(7)?,
        attestation: number(row, 8, &ATTESTATIONS)?,
        prf: number(row, 9, &PRF_STATES)?,
    })
}

/// In the order of their numbers.
const ATTESTATIONS: [AttestationKind; 4] = [
    AttestationKind::None,
    AttestationKind::SelfAttested,
    AttestationKind::X5c,
    AttestationKind::Unverified,
];

/// In the order of their numbers.
const PRF_STATES: [PrfState; 3] = [PrfState::Unsupported, PrfState::Enabled, PrfState::Enrolled];

const fn attestation_number(kind: AttestationKind) -> u8 {
    match kind {
        AttestationKind::None => 0,
        AttestationKind::SelfAttested => 1,
        AttestationKind::X5c => 2,
        AttestationKind::Unverified => 3,
    }
}

const fn prf_number(state: PrfState) -> u8 {
    match state {
        PrfState::Unsupported => 0,
        PrfState::Enabled => 1,
        PrfState::Enrolled => 2,
    }
}

fn number<T: Copy>(row: &Row<'_>, column: usize, values: &[T]) -> rusqlite::Result<T> {
    let number: i64 = row.get(column)?;
    usize::try_from(number)
        .ok()
        .and_then(|index| values.get(index))
        .copied()
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}
