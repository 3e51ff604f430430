// SPDX-License-Identifier: Apache-2.0

//! `archive.cddl` is the specification: what the codec writes is valid under it, and what it
//! refuses is refused by both.

use cddl_cat::{ValidateError, validate_cbor_bytes};
use sealer_wire::header::{BODY_SUITE, FORMAT_VERSION, SignedKeyPart, WRAP_SUITE};
use sealer_wire::header::{Core, Envelope, Epoch, KeyPart, PasswordParameters, Sealed};
use sealer_wire::{ErrorCode, FactorKind};

const CDDL: &str = include_str!("../archive.cddl");

fn core(meta: Vec<u8>) -> Core {
    Core {
        version: FORMAT_VERSION,
        body_suite: BODY_SUITE,
        wrap_suite: WRAP_SUITE,
        vault_id: [1; 16],
        backup_id: [2; 16],
        created_at: 1_800_000_000,
        meta,
    }
}

fn envelope(kind: FactorKind) -> Envelope {
    Envelope {
        kem: 0x647a,
        kdf: 1,
        aead: 2,
        factor_id: [3; 16],
        kind,
        credential_id: (kind == FactorKind::Passkey).then(|| vec![9; 64]),
        enc: vec![4; 1120],
        ciphertext: vec![5; 80],
        password: (kind == FactorKind::Password).then_some(PasswordParameters {
            salt: [6; 16],
            memory_kib: 65536,
            passes: 3,
            lanes: 1,
        }),
        prf_input: None,
    }
}

fn content(envelopes: Vec<Envelope>) -> KeyPart {
    KeyPart {
        rp_id: "example.org".into(),
        epoch: Epoch {
            number: 1,
            id: [7; 16],
            parent: [0; 16],
        },
        wrapped_dek: Sealed {
            nonce: [8; 12],
            ciphertext: vec![9; 48],
        },
        prf_input: [10; 32],
        envelopes,
        vault_state: Sealed {
            nonce: [11; 12],
            ciphertext: vec![12; 500],
        },
    }
}

fn key_part(content: &KeyPart) -> Vec<u8> {
    let content = sealer_wire::encode(content).unwrap().to_vec();
    SignedKeyPart {
        content,
        mac: [13; 32],
    }
    .encode()
    .unwrap()
}

fn valid(rule: &str, bytes: &[u8]) -> bool {
    match validate_cbor_bytes(rule, CDDL, bytes) {
        Ok(()) => true,
        Err(ValidateError::Mismatch(_) | ValidateError::MapCut(_)) => false,
        Err(other) => panic!("{rule}: {other}"),
    }
}

#[test]
fn encoded_cores_are_valid() {
    for meta in [vec![], vec![0; 1], vec![0xff; 4096]] {
        let bytes = core(meta).encode().unwrap();
        assert!(valid("core", &bytes));
        assert!(Core::decode(&bytes).is_ok());
    }
}

#[test]
fn encoded_key_parts_are_valid() {
    let kinds = [
        FactorKind::Passkey,
        FactorKind::Recovery,
        FactorKind::Password,
    ];
    for count in [0, 1, 3, 10] {
        let envelopes = (0..count).map(|i| envelope(kinds[i % 3])).collect();
        let content = content(envelopes);
        assert!(valid(
            "key-part-content",
            &sealer_wire::encode(&content).unwrap()
        ));
        let bytes = key_part(&content);
        assert!(valid("key-part", &bytes), "{count} envelopes");
        assert!(SignedKeyPart::decode(&bytes).is_ok());
    }
}

#[test]
fn cores_outside_the_specification_are_refused_by_both() {
    let good = core(vec![1, 2, 3]);
    let other_version = Core {
        version: 2,
        ..good.clone()
    };
    let other_body = Core {
        body_suite: 2,
        ..good.clone()
    };
    let other_wrap = Core {
        wrap_suite: 9,
        ..good.clone()
    };
    let long_meta = core(vec![0; 4097]);
    for (core, code) in [
        (other_version, ErrorCode::UnsupportedVersion),
        (other_body, ErrorCode::UnsupportedVersion),
        (other_wrap, ErrorCode::UnsupportedVersion),
        (long_meta, ErrorCode::TooLarge),
    ] {
        let bytes = core.encode().unwrap();
        assert!(!valid("core", &bytes));
        assert_eq!(Core::decode(&bytes).unwrap_err().code, code);
    }
}

