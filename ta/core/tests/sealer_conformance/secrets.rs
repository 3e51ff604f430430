// SPDX-License-Identifier: Apache-2.0

//! Keys and PRF outputs stay where they belong: not in a response, not in what `Debug` prints.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{Operation, Request, Response};
use test_authenticator::Authenticator;

use crate::support::{Client, Device, ORIGIN, Secret, World, contains};

/// Root key and audit key of the one vault on a device, by the layout of its newest record.
pub fn keys(device: &Device) -> ([u8; 32], [u8; 32]) {
    let state = device.medium.get();
    let record = state.objects.values().next().unwrap();
    let mut decoder = minicbor::Decoder::new(&record[37..]);
    let (mut root, mut audit) = (None, None);
    for _ in 0..decoder.map().unwrap().unwrap() {
        match decoder.u32().unwrap() {
            4 => {
                assert_eq!(decoder.array().unwrap(), Some(2));
                decoder.skip().unwrap();
                root = Some(decoder.bytes().unwrap().try_into().unwrap());
            }
            6 => {
                let pairs = decoder.map().unwrap().unwrap();
                assert_eq!(decoder.u32().unwrap(), 1);
                audit = Some(decoder.bytes().unwrap().try_into().unwrap());
                for _ in 1..pairs {
                    decoder.skip().unwrap();
                    decoder.skip().unwrap();
                }
            }
            _ => decoder.skip().unwrap(),
        }
    }
    (root.unwrap(), audit.unwrap())
}

/// The forms in which bytes get into text.
fn forms(secret: &[u8]) -> [String; 4] {
    let joined = |form: fn(&u8) -> String, with: &str| {
        secret.iter().map(form).collect::<Vec<_>>().join(with)
    };
    [
        joined(|byte| byte.to_string(), ", "),
        joined(|byte| format!("{byte:02x}"), ""),
        joined(|byte| format!("{byte:02X}"), ""),
        Base64UrlUnpadded::encode_string(secret),
    ]
}

#[test]
fn no_secret_is_printed_and_no_root_key_leaves() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    let (root, audit) = keys(&device);

    // Every kind of request once, the ceremonies with PRF outputs in their responses.
    let mut requests = vec![
        Request::ShowVault {
            vault: client.vault(),
        },
        Request::CreateBackup {
            vault: client.vault(),
            meta: vec![],
        },
        Request::CheckHeader {
            vault: client.vault(),
            core: backup.core.clone(),
            key_part: backup.key_part.clone(),
        },
        Request::VerifyAudit {
            vault: client.vault(),
            after: None,
            entries: client.log.clone(),
        },
    ];
    let mut prf_outputs = Vec::new();
    let operations = [
        backup.restore(),
        backup.full_verify(),
        Operation::SetOrigins {
            origins: vec![ORIGIN.into()],
        },
        Operation::DeleteVault,
    ];
    for operation in operations {
        let begun = client.begin(&mut device, &operation).unwrap();
        let response = client.answer(&operation, &begun, &[]);
        let json: serde_json::Value = serde_json::from_slice(&response).unwrap();
        let first = &json["clientExtensionResults"]["prf"]["results"]["first"];
        prf_outputs.push(Base64UrlUnpadded::decode_vec(first.as_str().unwrap()).unwrap());
        requests.push(client.finish_request(&begun, &operation, &response, Some(vec![7; 69])));
    }

    let (mut text, mut released, mut deks) = (String::new(), 0, vec![backup.dek]);
    for request in requests {
        text.push_str(&format!("{request:?}{request:#?}"));
        let bytes = device.process(request);
        assert!(!contains(&bytes, &root) && !contains(&bytes, &audit));
        assert!(prf_outputs.iter().all(|output| !contains(&bytes, output)));
        let response = Response::from_bytes(&bytes).unwrap();
        text.push_str(&format!("{response:?}{response:#?}"));
        match response.result.unwrap() {
            sealer_wire::Reply::Released(dek) => {
                assert_eq!(dek.expose(), &backup.dek);
                released += 1;
            }
            sealer_wire::Reply::BackupCreated { dek, .. } => deks.push(*dek.expose()),
            _ => assert!(!contains(&bytes, &backup.dek)),
        }
    }
    assert_eq!(released, 2);
    let deks = deks.iter().map(|dek| &dek[..]);
    for secret in deks
        .chain([&root[..], &audit])
        .chain(prf_outputs.iter().map(|o| &o[..]))
    {
        // Half of a secret is as bad; line breaks of `{:#?}` are spaces here.
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for form in forms(&secret[..16]) {
            assert!(!flat.contains(&form));
        }
    }
    assert!(text.contains("Secret32(..)"));
}

