// SPDX-License-Identifier: Apache-2.0

//! State folders and files that are in use, closed to us, cut, foreign or garbage.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{furnish, id, open, owner, state_dir};
use passkeybackup_catalogue::{Catalogue, FILE, StateDir};
use sealer_wire::{Error, ErrorCode};

const VAULT: [u8; 16] = [1; 16];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn try_open(dir: &Path) -> Result<Catalogue, Error> {
    Catalogue::open(&state_dir(dir))
}

/// A folder with a furnished catalogue that was closed cleanly, and the path of its file.
fn furnished(archives: u64) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    furnish(&catalogue, &owner(1), VAULT, archives);
    catalogue.close().unwrap();
    let file = dir.path().join(FILE);
    (dir, file)
}

/// Opening must end with `CORRUPT` and leave every file as it was.
fn assert_corrupt(dir: &Path) -> Error {
    let files = || -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file())
            .filter(|path| !path.ends_with("lock"))
            .filter(|path| !path.to_string_lossy().ends_with("-shm"))
            .map(|path| (path.clone(), fs::read(&path).unwrap()))
            .filter(|(path, bytes)| !(path.to_string_lossy().ends_with("-wal") && bytes.is_empty()))
            .collect();
        all.sort();
        all
    };
    let before = files();
    let e = try_open(dir).map(drop).expect_err("must be refused");
    assert_eq!(e.code, ErrorCode::Corrupt, "{e}");
    assert!(files() == before, "damaged files are left as they are");
    e
}

#[test]
fn nobody_else_can_read_what_is_created() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    let catalogue = open(&dir);
    furnish(&catalogue, &owner(1), VAULT, 1);
    assert_eq!(mode(&dir), 0o700);
    let mut names: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "catalogue.db",
            "catalogue.db-shm",
            "catalogue.db-wal",
            "lock"
        ]
    );
    for name in names {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name:?}");
    }
    catalogue.close().unwrap();
    assert!(!dir.join("catalogue.db-wal").exists(), "one file is left");
}

#[test]
fn a_file_that_others_may_read_is_closed_to_them() {
    let (dir, file) = furnished(1);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let _catalogue = open(dir.path());
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn one_folder_has_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let first = StateDir::open(dir.path()).unwrap();
    let refused = || StateDir::open(dir.path()).map(drop).expect_err("in use");
    let e = refused();
    assert_eq!(e.code, ErrorCode::StateInUse);
    assert!(e.detail.contains(&std::process::id().to_string()), "{e}");
    assert!(e.detail.contains(first.path().to_str().unwrap()), "{e}");

    // The catalogue keeps the lock.
    let catalogue = Catalogue::open(&first).unwrap();
    drop(first);
    assert_eq!(refused().code, ErrorCode::StateInUse);
    // By whatever name.
    let parent = tempfile::tempdir().unwrap();
    let link = parent.path().join("link");
    symlink(dir.path(), &link).unwrap();
    let e = StateDir::open(&link).map(drop).expect_err("in use");
    assert_eq!(e.code, ErrorCode::StateInUse);

    catalogue.close().unwrap();
    state_dir(dir.path());
}

#[test]
fn an_empty_folder_is_closed_and_a_full_one_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    drop(state_dir(dir.path()));
    assert_eq!(mode(dir.path()), 0o700);

    for open_to in [0o750, 0o705, 0o770, 0o777, 0o701] {
        fs::set_permissions(dir.path(), Permissions::from_mode(open_to)).unwrap();
        let e = StateDir::open(dir.path())
            .map(drop)
            .expect_err("open to others");
        assert_eq!(e.code, ErrorCode::Io);
        assert!(e.detail.contains("chmod 700 /"), "{e}");
        assert_eq!(mode(dir.path()), open_to, "left alone");
    }
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "x").unwrap();
    let missing = parent.path().join("no/such/parent");
    for path in [file.join("below"), file.clone(), missing] {
        let e = StateDir::open(&path).map(drop).expect_err("impossible");
        assert_eq!(e.code, ErrorCode::Io);
        assert!(e.detail.contains(path.to_str().unwrap()), "{e}");
    }
    let lock = parent.path().join("state/lock");
    fs::create_dir_all(&lock).unwrap();
    fs::set_permissions(lock.parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
    let e = StateDir::open(lock.parent().unwrap())
        .map(drop)
        .expect_err("lock is a folder");
    assert_eq!(e.code, ErrorCode::Io);
    assert!(e.detail.contains("state/lock"), "{e}");
}

