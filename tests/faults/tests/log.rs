// SPDX-License-Identifier: Apache-2.0

//! Somebody who can write the catalogue, and not the sealer: a log that was changed is found, and a
//! catalogue that was emptied ends no epoch.

use std::fs;

use e2e::{Daemon, User, contract};
use faults::catalogue_file;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A vault with a day behind it.
fn scripted_day(user: &mut User, name: &str) -> String {
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let archive = user.backup(&vault, name, b"content");
    user.restore(&archive.path).unwrap();
    user.make_recovery_key(&vault).unwrap();
    user.rotate(&vault, &[&archive.path]).unwrap();
    vault
}

fn log(user: &User, vault: &str) -> Result<Value, String> {
    let log = user
        .pkb
        .json(&["audit", vault, "--verify"])
        .map_err(|refusal| refusal.name)?;
    contract::audit(&log);
    assert_eq!(log["verified"], true);
    Ok(log)
}

/// Stops the daemon, changes the catalogue, and starts it again.
fn tamper(daemon: &mut Daemon, change: &[&str]) {
    daemon.stop();
    let catalogue = Connection::open(catalogue_file(&daemon.state())).unwrap();
    for statement in change {
        catalogue
            .execute_batch(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    drop(catalogue);
    daemon.start_again().unwrap();
}

#[test]
fn every_change_to_the_log_is_found() {
    let mut daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = scripted_day(&mut user, "one.pkb");
    let other = scripted_day(&mut user, "two.pkb");
    let whole = log(&user, &vault).unwrap();
    assert_eq!(whole["entries"].as_array().unwrap().len(), 6);
    log(&user, &other).unwrap();
    daemon.stop();
    let file = catalogue_file(&daemon.state());
    let kept = fs::read(&file).unwrap();
    daemon.start_again().unwrap();

    let first = "(SELECT min(id) FROM vaults)";
    let flipped = "entry = CAST(substr(entry, 1, 9) || \
         x'00' || substr(entry, 11) AS BLOB)";
    let changes: [(&str, Vec<String>); 7] = [
        (
            "a byte of an entry",
            vec![format!(
                "UPDATE audit SET {flipped} WHERE seq = 3 AND vault = {first};"
            )],
        ),
        (
            "a byte of a MAC",
            vec![format!(
                "UPDATE audit SET mac = CAST(x'00' || substr(mac, 2) AS BLOB) \
                 WHERE seq = 2 AND vault = {first};"
            )],
        ),
        (
            "an entry in the middle gone",
            vec![format!(
                "DELETE FROM audit WHERE seq = 3 AND vault = {first};"
            )],
        ),
        (
            "the first entry gone",
            vec![format!(
                "DELETE FROM audit WHERE seq = 1 AND vault = {first};"
            )],
        ),
        (
            "the tail cut",
            vec![format!(
                "DELETE FROM audit WHERE seq > 4 AND vault = {first};"
            )],
        ),
        (
            "all of it gone",
            vec![format!("DELETE FROM audit WHERE vault = {first};")],
        ),
        (
            "two logs swapped",
            vec![
                "PRAGMA foreign_keys = OFF;".into(),
                "UPDATE audit SET vault = -vault;".into(),
                "UPDATE audit SET vault = CASE -vault WHEN (SELECT min(id) FROM vaults) \
                 THEN (SELECT max(id) FROM vaults) ELSE (SELECT min(id) FROM vaults) END;"
                    .into(),
            ],
        ),
    ];
    for (what, change) in &changes {
        let change: Vec<&str> = change.iter().map(String::as_str).collect();
        tamper(&mut daemon, &change);
        assert_eq!(log(&user, &vault), Err("AUDIT_TAMPERED".into()), "{what}");
        // Without verification it can still be read, as evidence.
        user.pkb.json(&["audit", &vault]).unwrap();
        daemon.stop();
        fs::write(&file, &kept).unwrap();
        daemon.start_again().unwrap();
        assert_eq!(log(&user, &vault).as_ref(), Ok(&whole), "after {what}");
    }
}

#[test]
fn a_catalogue_that_was_emptied_before_a_rotation_loses_no_archive() {
    let mut daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    user.enrol_prf(&vault).unwrap();
    let archive = user.backup(&vault, "a.pkb", b"content");
    tamper(&mut daemon, &["DELETE FROM archives;"]);
    let rotated = user.rotate(&vault, &[]).unwrap();
    assert_eq!(rotated["pending"], json!([]), "the catalogue knows of none");
    // It is the sealer that ends epochs, and only when the person says so.
    let shown = user.show(&vault);
    assert_eq!(shown["retired_epochs"], json!([1]));
    let warnings = shown["warnings"].as_array().unwrap();
    assert!(
        warnings.contains(&json!("retired_epochs_in_use")),
        "{shown:#}"
    );
    assert_eq!(user.restore(&archive.path).unwrap(), b"content");
    user.pkb
        .json(&["archive", "refresh", archive.arg()])
        .unwrap();
    assert_eq!(user.restore(&archive.path).unwrap(), b"content");
}
