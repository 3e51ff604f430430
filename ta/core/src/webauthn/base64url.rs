// SPDX-License-Identifier: Apache-2.0

//! base64url without padding (RFC 4648 §5), canonical: the unused bits of the last digit are zero.

use alloc::vec::Vec;
use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{Error, ErrorCode, Result};

const NOT_BASE64URL: Error = Error::new(
    ErrorCode::MalformedJson,
    "a member is not canonical base64url without padding",
);

/// Decodes a member of a response. Memory is at most three quarters of the text.
///
/// `MALFORMED_JSON`: padding, another alphabet, white space, or a text that no encoder produces.
pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Rounded up; the decoder says how much of it was used.
    let room = text.len() / 4 * 3 + 3;
    bytes
        .try_reserve_exact(room)
        .map_err(|_| Error::new(ErrorCode::TooLarge, "no memory for the response"))?;
    bytes.resize(room, 0);
    let used = Base64UrlUnpadded::decode(text, &mut bytes)
        .map_err(|_| NOT_BASE64URL)?
        .len();
    bytes.truncate(used);
    Ok(bytes)
}

/// Decodes exactly as many bytes as `out` has, without a copy elsewhere on the heap.
///
/// `MALFORMED_JSON` as for [`decode`], and for any other length.
pub(super) fn decode_exact(text: &str, out: &mut [u8]) -> Result<()> {
    let wanted = out.len();
    match Base64UrlUnpadded::decode(text, out) {
        Ok(bytes) if bytes.len() == wanted => Ok(()),
        _ => Err(NOT_BASE64URL),
    }
}

/// The one text that encodes `bytes`.
pub(super) fn encode(bytes: &[u8]) -> alloc::string::String {
    Base64UrlUnpadded::encode_string(bytes)
}