/// Run by [`a_folder_without_permission_is_named`] as a user without power.
const AS_NOBODY: &str = "CATALOGUE_TEST_OPEN";

#[test]
fn a_folder_without_permission_is_named() {
    if let Some(path) = std::env::var_os(AS_NOBODY) {
        let e = StateDir::open(Path::new(&path))
            .map(drop)
            .expect_err("no permission");
        println!("code={} {}", e.code.name(), e.detail);
        return;
    }
    // Permissions do not stop root, so the attempt is made by a child without power.
    let dir = tempfile::Builder::new()
        .prefix("catalogue")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    let program = dir.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let root = fs::metadata(dir.path()).unwrap().uid() == 0;
    fs::set_permissions(
        &closed,
        Permissions::from_mode(if root { 0o700 } else { 0 }),
    )
    .unwrap();
    for path in [closed.clone(), closed.join("below")] {
        let mut child = Command::new(&program);
        child
            .args([
                "--exact",
                "a_folder_without_permission_is_named",
                "--nocapture",
            ])
            .env(AS_NOBODY, &path)
            .current_dir("/");
        if root {
            std::os::unix::process::CommandExt::uid(&mut child, 12_345);
            std::os::unix::process::CommandExt::gid(&mut child, 12_345);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("code=IO"),
            "{said} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn somebody_elses_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    if fs::metadata(dir.path()).unwrap().uid() == 0 {
        std::os::unix::fs::chown(dir.path(), Some(12_345), None).unwrap();
        let e = StateDir::open(dir.path()).map(drop).expect_err("not ours");
        assert_eq!(e.code, ErrorCode::Io);
        assert!(e.detail.contains("belongs to uid 12345"), "{e}");
    }
    // For everybody: a folder of root's, or one that this process may not even look into.
    let e = StateDir::open(Path::new("/proc/1"))
        .map(drop)
        .expect_err("not ours");
    assert_eq!(e.code, ErrorCode::Io);
}

#[test]
fn garbage_is_corrupt() {
    for garbage in [
        &b""[..],
        b"x",
        b"SQLite format 3",
        &[0; 4096],
        &[0xa5; 100_000],
    ] {
        let dir = tempfile::tempdir().unwrap();
        drop(state_dir(dir.path()));
        fs::write(dir.path().join(FILE), garbage).unwrap();
        assert_corrupt(dir.path());
    }
    // The right magic, and nothing right after it.
    let dir = tempfile::tempdir().unwrap();
    drop(state_dir(dir.path()));
    let mut bytes = b"SQLite format 3\0".to_vec();
    for length in [16, 100, 512, 4096, 8192] {
        bytes.resize(length, 0x5a);
        fs::write(dir.path().join(FILE), &bytes).unwrap();
        assert_corrupt(dir.path());
    }
}

#[test]
fn a_cut_file_is_corrupt() {
    let (dir, file) = furnished(300);
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() > 20 * 4096);
    let mut ends: Vec<usize> = (0..whole.len()).step_by(4096).collect();
    ends.extend([
        1,
        15,
        99,
        511,
        4095,
        5000,
        whole.len() / 2 + 7,
        whole.len() - 1,
    ]);
    for end in ends {
        fs::write(&file, &whole[..end]).unwrap();
        assert_corrupt(dir.path());
    }
    fs::write(&file, &whole).unwrap();
    let catalogue = open(dir.path());
    catalogue.integrity_check().unwrap();
    catalogue.read(|v| v.archive(&owner(1), &id(299))).unwrap();
}

#[test]
fn another_programs_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(state_dir(dir.path()));
    let db = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    db.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1;")
        .unwrap();
    db.close().unwrap();
    let e = assert_corrupt(dir.path());
    assert!(e.detail.contains("another program's"), "{e}");
}

