// SPDX-License-Identifier: Apache-2.0

//! Puts the bindings where AOSP's source includes them from, and links the library.

use std::path::Path;
use std::{env, fs};

fn main() {
    let out = env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR");
    fs::copy("bindings.rs", Path::new(&out).join("bindings.rs")).expect("bindings.rs was made before");
    println!("cargo::rerun-if-changed=bindings.rs");
    println!("cargo::rerun-if-env-changed=BINDER_NDK_STUBS");
    let stubs = env::var("BINDER_NDK_STUBS").expect("emulator/aosp sets BINDER_NDK_STUBS");
    println!("cargo::rustc-link-search=native={stubs}");
    println!("cargo::rustc-link-lib=dylib=binder_ndk");
}
