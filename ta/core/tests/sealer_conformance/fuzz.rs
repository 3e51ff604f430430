// SPDX-License-Identifier: Apache-2.0

//! Valid requests, damaged: nothing panics, every answer decodes, and no data key comes out without
//! the ceremony that it takes.
//!
//! Deterministic but for the passkeys' own keys. `PKB_FUZZ_ITERATIONS` makes it longer,
//! `PKB_FUZZ_SEED` another one; both are printed.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::header::Core;
use sealer_wire::{FactorKind, Operation, Reply, Request, Response};
use serde_json::Value;
use test_authenticator::Authenticator;

use crate::support::client::{assertion, only, registration};
use crate::support::factors::parameters;
use crate::support::{Client, Device, ORIGIN, RP_ID, Random, Secret, World, contains};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect(name))
}

/// Damages bytes in one to three places.
fn mutate(random: &mut Random, corpus: &[Vec<u8>], bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random
            .below(bytes.len().max(1))
            .min(bytes.len().saturating_sub(1));
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => {
                bytes[at] = [0, 1, 0x17, 0x18, 0x7f, 0x80, 0xff][random.below(7)]
            }
            2 => bytes.truncate(at),
            3 => bytes.insert(at, random.below(256) as u8),
            4 if !bytes.is_empty() => drop(bytes.remove(at)),
            5 => {
                let end = (at + random.below(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let end = (from + random.below(200)).min(other.len());
                let until = (at + end - from).min(bytes.len());
                bytes.splice(at..until, other[from..end].iter().copied());
            }
        }
    }
    bytes.truncate(sealer_wire::limits::MESSAGE + 1);
}

/// What of a response the signature and the gate cover.
fn signed_parts(response: &[u8]) -> Option<[Vec<u8>; 4]> {
    let json: Value = serde_json::from_slice(response).ok()?;
    let bytes = |value: &Value| Base64UrlUnpadded::decode_vec(value.as_str()?).ok();
    Some([
        bytes(&json["rawId"])?,
        bytes(&json["response"]["clientDataJSON"])?,
        bytes(&json["response"]["authenticatorData"])?,
        bytes(&json["response"]["signature"])?,
    ])
}

