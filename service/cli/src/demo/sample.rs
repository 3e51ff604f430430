// SPDX-License-Identifier: Apache-2.0

//! Something real to back up: a folder of this machine, as tar.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use sealer_wire::ErrorCode;

/// Folders that many machines have and that everybody may read.
const FOLDERS: [&str; 6] = [
    "/usr/share/doc",
    "/usr/share/zoneinfo",
    "/usr/share/perl",
    "/etc/ssl",
    "/usr/include",
    "/etc",
];
/// What is enough of them.
const ENOUGH: u64 = 4 << 20;
/// Most that is taken of a folder that nobody named.
const DEFAULT_LIMIT: u64 = 16 << 20;
/// Most that is taken of any.
const LIMIT: u64 = 64 << 20;
/// Most files.
const MAX_FILES: usize = 20_000;

/// Files of a folder, as many as fit.
#[derive(Debug)]
pub struct Sample {
    /// The folder.
    pub folder: PathBuf,
    files: Vec<PathBuf>,
    bytes: u64,
    /// Whether there is more.
    cut: bool,
}

impl Sample {
    /// Looks for files in `folder`, or in one that this machine has.
    pub fn find(folder: Option<&Path>) -> Result<Sample> {
        if let Some(folder) = folder {
            let about = fs::metadata(folder).map_err(|e| Failure::io("cannot read", folder, &e))?;
            if !about.is_dir() {
                let text = format!("{} is not a folder", folder.display());
                return Err(Failure::new(ErrorCode::BadRequest, text));
            }
            return Sample::of(folder, LIMIT);
        }
        let mut best: Option<Sample> = None;
        for folder in FOLDERS.map(Path::new) {
            let Ok(found) = Sample::of(folder, DEFAULT_LIMIT) else {
                continue;
            };
            if found.bytes >= ENOUGH {
                return Ok(found);
            }
            if best.as_ref().is_none_or(|best| best.bytes < found.bytes) {
                best = Some(found);
            }
        }
        best.filter(|best| best.bytes > 0).ok_or_else(|| {
            Failure::new(ErrorCode::NotFound, "there is no folder to back up here")
                .with_hint("name one with --dir DIR")
        })
    }

    fn of(folder: &Path, limit: u64) -> Result<Sample> {
        let mut sample = Sample {
            folder: folder.into(),
            files: Vec::new(),
            bytes: 0,
            cut: false,
        };
        let entries = fs::read_dir(folder).map_err(|e| Failure::io("cannot read", folder, &e))?;
        sample.add(entries, limit);
        Ok(sample)
    }

    /// Adds what can be read; the rest is left out.
    fn add(&mut self, entries: fs::ReadDir, limit: u64) {
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        for path in paths {
            let Ok(about) = fs::symlink_metadata(&path) else {
                continue;
            };
            if about.is_dir() {
                if let Ok(entries) = fs::read_dir(&path) {
                    self.add(entries, limit);
                }
            } else if about.is_file() {
                if self.bytes + about.len() > limit || self.files.len() >= MAX_FILES {
                    self.cut = true;
                    continue;
                }
                self.bytes += about.len();
                self.files.push(path);
            }
        }
    }

    /// What it is, for people.
    pub fn description(&self) -> String {
        format!(
            "{}{} (files: {}, {:.1} MiB)",
            if self.cut { "part of " } else { "" },
            self.folder.display(),
            self.files.len(),
            self.bytes as f64 / f64::from(1 << 20)
        )
    }

    /// Writes it as tar to `pipe`, with a copy to the file `copy`.
    pub fn stream(&self, pipe: impl Write, copy: &Path) -> io::Result<()> {
        let copy = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(copy)?;
        let both = io::BufWriter::with_capacity(1 << 18, Tee { pipe, copy });
        let mut archive = tar::Builder::new(both);
        for path in &self.files {
            let Ok(file) = File::open(path) else {
                continue;
            };
            let mut content = Vec::new();
            // A file that grows meanwhile is taken as far as it fits.
            if file.take(LIMIT).read_to_end(&mut content).is_err() {
                continue;
            }
            let name = path.strip_prefix(&self.folder).unwrap_or(path);
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, content.as_slice())?;
        }
        archive.into_inner()?.flush()
    }
}

struct Tee<W> {
    pipe: W,
    copy: File,
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pipe.write(bytes)?;
        self.copy
            .write_all(bytes.get(..written).unwrap_or_default())?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()?;
        self.copy.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_a_tar_of_what_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("one"), vec![1; 1000]).unwrap();
        fs::write(path("sub/two"), vec![2; 3000]).unwrap();
        fs::write(path("sub/three"), vec![3; 500]).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", path("link")).unwrap();

        let sample = Sample::of(folder.path(), 2000).unwrap();
        assert!(sample.cut);
        assert_eq!(sample.bytes, 1500);
        let copy = folder.path().join("copy");
        let mut piped = Vec::new();
        sample.stream(&mut piped, &copy).unwrap();
        assert_eq!(fs::read(&copy).unwrap(), piped);
        let mut archive = tar::Archive::new(piped.as_slice());
        let names: Vec<PathBuf> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().into_owned())
            .collect();
        assert_eq!(names, [Path::new("one"), Path::new("sub/three")]);
    }

    #[test]
    fn a_folder_that_was_named_must_be_one() {
        let failure = Sample::find(Some(Path::new("/missing"))).unwrap_err();
        assert_eq!(failure.0.name, "IO");
        let failure = Sample::find(Some(Path::new("/etc/passwd"))).unwrap_err();
        assert_eq!(failure.0.name, "BAD_REQUEST");
    }
}
