// SPDX-License-Identifier: Apache-2.0

//! How long a header of a vault can get, so that what would make it too long is refused when it is
//! added and not by the backup of some later night.

use alloc::string::String;

use minicbor::CborLen;
use sealer_wire::{Error, ErrorCode, Result, limits};

use crate::record::VaultState;

/// Numbers, times and the PRF input of a credential as long as they can get.
const CREDENTIAL_GROWTH: usize = 96;
/// A recovery key's or password's date.
const FACTOR_GROWTH: usize = 16;
/// An epoch in the vault state: number, id, parent and root key in CBOR.
const EPOCH: usize = 80;
/// An id in CBOR.
const ID: usize = 17;
/// An envelope beside its credential id and the credential's public key: encapsulated key, root
/// key, tag, factor id, PRF input, Argon2id parameters and CBOR heads.
const ENVELOPE: usize = 1120 + 32 + 16 + ID + 40 + 48 + 64;
/// A key part beside relying party id, envelopes and vault state: epoch, wrapped data key, PRF
/// input, nonces, tags, MAC and CBOR heads.
const KEY_PART: usize = 400;
/// A core beside the metadata.
const CORE: usize = 128;

/// The longest header that a vault in this state can get, whatever is counted or dated in it and
/// however often it is rotated.
pub fn longest_header(state: &VaultState) -> usize {
    let missing = |most: usize, have: usize| most.saturating_sub(have);
    let sealed_state = state.cbor_len(&mut ())
        + CREDENTIAL_GROWTH * state.credentials.len()
        + FACTOR_GROWTH * state.factors.len()
        + EPOCH * missing(limits::RETIRED_EPOCHS_IMPORTED, state.retired.len())
        + ID * missing(limits::ENDED_EPOCHS, state.ended.len());
    let envelopes: usize = state
        .addressees()
        .map(|to| {
            let text = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
            ENVELOPE + text(to.credential_id) + text(to.credential_key)
        })
        .sum();
    CORE + limits::META + KEY_PART + state.rp_id.len() + envelopes + sealed_state
}

/// Errors: `TOO_MANY_FACTORS` if a header could get longer than it may.
pub fn check(state: &VaultState) -> Result<()> {
    if longest_header(state) > limits::HEADER {
        return Err(Error::new(
            ErrorCode::TooManyFactors,
            "passkeys, factors and origins of the vault have no room in an archive's header",
        ));
    }
    Ok(())
}

/// Errors: `TOO_LARGE` if these origins instead of those of the vault would be too long.
pub fn check_origins(state: &VaultState, origins: &[String]) -> Result<()> {
    let now = state.origins.cbor_len(&mut ());
    let then = origins.cbor_len(&mut ());
    if longest_header(state).saturating_sub(now) + then > limits::HEADER {
        return Err(Error::new(
            ErrorCode::TooLarge,
            "the origins have no room in an archive's header",
        ));
    }
    Ok(())
}
