// SPDX-License-Identifier: Apache-2.0

//! Responses.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use crate::request::{from_frame, to_frame};
use crate::{
    AuditMark, Error, ErrorCode, Id, Info, RecoveryKey, Result, SealedAuditEntry, Secret32,
    VaultView, codec, limits,
};

/// What a passkey client needs for a ceremony that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Begun {
    /// Names the ceremony when it is finished; not a secret.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub token: Id,
    /// The WebAuthn challenge.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub challenge: [u8; 32],
    /// Life of the challenge in milliseconds from now.
    #[n(2)]
    pub ttl_ms: u64,
    /// The vault, and the user handle of its passkeys.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// Relying party id.
    #[n(4)]
    pub rp_id: String,
    /// The name that passkey clients show.
    #[n(5)]
    pub user_name: String,
    /// Credentials to allow (assertion) or to exclude (registration).
    #[cbor(
        n(6),
        decode_with = "codec::decode_list::<_, _, {limits::CREDENTIALS}>"
    )]
    pub credential_ids: Vec<minicbor::bytes::ByteVec>,
    /// Challenge for the hardware auth token, where the vault asks for biometrics; at the beginning
    /// of an import, where it may.
    #[n(7)]
    pub auth_token_challenge: Option<u64>,
    /// What the PRF extension of an assertion has to be asked, where its results are needed.
    #[n(8)]
    pub prf: Option<PrfInputs>,
}

/// Inputs of the PRF extension (WebAuthn Level 3, section 10.1.4), as `eval` and
/// `evalByCredential` take them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct PrfInputs {
    /// `eval.first`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub first: [u8; 32],
    /// Passkeys with another first input: `evalByCredential`. A member of it stands instead of
    /// `eval`, so it needs `second` as well.
    #[cbor(
        n(1),
        decode_with = "codec::decode_list::<_, _, {limits::CREDENTIALS}>"
    )]
    pub by_credential: Vec<PrfInput>,
    /// `second`, the same for all passkeys.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub second: Option<[u8; 32]>,
}

/// The first PRF input of one passkey.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct PrfInput {
    /// The passkey.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub credential_id: Vec<u8>,
    /// Its input.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub first: [u8; 32],
}

/// An answer to a request that was not refused.
#[derive(Debug, Encode, Decode, CborLen)]
pub enum Reply {
    /// What the sealer is.
    #[n(1)]
    Info(#[n(0)] Info),
    /// Ids of the owner's vaults.
    #[n(2)]
    Vaults(
        #[cbor(
            n(0),
            decode_with = "codec::decode_list::<_, _, {limits::VAULTS_PER_OWNER}>"
        )]
        Vec<minicbor::bytes::ByteArray<16>>,
    ),
    /// A vault, after whatever was done to it.
    #[n(3)]
    Vault(#[n(0)] VaultView),
    /// A ceremony has begun.
    #[n(4)]
    Begun(#[n(0)] Begun),
    /// The vault is gone.
    #[n(5)]
    Deleted,
    /// The data key of the archive that the ceremony named.
    #[n(6)]
    Released(#[n(0)] Secret32),
    /// A new backup: the header to write before the body, and the key of the body.
    #[n(7)]
    BackupCreated {
        /// Encoded [`crate::header::Core`].
        #[cbor(n(0), with = "minicbor::bytes")]
        core: Vec<u8>,
        /// Encoded [`crate::header::SignedKeyPart`].
        #[cbor(n(1), with = "minicbor::bytes")]
        key_part: Vec<u8>,
        /// The data key.
        #[n(2)]
        dek: Secret32,
    },
    /// The header's MAC is right and its epoch is known.
    #[n(8)]
    HeaderAuthentic,
    /// The run is right.
    #[n(9)]
    AuditVerified {
        /// Where the next run goes on; `None` for an empty log.
        #[n(0)]
        mark: Option<AuditMark>,
        /// Whether the run ends with the newest entry.
        #[n(1)]
        head: bool,
    },
    /// Vaults were erased.
    #[n(10)]
    Removed {
        /// Their ids.
        #[cbor(
            n(0),
            decode_with = "codec::decode_list::<_, _, {limits::REMOVED_VAULTS}>"
        )]
        vaults: Vec<minicbor::bytes::ByteArray<16>>,
        /// Whether there are more, for another request of the same.
        #[n(1)]
        more: bool,
    },
    /// A passkey was added.
    #[n(11)]
    CredentialAdded {
        /// The vault with it.
        #[n(0)]
        vault: VaultView,
        /// Which it is.
        #[cbor(n(1), with = "minicbor::bytes")]
        credential_id: Vec<u8>,
    },
    /// A factor was enrolled or replaced.
    #[n(12)]
    Enrolled {
        /// The vault with it.
        #[n(0)]
        vault: VaultView,
        /// Which it is.
        #[cbor(n(1), with = "minicbor::bytes")]
        factor_id: Id,
    },
    /// A recovery key was made: the only time that it is shown.
    #[n(13)]
    RecoveryCreated {
        /// The vault with it.
        #[n(0)]
        vault: VaultView,
        /// The factor.
        #[cbor(n(1), with = "minicbor::bytes")]
        factor_id: Id,
        /// The key.
        #[n(2)]
        key: RecoveryKey,
    },
    /// The vault, or an epoch of it, came to this device.
    #[n(14)]
    Imported {
        /// The vault.
        #[n(0)]
        vault: VaultView,
        /// The factor that opened the archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        factor_id: Id,
    },
    /// The factor opens the archive.
    #[n(15)]
    Rehearsed {
        /// The vault, with the date of the proof.
        #[n(0)]
        vault: VaultView,
        /// The archive.
        #[cbor(n(1), with = "minicbor::bytes")]
        backup_id: Id,
        /// The factor.
        #[cbor(n(2), with = "minicbor::bytes")]
        factor_id: Id,
    },
    /// A new key part for the same core and body.
    #[n(16)]
    Refreshed {
        /// Encoded [`crate::header::SignedKeyPart`].
        #[cbor(n(0), with = "minicbor::bytes")]
        key_part: Vec<u8>,
    },
}

