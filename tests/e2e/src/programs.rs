// SPDX-License-Identifier: Apache-2.0

//! Where the programs under test are. A stale one is never tested: Cargo is asked once a process.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::fcntl::{Flock, FlockArg};

const DAEMON: &str = "passkeybackupd";
const PKB: &str = "pkb";
const HOOKS: &str = "test-hooks";

/// The daemon as it is shipped.
pub fn daemon_program() -> &'static Path {
    &plain().0
}

/// The client as it is shipped.
pub fn pkb_program() -> &'static Path {
    &plain().1
}

/// The client under a name that every uid can run, wherever the build folder lies: an open
/// descriptor, which programs started from here have until they run it.
pub(crate) fn pkb_for_any_uid() -> &'static Path {
    static OPEN: OnceLock<(File, PathBuf)> = OnceLock::new();
    let (_, path) = OPEN.get_or_init(|| {
        let file = File::open(pkb_program()).expect("pkb can be opened");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
        (file, path)
    });
    path
}

/// The daemon with what only tests may have, such as `PKB_TEST_DEK_FILE`.
pub fn daemon_with_test_hooks() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| match given() {
        Some(folder) => existing(folder.join(HOOKS).join(DAEMON)),
        None => build(|target| {
            cargo(target, &["-p", DAEMON, "--features", HOOKS]);
            let kept = keep(target, HOOKS, DAEMON);
            // What lies in the build folder itself is never left with hooks in it.
            cargo(target, &["-p", DAEMON]);
            kept
        }),
    })
}

fn plain() -> &'static (PathBuf, PathBuf) {
    static FOUND: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    FOUND.get_or_init(|| match given() {
        Some(folder) => (existing(folder.join(DAEMON)), existing(folder.join(PKB))),
        None => build(|target| {
            cargo(target, &["-p", DAEMON, "-p", PKB]);
            (keep(target, "plain", DAEMON), keep(target, "plain", PKB))
        }),
    })
}

fn given() -> Option<PathBuf> {
    std::env::var_os("PKB_BIN_DIR").map(PathBuf::from)
}

fn existing(program: PathBuf) -> PathBuf {
    assert!(program.is_file(), "there is no {}", program.display());
    program
}

/// The build folder of the profile that this test was built with.
struct Target {
    /// `target/release`, say.
    folder: PathBuf,
}

fn build<T>(work: impl FnOnce(&Target) -> T) -> T {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test
        .ancestors()
        .find(|folder| folder.join(".fingerprint").is_dir())
        .expect("a test outside a build folder needs PKB_BIN_DIR")
        .to_path_buf();
    let target = Target { folder };
    let lock = File::create(target.folder.join("e2e.lock")).expect("the lock of the build");
    let lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error);
    let _lock = lock.expect("the lock of the build");
    work(&target)
}

fn cargo(target: &Target, arguments: &[&str]) {
    let profile = match target.folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--quiet",
            "--bins",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target.folder.parent().expect("a build folder has a parent"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo build {arguments:?}: {status}");
}

/// Keeps what was just built under a name that later builds do not replace.
fn keep(target: &Target, kind: &str, program: &str) -> PathBuf {
    let folder = target.folder.join("e2e").join(kind);
    fs::create_dir_all(&folder).expect("a folder for the programs under test");
    let (kept, new) = (folder.join(program), folder.join(format!("{program}.new")));
    let _ = fs::remove_file(&new);
    fs::hard_link(target.folder.join(program), &new).expect("a program that cargo built");
    // A test that runs the old one keeps running it.
    fs::rename(&new, &kept).expect("a name for the program");
    // The rename of a link to the same file does nothing.
    let _ = fs::remove_file(&new);
    kept
}
