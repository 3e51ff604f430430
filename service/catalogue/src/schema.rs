// SPDX-License-Identifier: Apache-2.0

//! Creating, opening, checking and upgrading the file.
//!
//! A new catalogue is made under another name and renamed when it is complete, so that a file of
//! the right name that is empty, cut or foreign is always damage and never a beginning.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use sealer_wire::{Error, ErrorCode, Result};

use crate::error::{error, from_io, from_sqlite, from_sqlite_at_open};
use crate::state::{StateDir, sync_folder};

/// Name of the catalogue in the state folder; SQLite adds `-wal` and `-shm` while it is open.
pub const FILE: &str = "catalogue.db";

/// A catalogue that is being made.
const UNFINISHED: &str = "catalogue.db.new";

/// "PKB1".
const APPLICATION_ID: i32 = 0x504b_4231;

/// How long to wait for a person's `sqlite3` to let go of the file.
const BUSY: Duration = Duration::from_secs(5);

/// Where the write-ahead log is cut back to after a burst.
const WAL_BYTES: i64 = 4 * 1024 * 1024;

/// Every file of SQLite begins so.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Length of the header of an SQLite file.
const HEADER: usize = 100;

/// Tables whose size does not depend on the number of archives or audit entries.
const SMALL_TABLES: [&str; 4] = ["meta", "owners", "vaults", "credentials"];

/// Objects, columns, keys and indexes, a line each. The text of the schema is not compared: another
/// version of SQLite may word it differently when it alters a table.
const SHAPE: &str = r#"
    SELECT concat_ws(' ', 'object', type, name, tbl_name) FROM sqlite_schema
    UNION ALL
    SELECT concat_ws(' ', 'column', t.name, t.strict, t.wr, c.cid, c.name, c.type,
        c."notnull", c.pk)
    FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c WHERE t.schema = 'main'
    UNION ALL
    SELECT concat_ws(' ', 'key', t.name, f.id, f."table", f."from", f."to", f.on_delete)
    FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f WHERE t.schema = 'main'
    UNION ALL
    SELECT concat_ws(' ', 'index', i.name, i."unique", i.partial, x.seqno, x.name, x.desc, x.coll)
    FROM pragma_table_list t JOIN pragma_index_list(t.name) i JOIN pragma_index_xinfo(i.name) x
    WHERE t.schema = 'main'
    ORDER BY 1
"#;

/// In the order of their versions; a released one never changes.
const VERSIONS: &[M<'_>] = &[M::up(include_str!("migrations/v1.sql"))];

const MIGRATIONS: Migrations<'_> = Migrations::from_slice(VERSIONS);

/// Opens the catalogue, or makes it.
pub(crate) fn open(state: &StateDir) -> Result<Connection> {
    let path = state.join(FILE);
    match fs::symlink_metadata(&path) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => create(state, &path)?,
        Err(e) => return Err(from_io("look at", &path, &e)),
    }
    check_file(&path)?;
    let mut db = connect(&path)?;
    check_version(&db, &path)?;
    configure(&db)?;
    migrate(&mut db)?;
    check_tables(&db)?;
    Ok(db)
}

fn create(state: &StateDir, path: &Path) -> Result<()> {
    let wal = with_suffix(path, "-wal");
    if wal.exists() {
        return Err(corrupt(path, "is gone, but its write-ahead log is there"));
    }
    let unfinished = state.join(UNFINISHED);
    for leftover in [&unfinished, &with_suffix(&unfinished, "-journal")] {
        match fs::remove_file(leftover) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(from_io("remove", leftover, &e));
            }
            _ => {}
        }
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(|e| from_io("create", &unfinished, &e))?;
    let mut db = connect(&unfinished)?;
    migrate(&mut db)?;
    db.close().map_err(|(_, e)| from_sqlite(e))?;
    fs::rename(&unfinished, path).map_err(|e| from_io("rename", &unfinished, &e))?;
    sync_folder(state.path())?;
    log::info!("made the catalogue {}", path.display());
    Ok(())
}

/// What can be told without SQLite: a regular file with its magic, in whole pages unless a
/// write-ahead log may have to complete it, readable by its owner only.
fn check_file(path: &Path) -> Result<()> {
    let io = |e: io::Error| from_io("open", path, &e);
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
        .map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if !about.is_file() {
        return Err(corrupt(path, "is not a regular file"));
    }
    let mut header = [0_u8; HEADER];
    match file.read_exact(&mut header) {
        Ok(()) if header.starts_with(MAGIC) => {}
        Err(e) if e.kind() != ErrorKind::UnexpectedEof => return Err(io(e)),
        _ => return Err(corrupt(path, "is not a database")),
    }
    let log = fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    if log == 0 && !about.len().is_multiple_of(page_size(&header)) {
        return Err(corrupt(path, "was cut"));
    }
    if about.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(io)?;
    }
    Ok(())
}

