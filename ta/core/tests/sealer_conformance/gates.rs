// SPDX-License-Identifier: Apache-2.0

//! What a gate refuses, each with its own error.

use sealer_wire::{Begun, Error, ErrorCode, Operation, Reply, Request, limits};
use test_authenticator::{Attestation, Authenticator, Backup as Synced, Counter, Fault, Settings};

use crate::support::client::released;
use crate::support::{Backup, Client, Device, ORIGIN, code};

fn setup() -> (Device, Client, Backup) {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    (device, client, backup)
}

fn begun(device: &mut Device, client: &mut Client, operation: &Operation) -> (Begun, Vec<u8>) {
    let begun = client.begin(device, operation).unwrap();
    let response = client.answer(operation, &begun, &[]);
    (begun, response)
}

#[test]
fn a_ceremony_that_was_never_begun() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let (mut begun, response) = begun(&mut device, &mut client, &operation);
    begun.token[0] ^= 1;
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    begun.token[0] ^= 1;
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(released(found).unwrap(), backup.dek);
}

#[test]
fn a_ceremony_ends_once_whatever_its_outcome() {
    let (mut device, mut client, backup) = setup();
    for operation in [backup.restore(), backup.full_verify()] {
        let (begun, response) = begun(&mut device, &mut client, &operation);
        client
            .finish(&mut device, &begun, &operation, &response)
            .unwrap();
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    }
    // A refused response spends the challenge as well.
    let operation = backup.restore();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    let wrong = client.answer(&operation, &begun, &[Fault::Signature]);
    let found = client.finish(&mut device, &begun, &operation, &wrong);
    assert_eq!(code(found), ErrorCode::SignatureInvalid);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);

    let operation = client.create_vault();
    let mut other = Client::new(10_101);
    let begun = other.begin(&mut device, &operation).unwrap();
    let response = other.answer(&operation, &begun, &[]);
    other
        .finish(&mut device, &begun, &operation, &response)
        .unwrap();
    let found = other.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
}

#[test]
fn a_response_above_the_limit_spends_nothing() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    let huge = vec![b' '; limits::RESPONSE_JSON + 1];
    let found = client.finish(&mut device, &begun, &operation, &huge);
    assert_eq!(code(found), ErrorCode::TooLarge);
    client
        .finish(&mut device, &begun, &operation, &response)
        .unwrap();
}

#[test]
fn an_expired_ceremony() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    device.clock.advance_ms(limits::CHALLENGE_TTL_MS - 1);
    // The wall clock, which others set, has no say.
    device.clock.set_unix(1);
    device.clock.advance_ms(1);
    for _ in 0..2 {
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), ErrorCode::ChallengeExpired);
    }

    let (begun, response) = self::begun(&mut device, &mut client, &operation);
    device.clock.advance_ms(limits::CHALLENGE_TTL_MS - 1);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(released(found).unwrap(), backup.dek);
}

#[test]
fn another_operation_or_other_parameters() {
    let (mut device, mut client, backup) = setup();
    let other_backup = client.backup(&mut device);
    let origins = |origin: &str| Operation::SetOrigins {
        origins: vec![origin.into()],
    };
    let all = [
        backup.restore(),
        backup.full_verify(),
        other_backup.restore(),
        origins(ORIGIN),
        origins("https://attacker.example"),
        Operation::DeleteVault,
    ];
    for operation in &all {
        let (begun, response) = begun(&mut device, &mut client, operation);
        for other in all.iter().filter(|other| *other != operation) {
            let found = client.finish(&mut device, &begun, other, &response);
            assert_eq!(code(found), ErrorCode::OperationMismatch, "{other:?}");
        }
        // The CreateVault of the same challenge would overwrite the vault.
        let create = client.create_vault();
        let found = client.finish(&mut device, &begun, &create, &response);
        assert_eq!(code(found), ErrorCode::OperationMismatch);
        if *operation == backup.restore() {
            let found = client.finish(&mut device, &begun, operation, &response);
            assert_eq!(
                released(found).unwrap(),
                backup.dek,
                "it can still be finished"
            );
        }
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    client.show(&mut device).unwrap();
}

#[test]
fn parameters_of_a_vault_are_bound_too() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    let operation = client.create_vault();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    let change = |change: fn(&mut Operation)| {
        let mut changed = operation.clone();
        change(&mut changed);
        changed
    };
    macro_rules! set {
        ($field:ident = $value:expr) => {
            change(|operation| {
                if let Operation::CreateVault { $field, .. } = operation {
                    *$field = $value;
                }
            })
        };
    }
    for changed in [
        set!(rp_id = "attacker.example".into()),
        set!(origins = vec!["https://attacker.example".into()]),
        set!(user_name = "mallory".into()),
        set!(label = "other".into()),
        set!(require_biometric = true),
    ] {
        assert_ne!(changed, operation);
        let found = client.finish(&mut device, &begun, &changed, &response);
        assert_eq!(code(found), ErrorCode::OperationMismatch);
    }
    let mut other = begun.clone();
    other.vault_id[0] ^= 1;
    let found = client.finish(&mut device, &other, &operation, &response);
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    client
        .finish(&mut device, &begun, &operation, &response)
        .unwrap();
}

