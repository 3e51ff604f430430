// SPDX-License-Identifier: Apache-2.0

//! Files that are read and files that are made.
//!
//! The service reads and writes through descriptors that are opened here. A file that is made has
//! a temporary name in its folder, mode 0600, until it is complete; then it gets its own name and
//! the folder is made durable. It never takes the place of another file unless that was asked for,
//! and whatever goes wrong before leaves nothing behind.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use binder::ParcelFileDescriptor;
use sealer_wire::ErrorCode;
use zeroize::Zeroizing;

use crate::args::Place;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::output;

/// Longest answer of a passkey client that is sent.
const MAX_RESPONSE: u64 = 64 * 1024;
/// Longest password or recovery key that is sent.
const MAX_SECRET: u64 = 2048;

/// Something to read from.
pub struct Input {
    descriptor: ParcelFileDescriptor,
    about: Metadata,
}

impl Input {
    /// Opens what is to be backed up: a file, a pipe or a socket.
    pub fn plaintext(place: &Place) -> Result<Input> {
        let input = Input::open(place)?;
        if input.about.is_dir() {
            let shown = place.path().display();
            return Err(
                Failure::new(ErrorCode::BadRequest, format!("{shown} is a folder"))
                    .with_hint(format!("tar c {shown} | pkb backup V --in - --out F")),
            );
        }
        if *place == Place::Standard && io::stdin().is_terminal() {
            return Err(
                Failure::new(ErrorCode::BadRequest, "standard input is a terminal")
                    .with_hint("tar c DIR | pkb backup V --in - --out F"),
            );
        }
        Ok(input)
    }

    /// Opens an archive.
    pub fn archive(place: &Place) -> Result<Input> {
        let input = Input::open(place)?;
        if input.about.is_dir() {
            let text = format!("{} is a folder", place.path().display());
            return Err(Failure::new(ErrorCode::NotAnArchive, text));
        }
        Ok(input)
    }

    fn open(place: &Place) -> Result<Input> {
        let failed = |e| match place {
            Place::Standard => Failure::stream("cannot read standard input", &e),
            Place::File(path) => Failure::io("cannot open", path, &e),
        };
        let file = match place {
            Place::Standard => duplicate(io::stdin()).map_err(failed)?,
            Place::File(path) => File::open(path).map_err(failed)?,
        };
        Ok(Input {
            about: file.metadata().map_err(failed)?,
            descriptor: ParcelFileDescriptor::new(file),
        })
    }

    /// What the service gets.
    pub fn descriptor(&self) -> &ParcelFileDescriptor {
        &self.descriptor
    }

    /// The same, as part of a list.
    pub fn into_descriptor(self) -> ParcelFileDescriptor {
        self.descriptor
    }
}

/// A recovery key that a person typed or stored: checked by the service, bounded here.
pub fn recovery_key(place: &Place) -> Result<Zeroizing<Vec<u8>>> {
    secret(place, "the recovery key")
}

/// A password: the first line. Whoever makes the file with an editor or `echo` gets a line end
/// that is no part of it.
pub fn password(place: &Place) -> Result<Zeroizing<Vec<u8>>> {
    let mut password = secret(place, "the password")?;
    let end = password
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'));
    if let Some(end) = end {
        let rest = password.get(end..).unwrap_or_default();
        if rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            return Err(Failure::new(
                ErrorCode::BadRequest,
                "the password has more than one line",
            ));
        }
        password.truncate(end);
    }
    Ok(password)
}

fn secret(place: &Place, what: &str) -> Result<Zeroizing<Vec<u8>>> {
    // All the room at once: a buffer that grows leaves copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET as usize + 1));
    let read = match place {
        Place::Standard => io::stdin()
            .lock()
            .take(MAX_SECRET + 1)
            .read_to_end(&mut bytes),
        Place::File(path) => {
            File::open(path).and_then(|file| file.take(MAX_SECRET + 1).read_to_end(&mut bytes))
        }
    };
    read.map_err(|e| Failure::io(&format!("cannot read {what}"), place.path(), &e))?;
    if bytes.len() as u64 > MAX_SECRET {
        let text = format!("{what} has more than {MAX_SECRET} bytes");
        return Err(Failure::new(ErrorCode::TooLarge, text));
    }
    Ok(bytes)
}

