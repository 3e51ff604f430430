// SPDX-License-Identifier: Apache-2.0

//! Deterministic CBOR (RFC 8949, section 4.2).

use alloc::vec::Vec;

use minicbor::{Decode, Decoder, Encode, decode};
use zeroize::Zeroizing;

use crate::{Error, ErrorCode, Result};

/// Encodes `value`. The buffer is wiped when dropped, because it may hold secrets; it is sized
/// first, so that growing it leaves no copy behind.
pub fn encode<T: Encode<()> + minicbor::CborLen<()>>(value: &T) -> Result<Zeroizing<Vec<u8>>> {
    let length = minicbor::len(value);
    let mut out = Zeroizing::new(Vec::new());
    out.try_reserve_exact(length)
        .map_err(|_| Error::new(ErrorCode::Internal, "out of memory while encoding"))?;
    minicbor::encode(value, &mut *out)
        .map_err(|_| Error::new(ErrorCode::Internal, "a value could not be encoded"))?;
    Ok(out)
}

/// Decodes exactly one item that fills `bytes` and is in deterministic form.
///
/// Anything else, such as indefinite lengths, long integers, unknown or repeated keys and trailing
/// bytes, is refused with `code`: the value is encoded again and must give the same bytes.
/// `bytes` has to be bounded by the caller.
pub fn decode_canonical<'b, T>(bytes: &'b [u8], code: ErrorCode, what: &'static str) -> Result<T>
where
    T: Decode<'b, ()> + Encode<()>,
{
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| Error::new(code, what))?;
    let mut expected = Expected(bytes);
    let same = minicbor::encode(&value, &mut expected).is_ok() && expected.0.is_empty();
    if decoder.position() != bytes.len() || !same {
        return Err(Error::new(code, what));
    }
    Ok(value)
}

/// A writer that takes only the bytes which are expected: encoding into it compares, and leaves no
/// second copy of a message in memory.
struct Expected<'a>(&'a [u8]);

/// Other bytes were written than expected.
struct Differs;

impl minicbor::encode::Write for Expected<'_> {
    type Error = Differs;

    fn write_all(&mut self, bytes: &[u8]) -> core::result::Result<(), Differs> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Differs)?;
        Ok(())
    }
}

/// Decodes a list of at most `MOST` elements. A longer one is refused by its head: one byte of a
/// message may stand for an element of a hundred bytes in memory.
pub fn decode_list<'b, T, C, const MOST: usize>(
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> core::result::Result<Vec<T>, decode::Error>
where
    T: Decode<'b, C>,
{
    let length = decoder
        .array()?
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length <= MOST)
        .ok_or_else(|| decode::Error::message("a list is longer than it can be"))?;
    let mut items = Vec::new();
    items
        .try_reserve_exact(length)
        .map_err(|_| decode::Error::message("out of memory"))?;
    for _ in 0..length {
        items.push(decoder.decode_with(context)?);
    }
    Ok(items)
}

#[cfg(test)]
mod tests;
