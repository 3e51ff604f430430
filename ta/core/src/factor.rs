// SPDX-License-Identifier: Apache-2.0

//! Factors that open archives on a new device: their keys, and the envelopes made for them.
//!
//! A factor's secret, the PRF output of a passkey, a recovery key or a stretched password, gives a
//! key pair and a PSK; only public key and PSK are kept. An envelope is the root key of an epoch,
//! sealed by HPKE (RFC 9180) in mode_psk: KEM X-Wing, HKDF-SHA256, AES-256-GCM. So the sealer makes
//! one with nobody present, and somebody who knows public keys only makes none.
//!
//! ```text
//! secret ─ HKDF, salt = vault ‖ factor ─┬─ "factor key" ‖ kind ─▶ DeriveKeyPair ─▶ key pair
//!                                       └─ "factor psk" ‖ kind ─▶ PSK, its id is the factor's
//! ```
//!
//! Everything that stands in clear beside an envelope is part of its `info`; the AAD is empty.

use alloc::vec::Vec;
use core::convert::Infallible;

use hkdf::Hkdf;
use hpke::aead::{AeadTag, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem, XWing};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{
    Deserializable, OpModeR, OpModeS, PskBundle, Serializable, single_shot_open_inout_detached,
    single_shot_seal_inout_detached_with_rng,
};
use minicbor::{CborLen, Decode, Encode};
use sealer_wire::header::{Envelope, Epoch, PasswordParameters};
use sealer_wire::{Error, ErrorCode, FactorKind, Id, Result, Secret32, decode_canonical, encode};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::keys::RootKey;
use crate::platform::Platform;

/// HPKE KEM id of X-Wing.
pub const KEM: u16 = 0x647a;
/// HPKE KDF id of HKDF-SHA256.
pub const KDF: u16 = 0x0001;
/// HPKE AEAD id of AES-256-GCM.
pub const AEAD: u16 = 0x0002;

const KEY: &[u8] = b"passkey-backup 2026-11 factor key v1";
const PSK: &[u8] = b"passkey-backup 2026-11 factor psk v1";
const ENVELOPE: &[u8] = b"passkey-backup 2026-11 envelope v1";

const TAG: usize = 16;
/// What one encapsulation of X-Wing takes of random bytes.
const ENCAPSULATION: usize = 64;

/// What is kept of a factor's secret.
#[derive(Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Portable {
    /// X-Wing public key, 1216 bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public_key: Vec<u8>,
    /// PSK of its envelopes.
    #[n(2)]
    pub psk: Secret32,
    /// When its owner last proved to hold it, seconds since 1970.
    #[n(3)]
    pub proved_at: Option<u64>,
}

impl Portable {
    /// Whether it is of the same secret.
    pub fn is_same(&self, other: &Portable) -> bool {
        self.public_key == other.public_key
            && bool::from(self.psk.expose().ct_eq(other.psk.expose()))
    }
}

/// A factor by its names.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// The vault.
    pub vault_id: &'a Id,
    /// The factor.
    pub factor_id: &'a Id,
    /// What kind of secret it has.
    pub kind: FactorKind,
}

/// The keys of a factor while its secret is at hand.
pub struct Keys {
    private: <XWing as Kem>::PrivateKey,
    /// What may be kept of them.
    pub portable: Portable,
}

impl Name<'_> {
    /// Derives the factor's keys from its secret.
    pub fn keys(&self, secret: &[u8]) -> Result<Keys> {
        let (private, public) = XWing::derive_keypair(self.derive(secret, KEY)?.expose());
        Ok(Keys {
            private,
            portable: Portable {
                public_key: public.to_bytes().to_vec(),
                psk: self.derive(secret, PSK)?,
                proved_at: None,
            },
        })
    }

    fn derive(&self, secret: &[u8], purpose: &[u8]) -> Result<Secret32> {
        let mut salt = [0; 32];
        salt[..16].copy_from_slice(self.vault_id);
        salt[16..].copy_from_slice(self.factor_id);
        let kind = [self.kind as u8];
        Secret32::try_fill(|out| {
            Hkdf::<Sha256>::new(Some(&salt), secret).expand_multi_info(&[purpose, &kind], out)
        })
        .map_err(|_| internal())
    }
}