/// The answer of a passkey client, bounded, as its bytes are.
pub fn response(place: &Place) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |e| match place {
        Place::Standard => Failure::stream("cannot read the response from standard input", &e),
        Place::File(path) => Failure::io("cannot read the response", path, &e),
    };
    let read = match place {
        Place::Standard => {
            if io::stdin().is_terminal() {
                output::tell("Paste the answer of the passkey client, then press Ctrl-D.");
            }
            bounded(io::stdin().lock(), &mut bytes)
        }
        Place::File(path) => File::open(path).and_then(|file| bounded(file, &mut bytes)),
    };
    read.map_err(failed)?;
    if bytes.len() as u64 > MAX_RESPONSE {
        return Err(Failure::new(
            ErrorCode::TooLarge,
            "the response has more than 64 KiB; it was not sent",
        ));
    }
    Ok(bytes)
}

fn bounded(from: impl Read, into: &mut Vec<u8>) -> io::Result<usize> {
    from.take(MAX_RESPONSE + 1).read_to_end(into)
}

/// Where a result is to go, checked before anything is done.
pub enum Target {
    /// Standard output.
    Standard,
    /// A file that is to be made.
    File {
        /// Its name.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
        /// Whether it may take the place of another.
        force: bool,
        /// What others may do with it; only its owner, if not given.
        permissions: Option<Permissions>,
    },
}

impl Target {
    /// Checks that a result can go there, as far as that can be told beforehand.
    pub fn new(place: &Place, force: bool, input: &Input) -> Result<Target> {
        match place {
            Place::Standard => {
                check_standard_output()?;
                Ok(Target::Standard)
            }
            Place::File(path) => {
                check_name(path, force, input)?;
                Ok(Target::File {
                    path: path.clone(),
                    folder: folder_of(path),
                    force,
                    permissions: None,
                })
            }
        }
    }

    /// The place of the input itself, which stays until the new file is complete.
    pub fn in_place(path: PathBuf, input: &Input) -> Result<Target> {
        if !input.about.is_file() {
            let text = format!("{} is not a regular file", path.display());
            return Err(Failure::new(ErrorCode::BadRequest, text));
        }
        Ok(Target::File {
            folder: folder_of(&path),
            path,
            force: true,
            permissions: Some(input.about.permissions()),
        })
    }

    /// Makes what the service writes into.
    pub fn create(self, interrupt: &Interrupt) -> Result<Output> {
        match self {
            Target::Standard => {
                let stdout = duplicate(io::stdout())
                    .map_err(|e| Failure::stream("cannot use standard output", &e))?;
                Ok(Output {
                    descriptor: ParcelFileDescriptor::new(stdout),
                    file: None,
                })
            }
            Target::File {
                path,
                folder,
                force,
                permissions,
            } => {
                let failed = |e| Failure::io("cannot make a file in", &folder, &e);
                let (file, temporary) = create_temporary(&folder, interrupt).map_err(failed)?;
                if let Some(permissions) = permissions {
                    file.set_permissions(permissions).map_err(failed)?;
                }
                Ok(Output {
                    descriptor: ParcelFileDescriptor::new(file),
                    file: Some(Unplaced {
                        path,
                        folder,
                        force,
                        temporary,
                    }),
                })
            }
        }
    }
}

/// What the service writes into.
pub struct Output {
    descriptor: ParcelFileDescriptor,
    /// The file that it becomes; none for standard output.
    file: Option<Unplaced>,
}

struct Unplaced {
    path: PathBuf,
    folder: PathBuf,
    force: bool,
    temporary: Temporary,
}

impl Output {
    /// What the service gets.
    pub fn descriptor(&self) -> &ParcelFileDescriptor {
        &self.descriptor
    }

    /// Gives the complete file its name and makes that durable. False for standard output, which
    /// nothing is known of.
    pub fn place(self) -> Result<bool> {
        let Some(file) = self.file else {
            return Ok(false);
        };
        rename(&file.temporary.path, &file.path, file.force)?;
        file.temporary.keep();
        sync_folder(&file.folder)
            .map_err(|e| Failure::io("the file is in place, but cannot sync", &file.folder, &e))?;
        Ok(true)
    }
}

