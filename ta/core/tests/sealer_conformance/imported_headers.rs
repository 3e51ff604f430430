// SPDX-License-Identifier: Apache-2.0

//! What a header must be for a new device to take a vault out of it.

use sealer_wire::header::{Core, Envelope, KeyPart, SignedKeyPart};
use sealer_wire::{ErrorCode, FactorKind, Operation, encode};
use test_authenticator::Authenticator;

use crate::support::client::{assertion, only, registration};
use crate::support::{Backup, Device, RP_ID, Secret, World, code};

/// The flips of a header that must be refused before anything is written, each by name.
fn flips(backup: &Backup) -> Vec<(String, Backup)> {
    let mut flips: Vec<(String, Backup)> = Vec::new();
    let (signed, part) = SignedKeyPart::decode(&backup.key_part).unwrap();
    let core = Core::decode(&backup.core).unwrap();
    let mut of_core = |name: &str, change: &dyn Fn(&mut Core)| {
        let mut changed = core.clone();
        change(&mut changed);
        let core = changed.encode().unwrap();
        flips.push((
            name.into(),
            Backup {
                core,
                ..backup.clone()
            },
        ));
    };
    of_core("vault id", &|core| core.vault_id[0] ^= 1);
    of_core("backup id", &|core| core.backup_id[15] ^= 1);
    of_core("created at", &|core| core.created_at ^= 1);
    of_core("meta", &|core| core.meta.push(0));
    let mut of_part = |name: String, change: &dyn Fn(&mut KeyPart)| {
        let mut changed = part.clone();
        change(&mut changed);
        assert_ne!(changed, part, "{name}");
        let content = encode(&changed).unwrap().to_vec();
        let mac = signed.mac;
        let key_part = SignedKeyPart { content, mac }.encode().unwrap();
        flips.push((
            name,
            Backup {
                key_part,
                ..backup.clone()
            },
        ));
    };
    of_part("rp id".into(), &|part| part.rp_id.push('x'));
    of_part("epoch number".into(), &|part| part.epoch.number += 1);
    of_part("epoch id".into(), &|part| part.epoch.id[0] ^= 1);
    of_part("epoch parent".into(), &|part| part.epoch.parent[0] ^= 1);
    of_part("dek nonce".into(), &|part| part.wrapped_dek.nonce[0] ^= 1);
    of_part("dek".into(), &|part| part.wrapped_dek.ciphertext[0] ^= 1);
    of_part("prf input".into(), &|part| part.prf_input[0] ^= 1);
    of_part("state nonce".into(), &|part| part.vault_state.nonce[0] ^= 1);
    for index in [0, 400, part.vault_state.ciphertext.len() - 1] {
        of_part(format!("state {index}"), &|part| {
            part.vault_state.ciphertext[index] ^= 1;
        });
    }
    type Field = (&'static str, fn(&mut Envelope));
    let fields: [Field; 10] = [
        ("kem", |e| e.kem ^= 1),
        ("kdf", |e| e.kdf ^= 1),
        ("aead", |e| e.aead ^= 1),
        ("factor id", |e| e.factor_id[0] ^= 1),
        ("kind", |e| {
            e.kind = match e.kind {
                FactorKind::Passkey => FactorKind::Recovery,
                _ => FactorKind::Passkey,
            }
        }),
        ("credential id", |e| {
            let id = e.credential_id.get_or_insert_default();
            id.push(1);
        }),
        ("enc", |e| e.enc[600] ^= 1),
        ("ciphertext", |e| e.ciphertext[5] ^= 1),
        ("password", |e| {
            let mut parameters = crate::support::factors::parameters();
            parameters.salt[0] ^= 1;
            e.password = Some(parameters);
        }),
        ("own prf input", |e| e.prf_input = Some([1; 32])),
    ];
    for index in 0..part.envelopes.len() {
        for (name, change) in fields {
            of_part(format!("envelope {index} {name}"), &|part| {
                change(&mut part.envelopes[index])
            });
        }
        of_part(format!("envelope {index} gone"), &|part| {
            part.envelopes.remove(index);
        });
    }
    of_part("envelopes in another order".into(), &|part| {
        part.envelopes.reverse();
    });
    let mut mac = signed.clone();
    mac.mac[31] ^= 1;
    flips.push((
        "mac".into(),
        Backup {
            key_part: mac.encode().unwrap(),
            ..backup.clone()
        },
    ));
    flips
}

#[test]
fn no_field_of_core_key_part_and_envelopes_can_be_changed() {
    let world = World::new();
    let flips = flips(&world.backup);
    assert!(flips.len() > 55, "{}", flips.len());
    for (name, changed) in flips {
        for secret in [None, Some(&world.recovery), Some(&world.password)] {
            let (mut phone, mut client) = world.new_device();
            client.vault_id = changed.vault_id();
            let with = secret.map_or(FactorKind::Passkey, Secret::kind);
            let operation = changed.import(with);
            let found = client.begin(&mut phone, &operation).and_then(|begun| {
                let response = match with {
                    FactorKind::Passkey => {
                        // The user answers with a passkey that is there.
                        let id = client.authenticator.credential_ids()[0].clone();
                        let mut asked = only(&begun, &id);
                        asked.rp_id = RP_ID.into();
                        assertion(&asked, &mut client.authenticator, &[])
                    }
                    _ => {
                        let mut asked = begun.clone();
                        asked.rp_id = RP_ID.into();
                        registration(&asked, &mut Authenticator::new(), &[])
                    }
                };
                let secret = secret.map(Secret::wire);
                client.finish_with(&mut phone, &begun, &operation, &response, secret)
            });
            let found = code(found);
            assert!(
                matches!(
                    found,
                    ErrorCode::CannotOpen
                        | ErrorCode::UnsupportedVersion
                        | ErrorCode::HeaderTampered
                        | ErrorCode::UnknownCredential
                ),
                "{name}, {with:?}: {found:?}"
            );
            let state = phone.medium.get();
            let records = state.objects.keys().filter(|name| name.len() == 57);
            assert_eq!(records.count(), 0, "{name}");
            // A password is counted before it is tried.
            assert!(with == FactorKind::Password || state.writes == 0, "{name}");
        }
        // Nor does the device that made it take it.
        let mut home = Device::on(world.device.medium.copy());
        let mut client = world.client.clone();
        if changed.vault_id() == client.vault_id {
            let found = client.begin(&mut home, &changed.restore());
            assert_eq!(code(found), ErrorCode::HeaderTampered, "{name}");
        }
    }
}

#[test]
fn the_header_cannot_be_changed_between_begin_and_finish() {
    let world = World::new();
    let operation = world.backup.import(FactorKind::Passkey);
    let (mut phone, mut client) = world.new_device();
    let begun = client.begin(&mut phone, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let mut home = Device::on(world.device.medium.copy());
    let refreshed = world.client.clone().refresh(&mut home, &world.backup);
    let later = world.client.clone().backup(&mut home);
    for other in [refreshed.unwrap(), later] {
        let other = other.import(FactorKind::Passkey);
        let found = client.finish(&mut phone, &begun, &other, &response);
        assert_eq!(code(found), ErrorCode::OperationMismatch);
    }
    for changed in [
        |operation: &mut Operation| {
            if let Operation::Import { label, .. } = operation {
                label.push('x');
            }
        },
        |operation: &mut Operation| {
            if let Operation::Import {
                allow_weaker_sealer,
                ..
            } = operation
            {
                *allow_weaker_sealer = true;
            }
        },
    ] {
        let mut other = operation.clone();
        changed(&mut other);
        let found = client.finish(&mut phone, &begun, &other, &response);
        assert_eq!(code(found), ErrorCode::OperationMismatch);
    }
    client
        .finish(&mut phone, &begun, &operation, &response)
        .unwrap();
}

#[test]
fn core_and_key_part_of_two_archives_do_not_open() {
    let mut world = World::new();
    let other = world.client.backup(&mut world.device);
    let mixed = Backup {
        core: world.backup.core.clone(),
        ..other
    };
    let (mut phone, mut client) = world.new_device();
    assert_eq!(
        code(client.import(&mut phone, &mixed)),
        ErrorCode::CannotOpen
    );
    let mut new = Authenticator::new();
    let found = client.import_with(&mut phone, &mixed, &world.recovery, &mut new);
    assert_eq!(code(found), ErrorCode::CannotOpen);
    assert_eq!(phone.medium.get().writes, 0);
}
