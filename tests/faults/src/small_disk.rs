// SPDX-License-Identifier: Apache-2.0

//! A disk that is full when a test wants it to be.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use e2e::Scratch;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

const FILLER: &str = "filler";

/// A small tmpfs that only the thread that made it, and programs that it starts, can see.
///
/// It goes away with the thread.
#[derive(Debug)]
pub struct SmallDisk {
    mounted_at: Scratch,
}

impl SmallDisk {
    /// A disk of that many kibibytes.
    ///
    /// # Panics
    /// Without root, also that of a user namespace.
    pub fn of_kib(size: u64) -> SmallDisk {
        let mounted_at = Scratch::shared();
        let why = "mounting a small disk needs root, or a user namespace";
        unshare(CloneFlags::CLONE_NEWNS).expect(why);
        let none: Option<&str> = None;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, "/", none, private, none).expect(why);
        let options = format!("size={size}k,mode=755");
        mount(
            Some("tmpfs"),
            mounted_at.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            Some(&*options),
        )
        .expect(why);
        SmallDisk { mounted_at }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.mounted_at.path()
    }

    /// A folder on it that everybody can write to.
    pub fn open_folder(&self, name: &str) -> PathBuf {
        let path = self.mounted_at.join(name);
        fs::create_dir(&path).expect("space for a folder");
        fs::set_permissions(&path, Permissions::from_mode(0o777)).expect("its permissions");
        path
    }

    /// Leaves not one byte.
    ///
    /// # Panics
    /// If writing fails otherwise than for lack of space.
    pub fn fill(&self) {
        let mut filler = File::create(self.mounted_at.join(FILLER)).expect("a name for the filler");
        for piece in [4096, 1] {
            loop {
                match filler.write(&vec![0x5a; piece]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling the disk: {error}"),
                }
            }
        }
    }

    /// Frees what [`fill`](Self::fill) took.
    ///
    /// # Panics
    /// If it was not filled.
    pub fn free(&self) {
        fs::remove_file(self.mounted_at.join(FILLER)).expect("the filler");
    }
}
