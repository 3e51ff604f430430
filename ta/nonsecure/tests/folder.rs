// SPDX-License-Identifier: Apache-2.0

//! The folder of the nonsecure sealer: who may read it, who may open it, and what is left in it
//! when something goes wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sealer_core::{Store, StoreError};
use sealer_nonsecure::{Config, FileStore, Nonsecure};
use sealer_wire::{
    ErrorCode, Owner, Reply, Request, Response, SealerKind, StorageProtection, limits,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(store: &mut FileStore, name: &str) -> Option<Vec<u8>> {
    store.read(name).unwrap().map(|bytes| bytes.to_vec())
}

#[test]
fn only_its_owner_may_read_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a").join("sealer");
    let mut store = FileStore::open(&folder).unwrap();
    store.write("name", b"key").unwrap();
    store.write("name", b"other").unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(names(&folder), ["lock", "name.record"]);
    for file in names(&folder) {
        assert_eq!(mode(&folder.join(&file)), 0o600, "{file}");
    }
    // One that others could enter is closed to them.
    drop(store);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    FileStore::open(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn objects_come_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    assert_eq!(read(&mut store, "a"), None);
    let large: Vec<u8> = (0..100_000u32).map(|value| value as u8).collect();
    store.write("a", b"old").unwrap();
    store.write("a", &large).unwrap();
    store.write("ab", b"").unwrap();
    store.write("b", b"2").unwrap();
    drop(store);
    let mut store = FileStore::open(folder.path()).unwrap();
    assert_eq!(read(&mut store, "a"), Some(large));
    assert_eq!(read(&mut store, "ab"), Some(vec![]));
    let list = |store: &mut FileStore, prefix| {
        let mut names = store.list(prefix).unwrap();
        names.sort();
        names
    };
    assert_eq!(list(&mut store, ""), ["a", "ab", "b"]);
    assert_eq!(list(&mut store, "a"), ["a", "ab"]);
    assert_eq!(list(&mut store, "lock"), <[&str; 0]>::default());
    store.remove("a").unwrap();
    store.remove("a").unwrap();
    assert_eq!(read(&mut store, "a"), None);
    assert_eq!(list(&mut store, ""), ["ab", "b"]);
}

#[test]
fn two_cannot_use_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = FileStore::open(folder.path()).unwrap();
    let error = FileStore::open(folder.path()).err().unwrap();
    assert_eq!(error.code, ErrorCode::StateInUse);
    assert!(error.detail.contains(folder.path().to_str().unwrap()));
    let error = Nonsecure::start(folder.path(), Config::default())
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::StateInUse);
    drop(first);
    // A lock file that a dead process left is no lock.
    assert_eq!(names(folder.path()), ["lock"]);
    FileStore::open(folder.path()).unwrap();
}

#[test]
fn what_a_cut_left_behind_is_ignored_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    store.write("name", b"whole").unwrap();
    drop(store);
    let temporary = folder.path().join("new.tmp");
    fs::write(&temporary, b"half of a key").unwrap();
    fs::set_permissions(&temporary, Permissions::from_mode(0o644)).unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["lock", "name.record"]);
    assert_eq!(read(&mut store, "name"), Some(b"whole".to_vec()));
    store.write("name", b"newer").unwrap();
    assert_eq!(mode(&folder.path().join("name.record")), 0o600);
    assert_eq!(read(&mut store, "name"), Some(b"newer".to_vec()));
}

#[test]
fn files_that_are_not_its_own_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    assert_eq!(store.list("").unwrap(), <[&str; 0]>::default());
    assert_eq!(names(folder.path()), ["lock", "notes.txt"]);
}

#[test]
fn a_record_of_impossible_size_or_kind_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    let huge = vec![0; 2 * limits::MESSAGE + 1];
    fs::write(folder.path().join("huge.record"), huge).unwrap();
    assert_eq!(store.read("huge").err(), Some(StoreError::Corrupt));
    fs::create_dir(folder.path().join("folder.record")).unwrap();
    assert_eq!(store.read("folder").err(), Some(StoreError::Io));
    assert_eq!(store.write("folder", b"").err(), Some(StoreError::Io));
    assert!(!names(folder.path()).contains(&"new.tmp".to_owned()));
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, b"").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let error = FileStore::open(&folder).err().unwrap();
        assert_eq!(error.code, ErrorCode::Io);
        assert!(error.detail.contains(folder.to_str().unwrap()), "{error}");
        let error = Nonsecure::start(&folder, Config::default()).err().unwrap();
        assert_eq!(error.code, ErrorCode::Io);
    }
}

#[test]
fn a_folder_that_goes_away_is_an_error_and_no_panic() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sealer");
    let mut store = FileStore::open(&folder).unwrap();
    store.write("name", b"key").unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(store.write("name", b"key").err(), Some(StoreError::Io));
    assert_eq!(store.list("").err(), Some(StoreError::Io));
    assert_eq!(read(&mut store, "name"), None);
}

/// Runs itself again where no file may have more than a few KiB.
#[test]
fn a_full_medium_keeps_what_was_there() {
    const NAME: &str = "a_full_medium_keeps_what_was_there";
    if std::env::var_os("PKB_SMALL_FILES").is_none() {
        // Its output goes through pipes: a log file would be above the limit as well.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("PKB_SMALL_FILES", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::open(folder.path()).unwrap();
    store.write("name", b"old").unwrap();
    for _ in 0..3 {
        let found = store.write("name", &[7; 100_000]);
        assert_eq!(found.err(), Some(StoreError::NoSpace));
        assert_eq!(
            names(folder.path()),
            ["lock", "name.record"],
            "nothing half-written is left"
        );
        assert_eq!(read(&mut store, "name"), Some(b"old".to_vec()));
    }
    store.write("name", b"new").unwrap();
    assert_eq!(read(&mut store, "name"), Some(b"new".to_vec()));
}

fn call(sealer: &Nonsecure, request: Request) -> Response {
    Response::from_bytes(&sealer.call(request.to_bytes().unwrap()).unwrap()).unwrap()
}

#[test]
fn it_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let sealer = Nonsecure::start(folder.path(), Config::default()).unwrap();
    let Ok(Reply::Info(info)) = call(&sealer, Request::GetInfo).result else {
        panic!("no info")
    };
    assert_eq!(info.kind, SealerKind::Nonsecure);
    assert!(info.revision.contains("nonsecure"));
    assert_eq!(info.storage_protection, StorageProtection::None);
}

#[test]
fn it_serves_many_threads_and_answers_nonsense() {
    let folder = tempfile::tempdir().unwrap();
    let sealer = Nonsecure::start(folder.path(), Config::default()).unwrap();
    std::thread::scope(|scope| {
        for uid in 0..8 {
            let sealer = &sealer;
            scope.spawn(move || {
                for _ in 0..50 {
                    let owner = Owner {
                        user: 0,
                        uid,
                        package: "com.example".into(),
                        signer: [0; 32],
                    };
                    let response = call(sealer, Request::ListVaults { owner });
                    assert!(matches!(response.result, Ok(Reply::Vaults(ids)) if ids.is_empty()));
                    let nonsense = sealer.call(vec![0xff; 10].into()).unwrap();
                    let error = Response::from_bytes(&nonsense).unwrap().result.unwrap_err();
                    assert_eq!(error.code, ErrorCode::BadRequest);
                }
            });
        }
    });
}
