// SPDX-License-Identifier: Apache-2.0

//! The CBOR of an archive's header; the specification is `service/archive/archive.cddl`.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{CborLen, Decode, Encode};

use crate::{Error, ErrorCode, FactorKind, Id, Result, codec, limits};

/// Version of the archive format.
pub const FORMAT_VERSION: u16 = 1;
/// Body suite 1: Tink streaming AEAD AES256_GCM_HKDF_1MB.
pub const BODY_SUITE: u16 = 1;
/// Key wrap suite 1: HKDF-SHA256 and AES-256-GCM, the core as associated data.
pub const WRAP_SUITE: u16 = 1;

/// The part of a header that never changes. It is the associated data of the wrapped data key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Core {
    /// [`FORMAT_VERSION`].
    #[n(1)]
    pub version: u16,
    /// [`BODY_SUITE`].
    #[n(2)]
    pub body_suite: u16,
    /// [`WRAP_SUITE`].
    #[n(3)]
    pub wrap_suite: u16,
    /// The vault that the backup belongs to.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub vault_id: Id,
    /// The backup, an id that the sealer made.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub backup_id: Id,
    /// When it was made, in seconds since 1970, by the sealer's clock.
    #[n(6)]
    pub created_at: u64,
    /// What the app wants to find again, opaque and in clear; at most [`limits::META`] bytes.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub meta: Vec<u8>,
}

impl Core {
    /// Decodes and checks a core of at most [`limits::CORE`] bytes.
    ///
    /// Errors: `TOO_LARGE`, `HEADER_TAMPERED` (not such CBOR), `UNSUPPORTED_VERSION`.
    pub fn decode(bytes: &[u8]) -> Result<Core> {
        if bytes.len() > limits::CORE {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the core has more than 8 KiB",
            ));
        }
        check_version(bytes)?;
        let core: Core =
            codec::decode_canonical(bytes, ErrorCode::HeaderTampered, "the core is malformed")?;
        if core.meta.len() > limits::META {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the metadata have more than 4 KiB",
            ));
        }
        if core.body_suite != BODY_SUITE || core.wrap_suite != WRAP_SUITE {
            return Err(Error::new(
                ErrorCode::UnsupportedVersion,
                "unknown cipher suite",
            ));
        }
        Ok(core)
    }

    /// The deterministic encoding.
    pub fn encode(&self) -> Result<Vec<u8>> {
        codec::encode(self).map(|bytes| bytes.to_vec())
    }
}

/// A later version may have other members: its number is read before the rest is judged.
fn check_version(core: &[u8]) -> Result<()> {
    let malformed = |_| Error::new(ErrorCode::HeaderTampered, "the core is malformed");
    let mut decoder = minicbor::Decoder::new(core);
    decoder.map().map_err(malformed)?;
    if decoder.u64().map_err(malformed)? != 1 {
        return Err(Error::new(
            ErrorCode::HeaderTampered,
            "the core is malformed",
        ));
    }
    if decoder.u64().map_err(malformed)? != u64::from(FORMAT_VERSION) {
        return Err(Error::new(
            ErrorCode::UnsupportedVersion,
            "a later archive format",
        ));
    }
    Ok(())
}

/// One generation of a vault's root key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Epoch {
    /// Its number, from 1.
    #[n(0)]
    pub number: u32,
    /// Its random id.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: Id,
    /// The id of the epoch that it followed; zeros for the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub parent: Id,
}

/// An AES-256-GCM ciphertext with its nonce.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Sealed {
    /// 96 random bits.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub nonce: [u8; 12],
    /// Ciphertext and 16-byte tag.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub ciphertext: Vec<u8>,
}

