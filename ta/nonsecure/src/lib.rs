// SPDX-License-Identifier: Apache-2.0

//! The nonsecure sealer: the core of the trusted application on an ordinary thread, with files for
//! a store. For the Android emulator, for plain hosts and for tests.
//!
//! It decides exactly as the trusted application does and protects against nobody who can read its
//! folder: root keys lie in its files in clear. It says so in its name, its log and its info.
//!
//! Lifecycle: [`Nonsecure::start`] locks the folder and starts one thread that owns the core;
//! [`Nonsecure::call`] hands it a request and waits for the response, so requests are processed one
//! after another as in a single-instance trusted application. Should the thread panic, the next
//! call starts a new core on the same folder: its challenges are lost, its records are not.
#![forbid(unsafe_code)]

mod platform;
mod store;
mod worker;

pub use sealer_core::Config;
pub use store::FileStore;
pub use worker::Nonsecure;
