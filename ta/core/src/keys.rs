// SPDX-License-Identifier: Apache-2.0

//! Every derivation, wrap and MAC of the key hierarchy.
//!
//! All keys of a vault and epoch come from its root key by HKDF-SHA256 (RFC 5869) with
//! `salt = vault id ‖ epoch id` and a dated `info` for each purpose, so that no key has two uses.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};
use alloc::vec::Vec;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sealer_wire::header::{Epoch, Sealed};
use sealer_wire::{Error, ErrorCode, Id, Result, Secret32};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::platform::{Platform, random};

const WRAP_DEK: &[u8] = b"passkey-backup 2026-11 wrap data key v1";
const HEADER_MAC: &[u8] = b"passkey-backup 2026-11 header mac v1";
const VAULT_STATE: &[u8] = b"passkey-backup 2026-11 vault state v1";
const AUDIT_CHAIN: &[u8] = b"passkey-backup 2026-11 audit chain v1";
const AUDIT_MAC: &[u8] = b"passkey-backup 2026-11 audit mac v1";

const TAG: usize = 16;

/// A root key with the names that its derivations are bound to.
pub struct RootKey<'a> {
    /// The vault.
    pub vault_id: &'a Id,
    /// The epoch.
    pub epoch: &'a Epoch,
    /// The root key itself.
    pub key: &'a Secret32,
}

impl RootKey<'_> {
    fn derive(&self, purpose: &[u8], context: &[u8]) -> Result<Secret32> {
        let mut salt = [0; 32];
        salt[..16].copy_from_slice(self.vault_id);
        salt[16..].copy_from_slice(&self.epoch.id);
        Secret32::try_fill(|out| {
            Hkdf::<Sha256>::new(Some(&salt), self.key.expose())
                .expand_multi_info(&[purpose, context], out)
        })
        .map_err(|_| internal())
    }

    /// Wraps the data key of one backup; `core` is authenticated with it.
    pub fn wrap_dek(
        &self,
        platform: &mut impl Platform,
        backup_id: &Id,
        core: &[u8],
        dek: &Secret32,
    ) -> Result<Sealed> {
        seal(
            platform,
            &self.derive(WRAP_DEK, backup_id)?,
            core,
            dek.expose(),
        )
    }

    /// Opens a wrapped data key. Errors: `HEADER_TAMPERED`.
    pub fn unwrap_dek(&self, backup_id: &Id, core: &[u8], wrapped: &Sealed) -> Result<Secret32> {
        let plain = open(&self.derive(WRAP_DEK, backup_id)?, core, wrapped)?;
        let bytes = <&[u8; 32]>::try_from(plain.as_slice()).map_err(|_| tampered())?;
        Ok(Secret32::new(bytes))
    }

    /// Encrypts the vault state for an archive header.
    pub fn seal_vault_state(&self, platform: &mut impl Platform, state: &[u8]) -> Result<Sealed> {
        seal(
            platform,
            &self.derive(VAULT_STATE, &[])?,
            VAULT_STATE,
            state,
        )
    }

    /// Decrypts the vault state of a header. Errors: `HEADER_TAMPERED`.
    pub fn open_vault_state(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        open(&self.derive(VAULT_STATE, &[])?, VAULT_STATE, sealed)
    }

    /// MAC over core and key part, each by its hash.
    pub fn header_mac(&self, core: &[u8], key_part: &[u8]) -> Result<[u8; 32]> {
        Ok(self
            .header_hmac(core, key_part)?
            .finalize()
            .into_bytes()
            .into())
    }

    /// Checks the MAC in constant time. Errors: `HEADER_TAMPERED`.
    pub fn check_header(&self, core: &[u8], key_part: &[u8], mac: &[u8; 32]) -> Result<()> {
        self.header_hmac(core, key_part)?
            .verify_slice(mac)
            .map_err(|_| tampered())
    }

    fn header_hmac(&self, core: &[u8], key_part: &[u8]) -> Result<Hmac<Sha256>> {
        let mut hmac = hmac(&self.derive(HEADER_MAC, &[])?)?;
        hmac.update(&Sha256::digest(core));
        hmac.update(&Sha256::digest(key_part));
        Ok(hmac)
    }
}

/// The audit chain after one more entry.
pub fn audit_chain(before: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(AUDIT_CHAIN);
    hash.update(before);
    hash.update(entry);
    hash.finalize().into()
}

/// The MAC of one place in the audit chain of a vault.
pub fn audit_mac(key: &Secret32, vault_id: &Id, seq: u64, chain: &[u8; 32]) -> Result<[u8; 32]> {
    Ok(audit_hmac(key, vault_id, seq, chain)?
        .finalize()
        .into_bytes()
        .into())
}

/// Checks [`audit_mac`] in constant time. Errors: `AUDIT_TAMPERED`.
pub fn check_audit_mac(
    key: &Secret32,
    vault_id: &Id,
    seq: u64,
    chain: &[u8; 32],
    mac: &[u8; 32],
) -> Result<()> {
    audit_hmac(key, vault_id, seq, chain)?
        .verify_slice(mac)
        .map_err(|_| {
            Error::new(
                ErrorCode::AuditTampered,
                "an audit entry was changed, removed or reordered",
            )
        })
}

fn audit_hmac(key: &Secret32, vault_id: &Id, seq: u64, chain: &[u8; 32]) -> Result<Hmac<Sha256>> {
    let mut hmac = hmac(key)?;
    hmac.update(AUDIT_MAC);
    hmac.update(vault_id);
    hmac.update(&seq.to_be_bytes());
    hmac.update(chain);
    Ok(hmac)
}

/// HMAC-SHA256 under a 256-bit key.
pub fn hmac(key: &Secret32) -> Result<Hmac<Sha256>> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()).map_err(|_| internal())
}

fn seal(platform: &mut impl Platform, key: &Secret32, aad: &[u8], plain: &[u8]) -> Result<Sealed> {
    let nonce: [u8; 12] = random(platform)?;
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(plain.len() + TAG)
        .map_err(|_| out_of_memory())?;
    buffer.extend_from_slice(plain);
    let tag = cipher(key)
        .encrypt_inout_detached(&Nonce::from(nonce), aad, buffer.as_mut_slice().into())
        .map_err(|_| internal())?;
    buffer.extend_from_slice(&tag);
    Ok(Sealed {
        nonce,
        ciphertext: buffer,
    })
}

fn open(key: &Secret32, aad: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
    let length = sealed
        .ciphertext
        .len()
        .checked_sub(TAG)
        .ok_or_else(tampered)?;
    let (ciphertext, tag) = sealed.ciphertext.split_at(length);
    let tag = <&Tag>::try_from(tag).map_err(|_| tampered())?;
    let mut buffer = Zeroizing::new(Vec::new());
    buffer
        .try_reserve_exact(length)
        .map_err(|_| out_of_memory())?;
    buffer.extend_from_slice(ciphertext);
    cipher(key)
        .decrypt_inout_detached(
            &Nonce::from(sealed.nonce),
            aad,
            buffer.as_mut_slice().into(),
            tag,
        )
        .map_err(|_| tampered())?;
    Ok(buffer)
}

fn cipher(key: &Secret32) -> Aes256Gcm {
    Aes256Gcm::new(<&Key<Aes256Gcm>>::from(key.expose()))
}

fn tampered() -> Error {
    Error::new(
        ErrorCode::HeaderTampered,
        "core and key part do not authenticate",
    )
}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "a key could not be derived")
}

fn out_of_memory() -> Error {
    Error::new(ErrorCode::Internal, "out of memory")
}

#[cfg(test)]
pub mod tests;
