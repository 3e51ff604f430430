// SPDX-License-Identifier: Apache-2.0

//! Archives.

use rusqlite::{Row, params};
use sealer_wire::{Error, ErrorCode, Id, Owner, Result, limits};

use crate::error::{error, from_sqlite, not_found};
use crate::page::{self, Cursor};
use crate::{Transaction, View, int, sql, uint};

/// What is known of an archive's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveState {
    /// The client said that the file is in place, or the service has just read it there.
    Complete,
    /// The file was written in full; the client has not yet said that it is in place.
    Unconfirmed,
}

/// An archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its id, unique among its owner's.
    pub backup_id: Id,
    /// The vault that it belongs to.
    pub vault_id: Id,
    /// Number of the epoch whose key wraps its own.
    pub epoch: u32,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Length of what it holds.
    pub plaintext_bytes: u64,
    /// Length of the file.
    pub archive_bytes: u64,
    /// The app's own metadata, clear in the file; at most 4096 bytes.
    pub meta: Vec<u8>,
    /// What is known of its file.
    pub state: ArchiveState,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePage {
    /// The archives.
    pub archives: Vec<Archive>,
    /// What to ask for the next page with; `None` if this is the last one. At most 64 characters.
    pub next_page: Option<String>,
}

impl ArchiveState {
    const fn number(self) -> u8 {
        match self {
            ArchiveState::Complete => 1,
            ArchiveState::Unconfirmed => 2,
        }
    }

    fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<ArchiveState> {
        match row.get(column)? {
            1 => Ok(ArchiveState::Complete),
            2 => Ok(ArchiveState::Unconfirmed),
            n => Err(rusqlite::Error::IntegralValueOutOfRange(column, n)),
        }
    }
}

/// Greater than any id.
const AFTER_IDS: [u8; 17] = [0xff; 17];

const NO_ARCHIVE: &str = "no such archive";

impl View<'_> {
    /// One archive. Errors: `NOT_FOUND`.
    pub fn archive(&self, owner: &Owner, backup_id: &Id) -> Result<Archive> {
        let Some(owner) = self.owner_key(owner)? else {
            return Err(not_found(NO_ARCHIVE));
        };
        let found = self.first(sql::ARCHIVE_GET, params![owner.row(), backup_id], |row| {
            Ok(Archive {
                backup_id: row.get(0)?,
                vault_id: row.get(1)?,
                epoch: row.get(2)?,
                created_at: uint(row, 3)?,
                plaintext_bytes: uint(row, 4)?,
                archive_bytes: uint(row, 5)?,
                state: ArchiveState::read(row, 6)?,
                meta: row.get(7)?,
            })
        })?;
        found.ok_or_else(|| not_found(NO_ARCHIVE))
    }

    /// Archives of a vault, newest first; those of one second in descending order of their ids. A
    /// page has at most `limit` entries, fewer if their metadata fill [`crate::PAGE_BYTES`].
    ///
    /// Every archive that is there from the first page to the last is on exactly one of them,
    /// whatever is added or removed meanwhile. Errors: `NOT_FOUND`; `BAD_REQUEST` for a limit that
    /// is not 1 to [`crate::MAX_PAGE`] or a page that this list has not named.
    pub fn list_archives(
        &self,
        owner: &Owner,
        vault_id: &Id,
        limit: u32,
        page: Option<&str>,
    ) -> Result<ArchivePage> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let rows = page::rows(limit)?;
        let (created_at, after) = match page.map(Cursor::parse).transpose()? {
            None => (i64::MAX, AFTER_IDS.to_vec()),
            Some(Cursor::Archive {
                created_at,
                backup_id,
            }) => (int(created_at)?, backup_id.to_vec()),
            Some(_) => return Err(page::foreign()),
        };
        let key = params![vault.row(), created_at, after, rows];
        let next = |last: &Archive| Cursor::Archive {
            created_at: last.created_at,
            backup_id: last.backup_id,
        };
        self.archive_page(sql::ARCHIVE_PAGE, key, vault_id, limit, next)
    }

    /// Archives that are not of the vault's current epoch, by descending epoch, within one as of
    /// [`View::list_archives`]: what a rotation has still to re-wrap. Errors: as there.
    pub fn list_retired_archives(
        &self,
        owner: &Owner,
        vault_id: &Id,
        limit: u32,
        page: Option<&str>,
    ) -> Result<ArchivePage> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let rows = page::rows(limit)?;
        let current = self.first(sql::VAULT_EPOCH, [vault.row()], |row| row.get::<_, u32>(0))?;
        let (epoch, created_at, after) = match page.map(Cursor::parse).transpose()? {
            // Before the first of the current epoch.
            None => (current.unwrap_or(0), -1, Vec::new()),
            Some(Cursor::Retired {
                epoch,
                created_at,
                backup_id,
            }) => (epoch, int(created_at)?, backup_id.to_vec()),
            Some(_) => return Err(page::foreign()),
        };
        let key = params![vault.row(), epoch, created_at, after, rows];
        let next = |last: &Archive| Cursor::Retired {
            epoch: last.epoch,
            created_at: last.created_at,
            backup_id: last.backup_id,
        };
        self.archive_page(sql::ARCHIVE_RETIRED_PAGE, key, vault_id, limit, next)
    }

    /// How many archives [`View::list_retired_archives`] has. Errors: `NOT_FOUND`.
    pub fn count_retired_archives(&self, owner: &Owner, vault_id: &Id) -> Result<u64> {
        let (_, vault) = self.vault_key(owner, vault_id)?;
        let current = self.first(sql::VAULT_EPOCH, [vault.row()], |row| row.get::<_, u32>(0))?;
        let key = params![vault.row(), current.unwrap_or(0)];
        let count = self.first(sql::ARCHIVE_RETIRED_COUNT, key, |row| uint(row, 0))?;
        Ok(count.unwrap_or(0))
    }

    fn archive_page(
        &self,
        sql: &str,
        key: &[&dyn rusqlite::ToSql],
        vault_id: &Id,
        limit: u32,
        next: impl Fn(&Archive) -> Cursor,
    ) -> Result<ArchivePage> {
        let mut statement = self.db.prepare_cached(sql).map_err(from_sqlite)?;
        let rows = statement
            .query_map(key, |row| {
                Ok(Archive {
                    backup_id: row.get(0)?,
                    vault_id: *vault_id,
                    epoch: row.get(1)?,
                    created_at: uint(row, 2)?,
                    plaintext_bytes: uint(row, 3)?,
                    archive_bytes: uint(row, 4)?,
                    state: ArchiveState::read(row, 5)?,
                    meta: row.get(6)?,
                })
            })
            .map_err(from_sqlite)?
            .map(|row| row.map_err(from_sqlite));
        let (archives, more) = page::fill(rows, limit, |archive| archive.meta.len())?;
        let next_page = match archives.last() {
            Some(last) if more => Some(next(last).token()),
            _ => None,
        };
        Ok(ArchivePage {
            archives,
            next_page,
        })
    }
}

