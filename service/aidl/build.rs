// SPDX-License-Identifier: Apache-2.0

//! Generates Rust from `aidl/` with rsbinder's compiler, and points what it generates at the
//! `binder` facade. In an Android tree the `aidl_interface` modules take this crate's place.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

/// The folders of `aidl/` that hold interfaces.
const SOURCES: [&str; 2] = [
    "android/hardware/security/sealer",
    "android/security/passkeybackup",
];

fn generate() -> Result<(), Box<dyn Error>> {
    let aidl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../aidl");
    let out = env::var("OUT_DIR")?;
    SOURCES
        .iter()
        .fold(
            rsbinder_aidl::Builder::new().include_dir(&aidl),
            |builder, source| builder.source(aidl.join(source)),
        )
        .set_async_support(false)
        .dest_dir(&out)
        .output("rsbinder.rs")
        .generate()?;
    let generated = fs::read_to_string(Path::new(&out).join("rsbinder.rs"))?;
    let adapted = generated.replace("rsbinder::", "::binder::generated::");
    fs::write(Path::new(&out).join("aidl.rs"), adapted)?;
    Ok(())
}

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