#[test]
fn tables_that_are_gone_or_added_are_noticed() {
    for change in [
        "DROP INDEX archives_by_age",
        "DROP TABLE audit",
        "CREATE TABLE more (x)",
        "CREATE TRIGGER t AFTER INSERT ON archives BEGIN DELETE FROM vaults; END",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 7",
    ] {
        let (dir, file) = furnished(1);
        let db = rusqlite::Connection::open(&file).unwrap();
        db.execute_batch(change).unwrap();
        db.close().unwrap();
        let e = try_open(dir.path()).map(drop).expect_err(change);
        assert_eq!(e.code, ErrorCode::Corrupt, "{change}: {e}");
    }
}

#[test]
fn a_later_version_is_not_touched() {
    let (dir, file) = furnished(1);
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    db.close().unwrap();
    let before = fs::read(&file).unwrap();
    let e = try_open(dir.path()).map(drop).expect_err("too new");
    assert_eq!(e.code, ErrorCode::UnsupportedVersion);
    assert!(e.detail.contains("99"), "{e}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_log_without_its_file_is_not_thrown_away() {
    let (dir, file) = furnished(1);
    fs::rename(&file, dir.path().join("elsewhere")).unwrap();
    fs::write(dir.path().join("catalogue.db-wal"), "a log").unwrap();
    assert_corrupt(dir.path());
}

#[test]
fn links_and_folders_are_not_a_catalogue() {
    let (dir, file) = furnished(1);
    let target = dir.path().join("elsewhere");
    fs::rename(&file, &target).unwrap();
    symlink(&target, &file).unwrap();
    let e = try_open(dir.path()).map(drop).expect_err("a link");
    assert_eq!(e.code, ErrorCode::Io);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let e = try_open(dir.path()).map(drop).expect_err("a folder");
    assert_eq!(e.code, ErrorCode::Corrupt);
}

#[test]
fn an_unfinished_beginning_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(state_dir(dir.path()));
    for name in ["catalogue.db.new", "catalogue.db.new-journal"] {
        fs::write(dir.path().join(name), "half").unwrap();
    }
    let catalogue = open(dir.path());
    catalogue.integrity_check().unwrap();
    assert!(!dir.path().join("catalogue.db.new").exists());
    assert!(!dir.path().join("catalogue.db.new-journal").exists());
}

/// Flips bytes all over the file: whatever is hit, nothing panics, nothing is invented, and either
/// an error says so or the full check does or the damage is in a value.
#[test]
fn flipped_bytes_never_panic() {
    let (dir, file) = furnished(60);
    let whole = fs::read(&file).unwrap();
    let (mut at_open, mut later, mut unseen) = (0, 0, 0);
    for n in 0..400_usize {
        let mut bytes = whole.clone();
        let at = if n < 100 { n } else { (n * 7919) % whole.len() };
        bytes[at] ^= 0xff;
        fs::write(&file, &bytes).unwrap();
        for left in ["catalogue.db-wal", "catalogue.db-shm"] {
            let _ = fs::remove_file(dir.path().join(left));
        }
        let allowed = [
            ErrorCode::Corrupt,
            ErrorCode::UnsupportedVersion,
            ErrorCode::Io,
        ];
        let catalogue = match try_open(dir.path()) {
            Ok(catalogue) => catalogue,
            Err(e) => {
                assert!(allowed.contains(&e.code), "byte {at}: {e}");
                at_open += 1;
                continue;
            }
        };
        let listed = catalogue.read(|v| {
            v.vaults(&owner(1))?;
            v.list_archives(&owner(1), &VAULT, 1000, None)?;
            v.list_audit(&owner(1), &VAULT, 1000, None)
        });
        let checked = catalogue.integrity_check();
        for e in [listed.map(drop).err(), checked.err()]
            .into_iter()
            .flatten()
        {
            let allowed = [ErrorCode::Corrupt, ErrorCode::NotFound];
            assert!(allowed.contains(&e.code), "byte {at}: {e}");
            later += 1;
        }
        unseen += 1;
    }
    println!("{at_open} refused at opening, {later} findings later, {unseen} opened");
    assert!(at_open > 0 && unseen > 0);
}