impl Transaction<'_> {
    /// Records an archive. One that is known already stays as it is, and the answer is `false`.
    ///
    /// Errors: `NOT_FOUND` if the vault is not the owner's; `BAD_REQUEST` if the archive is known
    /// as one of another vault; `TOO_LARGE` for the metadata or a number above 2^63 - 1.
    pub fn add_archive(&self, owner: &Owner, archive: &Archive) -> Result<bool> {
        let (owner_key, vault) = self.vault_key(owner, &archive.vault_id)?;
        if archive.meta.len() > limits::META {
            return Err(error(
                ErrorCode::TooLarge,
                format!("metadata have at most {} bytes", limits::META),
            ));
        }
        match self.archive(owner, &archive.backup_id) {
            Ok(known) if known.vault_id == archive.vault_id => return Ok(false),
            Ok(_) => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "the archive is known as one of another vault",
                ));
            }
            Err(e) if e.code == ErrorCode::NotFound => {}
            Err(e) => return Err(e),
        }
        let row = params![
            owner_key.row(),
            vault.row(),
            archive.backup_id,
            archive.epoch,
            int(archive.created_at)?,
            int(archive.plaintext_bytes)?,
            int(archive.archive_bytes)?,
            archive.state.number(),
            archive.meta,
        ];
        self.execute(sql::ARCHIVE_ADD, row)?;
        Ok(true)
    }

    /// The file of an archive is in place. May be repeated. Errors: `NOT_FOUND`.
    pub fn confirm_archive(&self, owner: &Owner, backup_id: &Id) -> Result<Archive> {
        let mut archive = self.archive(owner, backup_id)?;
        if archive.state != ArchiveState::Complete {
            archive.state = ArchiveState::Complete;
            self.change(
                owner,
                sql::ARCHIVE_STATE,
                backup_id,
                &[&archive.state.number()],
            )?;
        }
        Ok(archive)
    }

    /// The archive was written anew under another epoch: same body, new header. Errors:
    /// `NOT_FOUND`; `TOO_LARGE` for a number above 2^63 - 1.
    pub fn rewrap_archive(
        &self,
        owner: &Owner,
        backup_id: &Id,
        epoch: u32,
        archive_bytes: u64,
        state: ArchiveState,
    ) -> Result<Archive> {
        let new = params![epoch, int(archive_bytes)?, state.number()];
        self.change(owner, sql::ARCHIVE_REWRAPPED, backup_id, new)?;
        self.archive(owner, backup_id)
    }

    /// Removes an archive from the catalogue; its file stays. Errors: `NOT_FOUND`.
    pub fn forget_archive(&self, owner: &Owner, backup_id: &Id) -> Result<()> {
        self.change(owner, sql::ARCHIVE_REMOVE, backup_id, &[])
    }

    /// Runs a statement on one archive of the owner's.
    fn change(
        &self,
        owner: &Owner,
        sql: &str,
        backup_id: &Id,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<()> {
        let Some(owner) = self.owner_key(owner)? else {
            return Err(not_found(NO_ARCHIVE));
        };
        let owner = owner.row();
        let mut row: Vec<&dyn rusqlite::ToSql> = vec![&owner, backup_id];
        row.extend(values);
        match self.execute(sql, row.as_slice())? {
            0 => Err(not_found(NO_ARCHIVE)),
            _ => Ok(()),
        }
    }
}
