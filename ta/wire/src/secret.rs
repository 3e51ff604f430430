//! Secrets on the wire.

use core::fmt;

use minicbor::{Decoder, Encoder, decode, encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

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
