// SPDX-License-Identifier: Apache-2.0

//! Puts the bindings where AOSP's source includes them from, and links the library.

use std::path::Path;
use std::{env, fs};

fn main() {
    let out = env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR");
    fs::copy("bindings.rs", Path::new(&out).join("bindings.rs")).expect("bindings.rs was made before");
    println!("cargo::rerun-if-changed=bindings.rs");
    println!("cargo::rustc-link-lib=dylib=binder_ndk");
}
