// SPDX-License-Identifier: Apache-2.0

//! Tests only: see `tests/`. They need Python 3; `tests/interop/setup` fetches the rest once.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Sets the Python environment up, if that was not done yet.
pub fn set_up() {
    let setup = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/setup"))
        .status()
        .expect("tests/interop/setup");
    assert!(setup.success(), "tests/interop/setup: {setup}");
}

/// Runs a script of this folder and gives its exit status.
pub fn python(script: &str, arguments: &[&str]) -> Option<i32> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = std::env::var_os("PKB_TINK_VENV")
        .map_or_else(|| here.join("../../target/tink-venv"), PathBuf::from);
    let python = venv.join("bin/python");
    let status = Command::new(&python)
        .arg(here.join(script))
        .args(arguments)
        .status();
    status
        .unwrap_or_else(|error| panic!("{}: {error}", python.display()))
        .code()
}
