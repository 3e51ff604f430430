// SPDX-License-Identifier: Apache-2.0

//! Secrets on the wire.

use alloc::vec::Vec;
use core::fmt;

use minicbor::{CborLen, Decode, Decoder, Encode, Encoder, decode, encode};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{FactorKind, RecoveryKey};

/// A 256-bit secret that is wiped when dropped, does not print and does not clone.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes a copy of `bytes`; the caller wipes the original.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Secret32(*bytes)
    }

    /// Lets `fill` write the secret in place, so that no second copy exists.
    pub fn try_fill<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Secret32([0; 32]);
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// A second holder of the same secret, said explicitly instead of by `Clone`.
    pub fn duplicate(&self) -> Self {
        Secret32(self.0)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(..)")
    }
}

impl<C> encode::Encode<C> for Secret32 {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> decode::Decode<'b, C> for Secret32 {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = d.bytes()?;
        let array = <&[u8; 32]>::try_from(bytes)
            .map_err(|_| decode::Error::message("a secret has 32 bytes"))?;
        Ok(Secret32::new(array))
    }
}

impl<C> minicbor::CborLen<C> for Secret32 {
    fn cbor_len(&self, _: &mut C) -> usize {
        // Two bytes of head for 24 to 255 bytes (RFC 8949, section 3).
        2 + self.0.len()
    }
}

/// Bytes that may hold a secret, such as the PRF results in what a passkey client returned: wiped
/// when dropped, also when a message turns out malformed behind them; only their length prints.
pub struct SensitiveBytes(Zeroizing<Vec<u8>>);

impl From<Vec<u8>> for SensitiveBytes {
    fn from(bytes: Vec<u8>) -> Self {
        SensitiveBytes(Zeroizing::new(bytes))
    }
}

impl core::ops::Deref for SensitiveBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SensitiveBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl<C> encode::Encode<C> for SensitiveBytes {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> decode::Decode<'b, C> for SensitiveBytes {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = d.bytes()?;
        let mut copy = Zeroizing::new(Vec::new());
        copy.try_reserve_exact(bytes.len())
            .map_err(|_| decode::Error::message("out of memory"))?;
        copy.extend_from_slice(bytes);
        Ok(SensitiveBytes(copy))
    }
}

impl<C> minicbor::CborLen<C> for SensitiveBytes {
    fn cbor_len(&self, context: &mut C) -> usize {
        minicbor::bytes::cbor_len(self.0.as_slice(), context)
    }
}

/// The secret of a factor that is no passkey, on its way from its owner to the sealer.
#[derive(Debug, Encode, Decode, CborLen)]
pub enum FactorSecret {
    /// A recovery key, its check digits checked and taken off.
    #[n(1)]
    Recovery(#[n(0)] RecoveryKey),
    /// What Argon2id made of a password, with the salt and parameters of its factor.
    #[n(2)]
    Password(#[n(0)] Secret32),
}

impl FactorSecret {
    /// The kind of factor that it is the secret of.
    pub fn kind(&self) -> FactorKind {
        match self {
            FactorSecret::Recovery(_) => FactorKind::Recovery,
            FactorSecret::Password(_) => FactorKind::Password,
        }
    }

    /// The bytes that the factor's keys are derived from.
    pub fn expose(&self) -> &[u8] {
        match self {
            FactorSecret::Recovery(key) => key.expose(),
            FactorSecret::Password(secret) => secret.expose(),
        }
    }
}
