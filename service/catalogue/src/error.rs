// SPDX-License-Identifier: Apache-2.0

//! The one mapping from SQLite's errors to the project's.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use rusqlite::ffi;
use sealer_wire::{Error, ErrorCode};

/// An error with a sentence made for the occasion.
pub(crate) fn error(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Error {
    Error {
        code,
        detail: detail.into(),
        retry_after_ms: None,
    }
}

/// Unknown, or somebody else's.
pub(crate) fn not_found(what: &'static str) -> Error {
    Error::new(ErrorCode::NotFound, what)
}

/// What SQLite reports, in the project's words. SQLite's message names tables and columns, never
/// values; where an error of `rusqlite` carries a value, a fixed sentence stands for it.
pub(crate) fn from_sqlite(e: rusqlite::Error) -> Error {
    let (failure, message) = match e {
        rusqlite::Error::SqliteFailure(failure, message) => (failure, message),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg)),
        // A value that this software did not write.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..) => {
            return Error::new(
                ErrorCode::Corrupt,
                "the catalogue holds a value that nobody wrote",
            );
        }
        _ => {
            return Error::new(ErrorCode::Internal, "a statement of the catalogue is wrong");
        }
    };
    let code = match (failure.extended_code, failure.extended_code & 0xff) {
        // The shared-memory file could not grow: SQLite does not tell why, and there is one reason.
        (ffi::SQLITE_IOERR_SHMSIZE, _) | (_, ffi::SQLITE_FULL) => ErrorCode::NoSpace,
        (_, ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => ErrorCode::Corrupt,
        (
            _,
            ffi::SQLITE_IOERR
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_READONLY
            | ffi::SQLITE_PERM
            | ffi::SQLITE_AUTH
            | ffi::SQLITE_PROTOCOL
            | ffi::SQLITE_NOLFS,
        ) => ErrorCode::Io,
        // Nobody but this process opens the file, unless a person does.
        (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => ErrorCode::StateInUse,
        (_, ffi::SQLITE_TOOBIG) => ErrorCode::TooLarge,
        _ => ErrorCode::Internal,
    };
    let message = message.unwrap_or_else(|| failure.to_string());
    error(
        code,
        format!("the catalogue: {message} ({})", failure.extended_code),
    )
}

/// The same, for the fixed statements that look at a file for the first time: they are right, so
/// what SQLite has against them is against the file (an unknown file format, for one).
pub(crate) fn from_sqlite_at_open(e: rusqlite::Error) -> Error {
    match e.sqlite_error() {
        Some(failure) if failure.extended_code == ffi::SQLITE_ERROR => error(
            ErrorCode::Corrupt,
            format!("the catalogue cannot be read: {e}"),
        ),
        _ => from_sqlite(e),
    }
}

/// What the system reports about a path.
pub(crate) fn from_io(doing: &str, path: &Path, e: &io::Error) -> Error {
    let code = match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
        _ => ErrorCode::Io,
    };
    error(code, format!("cannot {doing} {}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(extended: i32) -> ErrorCode {
        from_sqlite(rusqlite::Error::SqliteFailure(
            ffi::Error::new(extended),
            None,
        ))
        .code
    }

    #[test]
    fn each_kind_has_its_name() {
        assert_eq!(mapped(ffi::SQLITE_FULL), ErrorCode::NoSpace);
        assert_eq!(mapped(ffi::SQLITE_IOERR_SHMSIZE), ErrorCode::NoSpace);
        assert_eq!(mapped(ffi::SQLITE_IOERR_WRITE), ErrorCode::Io);
        assert_eq!(mapped(ffi::SQLITE_IOERR_FSYNC), ErrorCode::Io);
        assert_eq!(mapped(ffi::SQLITE_CANTOPEN), ErrorCode::Io);
        assert_eq!(mapped(ffi::SQLITE_READONLY_DBMOVED), ErrorCode::Io);
        assert_eq!(mapped(ffi::SQLITE_CORRUPT_INDEX), ErrorCode::Corrupt);
        assert_eq!(mapped(ffi::SQLITE_NOTADB), ErrorCode::Corrupt);
        assert_eq!(mapped(ffi::SQLITE_BUSY), ErrorCode::StateInUse);
        assert_eq!(mapped(ffi::SQLITE_TOOBIG), ErrorCode::TooLarge);
        assert_eq!(mapped(ffi::SQLITE_CONSTRAINT_UNIQUE), ErrorCode::Internal);
        assert_eq!(mapped(ffi::SQLITE_NOMEM), ErrorCode::Internal);
        assert_eq!(
            from_sqlite(rusqlite::Error::IntegralValueOutOfRange(0, 4711)).code,
            ErrorCode::Corrupt
        );
    }

    #[test]
    fn a_value_is_not_repeated() {
        let e = from_sqlite(rusqlite::Error::IntegralValueOutOfRange(0, 4711));
        assert!(!e.detail.contains("4711"));
    }

    #[test]
    fn the_path_is_named() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let e = from_io("open", Path::new("/nowhere/x"), &full);
        assert_eq!(e.code, ErrorCode::NoSpace);
        assert!(e.detail.contains("/nowhere/x"));
    }
}
