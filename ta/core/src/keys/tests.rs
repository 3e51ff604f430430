// SPDX-License-Identifier: Apache-2.0

//! Known answers: `vectors.py` beside this file prints the constants.

use sealer_wire::{SealerKind, StorageProtection};
use std::string::String;

use super::*;
use crate::platform::{Store, StoreError};

const WRAPPED: &str = "8122fd1d6e56f46272d20b3ac8ba463b88de463a783c46c62d522daeedd3026f267a4fae9e0abf6477bf881819a68605";
const STATE: &str = "e939298e99f4ec6043c032e9291eb5a1b075cbfa89";
const HEADER_MAC_HEX: &str = "2ed87df17cc724ce5070f561a07aebc4b196a01d6a66d434ec46329b3c178a27";
const CHAIN: &str = "f5e3fb342d4022cde6e3bf009001cfbc9f6aa21e33637fa4fd940502b5fbcf44";
const AUDIT_MAC_HEX: &str = "16610fdc0baa07061576f6a83049e6652958491e7d590e470b85ecd86fd2fe29";

fn counting<const N: usize>(first: u8) -> [u8; N] {
    core::array::from_fn(|index| first + index as u8)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| std::format!("{byte:02x}"))
        .collect()
}

/// Random numbers that are not: they count from 0xe0.
pub struct Fixed;

impl Store for Fixed {
    fn read(&mut self, _: &str) -> core::result::Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(None)
    }
    fn write(&mut self, _: &str, _: &[u8]) -> core::result::Result<(), StoreError> {
        Err(StoreError::Io)
    }
    fn remove(&mut self, _: &str) -> core::result::Result<(), StoreError> {
        Err(StoreError::Io)
    }
    fn list(&mut self, _: &str) -> core::result::Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

impl Platform for Fixed {
    type Store = Fixed;
    fn random(&mut self, out: &mut [u8]) -> Result<()> {
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = 0xe0u8.wrapping_add(index as u8);
        }
        Ok(())
    }
    fn monotonic_ms(&mut self) -> u64 {
        0
    }
    fn unix_time(&mut self) -> u64 {
        0
    }
    fn store(&mut self) -> &mut Fixed {
        self
    }
    fn kind(&self) -> SealerKind {
        SealerKind::Nonsecure
    }
    fn revision(&self) -> String {
        String::new()
    }
    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }
    fn auth_token_key(&self) -> Option<Secret32> {
        None
    }
}

fn with_root(test: impl FnOnce(RootKey<'_>)) {
    let epoch = Epoch {
        number: 1,
        id: counting(0xb0),
        parent: [0; 16],
    };
    test(RootKey {
        vault_id: &counting(0xa0),
        epoch: &epoch,
        key: &Secret32::new(&counting(0)),
    });
}

#[test]
fn derivations_wraps_and_macs_are_those_of_another_implementation() {
    with_root(|root| {
        let dek = Secret32::new(&counting(0xd0));
        let wrapped = root
            .wrap_dek(&mut Fixed, &counting(0xc0), b"core", &dek)
            .unwrap();
        assert_eq!(wrapped.nonce, counting(0xe0));
        assert_eq!(hex(&wrapped.ciphertext), WRAPPED);
        let opened = root.unwrap_dek(&counting(0xc0), b"core", &wrapped).unwrap();
        assert_eq!(opened.expose(), dek.expose());

        let state = root.seal_vault_state(&mut Fixed, b"state").unwrap();
        assert_eq!(hex(&state.ciphertext), STATE);
        let mac = root.header_mac(b"core", b"key part").unwrap();
        assert_eq!(hex(&mac), HEADER_MAC_HEX);
        root.check_header(b"core", b"key part", &mac).unwrap();
    });
    let chain = audit_chain(&[0; 32], b"entry");
    assert_eq!(hex(&chain), CHAIN);
    let key = Secret32::new(&counting(0));
    let mac = audit_mac(&key, &counting(0xa0), 258, &chain).unwrap();
    assert_eq!(hex(&mac), AUDIT_MAC_HEX);
    check_audit_mac(&key, &counting(0xa0), 258, &chain, &mac).unwrap();
}

#[test]
fn a_wrapped_key_opens_with_its_names_only() {
    let dek = Secret32::new(&counting(0xd0));
    let (vault, backup): (Id, Id) = (counting(0xa0), counting(0xc0));
    let epoch = |id| Epoch {
        number: 1,
        id,
        parent: [0; 16],
    };
    let key = Secret32::new(&counting(0));
    let (right, wrong) = (epoch(counting(0xb0)), epoch([0; 16]));
    fn root<'a>(vault_id: &'a Id, epoch: &'a Epoch, key: &'a Secret32) -> RootKey<'a> {
        RootKey {
            vault_id,
            epoch,
            key,
        }
    }
    let wrapped = root(&vault, &right, &key)
        .wrap_dek(&mut Fixed, &backup, b"core", &dek)
        .unwrap();
    let refused = |root: RootKey<'_>, backup: &Id, core: &[u8], wrapped: &Sealed| {
        let error = root.unwrap_dek(backup, core, wrapped).err().unwrap();
        assert_eq!(error.code, ErrorCode::HeaderTampered);
    };
    refused(root(&vault, &wrong, &key), &backup, b"core", &wrapped);
    refused(root(&[0; 16], &right, &key), &backup, b"core", &wrapped);
    let other_key = Secret32::new(&[0; 32]);
    refused(root(&vault, &right, &other_key), &backup, b"core", &wrapped);
    refused(root(&vault, &right, &key), &[0; 16], b"core", &wrapped);
    refused(root(&vault, &right, &key), &backup, b"Core", &wrapped);
    for length in 0..wrapped.ciphertext.len() {
        let mut short = wrapped.clone();
        short.ciphertext.truncate(length);
        refused(root(&vault, &right, &key), &backup, b"core", &short);
    }
    // Under the same key, but not of 32 bytes.
    let derived = root(&vault, &right, &key)
        .derive(WRAP_DEK, &backup)
        .unwrap();
    let odd = seal(
        &mut Fixed,
        &derived,
        b"core",
        b"31 bytes are not a data key....",
    )
    .unwrap();
    refused(root(&vault, &right, &key), &backup, b"core", &odd);
}

#[test]
fn no_two_purposes_share_a_key() {
    with_root(|root| {
        let purposes = [
            (WRAP_DEK, &[1; 16][..]),
            (WRAP_DEK, &[2; 16]),
            (HEADER_MAC, &[]),
            (VAULT_STATE, &[]),
        ];
        let keys: Vec<_> = purposes
            .iter()
            .map(|(purpose, context)| *root.derive(purpose, context).unwrap().expose())
            .collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key) && key != root.key.expose());
        }
    });
}