/// A factor as its envelope names it.
pub struct Addressee<'a> {
    /// Its id.
    pub factor_id: &'a Id,
    /// Its kind.
    pub kind: FactorKind,
    /// What was kept of its secret.
    pub portable: &'a Portable,
    /// Of a passkey: its credential id.
    pub credential_id: Option<&'a [u8]>,
    /// Of a passkey: its public key as a COSE_Key.
    pub credential_key: Option<&'a [u8]>,
    /// Of a password: how it is stretched.
    pub password: Option<&'a PasswordParameters>,
    /// Of a passkey: the input of its PRF extension.
    pub prf_input: Option<&'a [u8; 32]>,
    /// Of a passkey: whether that is another than the vault's.
    pub own_input: bool,
}

/// What an envelope is bound to: all that is in clear beside it.
/// What a factor has none of is null, or left out at the end of the array.
#[derive(Encode, CborLen)]
#[cbor(array)]
struct Bound<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    vault_id: &'a Id,
    #[n(1)]
    epoch: &'a Epoch,
    #[cbor(n(2), with = "minicbor::bytes")]
    factor_id: &'a Id,
    #[n(3)]
    kind: FactorKind,
    #[cbor(n(4), with = "minicbor::bytes")]
    credential_id: Option<&'a [u8]>,
    #[cbor(n(5), with = "minicbor::bytes")]
    prf_input: Option<&'a [u8; 32]>,
    #[n(6)]
    password: Option<&'a PasswordParameters>,
}

impl Bound<'_> {
    fn info(&self) -> Result<Vec<u8>> {
        let bound = encode(self)?;
        let mut info = Vec::new();
        info.try_reserve_exact(ENVELOPE.len() + bound.len())
            .map_err(|_| out_of_memory())?;
        info.extend_from_slice(ENVELOPE);
        info.extend_from_slice(&bound);
        Ok(info)
    }
}

/// What is in an envelope.
#[derive(Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Content {
    /// The root key of the epoch.
    #[n(0)]
    pub root_key: Secret32,
    /// Of a passkey: its public key as a COSE_Key, under which a new device verifies it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub credential_key: Option<Vec<u8>>,
}

/// Seals a root key for a factor.
pub fn seal(
    platform: &mut impl Platform,
    root: &RootKey<'_>,
    to: &Addressee<'_>,
) -> Result<Envelope> {
    let info = Bound {
        vault_id: root.vault_id,
        epoch: root.epoch,
        factor_id: to.factor_id,
        kind: to.kind,
        credential_id: to.credential_id,
        prf_input: to.prf_input,
        password: to.password,
    }
    .info()?;
    let content = encode(&Content {
        root_key: root.key.duplicate(),
        credential_key: to.credential_key.map(Into::into),
    })?;
    let public_key = <XWing as Kem>::PublicKey::from_bytes(&to.portable.public_key)
        .map_err(|_| Error::new(ErrorCode::Corrupt, "the public key of a factor is damaged"))?;
    let psk = PskBundle::new(to.portable.psk.expose(), to.factor_id).map_err(|_| internal())?;

    let mut buffer = Zeroizing::new(Vec::new());
    buffer
        .try_reserve_exact(content.len() + TAG)
        .map_err(|_| out_of_memory())?;
    buffer.extend_from_slice(&content);
    let mut drawn = Drawn::draw(platform)?;
    let (enc, tag) = single_shot_seal_inout_detached_with_rng::<AesGcm256, HkdfSha256, XWing>(
        &OpModeS::Psk(psk),
        &public_key,
        &info,
        buffer.as_mut_slice().into(),
        &[],
        &mut drawn,
    )
    .map_err(|_| internal())?;
    drawn.check()?;
    buffer.extend_from_slice(&tag.to_bytes());
    Ok(Envelope {
        kem: KEM,
        kdf: KDF,
        aead: AEAD,
        factor_id: *to.factor_id,
        kind: to.kind,
        credential_id: to.credential_id.map(Into::into),
        enc: enc.to_bytes().to_vec(),
        ciphertext: core::mem::take(&mut *buffer),
        password: to.password.cloned(),
        prf_input: to.own_input.then_some(to.prf_input).flatten().copied(),
    })
}