#[test]
fn another_vault_of_the_same_owner() {
    let (mut device, mut client, backup) = setup();
    let mut second = client.clone();
    (second.vault_id, second.seen, second.stored) = ([0; 16], None, 0);
    second.create(&mut device).unwrap();
    for operation in [Operation::DeleteVault, backup.restore()] {
        let (begun, response) = begun(&mut device, &mut client, &operation);
        let mut elsewhere = begun.clone();
        elsewhere.vault_id = second.vault_id;
        let request = second.finish_request(&elsewhere, &operation, &response, None);
        let found = second.send(&mut device, request);
        assert_eq!(code(found), ErrorCode::OperationMismatch);
        if operation != Operation::DeleteVault {
            client
                .finish(&mut device, &begun, &operation, &response)
                .unwrap();
        }
    }
    second.show(&mut device).unwrap();
}

#[test]
fn another_owner_learns_nothing_and_spoils_nothing() {
    let (mut device, mut client, backup) = setup();
    let mut thief = Client::with_vault(&mut device, 10_101);
    let operation = backup.restore();
    let (begun, response) = begun(&mut device, &mut client, &operation);

    // With the own vault and the stolen token; with the stolen vault id.
    let mut own = begun.clone();
    own.vault_id = thief.vault_id;
    let found = thief.finish(&mut device, &own, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    let mut curious = thief.clone();
    (curious.vault_id, curious.seen) = (client.vault_id, None);
    let found = curious.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::NotFound);

    // Each part of an owner counts.
    let parts: [fn(&mut Client); 4] = [
        |other| (other.owner.user, other.owner.uid) = (1, 110_100),
        |other| other.owner.uid += 1,
        |other| other.owner.package.push('x'),
        |other| other.owner.signer[31] ^= 1,
    ];
    for part in parts {
        let mut other = client.clone();
        part(&mut other);
        other.seen = None;
        assert_eq!(code(other.show(&mut device)), ErrorCode::NotFound);
        assert_eq!(
            code(other.try_backup(&mut device, b"")),
            ErrorCode::NotFound
        );
        let found = other.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), ErrorCode::NotFound);
        assert_eq!(other.list(&mut device).unwrap(), <[[u8; 16]; 0]>::default());
    }

    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(
        released(found).unwrap(),
        backup.dek,
        "the rightful owner finishes"
    );
}

#[test]
fn a_creation_of_another_owner() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    let operation = client.create_vault();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    let mut thief = Client::new(10_101);
    let found = thief.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    client
        .finish(&mut device, &begun, &operation, &response)
        .unwrap();
    assert_eq!(thief.list(&mut device).unwrap(), <[[u8; 16]; 0]>::default());
}

#[test]
fn a_foreign_vault_and_an_unknown_one_answer_byte_for_byte_the_same() {
    let (mut device, client, backup) = setup();
    for seen in [None, Some(1)] {
        let mut foreign = Client::new(10_101);
        (foreign.vault_id, foreign.seen) = (client.vault_id, seen);
        let mut unknown = foreign.clone();
        unknown.vault_id = [0x77; 16];
        let all = |client: &Client| {
            let vault = client.vault();
            let mut all = vec![
                Request::ShowVault {
                    vault: vault.clone(),
                },
                Request::CreateBackup {
                    vault: vault.clone(),
                    meta: vec![],
                },
                Request::CheckHeader {
                    vault: vault.clone(),
                    core: backup.core.clone(),
                    key_part: backup.key_part.clone(),
                },
                Request::VerifyAudit {
                    vault: vault.clone(),
                    after: None,
                    entries: vec![],
                },
            ];
            for operation in [Operation::DeleteVault, backup.restore()] {
                all.push(Request::Begin {
                    vault: vault.clone(),
                    operation: operation.clone(),
                });
                all.push(Request::Finish {
                    vault: vault.clone(),
                    token: [0; 16],
                    operation,
                    response: b"{}".to_vec().into(),
                    auth_token: None,
                    secret: None,
                });
            }
            all
        };
        for (of_foreign, of_unknown) in all(&foreign).into_iter().zip(all(&unknown)) {
            let name = format!("{of_foreign:?}");
            assert_eq!(
                device.process(of_foreign),
                device.process(of_unknown),
                "{name}"
            );
        }
    }
}

