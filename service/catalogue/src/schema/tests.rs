// SPDX-License-Identifier: Apache-2.0

//! Upgrades from every version, query plans, and a medium that fills up.

use std::collections::BTreeMap;
use std::path::Path;

use sealer_wire::{FactorKind, FactorView, Owner, SealedAuditEntry};

use super::*;
use crate::{Archive, ArchiveState, Catalogue, sql};

/// A catalogue of each version, with rows. A new version adds its own; none is ever changed.
const FIXTURES: &[&str] = &[include_str!("../../tests/fixtures/v1.sql")];

/// Type and name of each object, and its SQL without comments and spacing.
fn schema(db: &Connection) -> BTreeMap<(String, String), String> {
    let plain = |sql: String| -> String {
        sql.lines()
            .map(|line| line.split("--").next().unwrap_or(""))
            .flat_map(str::split_whitespace)
            .collect()
    };
    db.prepare("SELECT type, name, ifnull(sql, '') FROM sqlite_schema")
        .unwrap()
        .query_map([], |row| {
            Ok(((row.get(0)?, row.get(1)?), plain(row.get(2)?)))
        })
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

fn migrated(version: usize) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    MIGRATIONS.to_version(&mut db, version).unwrap();
    db
}

fn fixture_file(dir: &Path, fixture: &str) {
    let db = Connection::open(dir.join(FILE)).unwrap();
    db.execute_batch(fixture).unwrap();
    db.close().unwrap();
}

#[test]
fn migrations_are_well_formed() {
    MIGRATIONS.validate().unwrap();
    let db = migrated(VERSIONS.len());
    let id: i32 = db
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .unwrap();
    assert_eq!(id, APPLICATION_ID);
}

#[test]
fn every_version_has_a_fixture_and_keeps_its_schema() {
    assert_eq!(
        FIXTURES.len(),
        VERSIONS.len(),
        "add tests/fixtures/v<n>.sql"
    );
    for (version, fixture) in (1..).zip(FIXTURES) {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(fixture).unwrap();
        let stored: u32 = db
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(stored as usize, version);
        assert_eq!(
            schema(&db),
            schema(&migrated(version)),
            "a released migration was changed: version {version}"
        );
    }
}

#[test]
fn every_version_is_upgraded_with_its_rows() {
    for fixture in FIXTURES {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        fixture_file(dir.path(), fixture);
        let catalogue = Catalogue::open(&state).unwrap();
        assert_eq!(schema(&catalogue.lock()), schema(&migrated(VERSIONS.len())));
        catalogue.integrity_check().unwrap();
        check_rows(&catalogue);
        catalogue.close().unwrap();
        // And once more, now that it is current.
        check_rows(&Catalogue::open(&state).unwrap());
    }
}

fn check_rows(catalogue: &Catalogue) {
    let notes = Owner {
        user: 10,
        uid: 1_010_123,
        package: "org.example.notes".into(),
        signer: [7; 32],
    };
    let vault_id = [0x11; 16];
    catalogue
        .read(|v| {
            assert_eq!(v.meta("note")?, Some(vec![1]));
            assert_eq!(v.owners()?.len(), 2);
            let vault = v.vault(&notes, &vault_id)?;
            assert_eq!(vault.seen_seq, 12);
            assert_eq!(vault.view.epoch, 3);
            assert_eq!(vault.view.retired_epochs, [1, 2]);
            assert_eq!(vault.view.origins, ["https://example.org"]);
            assert_eq!(vault.view.user_name, "Zoë");
            assert!(vault.view.require_biometric);
            let factor = FactorView {
                factor_id: [4; 16],
                kind: FactorKind::Recovery,
                portable: true,
                last_proved_at: Some(1_700_000_009),
            };
            assert_eq!(vault.view.factors, [factor]);
            let ids: Vec<_> = vault
                .view
                .credentials
                .iter()
                .map(|c| (c.credential_id.as_slice(), c.alg, c.last_used_at))
                .collect();
            assert_eq!(
                ids,
                [
                    (&[0xc0, 0xff, 0xee][..], -7, None),
                    (&[0][..], -257, Some(1_700_000_005))
                ]
            );
            let list = v.list_archives(&notes, &vault_id, 10, None)?.archives;
            assert_eq!(list.len(), 2);
            assert_eq!(
                list[0],
                Archive {
                    backup_id: [0xa1; 16],
                    vault_id,
                    epoch: 3,
                    created_at: 1_700_000_100,
                    plaintext_bytes: 5,
                    archive_bytes: 2061,
                    meta: b"{}".to_vec(),
                    state: ArchiveState::Complete,
                }
            );
            let log = v.list_audit(&notes, &vault_id, 10, None)?.entries;
            let newest = SealedAuditEntry {
                entry: vec![0x81, 2],
                mac: [2; 32],
            };
            assert_eq!(log.first(), Some(&(2, newest)));
            Ok(())
        })
        .unwrap();
}

/// What the planner does, line by line.
fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let nulls = vec![rusqlite::types::Null; statement.parameter_count()];
    statement
        .query_map(rusqlite::params_from_iter(nulls), |row| row.get("detail"))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

