// SPDX-License-Identifier: Apache-2.0

//! Folders for the length of a test.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that goes away with the value.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// One that everybody can search, so that sockets in it can be reached by other uids.
    pub fn shared() -> Scratch {
        let dir = TempDir::with_prefix("pkb-e2e-").expect("a folder for temporary files");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("its permissions");
        Scratch(dir)
    }

    /// One of another uid's own.
    pub fn of_uid(uid: u32) -> Scratch {
        let dir = TempDir::with_prefix("pkb-e2e-app-").expect("a folder for temporary files");
        if uid != nix::unistd::getuid().as_raw() {
            chown(dir.path(), Some(uid), Some(uid)).expect("giving a folder away needs root");
        }
        Scratch(dir)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Something in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }
}
