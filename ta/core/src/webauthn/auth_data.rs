// SPDX-License-Identifier: Apache-2.0

//! The authenticator data (§6.1): what the authenticator signs.
//!
//! ```text
//! rpIdHash 32 | flags 1 | signCount 4, big endian | attested data, iff AT | extensions, iff ED
//! attested data: aaguid 16 | L 2, big endian | credential id L | public key, one CBOR item
//! ```

use super::cbor::{self, Fault};
use super::{MAX_CREDENTIAL_ID, Policy};
use sealer_wire::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const FLAG_USER_PRESENT: u8 = 1 << 0;
const FLAG_USER_VERIFIED: u8 = 1 << 2;
const FLAG_BACKUP_ELIGIBLE: u8 = 1 << 3;
const FLAG_BACKUP_STATE: u8 = 1 << 4;
const FLAG_ATTESTED: u8 = 1 << 6;
const FLAG_EXTENSIONS: u8 = 1 << 7;

const WRONG_LENGTH: Error = Error::new(
    ErrorCode::MalformedAuthData,
    "the authenticator data end too early",
);

/// Authenticator data whose every byte is accounted for.
pub(super) struct AuthData<'a> {
    rp_id_hash: &'a [u8; 32],
    flags: u8,
    /// Signature counter; zero where the authenticator has none.
    pub sign_count: u32,
    /// The new credential, in a registration.
    pub attested: Option<Attested<'a>>,
}

/// Attested credential data (§6.5.1).
pub(super) struct Attested<'a> {
    /// Model of the authenticator.
    pub aaguid: &'a [u8; 16],
    /// 1 to 1023 bytes.
    pub credential_id: &'a [u8],
    /// Canonical CBOR, not yet looked into.
    pub public_key: &'a [u8],
}

impl<'a> AuthData<'a> {
    /// Splits `bytes`. `MALFORMED_AUTH_DATA`: too short, too long for its flags, or a credential id
    /// of another length than 1 to 1023. `MALFORMED_CBOR`: key or extensions not canonical.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(WRONG_LENGTH)?;
        let (flags, rest) = rest.split_first().ok_or(WRONG_LENGTH)?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or(WRONG_LENGTH)?;

        let mut attested = None;
        if flags & FLAG_ATTESTED != 0 {
            let (credential, after) = Attested::parse(rest)?;
            attested = Some(credential);
            rest = after;
        }
        if flags & FLAG_EXTENSIONS != 0 {
            let (extensions, after) = split_item(rest)?;
            if cbor::major(extensions) != Some(cbor::MAJOR_MAP) {
                return Err(Error::new(
                    ErrorCode::MalformedCbor,
                    "the extensions are no map",
                ));
            }
            rest = after;
        }
        if !rest.is_empty() {
            return Err(Error::new(
                ErrorCode::MalformedAuthData,
                "the authenticator data are longer than their flags say",
            ));
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        Ok(AuthData {
            rp_id_hash,
            flags: *flags,
            sign_count,
            attested,
        })
    }

    /// BE: the credential may be synced.
    pub fn backup_eligible(&self) -> bool {
        self.flags & FLAG_BACKUP_ELIGIBLE != 0
    }

    /// BS: the credential is synced.
    pub fn backup_state(&self) -> bool {
        self.flags & FLAG_BACKUP_STATE != 0
    }

    /// §7.1 steps 14 to 17 and §7.2 steps 15 to 18: `RP_ID_MISMATCH`, `USER_NOT_PRESENT`,
    /// `USER_NOT_VERIFIED`, `BACKUP_FLAGS_INVALID`, in this order.
    pub fn verify(&self, policy: &Policy<'_>) -> Result<()> {
        // §7.1 step 14, §7.2 step 15: the hash of the relying party id.
        let expected: [u8; 32] = Sha256::digest(policy.rp_id.as_bytes()).into();
        if !bool::from(expected.ct_eq(self.rp_id_hash)) {
            return Err(Error::new(
                ErrorCode::RpIdMismatch,
                "the authenticator data are for another relying party",
            ));
        }
        // §7.1 step 15, §7.2 step 16: UP. Conditional creation, which may lack it, is not used.
        if self.flags & FLAG_USER_PRESENT == 0 {
            return Err(Error::new(
                ErrorCode::UserNotPresent,
                "the flag UP is not set",
            ));
        }
        // §7.1 step 16, §7.2 step 17: UV, always required here.
        if self.flags & FLAG_USER_VERIFIED == 0 {
            return Err(Error::new(
                ErrorCode::UserNotVerified,
                "the flag UV is not set",
            ));
        }
        // §7.1 step 17, §7.2 step 18: BS without BE is a contradiction.
        if self.backup_state() && !self.backup_eligible() {
            return Err(Error::new(
                ErrorCode::BackupFlagsInvalid,
                "BS is set and BE is not",
            ));
        }
        Ok(())
    }
}

impl<'a> Attested<'a> {
    /// The attested credential data at the start of `bytes`, and what follows them.
    fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(WRONG_LENGTH)?;
        let (len, rest) = rest.split_first_chunk::<2>().ok_or(WRONG_LENGTH)?;
        let len = usize::from(u16::from_be_bytes(*len));
        // §7.1 step 25, here because nothing longer is worth keeping.
        if len == 0 || len > MAX_CREDENTIAL_ID {
            return Err(Error::new(
                ErrorCode::MalformedAuthData,
                "the credential id has not 1 to 1023 bytes",
            ));
        }
        let (credential_id, rest) = rest.split_at_checked(len).ok_or(WRONG_LENGTH)?;
        let (public_key, rest) = split_item(rest)?;
        Ok((
            Attested {
                aaguid,
                credential_id,
                public_key,
            },
            rest,
        ))
    }
}

/// One canonical CBOR item and what follows it. An item that is cut off is a matter of length.
fn split_item(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let len = match cbor::item_len(bytes) {
        Ok(len) => len,
        Err(Fault::Truncated) => return Err(WRONG_LENGTH),
        Err(fault) => return Err(fault.into()),
    };
    bytes.split_at_checked(len).ok_or(WRONG_LENGTH)
}

#[cfg(test)]
mod tests;
