// SPDX-License-Identifier: Apache-2.0

//! Names what happened to a segment that does not authenticate.
//!
//! Runs on the failure path only and decides nothing but the name of the refusal: it never
//! decrypts. The tag of AES-GCM is `GHASH_H(ciphertext, lengths) xor E_K(nonce, 1)` (SP 800-38D,
//! section 7), so one pass over the ciphertext gives the hash, and then one block encryption per
//! question tells whether the tag is right under another nonce of the same body:
//!
//! 1. same index, other last-segment byte: the body was cut here, or goes on behind its end;
//! 2. another index: a segment of this body at the wrong place;
//! 3. a prefix of the bytes, as the last segment: the body ended inside, something was appended.
//!
//! A wrong answer needs a forged tag. The cost is bounded: one segment is hashed twice, and
//! [`INDICES`] blocks are encrypted.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::keys::BodyKey;
use super::{TAG, segment_bytes};
use crate::pipeline::Segment;

/// How many segment indices are tried, from 0 and from the segment's own on.
const INDICES: u32 = 1 << 15;

type Block = [u8; 16];

/// What a segment that does not authenticate turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The right segment, sealed as one that others follow, but the input ends with it.
    MoreExpected,
    /// The first so many bytes are the body's last segment.
    EndsAt(usize),
    /// The segment with this index.
    Misplaced(u32),
    /// None of this body.
    Unknown,
}

/// Examines `ciphertext`, a segment with its tag that was read as `segment` and failed.
pub(crate) fn diagnose(key: &BodyKey, segment: &Segment, ciphertext: &[u8]) -> Finding {
    let Some((content, tag)) = ciphertext.split_last_chunk::<TAG>() else {
        return Finding::Unknown;
    };
    let cipher = Aes256::new(key.raw().into());
    let mut hash_key = aes::Block::default();
    cipher.encrypt_block(&mut hash_key);
    let hash = GHash::new(&hash_key);
    let mask = |index, last| encrypt_first_counter(&cipher, key.nonce(index, last));

    let mut whole = hash.clone();
    whole.update_padded(content);
    let sum = finish(whole, content.len());
    let is = |index, last| equal(&sum, &mask(index, last), tag);

    let index = segment.index;
    if segment.last && ciphertext.len() == segment_bytes(index) && is(index, false) {
        return Finding::MoreExpected;
    }
    if !segment.last && is(index, true) {
        return Finding::EndsAt(ciphertext.len());
    }
    let near = index.saturating_sub(INDICES / 2)..index.saturating_add(INDICES / 2);
    for other in (0..INDICES / 2).chain(near) {
        if other != index && (is(other, false) || is(other, true)) {
            return Finding::Misplaced(other);
        }
    }
    ends_at(hash, &mask(index, true), ciphertext).map_or(Finding::Unknown, Finding::EndsAt)
}

/// The length of the shortest proper prefix that is a last segment.
fn ends_at(mut hash: GHash, mask: &Block, ciphertext: &[u8]) -> Option<usize> {
    let mut start = 0;
    // `hash` covers the whole blocks before `start`; each of the 16 lengths from there is tried.
    while start + TAG < ciphertext.len() {
        for partial in 0..16 {
            let end = start + partial;
            let tag = ciphertext
                .get(end..end + TAG)
                .filter(|_| end + TAG < ciphertext.len())?;
            let mut candidate = hash.clone();
            candidate.update_padded(ciphertext.get(start..end)?);
            if equal(&finish(candidate, end), mask, tag) {
                return Some(end + TAG);
            }
        }
        hash.update_padded(ciphertext.get(start..start + 16)?);
        start += 16;
    }
    None
}

/// The hash with the block of lengths; there is no associated data within a segment.
fn finish(mut hash: GHash, content: usize) -> Block {
    let mut lengths = Block::default();
    lengths[8..].copy_from_slice(&(content as u64 * 8).to_be_bytes());
    hash.update(&[lengths.into()]);
    hash.finalize().into()
}

fn encrypt_first_counter(cipher: &Aes256, nonce: [u8; 12]) -> Block {
    let mut block = aes::Block::default();
    block[..12].copy_from_slice(&nonce);
    block[15] = 1;
    cipher.encrypt_block(&mut block);
    block.into()
}

fn equal(sum: &Block, mask: &Block, tag: &[u8]) -> bool {
    sum.iter()
        .zip(mask)
        .map(|(sum, mask)| sum ^ mask)
        .eq(tag.iter().copied())
}