/// Opens an envelope of the header of an archive. `vault_input` is the PRF input of the key part.
///
/// Errors: `CANNOT_OPEN`, whatever does not fit; `UNSUPPORTED_VERSION` for another suite.
pub fn open(
    vault_id: &Id,
    epoch: &Epoch,
    envelope: &Envelope,
    vault_input: &[u8; 32],
    keys: &Keys,
) -> Result<Content> {
    if (envelope.kem, envelope.kdf, envelope.aead) != (KEM, KDF, AEAD) {
        return Err(Error::new(
            ErrorCode::UnsupportedVersion,
            "the envelope has an unknown cipher suite",
        ));
    }
    let passkey = envelope.kind == FactorKind::Passkey;
    let input = envelope.prf_input.as_ref().unwrap_or(vault_input);
    let info = Bound {
        vault_id,
        epoch,
        factor_id: &envelope.factor_id,
        kind: envelope.kind,
        credential_id: envelope.credential_id.as_deref(),
        prf_input: passkey.then_some(input),
        password: envelope.password.as_ref(),
    }
    .info()?;
    open_hpke(
        keys,
        &envelope.factor_id,
        &info,
        &envelope.enc,
        &envelope.ciphertext,
    )
}

fn open_hpke(
    keys: &Keys,
    psk_id: &Id,
    info: &[u8],
    enc: &[u8],
    ciphertext: &[u8],
) -> Result<Content> {
    let psk = PskBundle::new(keys.portable.psk.expose(), psk_id).map_err(|_| internal())?;
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| cannot_open())?;
    let length = ciphertext.len().checked_sub(TAG).ok_or_else(cannot_open)?;
    let (ciphertext, tag) = ciphertext.split_at(length);
    let tag = AeadTag::<AesGcm256>::from_bytes(tag).map_err(|_| cannot_open())?;
    let mut buffer = Zeroizing::new(Vec::new());
    buffer
        .try_reserve_exact(length)
        .map_err(|_| out_of_memory())?;
    buffer.extend_from_slice(ciphertext);
    single_shot_open_inout_detached::<AesGcm256, HkdfSha256, XWing>(
        &OpModeR::Psk(psk),
        &keys.private,
        &enc,
        info,
        buffer.as_mut_slice().into(),
        &[],
        &tag,
    )
    .map_err(|_| cannot_open())?;
    decode_canonical(&buffer, ErrorCode::CannotOpen, CANNOT_OPEN)
}

const CANNOT_OPEN: &str = "the secret does not open the archive, or it is not the right archive";

/// Where nothing is authenticated yet, every mismatch is this one.
pub const fn cannot_open() -> Error {
    Error::new(ErrorCode::CannotOpen, CANNOT_OPEN)
}

/// Random bytes for one encapsulation, drawn before it: HPKE takes no source that can fail.
struct Drawn {
    bytes: Zeroizing<[u8; ENCAPSULATION]>,
    used: usize,
    exhausted: bool,
}

impl Drawn {
    fn draw(platform: &mut impl Platform) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; ENCAPSULATION]);
        platform.random(&mut *bytes)?;
        Ok(Drawn {
            bytes,
            used: 0,
            exhausted: false,
        })
    }

    /// What was made with more bytes than were drawn must not be used.
    fn check(&self) -> Result<()> {
        if self.exhausted {
            return Err(internal());
        }
        Ok(())
    }

    fn take(&mut self, out: &mut [u8]) {
        let end = self.used.saturating_add(out.len());
        match self.bytes.get(self.used..end) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => self.exhausted = true,
        }
        self.used = end;
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> core::result::Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.take(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> core::result::Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.take(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> core::result::Result<(), Infallible> {
        self.take(out);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "a factor's key could not be used")
}

fn out_of_memory() -> Error {
    Error::new(ErrorCode::Internal, "out of memory")
}

#[cfg(test)]
mod tests;
