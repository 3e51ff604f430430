// SPDX-License-Identifier: Apache-2.0

//! A software passkey authenticator that plays the user in tests and in the demo.
//!
//! The WebAuthn client and the authenticator are 1Password's `passkey` crate, which this project
//! did not write. [`Authenticator`] puts a store, JSON in and out, and two further things around
//! it: settings for kinds of authenticators ([`Settings`]) and wrong answers ([`Fault`]).
//!
//! # Who makes what
//!
//! | part of a response | made by |
//! |---|---|
//! | keys, credential ids, signatures, PRF, UV flag, counter, attestation `none` | `passkey` |
//! | origin and rp id rules, PRF salts, `clientDataJSON` without faults | `passkey` |
//! | `clientDataJSON` with faults | this crate; its hash is signed by `passkey` |
//! | authenticator data that `passkey` cannot be asked for | this crate: see `src/auth_data.rs` |
//! | signatures over such authenticator data, attestation `packed` (self) | this crate, with the stored private key: see `src/sign.rs` |
//!
//! # Not for real passkeys
//!
//! The store, and what [`Authenticator::export`] returns, hold private keys in clear.

mod auth_data;
mod authenticator;
mod ceremony;
mod client;
mod client_data;
mod error;
mod fault;
mod options;
mod persist;
mod settings;
mod sign;
mod store;

pub use authenticator::Authenticator;
pub use error::Error;
pub use fault::Fault;
pub use settings::{Algorithm, Attestation, Backup, Counter, Prf, Settings};