/// A vault root key for a new device, sealed by HPKE (RFC 9180, mode_psk) to one factor.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Envelope {
    /// HPKE KEM id, 0x647a for X-Wing.
    #[n(1)]
    pub kem: u16,
    /// HPKE KDF id, 0x0001 for HKDF-SHA256.
    #[n(2)]
    pub kdf: u16,
    /// HPKE AEAD id, 0x0002 for AES-256-GCM.
    #[n(3)]
    pub aead: u16,
    /// The factor.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub factor_id: Id,
    /// What kind of secret opens it.
    #[n(5)]
    pub kind: FactorKind,
    /// The credential whose PRF output opens it; of a passkey only.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub credential_id: Option<Vec<u8>>,
    /// Encapsulated key.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub enc: Vec<u8>,
    /// Ciphertext and tag.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub ciphertext: Vec<u8>,
    /// How a password is stretched; of a password only.
    #[n(9)]
    pub password: Option<PasswordParameters>,
    /// The passkey's own PRF input; of a passkey only, and only where it is not the one of the key
    /// part, which the passkey has then not met since the last rotation.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub prf_input: Option<[u8; 32]>,
}

/// Argon2id (RFC 9106) parameters of a password factor.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct PasswordParameters {
    /// Random salt.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// Memory in KiB.
    #[n(1)]
    pub memory_kib: u32,
    /// Passes.
    #[n(2)]
    pub passes: u32,
    /// Lanes.
    #[n(3)]
    pub lanes: u32,
}

impl PasswordParameters {
    /// Whether they are within [`limits`]. Whoever stretches a password asks first.
    pub fn check(&self) -> Result<()> {
        if limits::PASSWORD_MEMORY_KIB.contains(&self.memory_kib)
            && limits::PASSWORD_PASSES.contains(&self.passes)
            && limits::PASSWORD_LANES.contains(&self.lanes)
        {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::BadRequest,
            "the Argon2id parameters are out of bounds",
        ))
    }
}

/// The part of a header that a re-wrap or refresh replaces.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct KeyPart {
    /// The relying party id of the vault, needed to begin an import.
    #[n(1)]
    pub rp_id: String,
    /// The epoch whose root key wraps the data key.
    #[n(2)]
    pub epoch: Epoch,
    /// The data key, wrapped with the core as associated data.
    #[n(3)]
    pub wrapped_dek: Sealed,
    /// Input of the PRF extension, per vault; a passkey can have an older one of its own.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub prf_input: [u8; 32],
    /// One per portable factor.
    #[cbor(n(5), decode_with = "codec::decode_list::<_, _, {limits::ENVELOPES}>")]
    pub envelopes: Vec<Envelope>,
    /// The vault state, under a sub-key of the root key.
    #[n(6)]
    pub vault_state: Sealed,
}

/// A key part as it stands in the file: the CBOR of [`KeyPart`], and the MAC over the core and it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct SignedKeyPart {
    /// The encoded [`KeyPart`], kept as bytes because they are what the MAC covers.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub content: Vec<u8>,
    /// HMAC-SHA256 under a sub-key of the epoch's root key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub mac: [u8; 32],
}

impl SignedKeyPart {
    /// Decodes the outer and the inner item; the MAC is not checked, that takes the vault.
    ///
    /// Errors: `TOO_LARGE`, `HEADER_TAMPERED`.
    pub fn decode(bytes: &[u8]) -> Result<(SignedKeyPart, KeyPart)> {
        const WHAT: &str = "the key part is malformed";
        if bytes.len() > limits::KEY_PART {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the key part has more than 64 KiB",
            ));
        }
        let signed: SignedKeyPart =
            codec::decode_canonical(bytes, ErrorCode::HeaderTampered, WHAT)?;
        let part: KeyPart =
            codec::decode_canonical(&signed.content, ErrorCode::HeaderTampered, WHAT)?;
        if part.rp_id.len() > limits::RP_ID {
            return Err(Error::new(ErrorCode::HeaderTampered, WHAT));
        }
        Ok((signed, part))
    }

    /// The deterministic encoding.
    pub fn encode(&self) -> Result<Vec<u8>> {
        codec::encode(self).map(|bytes| bytes.to_vec())
    }
}
