// SPDX-License-Identifier: Apache-2.0

//! The passkey verifier against an authenticator that these tests control down to the bit, and
//! against one that this project did not write.
//!
//! `registration`, `assertion`, `keys`, `attestation`, `json`, `members` and `lines` are tables of cases, one fault
//! each; `conformance` runs them through `webauthn-check` and keeps them as vectors; `passkey`
//! holds whole ceremonies of the `passkey` crate; `mutation` changes valid responses at random.

mod assertion;
mod attestation;
mod conformance;
mod json;
mod keys;
mod lines;
mod members;
mod mutation;
mod passkey_client;
mod registration;
mod support;

/// The example's own code, so that the tables can be answered without a process.
#[allow(dead_code)]
#[path = "../../examples/webauthn-check.rs"]
mod webauthn_check;
