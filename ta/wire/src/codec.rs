//! Deterministic CBOR (RFC 8949, section 4.2).

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
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
    T: Decode<'b, ()> + Encode<()> + minicbor::CborLen<()>,
{
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| Error::new(code, what))?;
    if decoder.position() != bytes.len() || encode(&value)?.as_slice() != bytes {
        return Err(Error::new(code, what));
    }
    Ok(value)
}