#[test]
fn no_statement_scans_or_sorts() {
    let db = migrated(VERSIONS.len());
    for (name, sql) in sql::ALL {
        for step in plan(&db, sql) {
            if *name == "OWNERS_ALL" {
                assert!(step.starts_with("SCAN owners"), "{name}: {step}");
                continue;
            }
            assert!(!step.contains("SCAN"), "{name}: {step}");
            assert!(!step.contains("TEMP B-TREE"), "{name}: {step}");
            assert!(step.starts_with("SEARCH"), "{name}: {step}");
            let keyed = ["USING INDEX", "USING COVERING INDEX", "PRIMARY KEY"];
            assert!(keyed.iter().any(|how| step.contains(how)), "{name}: {step}");
        }
    }
}

#[test]
fn a_page_is_a_range_of_its_index() {
    let db = migrated(VERSIONS.len());
    assert_eq!(
        plan(&db, sql::ARCHIVE_PAGE),
        ["SEARCH archives USING INDEX archives_by_age (vault=? AND (created_at,backup_id)<(?,?))"]
    );
    assert_eq!(
        plan(&db, sql::ARCHIVE_RETIRED_PAGE),
        ["SEARCH archives USING INDEX archives_by_epoch \
          (vault=? AND (epoch,created_at,backup_id)<(?,?,?))"]
    );
    assert_eq!(
        plan(&db, sql::AUDIT_PAGE),
        ["SEARCH audit USING PRIMARY KEY (vault=? AND seq<?)"]
    );
    assert_eq!(
        plan(&db, sql::AUDIT_RUN),
        ["SEARCH audit USING PRIMARY KEY (vault=? AND seq>?)"]
    );
    assert_eq!(
        plan(&db, sql::AUDIT_LAST),
        ["SEARCH audit USING PRIMARY KEY (vault=?)"]
    );
}

/// Removing a parent looks for its children: each foreign key needs an index that begins with it.
#[test]
fn every_foreign_key_has_an_index() {
    let db = migrated(VERSIONS.len());
    let keys: Vec<(String, String)> = db
        .prepare(
            "SELECT t.name, group_concat(f.\"from\" || ' = ?', ' AND ')
             FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f
             GROUP BY t.name, f.id",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for (table, children) in keys {
        let steps = plan(&db, &format!("SELECT 1 FROM {table} WHERE {children}"));
        assert!(steps.iter().all(|s| s.starts_with("SEARCH")), "{steps:?}");
    }
}

fn archive(n: u64) -> Archive {
    let mut backup_id = [0; 16];
    backup_id[..8].copy_from_slice(&n.to_be_bytes());
    Archive {
        backup_id,
        vault_id: [0x11; 16],
        epoch: 3,
        created_at: 1_800_000_000 + n,
        plaintext_bytes: 1,
        archive_bytes: 1,
        meta: vec![b'm'; 4096],
        state: ArchiveState::Complete,
    }
}

#[test]
fn a_full_medium_is_named_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::open(dir.path()).unwrap();
    fixture_file(dir.path(), FIXTURES[FIXTURES.len() - 1]);
    let catalogue = Catalogue::open(&state).unwrap();
    let owner = catalogue.read(|v| v.owners()).unwrap().remove(0);
    let limit = |pages: u32| {
        catalogue
            .lock()
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    let pages: u32 = catalogue
        .lock()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    limit(pages + 20);

    let mut stored = 0;
    let refused = loop {
        match catalogue.with_transaction(|t| t.add_archive(&owner, &archive(stored))) {
            Ok(_) => stored += 1,
            Err(e) => break e,
        }
        assert!(stored < 100, "the limit does not work");
    };
    assert_eq!(refused.code, ErrorCode::NoSpace, "{refused}");
    assert!(stored > 3);
    let again = catalogue.with_transaction(|t| t.add_archive(&owner, &archive(stored)));
    assert_eq!(again.map_err(|e| e.code), Err(ErrorCode::NoSpace));

    // What was there is there; the service goes on once there is room.
    let listed = || {
        catalogue
            .read(|v| v.list_archives(&owner, &[0x11; 16], 1000, None))
            .unwrap()
            .archives
            .len() as u64
    };
    assert_eq!(listed(), stored + 2);
    catalogue.integrity_check().unwrap();
    limit(pages + 1000);
    catalogue
        .with_transaction(|t| t.add_archive(&owner, &archive(stored)))
        .unwrap();
    assert_eq!(listed(), stored + 3);
    check_rows_survive(catalogue, &state);
}

fn check_rows_survive(catalogue: Catalogue, state: &StateDir) {
    catalogue.close().unwrap();
    let catalogue = Catalogue::open(state).unwrap();
    catalogue.integrity_check().unwrap();
}

#[test]
fn the_connection_is_set_as_documented() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::open(&StateDir::open(dir.path()).unwrap()).unwrap();
    let db = catalogue.lock();
    let pragma = |name| -> i64 { db.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(pragma("synchronous"), 2);
    assert_eq!(pragma("foreign_keys"), 1);
    assert_eq!(pragma("secure_delete"), 1);
    assert_eq!(pragma("cell_size_check"), 1);
    assert_eq!(pragma("trusted_schema"), 0);
    assert_eq!(pragma("busy_timeout"), 5000);
    assert_eq!(pragma("journal_size_limit"), WAL_BYTES);
    let mode: String = db
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}
