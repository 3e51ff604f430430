// SPDX-License-Identifier: Apache-2.0

//! A folder as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All files below a folder, with their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, Vec<u8>>);

impl Tree {
    /// Reads a folder.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn of(folder: &Path) -> Tree {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let name = path
                        .strip_prefix(folder)
                        .expect("below the folder")
                        .to_path_buf();
                    files.insert(name, fs::read(&path).expect("a file"));
                }
            }
        }
        Tree(files)
    }

    /// Makes the folder what it was: file by file, and nothing else in it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn put_back(&self, folder: &Path) {
        for name in Tree::of(folder).0.keys() {
            fs::remove_file(folder.join(name)).expect("a file that can be removed");
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).expect("a file that can be written");
        }
    }

    /// The files that are other ones, or have other bytes, than before.
    pub fn changed_since(&self, before: &Tree) -> Vec<PathBuf> {
        let differs = |name: &&PathBuf| self.0.get(*name) != before.0.get(*name);
        let mut names: Vec<PathBuf> = self
            .0
            .keys()
            .chain(before.0.keys())
            .filter(differs)
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
