// SPDX-License-Identifier: Apache-2.0

//! The state folder: one daemon at a time, nobody else's business.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::OFlag;
use sealer_wire::{ErrorCode, Result};

use crate::error::{error, from_io};

const LOCK: &str = "lock";
const GROUP_AND_OTHERS: u32 = 0o077;

/// A state folder that this process has to itself, until the last clone is dropped or the process
/// ends, however it ends.
///
/// The lock is `flock` on the file `lock`, which stays there: a lock file that is removed can be
/// locked twice. It holds the process id, for the message of the one that comes too late.
#[derive(Clone, Debug)]
pub struct StateDir {
    path: Arc<Path>,
    _lock: Arc<File>,
}

impl StateDir {
    /// Takes the folder, creating it with mode 0700 if it is not there (its parent must be).
    ///
    /// A folder that was there must belong to this process's user. If group or others have any
    /// permission on it, it is made 0700 if it is empty and refused if not: what it holds may have
    /// been read or planted.
    ///
    /// Errors: `STATE_IN_USE` if another `StateDir` has it; `IO` or `NO_SPACE` with the path.
    pub fn open(path: &Path) -> Result<StateDir> {
        let created = match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            Err(e) => return Err(from_io("create the state folder", path, &e)),
        };
        // Without symbolic links from here on: nobody can exchange a part of the path.
        let path = fs::canonicalize(path).map_err(|e| from_io("find", path, &e))?;
        let folder = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
            .open(&path)
            .map_err(|e| from_io("open the state folder", &path, &e))?;
        check_folder(&folder, &path)?;
        let lock = take_lock(&path)?;
        if created {
            sync_folder(&path)?;
            if let Some(parent) = path.parent() {
                sync_folder(parent)?;
            }
        }
        Ok(StateDir {
            path: path.into(),
            _lock: Arc::new(lock),
        })
    }

    /// The folder, absolute and without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn check_folder(folder: &File, path: &Path) -> Result<()> {
    let about = folder
        .metadata()
        .map_err(|e| from_io("look at", path, &e))?;
    let refuse = |why: String| {
        Err(error(
            ErrorCode::Io,
            format!("the state folder {} {why}", path.display()),
        ))
    };
    let us = nix::unistd::geteuid().as_raw();
    if about.uid() != us {
        return refuse(format!(
            "belongs to uid {}, this service runs as uid {us}",
            about.uid()
        ));
    }
    if about.mode() & GROUP_AND_OTHERS == 0 {
        return Ok(());
    }
    let mut inside = fs::read_dir(path).map_err(|e| from_io("read", path, &e))?;
    if inside.next().is_some() {
        return refuse(format!(
            "is open to others: check what it holds, then chmod 700 {}",
            path.display()
        ));
    }
    folder
        .set_permissions(Permissions::from_mode(0o700))
        .map_err(|e| from_io("restrict", path, &e))
}

fn take_lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(&path)
        .map_err(|e| from_io("open", &path, &e))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // For people only: empty if it is just being written.
            let _ = lock.take(20).read_to_string(&mut holder);
            return Err(error(
                ErrorCode::StateInUse,
                format!(
                    "another process ({}) uses the state folder {}",
                    holder.trim(),
                    folder.display()
                ),
            ));
        }
        Err(TryLockError::Error(e)) => return Err(from_io("lock", &path, &e)),
    }
    // For people only: not a reason to refuse on a full disk.
    let noted = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{}", std::process::id()));
    if let Err(e) = noted {
        log::warn!("cannot note the process id in {}: {e}", path.display());
    }
    Ok(lock)
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| from_io("sync the folder", path, &e))
}
