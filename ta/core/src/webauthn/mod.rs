// SPDX-License-Identifier: Apache-2.0

//! Verification of WebAuthn registrations and assertions, inside the sealer.
//!
//! Sources: WebAuthn Level 3 (§7.1 registering, §7.2 verifying an assertion, §6.1 authenticator
//! data, §8.2 packed and §8.7 none attestation, §10.1.4 PRF), RFC 9052 and RFC 9053 (COSE keys),
//! CTAP 2.1 §8 (canonical CBOR). The steps of §7.1 and §7.2 are numbered in `registration.rs` and
//! `assertion.rs`; a step that is missing there is the caller's (issuing challenges, looking up
//! and storing credentials) or does not apply, and the module says which.
//!
//! User verification is always required, cross-origin ceremonies never accepted: there is no
//! switch for either. What is not checked, because a trusted application has neither trust
//! anchors nor a calendar: who issued an attestation certificate, and its validity period.
//!
//! ```text
//! response JSON ── json ── response ──┬── client_data   type, challenge, origin
//!                                     ├── auth_data     RP id hash, flags, counter
//!                                     │     └── cbor, cose   the credential's public key
//!                                     └── attestation ── certificate
//! ```
//!
//! Every input is bounded before it is parsed, nothing here panics, and no error carries a part of
//! the input.

mod assertion;
mod attestation;
mod auth_data;
mod base64url;
mod cbor;
mod certificate;
mod client_data;
mod cose;
mod json;
mod key;
mod registration;
mod response;

use alloc::string::String;

pub use assertion::{Assertion, Credential, ParsedAssertion, parse_assertion, verify_assertion};
pub use attestation::Attestation;
pub use cose::PublicKey;
pub use key::Algorithm;
pub use registration::{Registration, verify_registration};
pub use response::PrfOutput;

/// Largest response JSON in bytes; a longer one is refused with `TOO_LARGE` before it is parsed.
pub const MAX_RESPONSE_JSON: usize = 16 * 1024;

/// Largest credential id in bytes (§7.1 step 25); the smallest has one byte.
pub const MAX_CREDENTIAL_ID: usize = 1023;

/// What a vault demands of a ceremony.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Relying party id, for example `example.org`; its SHA-256 must stand in the authenticator
    /// data.
    pub rp_id: &'a str,
    /// The origins that the client may name, each compared as a whole:
    /// `https://example.org` or `android:apk-key-hash:` and the signer's hash.
    pub origins: &'a [String],
    /// Package of the vault's app. Where it is given and the client data carry
    /// `androidPackageName`, the two must be equal.
    pub package: Option<&'a str>,
    /// Takes attestation formats other than `none` and `packed` without verifying them. The two
    /// known formats are verified all the same.
    pub accept_unverified_attestation: bool,
}