#[test]
fn refusals_carry_nothing_of_the_input() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let operation = Operation::DeleteVault;
    for canary in [
        "\"canary-7f3a\"",
        "{\"id\":\"canary-7f3a\"}",
        "{\"canary-7f3a\":1,\"canary-7f3a\":2}",
    ] {
        let begun = client.begin(&mut device, &operation).unwrap();
        let request = client.finish_request(&begun, &operation, canary.as_bytes(), None);
        let bytes = device.process(request);
        assert!(!contains(&bytes, b"canary"));
    }
}

#[test]
fn a_deleted_vaults_keys_are_on_no_medium() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    client.backup(&mut device);
    let (root, _) = keys(&device);
    assert!(
        device
            .medium
            .get()
            .objects
            .values()
            .all(|object| contains(object, &root))
    );
    client
        .run(&mut device, &Operation::DeleteVault, &[])
        .unwrap();
    assert!(device.medium.names().is_empty());
}

/// PRF outputs in a response of a passkey client.
fn prf_outputs(response: &[u8]) -> Vec<Vec<u8>> {
    let json: serde_json::Value = serde_json::from_slice(response).unwrap();
    let results = &json["clientExtensionResults"]["prf"]["results"];
    ["first", "second"]
        .iter()
        .filter_map(|name| Base64UrlUnpadded::decode_vec(results[name].as_str()?).ok())
        .collect()
}

/// Everything that was said in two sessions, the second one on a new device; the answers are those
/// of devices that hear the same again.
#[test]
fn the_secrets_of_factors_are_nowhere_but_on_their_way_in() {
    let World {
        mut device,
        mut client,
        recovery,
        password,
        backup,
        ..
    } = World::new();
    client.rotate(&mut device).unwrap();
    let (mut phone, mut elsewhere) = (Device::another(2), client.elsewhere());
    elsewhere
        .import_with(&mut phone, &backup, &recovery, &mut Authenticator::new())
        .unwrap();
    client
        .rehearse(&mut device, &backup, Some(&password))
        .unwrap();
    let (root, audit) = keys(&device);
    let mut secrets: Vec<Vec<u8>> = vec![root.to_vec(), audit.to_vec()];
    let Secret::Recovery(digits) = &recovery else {
        panic!("{recovery:?}")
    };
    let Secret::Password(stretched) = &password else {
        panic!("{password:?}")
    };
    secrets.push(stretched.to_vec());
    let mut text = String::new();
    let mut answers = Vec::new();
    for (number, device) in [(1, &device), (2, &phone)] {
        answers.extend(Device::another(number).replay(&device.requests));
        for (_, _, request) in &device.requests {
            let request = Request::from_bytes(request).unwrap();
            text.push_str(&format!("{request:?}"));
            if let Request::Continue { response, .. } | Request::Finish { response, .. } = &request
            {
                secrets.extend(prf_outputs(response));
            }
        }
    }
    assert!(secrets.len() > 10, "{}", secrets.len());
    let mut shown = 0;
    for answer in &answers {
        assert!(
            secrets
                .iter()
                .all(|secret| !contains(answer, &secret[..16]))
        );
        let response = Response::from_bytes(answer).unwrap();
        text.push_str(&format!("{response:?}"));
        if contains(answer, digits) {
            let reply = response.result.unwrap();
            assert!(matches!(reply, sealer_wire::Reply::RecoveryCreated { .. }));
            shown += 1;
        }
    }
    assert_eq!(shown, 1, "a recovery key is shown once");
    secrets.push(digits.to_vec());
    for secret in &secrets {
        for form in forms(&secret[..14]) {
            assert!(!text.contains(&form));
        }
    }
    // What is stored has the keys of the vault, and of the factors nothing that opens an envelope.
    for medium in [&device.medium, &phone.medium] {
        for object in medium.get().objects.values() {
            let stored = |secret: &&Vec<u8>| contains(object, &secret[..14]);
            assert!(secrets[2..].iter().find(stored).is_none());
        }
    }
}
