// SPDX-License-Identifier: Apache-2.0

//! The catalogue as another program sees it: a SQLite file.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// The one SQLite file of a state folder.
///
/// # Panics
/// If there is none, or more than one.
pub fn catalogue_file(state: &Path) -> PathBuf {
    let is_sqlite = |path: &PathBuf| {
        path.is_file() && fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"))
    };
    let entries = fs::read_dir(state).expect("the state folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = paths.filter(is_sqlite).collect();
    assert_eq!(
        found.len(),
        1,
        "SQLite files in {}: {found:?}",
        state.display()
    );
    found.swap_remove(0)
}

/// Lets SQLite check a copy of the catalogue as the daemon left it, write-ahead log included.
///
/// # Panics
/// If SQLite finds anything.
pub fn check_catalogue(state: &Path) {
    let file = catalogue_file(state);
    let folder = tempfile::tempdir().expect("a folder for the copy");
    let copy = folder.path().join("copy");
    fs::copy(&file, &copy).expect("a copy of the catalogue");
    let mut log = file.into_os_string();
    log.push("-wal");
    if Path::new(&log).exists() {
        fs::copy(&log, folder.path().join("copy-wal")).expect("a copy of its log");
    }
    let catalogue = Connection::open(&copy).expect("a copy that opens");
    let lines = |pragma: &str| -> Vec<String> {
        let mut query = catalogue.prepare(pragma).expect("a pragma");
        let rows = query.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    assert_eq!(lines("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(lines("PRAGMA foreign_key_check"), [""; 0]);
}
