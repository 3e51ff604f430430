// SPDX-License-Identifier: Apache-2.0

//! The recovery key: 224 random bits that a person writes down and types in again.
//!
//! As text it is eight groups of eight hexadecimal digits with a hyphen between groups. Seven
//! digits of a group are data, the first one the most significant half of the first byte; the last
//! is a check digit. Over GF(16), with `x⁴ + x + 1` as modulus and `α = x`, the digits `d₁ … d₈` of
//! group `g`, counted from 1, satisfy
//!
//! ```text
//! α¹·d₁ + α²·d₂ + … + α⁷·d₇ + d₈ + g = 0
//! ```
//!
//! All weights are different and none is zero, so one wrong digit and any two digits that changed
//! places show, and the group with them; `g` shows groups that changed places. The check finds slips
//! of the pen, not attacks: one group of sixteen random ones passes it.

use alloc::format;
use alloc::vec::Vec;
use core::fmt;

use minicbor::{CborLen, Decoder, Encoder, decode, encode};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Error, ErrorCode, Result};

const BYTES: usize = 28;
const GROUPS: usize = 8;
const DATA: usize = 7;
const DIGITS: usize = GROUPS * (DATA + 1);
/// Length of the text: digits and the hyphens between groups.
const TEXT: usize = DIGITS + GROUPS - 1;
/// Longest input that is looked at.
const INPUT: usize = 256;

/// A recovery key. It is wiped when dropped, does not print and does not clone.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryKey([u8; BYTES]);

impl RecoveryKey {
    /// Lets `fill` write 224 random bits in place.
    pub fn try_fill<E>(
        fill: impl FnOnce(&mut [u8]) -> core::result::Result<(), E>,
    ) -> core::result::Result<Self, E> {
        let mut key = RecoveryKey([0; BYTES]);
        fill(&mut key.0)?;
        Ok(key)
    }

    /// The 28 bytes without check digits.
    pub fn expose(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// The text for its owner: 71 ASCII characters in lower case.
    pub fn to_text(&self) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(Vec::with_capacity(TEXT));
        for group in 0..GROUPS {
            if group > 0 {
                text.push(b'-');
            }
            let mut sum = 0;
            for place in 0..DATA {
                let digit = self.digit(group * DATA + place);
                sum ^= weighted(place, digit);
                text.push(to_hex(digit));
            }
            text.push(to_hex(sum ^ number(group)));
        }
        text
    }

    /// Reads what a person typed: 64 hexadecimal digits in any case, spaces, line breaks and
    /// hyphens anywhere.
    ///
    /// Errors: `RECOVERY_TYPO`, with the number of the first group that is wrong; `TOO_LARGE` above
    /// 256 bytes.
    pub fn parse(text: &[u8]) -> Result<RecoveryKey> {
        if text.len() > INPUT {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "a recovery key has at most 256 bytes",
            ));
        }
        let mut key = RecoveryKey([0; BYTES]);
        let (mut count, mut sum) = (0, 0);
        for &character in text {
            if matches!(character, b' ' | b'\t' | b'\r' | b'\n' | b'-') {
                continue;
            }
            let (group, place) = (count / (DATA + 1), count % (DATA + 1));
            let digit = from_hex(character)
                .ok_or_else(|| typo(group, "has a character that is no hexadecimal digit"))?;
            if group >= GROUPS {
                return Err(typo(GROUPS - 1, "is followed by more digits"));
            }
            if place < DATA {
                key.set_digit(group * DATA + place, digit);
                sum ^= weighted(place, digit);
            } else if sum ^ digit != number(group) {
                return Err(typo(group, "has a wrong digit"));
            } else {
                sum = 0;
            }
            count += 1;
        }
        if count < DIGITS {
            return Err(typo(count / (DATA + 1), "is not complete"));
        }
        Ok(key)
    }

    fn digit(&self, index: usize) -> u8 {
        let byte = self.0.get(index / 2).copied().unwrap_or_default();
        if index.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 15
        }
    }

    fn set_digit(&mut self, index: usize, digit: u8) {
        if let Some(byte) = self.0.get_mut(index / 2) {
            *byte |= if index.is_multiple_of(2) {
                digit << 4
            } else {
                digit
            };
        }
    }
}

fn typo(group: usize, what: &str) -> Error {
    let mut error = Error::from(ErrorCode::RecoveryTypo);
    error.detail = format!("group {} of the recovery key {what}", group + 1).into();
    error
}

/// Number of a group in the check.
fn number(group: usize) -> u8 {
    u8::try_from(group + 1).unwrap_or_default()
}

/// `α^(place + 1) · digit` in GF(16): multiplying by `α` is a shift and a reduction.
fn weighted(place: usize, digit: u8) -> u8 {
    (0..=place).fold(digit, |value, _| {
        let carry = value >> 3;
        ((value << 1) & 15) ^ (carry * 0b0011)
    })
}

fn to_hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' - 10 + digit,
    }
}

fn from_hex(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(..)")
    }
}

impl<C> encode::Encode<C> for RecoveryKey {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> core::result::Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> decode::Decode<'b, C> for RecoveryKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> core::result::Result<Self, decode::Error> {
        <&[u8; BYTES]>::try_from(d.bytes()?)
            .map(|bytes| RecoveryKey(*bytes))
            .map_err(|_| decode::Error::message("a recovery key has 28 bytes"))
    }
}

impl<C> CborLen<C> for RecoveryKey {
    fn cbor_len(&self, _: &mut C) -> usize {
        // Two bytes of head for 24 to 255 bytes (RFC 8949, section 3).
        2 + BYTES
    }
}
