// SPDX-License-Identifier: Apache-2.0

//! Every derivation, wrap and MAC again, by another implementation (aws-lc), from the root key in
//! the record: what is written today must open for ever.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{hkdf, hmac};
use sealer_wire::header::{Core, Sealed, SignedKeyPart};

use crate::secrets::keys;
use crate::support::{Client, Device, contains};

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-SHA256 (RFC 5869) to 32 bytes.
fn derive(key: &[u8], salt: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key)
        .expand(info, Length)
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

fn open(key: &[u8; 32], aad: &[u8], sealed: &Sealed) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let nonce = Nonce::assume_unique_for_key(sealed.nonce);
    let mut buffer = sealed.ciphertext.clone();
    key.open_in_place(nonce, Aad::from(aad), &mut buffer)
        .unwrap()
        .to_vec()
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

#[test]
fn a_header_is_recomputed_from_the_root_key() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let (root, _) = keys(&device);
    for meta in [&b""[..], b"meta"] {
        let backup = client.try_backup(&mut device, meta).unwrap();
        let core = Core::decode(&backup.core).unwrap();
        let (signed, part) = SignedKeyPart::decode(&backup.key_part).unwrap();
        let salt = [core.vault_id, part.epoch.id].concat();

        let info: [&[u8]; 2] = [b"passkey-backup 2026-11 wrap data key v1", &core.backup_id];
        let wrap = derive(&root, &salt, &info);
        assert_eq!(open(&wrap, &backup.core, &part.wrapped_dek), backup.dek);

        let key = derive(&root, &salt, &[b"passkey-backup 2026-11 header mac v1"]);
        let hashes = [sha256(&[&backup.core]), sha256(&[&signed.content])];
        assert_eq!(mac(&key, &[&hashes[0], &hashes[1]]), signed.mac);

        let purpose = b"passkey-backup 2026-11 vault state v1";
        let key = derive(&root, &salt, &[purpose]);
        let state = open(&key, purpose, &part.vault_state);
        let record = device.medium.get().objects.values().next().unwrap().clone();
        for known in [
            &b"alex"[..],
            b"phone",
            b"https://example.org",
            b"com.example.app10100",
        ] {
            assert!(contains(&state, known));
        }
        assert!(
            contains(&record, &state),
            "the state in the record is the one in the header"
        );
        assert!(!contains(&state, &root));
    }
}

#[test]
fn the_log_is_recomputed_from_the_audit_key() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    for _ in 0..4 {
        client.backup(&mut device);
    }
    let (root, key) = keys(&device);
    assert_ne!(root, key);
    let mut chain = vec![0; 32];
    for (sealed, number) in client.log.iter().zip(1u64..) {
        chain = sha256(&[
            b"passkey-backup 2026-11 audit chain v1",
            &chain,
            &sealed.entry,
        ]);
        let text: [&[u8]; 4] = [
            b"passkey-backup 2026-11 audit mac v1",
            &client.vault_id,
            &number.to_be_bytes(),
            &chain,
        ];
        assert_eq!(mac(&key, &text), sealed.mac);
    }
}

#[test]
fn a_record_is_what_the_documentation_says() {
    let mut device = Device::new();
    Client::with_vault(&mut device, 10_100);
    for (name, bytes) in &device.medium.get().objects {
        assert_eq!(name.len(), 57);
        assert!(name.starts_with("00002774") && name.ends_with('1'));
        assert_eq!(&bytes[..5], b"PKBR\x01");
        assert_eq!(&bytes[5..37], sha256(&[&bytes[37..]]));
    }
}