/// A file that goes when this does.
struct Temporary {
    path: PathBuf,
    interrupt: Interrupt,
    gone: bool,
}

impl Temporary {
    /// It has another name now.
    fn keep(mut self) {
        self.gone = true;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.interrupt.forget(&self.path);
        if self.gone {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path) {
            let shown = self.path.display();
            output::tell(format_args!("pkb: cannot remove {shown}: {error}"));
        }
    }
}

fn create_temporary(folder: &Path, interrupt: &Interrupt) -> io::Result<(File, Temporary)> {
    loop {
        // Not a secret: O_EXCL is what keeps the file ours.
        let number = RandomState::new().hash_one(0);
        let path = folder.join(format!(".pkb-{number:016x}.tmp"));
        // Noted first, so that a signal finds whatever is there.
        interrupt.remember(&path);
        let made = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Ok(file) => {
                let temporary = Temporary {
                    path,
                    interrupt: interrupt.clone(),
                    gone: false,
                };
                return Ok((file, temporary));
            }
            Err(error) => {
                interrupt.forget(&path);
                if error.kind() != ErrorKind::AlreadyExists {
                    return Err(error);
                }
            }
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.into(),
        _ => ".".into(),
    }
}

fn check_name(path: &Path, force: bool, input: &Input) -> Result<()> {
    let shown = path.display();
    let refused = |text: String| Failure::new(ErrorCode::BadRequest, text);
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.file_name().is_none() {
                return Err(refused(format!("{shown} is not the name of a file")));
            }
            return match fs::metadata(folder_of(path)) {
                Ok(folder) if folder.is_dir() => Ok(()),
                Ok(_) => Err(refused(format!(
                    "{} is not a folder",
                    folder_of(path).display()
                ))),
                Err(error) => Err(Failure::io("cannot use", &folder_of(path), &error)),
            };
        }
        Err(error) => return Err(Failure::io("cannot use", path, &error)),
    };
    if about.is_dir() {
        return Err(refused(format!("{shown} is a folder")).with_hint("name a file in it"));
    }
    if !about.is_file() {
        return Err(
            refused(format!("{shown} is there and is not a regular file"))
                .with_hint("--out - writes to standard output"),
        );
    }
    if about.dev() == input.about.dev() && about.ino() == input.about.ino() {
        return Err(refused(format!("{shown} is also the input")));
    }
    if !force {
        return Err(exists(path));
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let text = format!("{} is there already and was not changed", path.display());
    Failure::new(ErrorCode::BadRequest, text).with_hint("choose another name, or use --force")
}

fn check_standard_output() -> Result<()> {
    let refused = |text: &str, hint: &str| {
        Err(Failure::new(ErrorCode::BadRequest, text.to_owned()).with_hint(hint))
    };
    if io::stdout().is_terminal() {
        return refused("standard output is a terminal", "pipe it, or use --out F");
    }
    let about = duplicate(io::stdout())
        .and_then(|stdout| stdout.metadata())
        .map_err(|e| Failure::stream("cannot use standard output", &e))?;
    // The service empties a file before it writes, which nobody expects of `>> file`.
    if about.is_file() && about.len() > 0 {
        return refused("standard output is a file that has content", "use --out F");
    }
    Ok(())
}

fn duplicate(stream: impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

/// Gives a file its name. Without `force` a file that appeared there meanwhile stays: a hard link,
/// unlike a rename, is never made over one.
fn rename(from: &Path, to: &Path, force: bool) -> Result<()> {
    if !force {
        match fs::hard_link(from, to) {
            Ok(()) => {
                return fs::remove_file(from).map_err(|e| Failure::io("cannot remove", from, &e));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists(to)),
            // Not every file system and policy permits links.
            Err(_) if fs::symlink_metadata(to).is_ok() => return Err(exists(to)),
            Err(_) => {}
        }
    }
    fs::rename(from, to).map_err(|e| Failure::io("cannot give the file its name", to, &e))
}

/// Makes names in a folder durable, where its file system has a notion of that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(test)]
mod tests;
