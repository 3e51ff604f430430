// SPDX-License-Identifier: Apache-2.0

//! A header has room for whatever a vault was allowed to have: what does not fit is refused when it
//! is added, never by the backup of some later night.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{Begun, ErrorCode, Operation, Response, limits};
use serde_json::Value;
use test_authenticator::Authenticator;

use crate::support::client::{assertion, registration};
use crate::support::{Backup, Client, Device, ORIGIN, Secret, code};

fn longest_origins() -> Vec<String> {
    (0..limits::ORIGINS - 1)
        .map(|number| format!("https://{number}.example.org/{}", "x".repeat(300))[..256].into())
        .chain([ORIGIN.to_owned()])
        .collect()
}

/// A vault that has as much of everything as there can be.
struct Fullest {
    device: Device,
    client: Client,
    recovery: Secret,
    meta: Vec<u8>,
    backup: Backup,
}

fn fullest() -> Fullest {
    let mut device = Device::another(1);
    let mut client = Client::new(10_100);
    client.owner.package = "p".repeat(limits::PACKAGE);
    let create = Operation::CreateVault {
        rp_id: crate::support::RP_ID.into(),
        origins: longest_origins(),
        user_name: "n".repeat(limits::NAME),
        label: "l".repeat(limits::NAME),
        require_biometric: false,
    };
    client.run(&mut device, &create, &[]).unwrap();
    client.vault_id = client.list(&mut device).unwrap()[0];
    client.enrol_prf(&mut device).unwrap();
    let mut passkeys = vec![client.authenticator.clone()];
    for _ in 1..limits::CREDENTIALS {
        let mut new = Authenticator::new();
        client.add_passkey(&mut device, &mut new).unwrap();
        let before = std::mem::replace(&mut client.authenticator, new.clone());
        client.enrol_prf(&mut device).unwrap();
        client.authenticator = before;
        passkeys.push(new);
    }
    let (_, recovery) = client.recovery_key(&mut device).unwrap();
    client
        .set_password(&mut device, &Secret::Password([1; 32]))
        .unwrap();
    // Each passkey with an input of its own, and as many epochs as there can be.
    for number in 0..limits::RETIRED_EPOCHS {
        client.authenticator = passkeys[number % passkeys.len()].clone();
        client.rotate(&mut device).unwrap();
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    let meta = vec![0xff; limits::META];
    let backup = client.try_backup(&mut device, &meta).unwrap();
    Fullest {
        device,
        client,
        recovery,
        meta,
        backup,
    }
}

#[test]
fn the_fullest_vault_still_makes_backups() {
    let Fullest {
        mut device,
        mut client,
        recovery,
        meta,
        backup,
    } = fullest();
    let length = backup.core.len() + backup.key_part.len();
    assert!((30_000..=limits::HEADER).contains(&length), "{length}");
    // It fits into every request that carries it, and opens on a new device.
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
    client.refresh(&mut device, &backup).unwrap();
    client
        .rehearse(&mut device, &backup, Some(&recovery))
        .unwrap();
    let mut phone = Device::another(2);
    let mut elsewhere = client.elsewhere();
    elsewhere.import(&mut phone, &backup).unwrap();
    let mut third = Device::another(3);
    let mut new = Authenticator::new();
    let mut elsewhere = client.elsewhere();
    elsewhere
        .import_with(&mut third, &backup, &recovery, &mut new)
        .unwrap();
    elsewhere.authenticator = new;
    elsewhere.try_backup(&mut third, &meta).unwrap();
    let mut record = 0;
    for object in third.medium.get().objects.values() {
        record = record.max(object.len());
    }
    assert!(record < limits::MESSAGE, "{record}");
}

/// The stack of the trusted application is 128 KiB; a part of it is not the core's.
#[test]
fn the_fullest_vault_is_served_on_a_small_stack() {
    const STACK: usize = 96 * 1024;
    let Fullest {
        mut device,
        mut client,
        recovery,
        backup,
        ..
    } = fullest();
    client.restore(&mut device, &backup).unwrap();
    client
        .rehearse(&mut device, &backup, Some(&recovery))
        .unwrap();
    let mut phone = Device::another(2);
    let mut elsewhere = client.elsewhere();
    elsewhere.import(&mut phone, &backup).unwrap();
    for (number, requests) in [(1, device.requests), (2, phone.requests)] {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let replay = move || Device::another(number).replay(&requests);
        let answers = thread.spawn(replay).unwrap().join().unwrap();
        let last = Response::from_bytes(answers.last().unwrap()).unwrap();
        last.result.unwrap();
    }
}

/// A response with another credential id: an id is no part of what a passkey signs, and a
/// registration with attestation `none` has no signature at all.
fn with_id(response: &[u8], id: &[u8]) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(response).unwrap();
    for member in ["id", "rawId"] {
        json[member] = Base64UrlUnpadded::encode_string(id).into();
    }
    if let Some(attestation) = json["response"]["attestationObject"].as_str() {
        let attestation = Base64UrlUnpadded::decode_vec(attestation).unwrap();
        let at = attestation
            .windows(8)
            .position(|window| window == b"authData")
            .unwrap();
        let mut decoder = minicbor::Decoder::new(&attestation[at + 8..]);
        let data = decoder.bytes().unwrap();
        // rpIdHash, flags, signCount, aaguid; then length, id and key.
        let (head, rest) = data.split_at(53);
        let (length, rest) = rest.split_at(2);
        let length = usize::from(u16::from_be_bytes(length.try_into().unwrap()));
        let own = u16::try_from(id.len()).unwrap().to_be_bytes();
        let data = [head, &own, id, &rest[length..]].concat();
        let mut changed = attestation[..at + 8].to_vec();
        let mut encoder = minicbor::Encoder::new(&mut changed);
        encoder.bytes(&data).unwrap();
        json["response"]["attestationObject"] = Base64UrlUnpadded::encode_string(&changed).into();
    }
    json.to_string().into_bytes()
}

