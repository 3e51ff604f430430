//! The operations that a passkey ceremony gates.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};

/// An operation with all of its parameters. The service sends it at the beginning and, unchanged,
/// at the end of the ceremony; the challenge is bound to its digest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Operation {
    /// Make a vault and its first credential, by a registration.
    #[n(1)]
    CreateVault {
        /// WebAuthn relying party id.
        #[n(0)]
        rp_id: String,
        /// Origins that ceremonies may come from.
        #[n(1)]
        origins: Vec<String>,
        /// The name that passkey clients show.
        #[n(2)]
        user_name: String,
        /// A name for the first credential; may be empty.
        #[n(3)]
        label: String,
        /// Whether ceremonies also need a hardware auth token.
        #[n(4)]
        require_biometric: bool,
    },
    /// Erase the vault and its keys.
    #[n(2)]
    DeleteVault,
    /// Replace the origins.
    #[n(3)]
    SetOrigins {
        /// The new origins.
        #[n(0)]
        origins: Vec<String>,
    },
    /// Release the data key of one archive for a restore.
    #[n(4)]
    Restore {
        /// Core of the archive; the challenge is bound to it.
        #[cbor(n(0), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        key_part: Vec<u8>,
    },
    /// Release the data key of one archive for a full verification.
    #[n(5)]
    FullVerify {
        /// Core of the archive; the challenge is bound to it.
        #[cbor(n(0), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        key_part: Vec<u8>,
    },
}