/// Bytes 16 and 17, where 1 stands for 65536 (SQLite's "Database File Format", section 1.3.2).
fn page_size(header: &[u8; HEADER]) -> u64 {
    match u16::from_be_bytes([header[16], header[17]]) {
        0 | 1 => 65_536,
        size => size.into(),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(path, flags).map_err(from_sqlite)?;
    harden(&db)?;
    Ok(db)
}

/// The file may have been damaged on purpose: its schema gets no say in what statements do.
fn harden(db: &Connection) -> Result<()> {
    let set = || {
        db.busy_timeout(BUSY)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        db.pragma_update(None, "cell_size_check", true)?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "secure_delete", true)?;
        db.pragma_update(None, "temp_store", "MEMORY")
    };
    set().map_err(from_sqlite_at_open)
}

/// Ours, and not of a later version. Nothing has been written to the file before this.
fn check_version(db: &Connection, path: &Path) -> Result<()> {
    let pragma = |name| {
        db.pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(from_sqlite_at_open)
    };
    if pragma("application_id")? != APPLICATION_ID {
        return Err(corrupt(path, "is another program's database"));
    }
    let version = usize::try_from(pragma("user_version")?).unwrap_or(0);
    if version == 0 {
        return Err(corrupt(path, "has no version"));
    }
    if version > VERSIONS.len() {
        return Err(error(
            ErrorCode::UnsupportedVersion,
            format!(
                "{} has version {version}, this software knows up to {}",
                path.display(),
                VERSIONS.len()
            ),
        ));
    }
    Ok(())
}

fn configure(db: &Connection) -> Result<()> {
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(from_sqlite_at_open)?;
    if mode != "wal" {
        return Err(error(
            ErrorCode::Io,
            format!("the medium cannot hold a write-ahead log (journal mode {mode})"),
        ));
    }
    // These pragmas answer with the new value.
    db.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES, |_| Ok(()))
        .map_err(from_sqlite_at_open)
}

fn migrate(db: &mut Connection) -> Result<()> {
    MIGRATIONS.to_latest(db).map_err(|e| match e {
        rusqlite_migration::Error::RusqliteError { err, .. } => from_sqlite_at_open(err),
        rusqlite_migration::Error::ForeignKeyCheck(_) => error(
            ErrorCode::Corrupt,
            "the catalogue: a row refers to one that is not there",
        ),
        _ => error(ErrorCode::Internal, "the catalogue cannot be upgraded"),
    })
}

/// Tables and indexes are there as the migrations make them, nothing else is, and the small tables
/// are sound.
fn check_tables(db: &Connection) -> Result<()> {
    let mut fresh = Connection::open_in_memory().map_err(from_sqlite_at_open)?;
    migrate(&mut fresh)?;
    if shape(db)? != shape(&fresh)? {
        return Err(error(
            ErrorCode::Corrupt,
            "the catalogue: its tables are not as this software made them",
        ));
    }
    for table in SMALL_TABLES {
        first_finding(db, &format!("PRAGMA quick_check({table})"))?;
    }
    Ok(())
}

fn shape(db: &Connection) -> Result<Vec<String>> {
    db.prepare(SHAPE)
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(from_sqlite_at_open)
}

/// Runs a pragma that answers with `ok` or with findings.
fn first_finding(db: &Connection, pragma: &str) -> Result<()> {
    let finding: String = db
        .query_row(pragma, [], |row| row.get(0))
        .map_err(from_sqlite_at_open)?;
    if finding == "ok" {
        return Ok(());
    }
    Err(error(
        ErrorCode::Corrupt,
        format!("the catalogue: {finding}"),
    ))
}

/// Reads everything, on a connection of its own.
pub(crate) fn integrity_check(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(path, flags).map_err(from_sqlite_at_open)?;
    harden(&db)?;
    first_finding(&db, "PRAGMA integrity_check(1)")?;
    let orphan = db
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut statement| statement.exists([]))
        .map_err(from_sqlite_at_open)?;
    if orphan {
        return Err(error(
            ErrorCode::Corrupt,
            "the catalogue: a row refers to one that is not there",
        ));
    }
    Ok(())
}

/// Moves the whole write-ahead log into the main file and empties it.
pub(crate) fn checkpoint(db: &Connection) -> Result<()> {
    let busy: bool = db
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(from_sqlite)?;
    if busy {
        return Err(error(
            ErrorCode::StateInUse,
            "the catalogue: somebody reads the file, so its log cannot be emptied",
        ));
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn corrupt(path: &Path, why: &str) -> Error {
    error(
        ErrorCode::Corrupt,
        format!("{} {why}; nothing was changed", path.display()),
    )
}

#[cfg(test)]
mod tests;