/// Passkeys whose ids have the greatest length: of these not every one can be a factor.
#[test]
fn what_does_not_fit_is_refused_when_it_is_added() {
    let mut device = Device::another(1);
    let mut client = Client::new(10_100);
    client.owner.package = "p".repeat(limits::PACKAGE);
    client.create(&mut device).unwrap();
    client.enrol_prf(&mut device).unwrap();
    client.recovery_key(&mut device).unwrap();
    let (mut enrolled, mut refused) = (0, 0);
    for number in 1..limits::CREDENTIALS {
        let id = vec![number as u8; limits::CREDENTIAL_ID];
        let mut new = Authenticator::new();
        let operation = Operation::AddCredential {
            label: "l".repeat(limits::NAME),
        };
        let begun = client.first_step(&mut device, &operation, &[]).unwrap();
        let response = with_id(&registration(&begun, &mut new, &[]), &id);
        let added = client.finish(&mut device, &begun, &operation, &response);
        if let Err(error) = added {
            assert_eq!(error.code, ErrorCode::TooManyFactors);
            refused += 1;
            continue;
        }
        let operation = Operation::EnrolPrf;
        let own = new.credential_ids()[0].clone();
        let answer = |begun: &Begun, new: &mut Authenticator| {
            let mut asked = begun.clone();
            asked.credential_ids = vec![own.clone().into()];
            with_id(&assertion(&asked, new, &[]), &id)
        };
        let begun = client.begin(&mut device, &operation).unwrap();
        let response = answer(&begun, &mut new);
        let begun = client
            .proceed(&mut device, &begun, &operation, &response)
            .unwrap();
        let response = answer(&begun, &mut new);
        match client.finish(&mut device, &begun, &operation, &response) {
            Ok(_) => enrolled += 1,
            Err(error) => {
                assert_eq!(error.code, ErrorCode::TooManyFactors);
                refused += 1;
            }
        }
        let before = client.show(&mut device).unwrap();
        let backup = client.try_backup(&mut device, &[0; limits::META]).unwrap();
        assert!(backup.core.len() + backup.key_part.len() <= limits::HEADER);
        assert_eq!(client.show(&mut device).unwrap(), before);
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    assert!(enrolled >= 3 && refused >= 1, "{enrolled} {refused}");
    // Origins share the room.
    let set = Operation::SetOrigins {
        origins: longest_origins(),
    };
    assert_eq!(code(client.begin(&mut device, &set)), ErrorCode::TooLarge);
    // However often the vault is rotated from here: the backup has room.
    for _ in 0..limits::RETIRED_EPOCHS {
        client.rotate(&mut device).unwrap();
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    let backup = client.try_backup(&mut device, &[0; limits::META]).unwrap();
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}
