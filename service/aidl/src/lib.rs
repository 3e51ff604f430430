// SPDX-License-Identifier: Apache-2.0

//! Rust generated from `aidl/`, with the module paths that the AIDL packages have. An Android tree
//! builds a crate of the same name and paths from its `aidl_interface` modules.

#![allow(missing_docs, reason = "the documentation is in the .aidl files")]
#![allow(rustdoc::all, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/aidl.rs"));
