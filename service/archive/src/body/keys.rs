// SPDX-License-Identifier: Apache-2.0

//! The derived key of one body, its header, and the nonces of its segments.

use core::ops::Range;

use hkdf::Hkdf;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use sealer_wire::{Error, ErrorCode, Result};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{HEADER, TAG};
use crate::dek::Dek;
use crate::locked::Locked;

/// Salt and nonce prefix, as the body's first 40 bytes carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BodyHeader {
    pub(crate) salt: [u8; 32],
    pub(crate) prefix: [u8; 7],
}

impl BodyHeader {
    /// A fresh random one: with it every body has a key of its own, even under one DEK.
    ///
    /// Errors: `INTERNAL` where the system gives no random numbers.
    pub(crate) fn random() -> Result<BodyHeader> {
        let (mut salt, mut prefix) = ([0; 32], [0; 7]);
        let random = SystemRandom::new();
        random
            .fill(&mut salt)
            .and_then(|()| random.fill(&mut prefix))
            .map_err(|_| Error::new(ErrorCode::Internal, "no random numbers"))?;
        Ok(BodyHeader { salt, prefix })
    }

    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = HEADER as u8;
        bytes[1..33].copy_from_slice(&self.salt);
        bytes[33..].copy_from_slice(&self.prefix);
        bytes
    }

    /// Errors: `SEGMENT_TAMPERED` for another length byte, the only one that can be checked here.
    pub(crate) fn decode(bytes: &[u8; HEADER]) -> Result<BodyHeader> {
        let (mut salt, mut prefix) = ([0; 32], [0; 7]);
        if usize::from(bytes[0]) != HEADER {
            return Err(Error::new(
                ErrorCode::SegmentTampered,
                "the body's header is malformed",
            ));
        }
        salt.copy_from_slice(&bytes[1..33]);
        prefix.copy_from_slice(&bytes[33..]);
        Ok(BodyHeader { salt, prefix })
    }
}

/// The key of one body, in locked memory.
pub(crate) struct BodyKey {
    aead: Locked<LessSafeKey>,
    /// The same key for `diagnose`, which needs the block cipher itself.
    raw: Locked<[u8; 32]>,
    prefix: [u8; 7],
}

impl BodyKey {
    /// Derives the key of the body with this header.
    ///
    /// Errors: `INTERNAL` (no memory).
    pub(crate) fn derive(dek: &Dek, header: &BodyHeader, ad: &[u8; 32]) -> Result<BodyKey> {
        let defect = |_| Error::new(ErrorCode::Internal, "key derivation failed");
        let mut okm = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(&header.salt), dek.bytes())
            .expand(ad, okm.as_mut())
            .map_err(|error| defect(error.to_string()))?;
        let key = UnboundKey::new(&AES_256_GCM, okm.as_ref())
            .map_err(|error| defect(error.to_string()))?;
        Ok(BodyKey {
            aead: Locked::new(LessSafeKey::new(key))?,
            raw: Locked::new(*okm)?,
            prefix: header.prefix,
        })
    }

    pub(crate) fn raw(&self) -> &[u8; 32] {
        &self.raw
    }

    pub(crate) fn nonce(&self, index: u32, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce
    }

    /// Seals `buffer[..length]` in place and puts the tag behind it. `slot` is used up by it.
    ///
    /// Errors: `INTERNAL` where `buffer` has no room for the tag.
    pub(crate) fn seal(
        &self,
        slot: Slot,
        last: bool,
        buffer: &mut [u8],
        length: usize,
    ) -> Result<Range<usize>> {
        let defect = || Error::new(ErrorCode::Internal, "a segment could not be sealed");
        let (plaintext, rest) = buffer.split_at_mut_checked(length).ok_or_else(defect)?;
        let room = rest.get_mut(..TAG).ok_or_else(defect)?;
        let nonce = Nonce::assume_unique_for_key(self.nonce(slot.0, last));
        let tag = self
            .aead
            .seal_in_place_separate_tag(nonce, Aad::empty(), plaintext)
            .map_err(|_| defect())?;
        room.copy_from_slice(tag.as_ref());
        Ok(0..length + TAG)
    }

    /// Opens the segment `buffer[at..]`, tag included, into `buffer[..]`; `at` must not be below
    /// the plaintext's length. Returns whether it authenticates.
    ///
    /// The ciphertext stays as it was, for `diagnose`. A plaintext that does not authenticate is
    /// wiped.
    pub(crate) fn open(&self, index: u32, last: bool, buffer: &mut [u8], at: usize) -> bool {
        let nonce = Nonce::assume_unique_for_key(self.nonce(index, last));
        self.aead
            .open_within(nonce, Aad::empty(), buffer, at..)
            .is_ok()
    }
}

/// The right to seal one segment index once. Slots come from [`Slots`] and cannot be copied.
pub(crate) struct Slot(u32);

/// Hands out every index of one derived key exactly once, in order.
#[derive(Default)]
pub(crate) struct Slots(u64);

impl Slots {
    #[cfg(test)]
    pub(crate) fn at(next: u64) -> Slots {
        Slots(next)
    }

    /// Errors: `TOO_LARGE` beyond 2^32 segments, the end of Tink's segment counter.
    pub(crate) fn next(&mut self) -> Result<Slot> {
        let index = u32::try_from(self.0)
            .map_err(|_| Error::new(ErrorCode::TooLarge, "more than 2^32 segments"))?;
        self.0 += 1;
        Ok(Slot(index))
    }
}