#[test]
fn an_owner_that_contradicts_itself() {
    let (mut device, client, _) = setup();
    for change in [
        (|client| client.owner.user = 1) as fn(&mut Client),
        |client| client.owner.package.clear(),
        |client| client.owner.package = "p".repeat(limits::PACKAGE + 1),
    ] {
        let mut other = client.clone();
        change(&mut other);
        assert_eq!(code(other.show(&mut device)), ErrorCode::BadRequest);
        assert_eq!(code(other.list(&mut device)), ErrorCode::BadRequest);
        let operation = other.create_vault();
        assert_eq!(
            code(other.begin(&mut device, &operation)),
            ErrorCode::BadRequest
        );
    }
}

#[test]
fn ceremonies_die_with_the_sealer() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let (begun, response) = begun(&mut device, &mut client, &operation);
    device.reboot();
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}

/// Puts another epoch id everywhere into the stored records, as a rotation would.
fn change_epoch(device: &Device, backup: &Backup) {
    use aws_lc_rs::digest::{SHA256, digest};
    use sealer_wire::header::SignedKeyPart;
    let (_, part) = SignedKeyPart::decode(&backup.key_part).unwrap();
    for bytes in device.medium.set().objects.values_mut() {
        let at = bytes
            .windows(16)
            .position(|window| window == part.epoch.id)
            .unwrap();
        bytes[at] ^= 1;
        let hash = digest(&SHA256, &bytes[37..]);
        bytes[5..37].copy_from_slice(hash.as_ref());
    }
}

#[test]
fn a_ceremony_of_another_epoch() {
    let (mut device, mut client, backup) = setup();
    for operation in [backup.restore(), Operation::DeleteVault] {
        let (begun, response) = begun(&mut device, &mut client, &operation);
        change_epoch(&device, &backup);
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), ErrorCode::ChallengeUnknown);
        assert_eq!(
            code(client.check(&mut device, &backup)),
            ErrorCode::HeaderTampered
        );
        assert_eq!(
            code(client.begin(&mut device, &backup.restore())),
            ErrorCode::HeaderTampered
        );
        change_epoch_back(&device, &backup);
        client.check(&mut device, &backup).unwrap();
    }
}

fn change_epoch_back(device: &Device, backup: &Backup) {
    use sealer_wire::header::SignedKeyPart;
    let (signed, mut part) = SignedKeyPart::decode(&backup.key_part).unwrap();
    part.epoch.id[0] ^= 1;
    let content = sealer_wire::encode(&part).unwrap().to_vec();
    let changed = SignedKeyPart {
        content,
        mac: signed.mac,
    };
    let mut other = backup.clone();
    other.key_part = changed.encode().unwrap();
    change_epoch(device, &other);
}

/// Runs a restore with faults, on a passkey of the given kind that was used before.
fn restore_with(settings: Settings, faults: &[Fault]) -> Result<Reply, Error> {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.authenticator = Authenticator::with_settings(settings);
    client.create(&mut device).unwrap();
    let backup = client.backup(&mut device);
    for _ in 0..3 {
        client.restore(&mut device, &backup).unwrap();
    }
    let before = client.show(&mut device).unwrap();
    let result = client.run(&mut device, &backup.restore(), faults);
    if result.is_err() {
        let mut after = client.show(&mut device).unwrap();
        after.credentials[0].last_used_at = before.credentials[0].last_used_at;
        assert_eq!(after, before, "a refused ceremony changes nothing");
        assert_eq!(
            client.entries().last().unwrap().result,
            result.as_ref().err().map_or(0, |e| e.code as i32)
        );
        // And the next honest one is taken.
        assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
    }
    result
}

