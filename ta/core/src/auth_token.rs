// SPDX-License-Identifier: Apache-2.0

//! Hardware auth tokens: Android's proof of a fresh biometric, checked where a vault asks for it.
//!
//! Source: AOSP `hardware/libhardware/include/hardware/hw_auth_token.h` and
//! `HardwareAuthToken.aidl`. The 69-byte token is version (1), challenge, user id, authenticator
//! id (8 bytes each, little-endian on every Android ABI), authenticator type (4, big-endian),
//! timestamp (8, big-endian), and HMAC-SHA256 over those 37 bytes.

use hmac::Mac;
use sealer_wire::{Error, ErrorCode, Result, Secret32};

use crate::keys;

const PREFIX: usize = 37;
const LENGTH: usize = PREFIX + 32;
const FINGERPRINT: u32 = 1 << 1;

/// Checks a token against the sealer's own challenge and gives its user id.
///
/// The challenge is fresh and random, so the token's timestamp is not used.
///
/// Errors: `BIOMETRIC_UNAVAILABLE` without a key, `BIOMETRIC_INVALID` for anything wrong.
pub fn verify(key: Option<&Secret32>, token: Option<&[u8]>, challenge: u64) -> Result<u64> {
    let key = key.ok_or(Error::new(
        ErrorCode::BiometricUnavailable,
        "this sealer has no agreed key for hardware auth tokens",
    ))?;
    let token = token.ok_or(invalid("the vault asks for a hardware auth token"))?;
    let token = <&[u8; LENGTH]>::try_from(token)
        .map_err(|_| invalid("a hardware auth token has 69 bytes"))?;
    let (prefix, mac) = token.split_at(PREFIX);
    let mut hmac = keys::hmac(key)?;
    hmac.update(prefix);
    hmac.verify_slice(mac)
        .map_err(|_| invalid("the hardware auth token does not verify"))?;

    let (version, rest) = take::<1>(prefix)?;
    let (found_challenge, rest) = take::<8>(rest)?;
    let (user_id, rest) = take::<8>(rest)?;
    let (_authenticator_id, rest) = take::<8>(rest)?;
    let (authenticator_type, _timestamp) = take::<4>(rest)?;
    if version != [0] {
        return Err(invalid("unknown version of the hardware auth token"));
    }
    if challenge == 0 || u64::from_le_bytes(found_challenge) != challenge {
        return Err(invalid("the hardware auth token answers another challenge"));
    }
    if u32::from_be_bytes(authenticator_type) & FINGERPRINT == 0 {
        return Err(invalid(
            "the hardware auth token does not come from a biometric",
        ));
    }
    match u64::from_le_bytes(user_id) {
        // AOSP's secure user id of nobody.
        0 => Err(invalid("the hardware auth token is for no user")),
        user => Ok(user),
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8])> {
    let (head, rest) = bytes
        .split_first_chunk::<N>()
        .ok_or(invalid("a hardware auth token has 69 bytes"))?;
    Ok((*head, rest))
}

const fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorCode::BiometricInvalid, detail)
}
