// SPDX-License-Identifier: Apache-2.0

//! Canonical CBOR as CTAP 2.1 §8 defines it, checked before anything is decoded.
//!
//! [`item_len`] walks one item and accepts it only in the one encoding that CTAP allows: definite
//! lengths, shortest integers and lengths, map keys in order and therefore without duplicates, no
//! tags, at most four levels. What passed is then read with `minicbor`, which is laxer.

use core::cmp::Ordering;
use minicbor::Decoder;
use sealer_wire::{Error, ErrorCode, Result};

/// Deepest nesting of maps and arrays (CTAP 2.1 §8).
pub(super) const MAX_DEPTH: u8 = 4;

/// Why a walk ended without an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The input ends inside the item.
    Truncated,
    /// Not canonical, not CBOR, or nested too deeply.
    NotCanonical,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        let detail = match fault {
            Fault::Truncated => "the CBOR ends too early",
            Fault::NotCanonical => "not canonical CBOR",
        };
        Error::new(ErrorCode::MalformedCbor, detail)
    }
}

/// The major types that callers ask for.
pub(super) const MAJOR_MAP: u8 = 5;

const MAJOR_UNSIGNED: u8 = 0;
const MAJOR_NEGATIVE: u8 = 1;
const MAJOR_BYTES: u8 = 2;
const MAJOR_TEXT: u8 = 3;
const MAJOR_ARRAY: u8 = 4;
const MAJOR_TAG: u8 = 6;

/// The major type of the item that begins `input`; `None` without input.
pub(super) fn major(input: &[u8]) -> Option<u8> {
    input.first().map(|byte| byte >> 5)
}

/// The length in bytes of the canonical item that begins `input`; more may follow it.
pub(super) fn item_len(input: &[u8]) -> core::result::Result<usize, Fault> {
    let mut walk = Walk { input, position: 0 };
    walk.item(0)?;
    Ok(walk.position)
}

/// A decoder over `input`, which is exactly one canonical item; else `MALFORMED_CBOR`.
pub(super) fn whole(input: &[u8]) -> Result<Decoder<'_>> {
    if item_len(input)? != input.len() {
        return Err(Error::new(
            ErrorCode::MalformedCbor,
            "bytes follow the CBOR item",
        ));
    }
    Ok(Decoder::new(input))
}

/// The bytes of the next item of `decoder`, which moves behind it.
pub(super) fn raw_item<'b>(decoder: &mut Decoder<'b>) -> Result<&'b [u8]> {
    let rest = decoder
        .input()
        .get(decoder.position()..)
        .ok_or(Fault::Truncated)?;
    let item = rest.get(..item_len(rest)?).ok_or(Fault::Truncated)?;
    decoder.set_position(decoder.position().saturating_add(item.len()));
    Ok(item)
}

struct Walk<'b> {
    input: &'b [u8],
    position: usize,
}

impl<'b> Walk<'b> {
    /// The next `len` bytes.
    fn take(&mut self, len: u64) -> core::result::Result<&'b [u8], Fault> {
        let len = usize::try_from(len).map_err(|_| Fault::Truncated)?;
        let end = self.position.checked_add(len).ok_or(Fault::Truncated)?;
        let bytes = self.input.get(self.position..end).ok_or(Fault::Truncated)?;
        self.position = end;
        Ok(bytes)
    }

    /// A big-endian integer of `len` bytes, at most eight.
    fn unsigned(&mut self, len: u64) -> core::result::Result<u64, Fault> {
        Ok(self
            .take(len)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// The argument of a head, in its shortest form.
    fn argument(&mut self, info: u8) -> core::result::Result<u64, Fault> {
        let (value, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (self.unsigned(1)?, 24),
            25 => (self.unsigned(2)?, 1 << 8),
            26 => (self.unsigned(4)?, 1 << 16),
            27 => (self.unsigned(8)?, 1 << 32),
            // 28 to 30 are reserved, 31 is the indefinite length.
            _ => return Err(Fault::NotCanonical),
        };
        if value < least {
            Err(Fault::NotCanonical)
        } else {
            Ok(value)
        }
    }

    fn item(&mut self, depth: u8) -> core::result::Result<(), Fault> {
        let initial = self.unsigned(1)? as u8;
        let info = initial & 0x1f;
        match initial >> 5 {
            MAJOR_UNSIGNED | MAJOR_NEGATIVE => self.argument(info).map(drop),
            MAJOR_BYTES => {
                let len = self.argument(info)?;
                self.take(len).map(drop)
            }
            MAJOR_TEXT => {
                let len = self.argument(info)?;
                let text = self.take(len)?;
                core::str::from_utf8(text)
                    .map(drop)
                    .map_err(|_| Fault::NotCanonical)
            }
            MAJOR_ARRAY => {
                let inner = deeper(depth)?;
                let count = self.argument(info)?;
                (0..count).try_for_each(|_| self.item(inner))
            }
            MAJOR_MAP => {
                let inner = deeper(depth)?;
                let count = self.argument(info)?;
                self.pairs(count, inner)
            }
            MAJOR_TAG => Err(Fault::NotCanonical),
            // Simple values and floating point, whose width CTAP leaves as it is.
            _ => match info {
                20..=23 => Ok(()),
                25 => self.take(2).map(drop),
                26 => self.take(4).map(drop),
                27 => self.take(8).map(drop),
                _ => Err(Fault::NotCanonical),
            },
        }
    }

    fn pairs(&mut self, count: u64, depth: u8) -> core::result::Result<(), Fault> {
        let mut previous: &[u8] = &[];
        for index in 0..count {
            let start = self.position;
            self.item(depth)?;
            let key = self
                .input
                .get(start..self.position)
                .ok_or(Fault::Truncated)?;
            if index > 0 && key_order(previous, key) != Ordering::Less {
                return Err(Fault::NotCanonical);
            }
            previous = key;
            self.item(depth)?;
        }
        Ok(())
    }
}

fn deeper(depth: u8) -> core::result::Result<u8, Fault> {
    if depth >= MAX_DEPTH {
        Err(Fault::NotCanonical)
    } else {
        Ok(depth + 1)
    }
}

/// CTAP 2.1 §8: lower major type first, then the shorter encoding, then bytewise.
fn key_order(a: &[u8], b: &[u8]) -> Ordering {
    (major(a), a.len(), a).cmp(&(major(b), b.len(), b))
}

#[cfg(test)]
mod tests;
