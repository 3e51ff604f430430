// SPDX-License-Identifier: Apache-2.0

//! The catalogue: what the service remembers of vaults, archives and audit entries, in SQLite.
//!
//! It is never the only copy of anything that a restore needs: an archive is self-contained, and
//! vaults live in the sealer. Nothing in it is secret: no key, no plaintext, no ceremony. Losing it
//! loses the list of archives (to be rebuilt from the files) and the audit entries that the sealer
//! has handed over.
//!
//! # Tables
//!
//! | table | a row is | who writes it |
//! |---|---|---|
//! | `meta` | a note of the service about itself, by name | the service |
//! | `owners` | (user, uid, package, signer), as long as it has a vault | with its first vault |
//! | `vaults` | what the sealer's record of a vault showed last, and its sequence number: enough to show the vault when the sealer does not answer or has lost it | after each answer of the sealer |
//! | `credentials` | public facts of a vault's passkey, its label, when it was used last | with `vaults` |
//! | `archives` | an archive: sizes, epoch, the app's clear metadata, confirmed or not | backup, confirm, forget, refresh, rebuild |
//! | `audit` | an entry of a vault's audit chain and its MAC, as the sealer made them | after each answer of the sealer |
//!
//! Lists within `vaults` (origins, retired epochs, factors) are CBOR in the types of `sealer-wire`:
//! the numbers there, once released, are as fixed as the schema, and the fixtures of the migration
//! tests hold them to it.
//!
//! Removing an owner or a vault removes, by foreign keys, everything below it. What was deleted is
//! overwritten (`secure_delete`).
//!
//! # Who may see what
//!
//! Every query about a vault or an archive takes the [`Owner`] who asks and sees that owner's rows
//! only. All four parts must agree. Somebody else's id and one that never existed give the same
//! `NOT_FOUND`, and vault and backup ids are unique per owner only, so that not even an insertion
//! tells whether somebody else has one. The single exception, [`View::owners`], is for
//! reconciliation at start-up and for maintenance, and must not be reachable by an app.
//!
//! # Durability and locking
//!
//! One process has the catalogue, by the lock of [`StateDir`]; a [`Catalogue`] keeps that lock. It
//! holds a single connection behind a mutex: every closure given to [`Catalogue::read`] or
//! [`Catalogue::with_transaction`] runs alone and must be short: no call to the sealer, no file
//! work, no call back into the catalogue (which would wait for itself). A closure that returns an
//! error or panics leaves no trace. When `with_transaction` has returned `Ok`, what it wrote
//! survives a power cut (WAL with `synchronous = FULL`); a transaction that changed nothing does
//! not touch the disk.
//!
//! Nothing here grows with the number of archives but [`Catalogue::integrity_check`] and the
//! removal of a vault: not opening, which checks header, schema and the small tables, and not a
//! page of a list, which is a range of an index. Damage elsewhere shows as `CORRUPT` when it is
//! met, or in `integrity_check`, which reads everything on a connection of its own and is best run
//! in the background after start. Nothing is ever deleted or repaired because it is damaged.
//!
//! # Errors
//!
//! Every method can end with `IO`, `NO_SPACE`, `CORRUPT`, `STATE_IN_USE` (somebody opened the file
//! by hand and keeps it locked) or `INTERNAL`; methods name what else.
#![forbid(unsafe_code)]

mod archives;
mod audit;
mod error;
mod page;
mod schema;
mod sql;
mod state;
mod vaults;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sealer_wire::{ErrorCode, Result};

pub use archives::{Archive, ArchivePage, ArchiveState};
pub use audit::AuditPage;
pub use page::{MAX_PAGE, PAGE_BYTES};
pub use schema::FILE;
pub use sealer_wire::{Id, Owner};
pub use state::StateDir;
pub use vaults::Vault;

use error::{error, from_sqlite};

/// The open catalogue. See the documentation of the crate for locking.
#[derive(Debug)]
pub struct Catalogue {
    db: Mutex<Connection>,
    path: PathBuf,
    /// Dropped last: the lock outlives the connection.
    _state: StateDir,
}

/// What can be asked. Everything that one `View` shows is of the same moment.
#[derive(Debug)]
pub struct View<'a> {
    db: &'a Connection,
}

/// What can be changed, all or nothing; also a [`View`] that sees its own changes.
#[derive(Debug)]
pub struct Transaction<'a> {
    view: View<'a>,
}

impl<'a> Deref for Transaction<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

impl Catalogue {
    /// Opens the catalogue of a state folder, creating it if there is none and bringing it to the
    /// current version if it is older.
    ///
    /// Errors: `CORRUPT` if the file is not a whole catalogue; it is left as it is.
    /// `UNSUPPORTED_VERSION` if a later version of this software has written it.
    pub fn open(state: &StateDir) -> Result<Catalogue> {
        let path = state.join(FILE);
        let db = schema::open(state)?;
        Ok(Catalogue {
            db: Mutex::new(db),
            path,
            _state: state.clone(),
        })
    }

    /// Runs `f` on one state of the catalogue.
    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        let mut db = self.lock();
        let snapshot = db
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(from_sqlite)?;
        f(&View { db: &snapshot })
    }

    /// Runs `f` and makes what it changed durable, if it returns `Ok`; else nothing has changed.
    pub fn with_transaction<T>(&self, f: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut db = self.lock();
        let transaction = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(from_sqlite)?;
        let result = f(&Transaction {
            view: View { db: &transaction },
        })?;
        transaction.commit().map_err(from_sqlite)?;
        Ok(result)
    }

    /// Reads all of the catalogue and checks structure, indexes and foreign keys, on a connection
    /// of its own: others can work meanwhile. Errors: `CORRUPT` with the first finding.
    pub fn integrity_check(&self) -> Result<()> {
        schema::integrity_check(&self.path)
    }

    /// Moves the write-ahead log into the main file and empties it, as [`Catalogue::close`] does.
    pub fn checkpoint(&self) -> Result<()> {
        schema::checkpoint(&self.lock())
    }

    /// Closes cleanly: what is left is one file. Without it nothing is lost either.
    pub fn close(self) -> Result<()> {
        let db = self.db.into_inner().unwrap_or_else(PoisonError::into_inner);
        schema::checkpoint(&db)?;
        db.close().map_err(|(_, e)| from_sqlite(e))
    }

    /// A panic inside a closure has rolled its transaction back, so the connection is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View<'_> {
    /// A note of the service about itself.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.first(sql::META_GET, [key], |row| row.get(0))
    }

    /// At most one row.
    fn first<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, map).optional())
            .map_err(from_sqlite)
    }

    /// All rows.
    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, map)?.collect())
            .map_err(from_sqlite)
    }
}

impl Transaction<'_> {
    /// Writes a note of the service about itself. Nothing of an app's, nothing secret.
    pub fn put_meta(&self, key: &str, value: &[u8]) -> Result<()> {
        self.execute(sql::META_PUT, (key, value)).map(drop)
    }

    /// Runs a statement that returns nothing; the number of rows that it changed.
    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(from_sqlite)
    }
}

/// A number on its way in. SQLite's integers end at 2^63 - 1.
fn int(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| error(ErrorCode::TooLarge, "a number is above 2^63 - 1"))
}

/// A number on its way out.
fn uint(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}
