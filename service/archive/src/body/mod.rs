// SPDX-License-Identifier: Apache-2.0

//! The body: Google Tink's streaming AEAD `AES256_GCM_HKDF_1MB`, raw output prefix.
//!
//! Specification: `archive-format.md`, "Body"; the wire format is Tink's
//! (developers.google.com/tink/wire-format, streaming AEAD, AES-GCM-HKDF).
//!
//! ```text
//! header    0x28 | salt 32 | nonce prefix 7                                     (40 bytes)
//! key       HKDF-SHA256(ikm = DEK, salt, info = associated data, 32)
//! segment   ciphertext | tag 16        1 048 576 bytes; the first 40 shorter, the last 16 or more
//! nonce     prefix 7 | u32 segment index | 0x01 for the last segment, 0x00 otherwise
//! ```
//!
//! A plaintext that ends at a segment boundary ends with a full segment: only an empty plaintext
//! has an empty segment. So every plaintext has one segmentation and its length follows from the
//! length of the body ([`Structure`]).

mod diagnose;
mod keys;
mod open;
mod seal;
#[cfg(test)]
mod tests;

pub use open::{Opened, open_body, structure, verify_body};
pub use seal::{Written, write_archive};

use sealer_wire::{Error, ErrorCode};

/// Bytes of a full ciphertext segment.
pub(crate) const SEGMENT: usize = 1 << 20;
/// Bytes of the body's own header; the first segment is shorter by it.
pub(crate) const HEADER: usize = 40;
/// Bytes of a segment's tag.
pub(crate) const TAG: usize = 16;

/// What the length of a body says about it, without any key.
///
/// Nothing here is authenticated: it is what an untouched archive of this length must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Bytes of the body: its 40-byte header and all segments.
    pub body_bytes: u64,
    /// Segments, 1 or more.
    pub segments: u64,
    /// Bytes of plaintext.
    pub plaintext_bytes: u64,
}

impl Structure {
    /// Bytes of the longest body.
    pub const MAX_BODY_BYTES: u64 = (1 << 32) * SEGMENT as u64;

    /// The structure of a body of `body_bytes`; `None` where no body has this length, that is,
    /// fewer than 56 bytes, a last segment without content, or more than 2^32 segments.
    pub fn from_body_bytes(body_bytes: u64) -> Option<Structure> {
        const SEGMENT: u64 = crate::body::SEGMENT as u64;
        const OVERHEAD: u64 = (HEADER + TAG) as u64;
        let segments = body_bytes.div_ceil(SEGMENT);
        if body_bytes < OVERHEAD || segments > 1 << 32 {
            return None;
        }
        let last = body_bytes - (segments - 1) * SEGMENT;
        if segments > 1 && last <= TAG as u64 {
            return None;
        }
        let plaintext_bytes = body_bytes - HEADER as u64 - segments * TAG as u64;
        Some(Structure {
            body_bytes,
            segments,
            plaintext_bytes,
        })
    }

    /// The structure of the body that `plaintext_bytes` are sealed into; `None` above 2^32
    /// segments.
    pub fn from_plaintext_bytes(plaintext_bytes: u64) -> Option<Structure> {
        const CAPACITY: u64 = (SEGMENT - TAG) as u64;
        let segments = plaintext_bytes
            .checked_add(HEADER as u64)?
            .div_ceil(CAPACITY);
        let body_bytes = (plaintext_bytes + HEADER as u64).checked_add(segments * TAG as u64)?;
        Structure::from_body_bytes(body_bytes)
    }
}

/// Bytes of the full ciphertext segment `index`.
pub(crate) const fn segment_bytes(index: u32) -> usize {
    if index == 0 {
        SEGMENT - HEADER
    } else {
        SEGMENT
    }
}

/// `TRUNCATED` for a body of a length that no body has.
pub(crate) fn body_cut_short() -> Error {
    Error::new(
        ErrorCode::Truncated,
        "the body ends inside its header or inside a tag",
    )
}
