// SPDX-License-Identifier: Apache-2.0

//! Who owns a vault.

use alloc::string::String;

use minicbor::{CborLen, Decode, Encode};

/// Android user, calling uid, package and signing certificate of an owner. All four must agree,
/// so that a reused uid or a re-signed package never inherits a vault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Owner {
    /// Android user, `uid / 100000`.
    #[n(0)]
    pub user: u32,
    /// The calling uid.
    #[n(1)]
    pub uid: u32,
    /// Package name, or `uid:<n>` where there is no package manager.
    #[n(2)]
    pub package: String,
    /// SHA-256 of the signing certificate; zeros where there is none.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signer: [u8; 32],
}