/// A core with one member changed, encoded by hand.
fn odd_core(change: impl Fn(&mut minicbor::Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    change(&mut minicbor::Encoder::new(&mut bytes));
    bytes
}

#[test]
fn malformed_cores_are_refused_by_both() {
    let unknown_key = odd_core(|e| {
        e.map(8).unwrap();
        for key in 1..=3_u8 {
            e.u8(key).unwrap().u8(1).unwrap();
        }
        e.u8(4)
            .unwrap()
            .bytes(&[1; 16])
            .unwrap()
            .u8(5)
            .unwrap()
            .bytes(&[2; 16])
            .unwrap();
        e.u8(6)
            .unwrap()
            .u32(5)
            .unwrap()
            .u8(7)
            .unwrap()
            .bytes(b"")
            .unwrap();
        e.u8(8).unwrap().u8(0).unwrap();
    });
    let missing_key = odd_core(|e| {
        e.map(3).unwrap();
        for key in 1..=3_u8 {
            e.u8(key).unwrap().u8(1).unwrap();
        }
    });
    let short_id = odd_core(|e| {
        e.map(7).unwrap();
        for key in 1..=3_u8 {
            e.u8(key).unwrap().u8(1).unwrap();
        }
        e.u8(4)
            .unwrap()
            .bytes(&[1; 15])
            .unwrap()
            .u8(5)
            .unwrap()
            .bytes(&[2; 16])
            .unwrap();
        e.u8(6)
            .unwrap()
            .u32(5)
            .unwrap()
            .u8(7)
            .unwrap()
            .bytes(b"")
            .unwrap();
    });
    let text_instead = odd_core(|e| {
        e.str("core").unwrap();
    });
    for bytes in [unknown_key, missing_key, short_id, text_instead] {
        assert!(!valid("core", &bytes));
        assert_eq!(
            Core::decode(&bytes).unwrap_err().code,
            ErrorCode::HeaderTampered
        );
    }
}

#[test]
fn key_parts_outside_the_specification_are_refused_by_both() {
    let eleven = content((0..11).map(|_| envelope(FactorKind::Recovery)).collect());
    let mut long_rp_id = content(vec![]);
    long_rp_id.rp_id = "r".repeat(254);
    for content in [eleven, long_rp_id] {
        let bytes = key_part(&content);
        assert!(!valid("key-part", &bytes));
        assert_eq!(
            SignedKeyPart::decode(&bytes).unwrap_err().code,
            ErrorCode::HeaderTampered
        );
    }
    let no_content = SignedKeyPart {
        content: vec![0xf6],
        mac: [0; 32],
    }
    .encode()
    .unwrap();
    let short_mac = odd_core(|e| {
        let content = sealer_wire::encode(&content(vec![])).unwrap();
        e.array(2)
            .unwrap()
            .bytes(&content)
            .unwrap()
            .bytes(&[0; 31])
            .unwrap();
    });
    for bytes in [no_content, short_mac] {
        assert!(!valid("key-part", &bytes));
        assert_eq!(
            SignedKeyPart::decode(&bytes).unwrap_err().code,
            ErrorCode::HeaderTampered
        );
    }
}

/// CDDL does not speak of encodings: deterministic form is the codec's own check.
#[test]
fn other_encodings_of_a_valid_core_are_refused() {
    let good = core(vec![]).encode().unwrap();
    let mut trailing = good.clone();
    trailing.push(0);
    let mut long_integer = good.clone();
    long_integer.splice(2..3, [0x18, 0x01]);
    let mut indefinite = good.clone();
    indefinite[0] = 0xbf;
    indefinite.push(0xff);
    let mut cut = good.clone();
    cut.pop();
    for bytes in [trailing, long_integer, indefinite, cut] {
        assert!(Core::decode(&bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn unknown_factor_kinds_are_refused_by_both() {
    let good = sealer_wire::encode(&envelope(FactorKind::Passkey))
        .unwrap()
        .to_vec();
    assert!(valid("envelope", &good));
    let kind = good.windows(2).position(|pair| pair == [5, 1]).unwrap() + 1;
    for number in [0, 4, 23] {
        let mut changed = good.clone();
        changed[kind] = number;
        assert!(!valid("envelope", &changed), "kind {number}");
        assert!(
            minicbor::decode::<Envelope>(&changed).is_err(),
            "kind {number}"
        );
    }
}