#[test]
fn every_fault_of_an_assertion_has_its_own_error() {
    let origin = || "https://attacker.example".to_owned();
    for (faults, expected) in [
        (vec![Fault::Type], ErrorCode::WrongType),
        (vec![Fault::Challenge], ErrorCode::ChallengeMismatch),
        (vec![Fault::Origin(origin())], ErrorCode::OriginMismatch),
        (vec![Fault::CrossOrigin], ErrorCode::CrossOrigin),
        (
            vec![Fault::CrossOrigin, Fault::TopOrigin(origin())],
            ErrorCode::CrossOrigin,
        ),
        (vec![Fault::TopOrigin(origin())], ErrorCode::CrossOrigin),
        (
            vec![Fault::AndroidPackage("com.example.attacker".into())],
            ErrorCode::PackageMismatch,
        ),
        (
            vec![Fault::ClientData(|_| b"{".to_vec())],
            ErrorCode::MalformedJson,
        ),
        (
            vec![Fault::RpId("attacker.example".into())],
            ErrorCode::RpIdMismatch,
        ),
        (vec![Fault::NoUserPresence], ErrorCode::UserNotPresent),
        (vec![Fault::NoUserVerification], ErrorCode::UserNotVerified),
        (vec![Fault::BackupFlip], ErrorCode::BackupFlagsInvalid),
        (vec![Fault::BackupStateOnly], ErrorCode::BackupFlagsInvalid),
        (
            vec![Fault::AuthenticatorData(|data| data[..36].to_vec())],
            ErrorCode::MalformedAuthData,
        ),
        (vec![Fault::UserHandle], ErrorCode::UserHandleMismatch),
        (vec![Fault::CredentialId], ErrorCode::UnknownCredential),
        (vec![Fault::Signature], ErrorCode::SignatureInvalid),
    ] {
        let result = restore_with(Settings::default(), &faults);
        assert_eq!(code(result), expected, "{faults:?}");
    }
    for faults in [
        vec![],
        vec![Fault::NoUserHandle],
        vec![Fault::NoPrf],
        vec![Fault::PrfOutput],
    ] {
        restore_with(Settings::default(), &faults).unwrap();
    }
}

#[test]
fn a_counter_that_does_not_grow() {
    let counting = || Settings {
        counter: Counter::Counting,
        backup: Synced::DeviceBound,
        ..Settings::default()
    };
    restore_with(counting(), &[]).unwrap();
    for fault in [
        Fault::CounterRepeat,
        Fault::CounterRegress,
        Fault::CounterReset,
    ] {
        let result = restore_with(counting(), std::slice::from_ref(&fault));
        assert_eq!(code(result), ErrorCode::CounterRegression, "{fault:?}");
    }
}

#[test]
fn every_fault_of_a_registration_has_its_own_error() {
    let origin = || "https://attacker.example".to_owned();
    for (faults, expected) in [
        (vec![Fault::Type], ErrorCode::WrongType),
        (vec![Fault::Challenge], ErrorCode::ChallengeMismatch),
        (vec![Fault::Origin(origin())], ErrorCode::OriginMismatch),
        (vec![Fault::CrossOrigin], ErrorCode::CrossOrigin),
        (
            vec![Fault::AndroidPackage("com.example.attacker".into())],
            ErrorCode::PackageMismatch,
        ),
        (
            vec![Fault::RpId("attacker.example".into())],
            ErrorCode::RpIdMismatch,
        ),
        (vec![Fault::NoUserPresence], ErrorCode::UserNotPresent),
        (vec![Fault::NoUserVerification], ErrorCode::UserNotVerified),
        (vec![Fault::BackupStateOnly], ErrorCode::BackupFlagsInvalid),
        (vec![Fault::CredentialId], ErrorCode::MalformedAuthData),
        (vec![Fault::Signature], ErrorCode::AttestationInvalid),
    ] {
        let mut device = Device::new();
        let mut client = Client::new(10_100);
        client.authenticator.settings_mut().attestation = Attestation::PackedSelf;
        let operation = client.create_vault();
        let (writes, result) = device.writes(|device| client.run(device, &operation, &faults));
        assert_eq!(code(result), expected, "{faults:?}");
        assert_eq!(writes, 0);
        assert_eq!(
            client.list(&mut device).unwrap(),
            <[[u8; 16]; 0]>::default()
        );
    }
}

#[test]
fn answers_of_other_passkeys() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    // Another vault's passkey for the same relying party.
    let mut other = Client::with_vault(&mut device, 10_101);
    let mut theirs = begun.clone();
    theirs.credential_ids = vec![other.authenticator.credential_ids()[0].clone().into()];
    let response = other.answer(&operation, &theirs, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::UnknownCredential);
    // A registration where an assertion is asked for, and garbage.
    for response in [&b"{}"[..], b"", b"null", b"\xff"] {
        let (begun, _) = self::begun(&mut device, &mut client, &operation);
        let found = client.finish(&mut device, &begun, &operation, response);
        assert_eq!(code(found), ErrorCode::MalformedJson);
    }
}