#[test]
fn damaged_requests() {
    let iterations = setting("PKB_FUZZ_ITERATIONS", 3_000);
    let seed = setting("PKB_FUZZ_SEED", 20_261_121);
    println!("PKB_FUZZ_SEED={seed} PKB_FUZZ_ITERATIONS={iterations}");
    let mut random = Random::new(seed);
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    let stranger = Client::with_vault(&mut device, 10_101);

    let requests = [
        Request::GetInfo,
        Request::ListVaults {
            owner: client.owner.clone(),
        },
        Request::ShowVault {
            vault: client.vault(),
        },
        Request::Begin {
            vault: client.vault(),
            operation: client.create_vault(),
        },
        Request::Begin {
            vault: client.vault(),
            operation: Operation::SetOrigins {
                origins: vec![ORIGIN.into()],
            },
        },
        Request::CreateBackup {
            vault: stranger.vault(),
            meta: vec![1; 20],
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
        Request::Begin {
            vault: client.vault(),
            operation: backup.full_verify(),
        },
        Request::Refresh {
            vault: client.vault(),
            core: backup.core.clone(),
            key_part: backup.key_part.clone(),
        },
    ];
    let further = [
        Operation::AddCredential {
            label: "tablet".into(),
        },
        Operation::RemoveCredential {
            credential_id: vec![1; 16],
            allow_last_portable: true,
        },
        Operation::EnrolPrf,
        Operation::CreateRecoveryKey,
        Operation::SetPassword {
            parameters: parameters(),
        },
        Operation::Rotate,
        Operation::EndEpoch { epoch: 1 },
        backup.import(FactorKind::Recovery),
        backup.rehearsal(FactorKind::Passkey),
    ]
    .map(|operation| Request::Begin {
        vault: client.vault(),
        operation,
    });
    let requests = requests.into_iter().chain(further);
    let corpus: Vec<Vec<u8>> = requests
        .map(|request| request.to_bytes().unwrap().to_vec())
        .collect();
    let (mut taken, mut released) = (0, 0);
    for iteration in 0..iterations {
        device
            .clock
            .advance_ms(sealer_wire::limits::CHALLENGE_TTL_MS / 4);
        // A ceremony that is open, and its honest end, which will be damaged.
        let operation = backup.restore();
        let begun = client.begin(&mut device, &operation).unwrap();
        let response = client.answer(&operation, &begun, &[]);
        let finish = client.finish_request(&begun, &operation, &response, None);
        let finish = finish.to_bytes().unwrap().to_vec();
        for _ in 0..4 {
            let is_finish = random.below(2) == 0;
            let mut bytes = match is_finish {
                true => finish.clone(),
                false => corpus[random.below(corpus.len())].clone(),
            };
            mutate(&mut random, &corpus, &mut bytes);
            let answer = device.sealer.process(&bytes);
            let decoded = Response::from_bytes(&answer).expect("every answer decodes");
            taken += u64::from(decoded.result.is_ok());
            let Ok(Reply::Released(dek)) = &decoded.result else {
                assert!(!contains(&answer, &backup.dek), "iteration {iteration}");
                continue;
            };
            // Then all that the ceremony stands on is as the user gave it.
            released += 1;
            assert_eq!(dek.expose(), &backup.dek);
            let Ok(Request::Finish {
                vault,
                token,
                operation: Operation::Restore { core, key_part },
                response: sent,
                ..
            }) = Request::from_bytes(&bytes)
            else {
                panic!("iteration {iteration}: released by {bytes:02x?}")
            };
            assert_eq!(
                (&vault.owner, vault.vault_id),
                (&client.owner, client.vault_id)
            );
            assert_eq!(
                (token, &core, &key_part),
                (begun.token, &backup.core, &backup.key_part)
            );
            assert_eq!(signed_parts(&sent), signed_parts(&response));
        }
        client.drain_log(&mut device);
    }
    println!("{taken} damaged requests were taken, {released} of them released their own key");
    assert!(taken < iterations * 4 / 3);
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}

/// Damaged headers, with their owner's honest answer: nothing of them comes to a new device.
#[test]
fn damaged_imports() {
    let iterations = setting("PKB_FUZZ_ITERATIONS", 3_000) / 3;
    let seed = setting("PKB_FUZZ_SEED", 20_261_121);
    let mut random = Random::new(seed);
    let world = World::new();
    let id = world.client.authenticator.credential_ids()[0].clone();
    let corpus = [world.backup.core.clone(), world.backup.key_part.clone()];
    let mut phone = Device::another(2);
    let mut begun_with = 0;
    for iteration in 0..iterations {
        phone
            .clock
            .advance_ms(sealer_wire::limits::CHALLENGE_TTL_MS);
        let mut backup = world.backup.clone();
        let part = match random.below(4) {
            0 => &mut backup.core,
            _ => &mut backup.key_part,
        };
        mutate(&mut random, &corpus, part);
        let same = backup.core == world.backup.core && backup.key_part == world.backup.key_part;
        let secret = match random.below(2) {
            0 => None,
            _ => Some(&world.recovery),
        };
        let mut client = world.client.elsewhere();
        if let Ok(core) = Core::decode(&backup.core) {
            client.vault_id = core.vault_id;
        }
        let operation = backup.import(secret.map_or(FactorKind::Passkey, Secret::kind));
        let Ok(begun) = client.begin(&mut phone, &operation) else {
            continue;
        };
        begun_with += 1;
        let mut asked = only(&begun, &id);
        asked.rp_id = RP_ID.into();
        let response = match secret {
            None => assertion(&asked, &mut client.authenticator, &[]),
            Some(_) => registration(&asked, &mut Authenticator::new(), &[]),
        };
        let secret = secret.map(Secret::wire);
        let found = client.finish_with(&mut phone, &begun, &operation, &response, secret);
        if same {
            found.unwrap();
            phone = Device::another(2);
            continue;
        }
        assert!(
            found.is_err(),
            "PKB_FUZZ_SEED={seed}, iteration {iteration}"
        );
        assert_eq!(phone.medium.get().writes, 0);
    }
    assert!(begun_with > iterations / 20, "{begun_with}");
}

#[test]
fn random_bytes() {
    let mut random = Random::new(7);
    let mut device = Device::new();
    for length in 0..600 {
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        // Let some get past the frame.
        if length > 8 && length % 2 == 0 {
            bytes[..4].copy_from_slice(&[0x82, 1, 0x82, (length / 2 % 12) as u8]);
        }
        let answer = device.sealer.process(&bytes);
        assert!(Response::from_bytes(&answer).unwrap().result.is_err());
    }
}
