// SPDX-License-Identifier: Apache-2.0

//! Records as files: one file an object, mode 0600, in a folder of mode 0700.
//!
//! A write goes to a temporary file that is synced and renamed, and the folder is synced, so a cut
//! leaves the object old or new. The core asks for less than that.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sealer_core::{Store, StoreError};
use sealer_wire::{Error, ErrorCode, limits};
use zeroize::Zeroizing;

const LOCK: &str = "lock";
const SUFFIX: &str = ".record";
const TEMPORARY: &str = "new.tmp";

/// Largest object that is read back: a record is bounded by what fits a message, and some.
const MAX_OBJECT: u64 = 2 * limits::MESSAGE as u64;

/// A folder of records, locked for this process.
pub struct FileStore {
    folder: PathBuf,
    directory: File,
    _lock: Flock<File>,
}

impl FileStore {
    /// Opens or makes the folder and takes its lock.
    ///
    /// Errors: `STATE_IN_USE` while another process has it; `IO` with the path.
    pub fn open(folder: &Path) -> Result<FileStore, Error> {
        let failed = |error: io::Error| io_error(folder, &error);
        let existed = folder.exists();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(LOCK))
            .map_err(failed)?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
            if errno == Errno::EWOULDBLOCK {
                Error {
                    code: ErrorCode::StateInUse,
                    detail: format!("another process uses {}", folder.display()).into(),
                    retry_after_ms: None,
                }
            } else {
                io_error(folder, &errno.into())
            }
        })?;
        let directory = File::open(folder).map_err(failed)?;
        // What a cut left behind may hold keys of a vault that is erased later.
        remove_if_there(&folder.join(TEMPORARY)).map_err(failed)?;
        if !existed && let Some(parent) = folder.canonicalize().map_err(failed)?.parent() {
            File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(failed)?;
        }
        Ok(FileStore {
            folder: folder.into(),
            directory,
            _lock: lock,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{SUFFIX}"))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(TEMPORARY);
        let result = self.write_and_rename(&temporary, name, bytes);
        if result.is_err()
            && let Err(error) = remove_if_there(&temporary)
        {
            log::error!("nonsecure sealer: cannot remove a temporary file: {error}");
        }
        result
    }

    fn write_and_rename(&self, temporary: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(temporary, self.path(name))?;
        self.directory.sync_all()
    }
}

impl Store for FileStore {
    fn read(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(store_error(&error)),
        };
        let length = file.metadata().map_err(|error| store_error(&error))?.len();
        if length > MAX_OBJECT {
            return Err(StoreError::Corrupt);
        }
        // Room for the whole file at once, so that growing leaves no copy of a key behind.
        let capacity = usize::try_from(length).map_err(|_| StoreError::Corrupt)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity + 1));
        file.take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| store_error(&error))?;
        Ok(Some(bytes))
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace(name, bytes).map_err(|error| {
            log::error!("nonsecure sealer: cannot write a record: {error}");
            store_error(&error)
        })
    }

    fn remove(&mut self, name: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => self
                .directory
                .sync_all()
                .map_err(|error| store_error(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(store_error(&error)),
        }
    }

    fn list(&mut self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|error| store_error(&error))? {
            let name = entry.map_err(|error| store_error(&error))?.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX))
                && name.starts_with(prefix)
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn store_error(error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::NoSpace
        }
        _ => StoreError::Io,
    }
}

fn io_error(folder: &Path, error: &io::Error) -> Error {
    Error {
        code: if store_error(error) == StoreError::NoSpace {
            ErrorCode::NoSpace
        } else {
            ErrorCode::Io
        },
        detail: format!("the sealer's folder {}: {error}", folder.display()).into(),
        retry_after_ms: None,
    }
}
