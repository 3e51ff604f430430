// SPDX-License-Identifier: Apache-2.0

//! The operations that a passkey ceremony gates.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};

use crate::header::PasswordParameters;
use crate::{FactorKind, codec, limits};

/// An operation with all of its parameters. The service sends it at the beginning and, unchanged,
/// in every further step of the ceremony; the challenge is bound to its digest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Operation {
    /// Make a vault and its first credential, by a registration.
    #[n(1)]
    CreateVault {
        /// WebAuthn relying party id.
        #[n(0)]
        rp_id: String,
        /// Origins that ceremonies may come from.
        #[cbor(n(1), decode_with = "codec::decode_list::<_, _, {limits::LIST}>")]
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
        #[cbor(n(0), decode_with = "codec::decode_list::<_, _, {limits::LIST}>")]
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
    /// Add a passkey: an assertion by an enrolled one, and in a second step the registration of the
    /// new one. Answers: [`crate::Reply::Begun`], [`crate::Reply::CredentialAdded`].
    #[n(6)]
    AddCredential {
        /// A name for the new credential; may be empty.
        #[n(0)]
        label: String,
    },
    /// Remove a passkey and rotate. Answer: [`crate::Reply::Vault`].
    #[n(7)]
    RemoveCredential {
        /// Which.
        #[cbor(n(0), with = "minicbor::bytes")]
        credential_id: Vec<u8>,
        /// Whether it may be the last factor that opens archives on a new device.
        #[n(1)]
        allow_last_portable: bool,
    },
    /// Enrol the PRF extension of the passkey that answers: an assertion, and in a second step
    /// another one by the same passkey that gives the same result. Answers:
    /// [`crate::Reply::Begun`], [`crate::Reply::Enrolled`].
    #[n(8)]
    EnrolPrf,
    /// Make a recovery key; where there is one, replace it and rotate. Answer:
    /// [`crate::Reply::RecoveryCreated`].
    #[n(9)]
    CreateRecoveryKey,
    /// Set the password, whose stretched form comes with `Finish`; where there is one, replace it
    /// and rotate. Answer: [`crate::Reply::Enrolled`].
    #[n(10)]
    SetPassword {
        /// How the service stretches it.
        #[n(0)]
        parameters: PasswordParameters,
    },
    /// Begin a new epoch. A passkey whose PRF extension is enrolled also gets a new PRF input and a
    /// new key by it. Answer: [`crate::Reply::Vault`].
    #[n(11)]
    Rotate,
    /// End the retired epochs of this number for good. Answer: [`crate::Reply::Vault`].
    #[n(12)]
    EndEpoch {
        /// The number.
        #[n(0)]
        epoch: u32,
    },
    /// Bring a vault to this device from an archive, or an epoch to a vault that is here. The
    /// vault id of the request is the one in the core. Answer: [`crate::Reply::Imported`].
    #[n(13)]
    Import {
        /// Core of the archive.
        #[cbor(n(0), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive; the challenge is bound to it too.
        #[cbor(n(1), with = "minicbor::bytes")]
        key_part: Vec<u8>,
        /// What opens it: a passkey, by an assertion with its PRF result; or a recovery key or
        /// password, which comes with `Finish`, by the registration of a new passkey.
        #[n(2)]
        with: FactorKind,
        /// A name for the new passkey; may be empty.
        #[n(3)]
        label: String,
        /// Whether the archive may come from a stronger kind of sealer.
        #[n(4)]
        allow_weaker_sealer: bool,
    },
    /// Prove that a factor would open an archive on a new device: an assertion, with its PRF result
    /// or with the secret of another factor beside it. Changes only the date of the proof. Answer:
    /// [`crate::Reply::Rehearsed`].
    #[n(14)]
    Rehearse {
        /// Core of the archive.
        #[cbor(n(0), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive; the challenge is bound to it too.
        #[cbor(n(1), with = "minicbor::bytes")]
        key_part: Vec<u8>,
        /// What is to open it, as in `Import`.
        #[n(2)]
        with: FactorKind,
    },
}