impl Reply {
    /// The vault as it is after the request, in every answer that has one.
    pub fn vault(&self) -> Option<&VaultView> {
        match self {
            Reply::Vault(vault)
            | Reply::CredentialAdded { vault, .. }
            | Reply::Enrolled { vault, .. }
            | Reply::RecoveryCreated { vault, .. }
            | Reply::Imported { vault, .. }
            | Reply::Rehearsed { vault, .. } => Some(vault),
            _ => None,
        }
    }
}

/// State of a vault's record after a request, refused or not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct RecordUpdate {
    /// The vault.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// Sequence number of its record.
    #[n(1)]
    pub seq: u64,
    /// Audit entries that the service has not acknowledged yet, oldest first.
    #[cbor(
        n(2),
        decode_with = "codec::decode_list::<_, _, {limits::AUDIT_PER_RESPONSE}>"
    )]
    pub audit: Vec<SealedAuditEntry>,
}

#[derive(Debug, Encode, Decode, CborLen)]
enum Outcome {
    #[n(0)]
    Done(#[n(0)] Box<Reply>),
    #[n(1)]
    Refused {
        #[n(0)]
        code: i32,
        #[n(1)]
        detail: String,
        #[n(2)]
        retry_after_ms: Option<u64>,
    },
}

#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(array)]
struct Body {
    #[n(0)]
    outcome: Outcome,
    #[n(1)]
    record: Option<RecordUpdate>,
}

/// A response: the answer or the refusal, and the state of the record that it concerned.
#[derive(Debug)]
pub struct Response {
    /// The answer.
    pub result: Result<Reply>,
    /// The record after the request; `None` where no vault was found or named.
    pub record: Option<RecordUpdate>,
}

impl Response {
    /// Encodes for the HAL. A response that does not fit becomes the error `TOO_LARGE`.
    pub fn to_bytes(self) -> Result<Zeroizing<Vec<u8>>> {
        let outcome = match self.result {
            Ok(reply) => Outcome::Done(Box::new(reply)),
            Err(error) => Outcome::Refused {
                code: error.code as i32,
                detail: error.detail.into_owned(),
                retry_after_ms: error.retry_after_ms,
            },
        };
        let bytes = to_frame(Body {
            outcome,
            record: self.record,
        })?;
        if bytes.len() > limits::MESSAGE {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the response has more than 64 KiB",
            ));
        }
        Ok(bytes)
    }

    /// Decodes what came through the HAL. Errors: `INTERNAL` for a response that no sealer of this
    /// version makes, `UNSUPPORTED_VERSION`, `TOO_LARGE`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Response> {
        let body: Body = from_frame(
            bytes,
            ErrorCode::Internal,
            "the sealer's response is malformed",
        )?;
        let result = match body.outcome {
            Outcome::Done(reply) => Ok(*reply),
            Outcome::Refused {
                code,
                detail,
                retry_after_ms,
            } => Err(Error {
                code: ErrorCode::from_code(code).unwrap_or(ErrorCode::Internal),
                detail: Cow::Owned(detail),
                retry_after_ms,
            }),
        };
        Ok(Response {
            result,
            record: body.record,
        })
    }
}
