// SPDX-License-Identifier: Apache-2.0

//! What a header must be for its data key to come out.

use sealer_wire::header::{Core, KeyPart, SignedKeyPart};
use sealer_wire::{AuditEvent, ErrorCode, Operation, encode, limits};

use crate::support::client::released;
use crate::support::{Backup, Client, Device, code};

fn setup() -> (Device, Client, Backup) {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.try_backup(&mut device, b"meta").unwrap();
    (device, client, backup)
}

/// What a changed header may be refused with, before anything of it is authentic.
fn apt(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::HeaderTampered | ErrorCode::UnsupportedVersion | ErrorCode::NotFound
    )
}

#[test]
fn no_bit_of_a_header_can_be_changed() {
    let (mut device, mut client, backup) = setup();
    let before = device.medium.copy();
    let mut flips = 0;
    for part in [0, 1] {
        let length = [&backup.core, &backup.key_part][part].len();
        for bit in 0..8 * length {
            let mut changed = backup.clone();
            [&mut changed.core, &mut changed.key_part][part][bit / 8] ^= 1 << (bit % 8);
            let found = code(client.check(&mut device, &changed));
            assert!(apt(found), "bit {bit} of part {part}: {found:?}");
            if bit % 8 == (bit / 8) % 8 {
                let begun = client.begin(&mut device, &changed.restore());
                assert_eq!(code(begun), found, "bit {bit} of part {part}");
            }
            flips += 1;
        }
    }
    assert!(flips > 4_000, "{flips}");
    assert_eq!(
        device.medium.get().objects,
        before.get().objects,
        "nothing was written"
    );
    client.check(&mut device, &backup).unwrap();
}

#[test]
fn no_byte_of_a_key_part_can_be_changed_between_begin_and_finish() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    for index in (0..backup.key_part.len()).step_by(3) {
        let begun = client.begin(&mut device, &operation).unwrap();
        let response = client.answer(&operation, &begun, &[]);
        let mut changed = backup.clone();
        changed.key_part[index] ^= 1 << (index % 8);
        let found = client.finish(&mut device, &begun, &changed.restore(), &response);
        let found = code(found);
        assert!(apt(found), "byte {index}: {found:?}");
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(
            code(found),
            ErrorCode::ChallengeUnknown,
            "the challenge was spent"
        );
    }
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}

#[test]
fn no_byte_of_a_core_can_be_changed_between_begin_and_finish() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    for index in 0..backup.core.len() {
        let mut changed = backup.clone();
        changed.core[index] ^= 1 << (index % 8);
        let found = client.finish(&mut device, &begun, &changed.restore(), &response);
        assert_eq!(code(found), ErrorCode::OperationMismatch, "byte {index}");
    }
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(released(found).unwrap(), backup.dek);
}

#[test]
fn truncated_and_extended_parts_are_refused() {
    let (mut device, mut client, backup) = setup();
    let mut lengths = vec![0, 1, backup.core.len() - 1];
    lengths.push(backup.core.len() / 2);
    for length in lengths {
        let mut changed = backup.clone();
        changed.core.truncate(length);
        assert_eq!(
            code(client.check(&mut device, &changed)),
            ErrorCode::HeaderTampered
        );
        let mut changed = backup.clone();
        changed.key_part.truncate(length);
        assert_eq!(
            code(client.check(&mut device, &changed)),
            ErrorCode::HeaderTampered
        );
    }
    let mut changed = backup.clone();
    changed.core.push(0);
    assert_eq!(
        code(client.check(&mut device, &changed)),
        ErrorCode::HeaderTampered
    );
    let mut changed = backup.clone();
    changed.key_part.push(0);
    assert_eq!(
        code(client.check(&mut device, &changed)),
        ErrorCode::HeaderTampered
    );
    let mut changed = backup.clone();
    changed.core.resize(limits::CORE + 1, 0);
    assert_eq!(
        code(client.check(&mut device, &changed)),
        ErrorCode::TooLarge
    );
    let mut changed = backup;
    changed.key_part.resize(limits::HEADER, 0);
    assert_eq!(
        code(client.check(&mut device, &changed)),
        ErrorCode::TooLarge
    );
}

#[test]
fn core_and_key_part_belong_together() {
    let (mut device, mut client, backup) = setup();
    let other = client.try_backup(&mut device, b"meta").unwrap();
    for (core, key_part) in [
        (&backup.core, &other.key_part),
        (&other.core, &backup.key_part),
    ] {
        let mixed = Backup {
            core: core.clone(),
            key_part: key_part.clone(),
            dek: [0; 32],
        };
        assert_eq!(
            code(client.check(&mut device, &mixed)),
            ErrorCode::HeaderTampered
        );
        for operation in [mixed.restore(), mixed.full_verify()] {
            assert_eq!(
                code(client.begin(&mut device, &operation)),
                ErrorCode::HeaderTampered
            );
        }
    }
    // Begun with the right pair, finished with another archive's key part: same core, same digest.
    let begun = client.begin(&mut device, &backup.restore()).unwrap();
    let response = client.answer(&backup.restore(), &begun, &[]);
    let mixed = Operation::Restore {
        core: backup.core.clone(),
        key_part: other.key_part,
    };
    let found = client.finish(&mut device, &begun, &mixed, &response);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
}

