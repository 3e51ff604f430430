// SPDX-License-Identifier: Apache-2.0

//! Requests.

use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use crate::{
    AuditMark, Error, ErrorCode, FactorSecret, Id, Operation, Owner, Result, SealedAuditEntry,
    SensitiveBytes, WIRE_VERSION, codec, limits,
};

/// A vault, as seen by the service that names it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct VaultRef {
    /// Who asks.
    #[n(0)]
    pub owner: Owner,
    /// The vault.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// The highest record sequence number that the service has seen; the sealer answers `ROLLBACK`
    /// when its own is lower and `RESET` when it has no record.
    #[n(2)]
    pub seen: Option<u64>,
    /// The last audit entry that the service has stored durably.
    #[n(3)]
    pub audit_stored: u64,
}

/// What the service can ask for. Its `Debug` shows no response and no auth token: a response holds
/// PRF outputs.
#[derive(Debug, Encode, Decode, CborLen)]
pub enum Request {
    /// What the sealer is. Answer: [`crate::Reply::Info`].
    #[n(1)]
    GetInfo,
    /// Ids of the owner's vaults. Answer: [`crate::Reply::Vaults`].
    #[n(2)]
    ListVaults {
        /// Who asks.
        #[n(0)]
        owner: Owner,
    },
    /// A vault. Answer: [`crate::Reply::Vault`].
    #[n(3)]
    ShowVault {
        /// Which.
        #[n(0)]
        vault: VaultRef,
    },
    /// A challenge for an operation. Writes nothing. Answer: [`crate::Reply::Begun`].
    #[n(4)]
    Begin {
        /// Which vault; for `CreateVault` the id is all zeros, the sealer makes one.
        #[n(0)]
        vault: VaultRef,
        /// What for.
        #[n(1)]
        operation: Operation,
    },
    /// Verify the ceremony and carry out its operation. Answer: by operation.
    #[n(5)]
    Finish {
        /// Which vault, as [`crate::Begun`] named it.
        #[n(0)]
        vault: VaultRef,
        /// The ceremony.
        #[cbor(n(1), with = "minicbor::bytes")]
        token: Id,
        /// The same as at the beginning.
        #[n(2)]
        operation: Operation,
        /// RegistrationResponseJSON or AuthenticationResponseJSON of the client, as it came.
        #[n(3)]
        response: SensitiveBytes,
        /// `hw_auth_token_t`, where the vault asks for biometrics.
        #[n(4)]
        auth_token: Option<SensitiveBytes>,
        /// For operations on a factor that is no passkey: its secret.
        #[n(5)]
        secret: Option<FactorSecret>,
    },
    /// A data key and header for a new backup. Answer: [`crate::Reply::BackupCreated`].
    #[n(6)]
    CreateBackup {
        /// Which vault.
        #[n(0)]
        vault: VaultRef,
        /// The app's own metadata, at most [`limits::META`] bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        meta: Vec<u8>,
    },
    /// Whether a header is the sealer's own work. Answer: [`crate::Reply::HeaderAuthentic`].
    #[n(7)]
    CheckHeader {
        /// Which vault.
        #[n(0)]
        vault: VaultRef,
        /// Core of the archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive.
        #[cbor(n(2), with = "minicbor::bytes")]
        key_part: Vec<u8>,
    },
    /// Verify a run of audit entries. Answer: [`crate::Reply::AuditVerified`].
    #[n(8)]
    VerifyAudit {
        /// Which vault.
        #[n(0)]
        vault: VaultRef,
        /// Where the run goes on; `None` for the beginning of the log.
        #[n(1)]
        after: Option<AuditMark>,
        /// At most [`limits::AUDIT_BATCH`] entries.
        #[cbor(n(2), decode_with = "codec::decode_list::<_, _, {limits::LIST}>")]
        entries: Vec<SealedAuditEntry>,
    },
    /// Erase vaults of an app or a user, on behalf of the system, until the answer says that there
    /// are no more. Answer: [`crate::Reply::Removed`].
    #[n(9)]
    RemoveVaults {
        /// The Android user.
        #[n(0)]
        user: u32,
        /// One uid of that user; `None` for all of them.
        #[n(1)]
        uid: Option<u32>,
    },
    /// Verify the first step of a ceremony of two, and begin the second. Writes nothing unless it
    /// is refused. Answer: [`crate::Reply::Begun`], with another token.
    #[n(10)]
    Continue {
        /// Which vault.
        #[n(0)]
        vault: VaultRef,
        /// The ceremony.
        #[cbor(n(1), with = "minicbor::bytes")]
        token: Id,
        /// The same as at the beginning.
        #[n(2)]
        operation: Operation,
        /// AuthenticationResponseJSON of the client, as it came.
        #[n(3)]
        response: SensitiveBytes,
        /// `hw_auth_token_t`, where the vault asks for biometrics.
        #[n(4)]
        auth_token: Option<SensitiveBytes>,
    },
    /// A new key part for an archive: under the current epoch, with envelopes for the factors of
    /// today. Needs nobody present and writes nothing, so it can be repeated. Answer:
    /// [`crate::Reply::Refreshed`].
    #[n(11)]
    Refresh {
        /// Which vault.
        #[n(0)]
        vault: VaultRef,
        /// Core of the archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Key part of the archive.
        #[cbor(n(2), with = "minicbor::bytes")]
        key_part: Vec<u8>,
    },
}

#[derive(Encode, Decode, CborLen)]
#[cbor(array)]
struct Frame<T>(#[n(0)] u16, #[n(1)] T);

impl Request {
    /// Encodes for the HAL, and wipes what is secret in it. Errors: `TOO_LARGE`.
    pub fn to_bytes(self) -> Result<Zeroizing<Vec<u8>>> {
        let bytes = to_frame(&self)?;
        if bytes.len() > limits::MESSAGE {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the request has more than 64 KiB",
            ));
        }
        Ok(bytes)
    }

    /// Decodes what came through the HAL.
    ///
    /// Errors: `TOO_LARGE`, `BAD_REQUEST`, `UNSUPPORTED_VERSION`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Request> {
        from_frame(bytes, ErrorCode::BadRequest, "the request is malformed")
    }
}

/// Decodes `[version, T]`.
pub(crate) fn from_frame<'b, T>(bytes: &'b [u8], code: ErrorCode, what: &'static str) -> Result<T>
where
    T: Decode<'b, ()> + Encode<()> + CborLen<()>,
{
    if bytes.len() > limits::MESSAGE {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "a message has more than 64 KiB",
        ));
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    if !matches!(decoder.array(), Ok(Some(2))) {
        return Err(Error::new(code, what));
    }
    match decoder.u16() {
        Ok(WIRE_VERSION) => {}
        Ok(_) => {
            return Err(Error::new(
                ErrorCode::UnsupportedVersion,
                "another wire version",
            ));
        }
        Err(_) => return Err(Error::new(code, what)),
    }
    let Frame(_, value) = codec::decode_canonical(bytes, code, what)?;
    Ok(value)
}

/// Encodes `[version, T]`.
pub(crate) fn to_frame<T: Encode<()> + CborLen<()>>(value: T) -> Result<Zeroizing<Vec<u8>>> {
    codec::encode(&Frame(WIRE_VERSION, value))
}
