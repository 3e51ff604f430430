// SPDX-License-Identifier: Apache-2.0

//! Audit entries: kept as the sealer made them, neither read nor verified here.

use rusqlite::{Row, params};
use sealer_wire::{Error, ErrorCode, Id, Owner, Result, SealedAuditEntry};

use crate::error::from_sqlite;
use crate::page::{self, Cursor};
use crate::vaults::VaultKey;
use crate::{Transaction, View, int, sql, uint};

/// Largest entry: a credential id of 1023 bytes and everything else.
const ENTRY_BYTES: usize = 2048;

/// Entries with their sequence numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<(u64, SealedAuditEntry)>,
    /// What to ask for the next page with; `None` if this is the last one. At most 64 characters.
    pub next_page: Option<String>,
}

impl View<'_> {
    /// The audit log of a vault, newest first, at most `limit` entries. Errors: `NOT_FOUND`;
    /// `BAD_REQUEST` for a limit that is not 1 to [`crate::MAX_PAGE`] or a page that this list has
    /// not named.
    pub fn list_audit(
        &self,
        owner: &Owner,
        vault_id: &Id,
        limit: u32,
        page: Option<&str>,
    ) -> Result<AuditPage> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let rows = page::rows(limit)?;
        let before = match page.map(Cursor::parse).transpose()? {
            None => i64::MAX,
            Some(Cursor::Audit { seq }) => int(seq)?,
            Some(_) => return Err(page::foreign()),
        };
        let mut statement = self
            .db
            .prepare_cached(sql::AUDIT_PAGE)
            .map_err(from_sqlite)?;
        let found = statement
            .query_map(params![vault.row(), before, rows], read_entry)
            .map_err(from_sqlite)?
            .map(|row| row.map_err(from_sqlite));
        let (entries, more) = page::fill(found, limit, |(_, sealed)| sealed.entry.len())?;
        let next_page = match entries.last() {
            Some((seq, _)) if more => Some(Cursor::Audit { seq: *seq }.token()),
            _ => None,
        };
        Ok(AuditPage { entries, next_page })
    }

    /// The next entries after sequence number `after`, oldest first, at most `limit`: a run for the
    /// sealer to verify. Errors: `NOT_FOUND`; `BAD_REQUEST` for the limit.
    pub fn audit_run(
        &self,
        owner: &Owner,
        vault_id: &Id,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, SealedAuditEntry)>> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let rows = page::rows(limit)? - 1;
        self.all(
            sql::AUDIT_RUN,
            params![vault.row(), int(after)?, rows],
            read_entry,
        )
    }

    /// Sequence number of the newest entry that is stored; 0 if there is none. Errors:
    /// `NOT_FOUND`.
    pub fn last_audit_seq(&self, owner: &Owner, vault_id: &Id) -> Result<u64> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        self.last_audit(vault)
    }

    pub(crate) fn last_audit(&self, vault: VaultKey) -> Result<u64> {
        let last = self.first(sql::AUDIT_LAST, [vault.row()], |row| {
            match row.get::<_, Option<i64>>(0)? {
                Some(_) => uint(row, 0),
                None => Ok(0),
            }
        })?;
        Ok(last.unwrap_or(0))
    }
}

impl Transaction<'_> {
    /// Stores audit entries that the sealer has handed over; it hands them over again until it is
    /// told that they are stored, so those that are known are passed over. Returns how many were
    /// new.
    ///
    /// Errors: `NOT_FOUND`; `AUDIT_TAMPERED` if another entry with the same number is stored (see
    /// [`Transaction::restart_vault`]); `INTERNAL` for an entry without a number or above 2048
    /// bytes.
    pub fn append_audit(
        &self,
        owner: &Owner,
        vault_id: &Id,
        entries: &[SealedAuditEntry],
    ) -> Result<usize> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let mut new = 0;
        for sealed in entries {
            let seq = int(entry_seq(&sealed.entry)?)?;
            let known = self.first(sql::AUDIT_GET, params![vault.row(), seq], |row| {
                Ok(SealedAuditEntry {
                    entry: row.get(0)?,
                    mac: row.get(1)?,
                })
            })?;
            match known {
                Some(known) if known == *sealed => {}
                Some(_) => {
                    return Err(Error::new(
                        ErrorCode::AuditTampered,
                        "the sealer's audit entry differs from the stored one of its number",
                    ));
                }
                None => {
                    let row = params![vault.row(), seq, sealed.entry, sealed.mac];
                    new += self.execute(sql::AUDIT_ADD, row)?;
                }
            }
        }
        Ok(new)
    }
}

/// The number of an entry: the first element of its array. The rest may be of a later version.
fn entry_seq(entry: &[u8]) -> Result<u64> {
    let malformed = || {
        Error::new(
            ErrorCode::Internal,
            "the sealer's audit entry has no number, or is too long",
        )
    };
    if entry.len() > ENTRY_BYTES {
        return Err(malformed());
    }
    let mut decoder = minicbor::Decoder::new(entry);
    decoder
        .array()
        .and_then(|_| decoder.u64())
        .map_err(|_| malformed())
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<(u64, SealedAuditEntry)> {
    Ok((
        uint(row, 0)?,
        SealedAuditEntry {
            entry: row.get(1)?,
            mac: row.get(2)?,
        },
    ))
}