#[test]
fn a_part_inside_the_mac_of_another_header_is_refused() {
    let (mut device, mut client, backup) = setup();
    let other = client.try_backup(&mut device, b"meta").unwrap();
    let (signed, part) = SignedKeyPart::decode(&backup.key_part).unwrap();
    let (_, their) = SignedKeyPart::decode(&other.key_part).unwrap();
    let variants: [fn(&mut KeyPart, &KeyPart); 6] = [
        |part, their| part.wrapped_dek = their.wrapped_dek.clone(),
        |part, their| part.vault_state = their.vault_state.clone(),
        |part, _| part.epoch.number += 1,
        |part, _| part.epoch.parent[0] ^= 1,
        |part, _| part.rp_id = "attacker.example".into(),
        |part, _| part.prf_input[0] ^= 1,
    ];
    for variant in variants {
        let mut changed = part.clone();
        variant(&mut changed, &their);
        let resigned = SignedKeyPart {
            content: encode(&changed).unwrap().to_vec(),
            mac: signed.mac,
        };
        let mut header = backup.clone();
        header.key_part = resigned.encode().unwrap();
        assert_eq!(
            code(client.check(&mut device, &header)),
            ErrorCode::HeaderTampered
        );
    }
    // A core of this vault and id that the sealer did not make.
    let mut core = Core::decode(&backup.core).unwrap();
    core.meta = b"other".to_vec();
    let mut header = backup;
    header.core = core.encode().unwrap();
    assert_eq!(
        code(client.check(&mut device, &header)),
        ErrorCode::HeaderTampered
    );
}

#[test]
fn an_archive_of_another_vault() {
    let (mut device, mut client, backup) = setup();
    let mut second = Client::with_vault(&mut device, 10_100);
    let mut stranger = Client::with_vault(&mut device, 10_101);
    for other in [&mut second, &mut stranger] {
        assert_eq!(code(other.check(&mut device, &backup)), ErrorCode::NotFound);
        assert_eq!(
            code(other.begin(&mut device, &backup.restore())),
            ErrorCode::NotFound
        );
        // Renamed to the other vault.
        let mut core = Core::decode(&backup.core).unwrap();
        core.vault_id = other.vault_id;
        let mut renamed = backup.clone();
        renamed.core = core.encode().unwrap();
        assert_eq!(
            code(other.check(&mut device, &renamed)),
            ErrorCode::HeaderTampered
        );
        // And moved to its epoch.
        let own = other.backup(&mut device);
        let (_, own) = SignedKeyPart::decode(&own.key_part).unwrap();
        let (signed, mut part) = SignedKeyPart::decode(&backup.key_part).unwrap();
        part.epoch = own.epoch;
        renamed.key_part = SignedKeyPart {
            content: encode(&part).unwrap().to_vec(),
            mac: signed.mac,
        }
        .encode()
        .unwrap();
        assert_eq!(
            code(other.check(&mut device, &renamed)),
            ErrorCode::HeaderTampered
        );
    }
    client.check(&mut device, &backup).unwrap();
}

#[test]
fn a_vault_of_another_device_does_not_open_the_archive() {
    let (_, mut client, backup) = setup();
    let mut device = Device::new();
    device.reboot();
    assert_eq!(code(client.check(&mut device, &backup)), ErrorCode::Reset);
    client.seen = None;
    assert_eq!(
        code(client.check(&mut device, &backup)),
        ErrorCode::NotFound
    );
}

#[test]
fn tampering_that_a_read_finds_is_in_the_log_after_the_next_commit() {
    let (mut device, mut client, backup) = setup();
    let mut changed = backup.clone();
    changed.key_part[100] ^= 1;
    for _ in 0..3 {
        assert_eq!(
            code(client.check(&mut device, &changed)),
            ErrorCode::HeaderTampered
        );
    }
    assert!(client.begin(&mut device, &changed.restore()).is_err());
    // A commit that fails keeps them for the next.
    device.medium.set().write_error = Some(sealer_core::StoreError::NoSpace);
    assert_eq!(
        code(client.try_backup(&mut device, b"")),
        ErrorCode::NoSpace
    );
    device.medium.set().write_error = None;
    client.backup(&mut device);
    let entries = client.entries();
    let found: Vec<_> = entries
        .iter()
        .filter(|entry| entry.event == AuditEvent::TamperFound)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].count, found[0].result),
        (4, ErrorCode::HeaderTampered as i32)
    );
}

#[test]
fn what_is_clear_in_a_header_is_what_the_format_lists() {
    use crate::support::contains;
    let (_, client, backup) = setup();
    let header = [&backup.core[..], &backup.key_part].concat();
    for hidden in ["alex", "phone", "com.example", "https://"] {
        assert!(!contains(&header, hidden.as_bytes()), "{hidden}");
    }
    assert!(!contains(
        &header,
        &client.authenticator.credential_ids()[0]
    ));
    assert!(!contains(&header, &backup.dek));
    assert!(contains(&header, b"example.org") && contains(&header, &client.vault_id));
}
