// SPDX-License-Identifier: Apache-2.0

//! Factors of a vault that is here: what enrols one, what removes one, and what does neither.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{
    AuditEvent, ErrorCode, FactorKind, Operation, PrfState, RecoveryKey, Reply, VaultView, limits,
};
use test_authenticator::{Authenticator, Counter, Fault, Prf, Settings};

use crate::support::client::{assertion, only, registration};
use crate::support::factors::parameters;
use crate::support::{Backup, Client, Device, Secret, code, contains};

fn setup() -> (Device, Client) {
    let mut device = Device::new();
    let client = Client::with_vault(&mut device, 10_100);
    (device, client)
}

fn portable(view: &VaultView) -> Vec<FactorKind> {
    let portable = view.factors.iter().filter(|factor| factor.portable);
    portable.map(|factor| factor.kind).collect()
}

/// Answers from now on with another authenticator.
fn switch(client: &mut Client, to: &Authenticator) -> Authenticator {
    std::mem::replace(&mut client.authenticator, to.clone())
}

#[test]
fn a_passkey_is_added_by_one_that_is_there() {
    let (mut device, mut client) = setup();
    let backup = client.backup(&mut device);
    let mut tablet = Authenticator::new();
    let id = client.add_passkey(&mut device, &mut tablet).unwrap();
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.credentials.len(), 2);
    assert_eq!(view.credentials[1].credential_id, id);
    assert_eq!(view.credentials[1].label, "tablet");
    assert_eq!(view.credentials[1].prf, PrfState::Enabled);
    assert_eq!((view.epoch, portable(&view).len()), (1, 0));
    switch(&mut client, &tablet);
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
    client.drain_log(&mut device);
    let entries = client.entries();
    let added = entries
        .iter()
        .find(|entry| entry.event == AuditEvent::CredentialAdded);
    assert_eq!(added.unwrap().credential_id.as_ref(), Some(&id));
}

#[test]
fn no_step_of_an_addition_can_be_left_out_or_taken_twice() {
    let (mut device, mut client) = setup();
    let operation = Operation::AddCredential {
        label: "tablet".into(),
    };
    let mut tablet = Authenticator::new();

    // A registration for the first challenge, without the assertion.
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = registration(&begun, &mut tablet, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    // An assertion by a stranger's passkey.
    let mut stranger = Client::with_vault(&mut device, 10_101);
    let mut forged = begun.clone();
    forged.credential_ids = vec![stranger.authenticator.credential_ids()[0].clone().into()];
    let response = assertion(&forged, &mut stranger.authenticator, &[]);
    let found = client.proceed(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::UnknownCredential);
    // The challenge is spent by that.
    let response = client.answer(&operation, &begun, &[]);
    let found = client.proceed(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);

    for (fault, expected) in [
        (Fault::Signature, ErrorCode::SignatureInvalid),
        (Fault::NoUserVerification, ErrorCode::UserNotVerified),
        (Fault::Challenge, ErrorCode::ChallengeMismatch),
    ] {
        let found = client.first_step(&mut device, &operation, &[fault]);
        assert_eq!(code(found), expected);
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }

    let begun = client.begin(&mut device, &operation).unwrap();
    let first = client.answer(&operation, &begun, &[]);
    let second = client
        .proceed(&mut device, &begun, &operation, &first)
        .unwrap();
    assert_ne!(
        (second.token, second.challenge),
        (begun.token, begun.challenge)
    );
    let found = client.proceed(&mut device, &begun, &operation, &first);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    // The second step is no first one, and takes no assertion and no other parameters.
    let found = client.proceed(&mut device, &second, &operation, &first);
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    let response = registration(&second, &mut tablet, &[]);
    let renamed = Operation::AddCredential {
        label: "other".into(),
    };
    let found = client.finish(&mut device, &second, &renamed, &response);
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    let mut replayed = second.clone();
    replayed.challenge = begun.challenge;
    let replayed = registration(&replayed, &mut Authenticator::new(), &[]);
    let found = client.finish(&mut device, &second, &operation, &replayed);
    assert_eq!(code(found), ErrorCode::ChallengeMismatch);
    let found = client.finish(&mut device, &second, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown, "it was spent");
    assert_eq!(client.show(&mut device).unwrap().credentials.len(), 1);
}

#[test]
fn the_ninth_passkey_is_refused_before_its_ceremony() {
    let (mut device, mut client) = setup();
    let mut last = Vec::new();
    for _ in 1..limits::CREDENTIALS {
        last = client
            .add_passkey(&mut device, &mut Authenticator::new())
            .unwrap();
    }
    let operation = Operation::AddCredential {
        label: String::new(),
    };
    let begun = client.begin(&mut device, &operation);
    assert_eq!(code(begun), ErrorCode::TooManyFactors);
    client.remove_passkey(&mut device, &last, false).unwrap();
    client.begin(&mut device, &operation).unwrap();
}

#[test]
fn a_removed_passkey_is_out_and_the_vault_is_rotated() {
    let (mut device, mut client) = setup();
    let backup = client.backup(&mut device);
    let mut tablet = Authenticator::new();
    let id = client.add_passkey(&mut device, &mut tablet).unwrap();
    let unknown = client.remove_passkey(&mut device, b"unknown", true);
    assert_eq!(code(unknown), ErrorCode::UnknownCredential);
    let view = client.remove_passkey(&mut device, &id, false).unwrap();
    assert_eq!((view.epoch, view.retired_epochs), (2, vec![1]));
    assert_eq!(view.credentials.len(), 1);

    // It still answers, if it is asked.
    let mut begun = client.begin(&mut device, &backup.restore()).unwrap();
    begun.credential_ids = vec![id.into()];
    let response = assertion(&begun, &mut tablet, &[]);
    let found = client.finish(&mut device, &begun, &backup.restore(), &response);
    assert_eq!(code(found), ErrorCode::UnknownCredential);
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}

#[test]
fn the_last_passkey_and_the_last_portable_factor_stay() {
    let (mut device, mut client) = setup();
    let first = client.authenticator.credential_ids()[0].clone();
    let only = client.remove_passkey(&mut device, &first, true);
    assert_eq!(code(only), ErrorCode::BadRequest);

    client.enrol_prf(&mut device).unwrap();
    let mut tablet = Authenticator::new();
    client.add_passkey(&mut device, &mut tablet).unwrap();
    switch(&mut client, &tablet);
    let found = client.remove_passkey(&mut device, &first, false);
    assert_eq!(code(found), ErrorCode::LastPortableFactor);
    // Where another factor is portable, none is the last.
    let mut twin = Client {
        authenticator: client.authenticator.clone(),
        ..client.clone()
    };
    let mut copy = Device::on(device.medium.copy());
    copy.reboot();
    twin.recovery_key(&mut copy).unwrap();
    twin.remove_passkey(&mut copy, &first, false).unwrap();
    let view = client.remove_passkey(&mut device, &first, true).unwrap();
    assert!(portable(&view).is_empty());
}

#[test]
fn the_prf_extension_is_enrolled_by_two_assertions() {
    let (mut device, mut client) = setup();
    let factor_id = client.enrol_prf(&mut device).unwrap();
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.credentials[0].prf, PrfState::Enrolled);
    assert_eq!(view.epoch, 1, "nothing that was made before is revoked");
    let factor = &view.factors[0];
    assert_eq!(
        (factor.factor_id, factor.kind),
        (factor_id, FactorKind::Passkey)
    );
    assert_eq!(factor.last_proved_at, Some(device.clock.unix()));
    assert_eq!(portable(&view), [FactorKind::Passkey]);
    // Never replaced implicitly.
    let again = client.begin(&mut device, &Operation::EnrolPrf);
    assert_eq!(code(again), ErrorCode::DuplicateCredential);
}

#[test]
fn an_enrolment_needs_the_same_result_twice() {
    let (mut device, mut client) = setup();
    let operation = Operation::EnrolPrf;
    let found = client.first_step(&mut device, &operation, &[Fault::NoPrf]);
    assert_eq!(code(found), ErrorCode::PrfMissing);
    for (fault, expected) in [
        (Fault::PrfOutput, ErrorCode::PrfUnconfirmed),
        (Fault::NoPrf, ErrorCode::PrfMissing),
        (Fault::Signature, ErrorCode::SignatureInvalid),
        (Fault::NoUserVerification, ErrorCode::UserNotVerified),
        (Fault::UserHandle, ErrorCode::UserHandleMismatch),
    ] {
        let begun = client.first_step(&mut device, &operation, &[]).unwrap();
        let response = client.answer(&operation, &begun, &[fault]);
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), expected);
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    // A wrong result the first time is not confirmed by the right one.
    let begun = client
        .first_step(&mut device, &operation, &[Fault::PrfOutput])
        .unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::PrfUnconfirmed);
    // One assertion is not two.
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.credentials[0].prf, PrfState::Enabled);
    assert!(portable(&view).is_empty());
}

#[test]
fn another_passkey_does_not_confirm() {
    let (mut device, mut client) = setup();
    let mut tablet = Authenticator::new();
    let id = client.add_passkey(&mut device, &mut tablet).unwrap();
    let operation = Operation::EnrolPrf;
    let begun = client.first_step(&mut device, &operation, &[]).unwrap();
    assert_eq!(begun.credential_ids.len(), 1);
    let other = only(&begun, &id);
    let response = assertion(&other, &mut tablet, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::PrfUnconfirmed);
}

#[test]
fn a_counter_must_grow_between_the_two_assertions() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.authenticator = Authenticator::with_settings(Settings {
        counter: Counter::Counting,
        ..Settings::default()
    });
    client.create(&mut device).unwrap();
    let operation = Operation::EnrolPrf;
    let begun = client.first_step(&mut device, &operation, &[]).unwrap();
    let response = client.answer(&operation, &begun, &[Fault::CounterRepeat]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::CounterRegression);
    client.enrol_prf(&mut device).unwrap();
    let view = client.show(&mut device).unwrap();
    assert!(view.credentials[0].sign_count >= 4);
}

#[test]
fn a_passkey_without_the_extension_is_not_enrolled() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.authenticator = Authenticator::with_settings(Settings {
        prf: Prf::None,
        ..Settings::default()
    });
    let view = client.create(&mut device).unwrap();
    assert_eq!(view.credentials[0].prf, PrfState::Unsupported);
    let begun = client.begin(&mut device, &Operation::EnrolPrf);
    assert_eq!(code(begun), ErrorCode::PrfMissing);
    // Beside one that has it, only that one is asked.
    let mut tablet = Authenticator::new();
    let id = client.add_passkey(&mut device, &mut tablet).unwrap();
    let begun = client.begin(&mut device, &Operation::EnrolPrf).unwrap();
    assert_eq!(begun.credential_ids, [id.into()]);
}

#[test]
fn a_prf_result_in_another_ceremony_is_not_looked_at() {
    let (mut device, mut client) = setup();
    let backup = client.backup(&mut device);
    let before = client.show(&mut device).unwrap();
    let mut outputs = Vec::new();
    for operation in [
        backup.restore(),
        backup.full_verify(),
        Operation::Rotate,
        Operation::CreateRecoveryKey,
    ] {
        let begun = client.begin(&mut device, &operation).unwrap();
        let response = client.answer(&operation, &begun, &[]);
        let json: serde_json::Value = serde_json::from_slice(&response).unwrap();
        let first = &json["clientExtensionResults"]["prf"]["results"]["first"];
        outputs.push(Base64UrlUnpadded::decode_vec(first.as_str().unwrap()).unwrap());
        client
            .finish(&mut device, &begun, &operation, &response)
            .unwrap();
    }
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.credentials[0].prf, before.credentials[0].prf);
    assert!(!view.factors[0].portable);
    for object in device.medium.get().objects.values() {
        assert!(outputs.iter().all(|output| !contains(object, output)));
    }
}

#[test]
fn a_recovery_key_is_made_once_and_replaced_by_a_rotation() {
    let (mut device, mut client) = setup();
    let Reply::RecoveryCreated {
        vault,
        factor_id,
        key,
    } = client
        .run(&mut device, &Operation::CreateRecoveryKey, &[])
        .unwrap()
    else {
        panic!("no recovery key")
    };
    assert_eq!((vault.epoch, vault.factors.len()), (1, 2));
    assert_eq!(vault.factors[1].factor_id, factor_id);
    assert_eq!(vault.factors[1].last_proved_at, None, "not typed in yet");
    let text = key.to_text();
    assert_eq!(RecoveryKey::parse(&text).unwrap().expose(), key.expose());
    for object in device.medium.get().objects.values() {
        assert!(!contains(object, &key.expose()[..14]));
    }

    let old = client.backup(&mut device);
    let (second_id, second) = client.recovery_key(&mut device).unwrap();
    let view = client.show(&mut device).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (2, &[1][..]));
    assert_eq!(view.factors.len(), 2);
    assert_ne!(second_id, factor_id);
    let first = Secret::Recovery(*key.expose());
    let new = client.backup(&mut device);
    let opens = |backup: &Backup, secret: &Secret| {
        let mut phone = Device::another(7);
        let mut elsewhere = client.elsewhere();
        elsewhere
            .import_with(&mut phone, backup, secret, &mut Authenticator::new())
            .map(drop)
    };
    opens(&old, &first).unwrap();
    opens(&new, &second).unwrap();
    assert_eq!(code(opens(&new, &first)), ErrorCode::CannotOpen);
    assert_eq!(code(opens(&old, &second)), ErrorCode::CannotOpen);
}

#[test]
fn a_password_is_set_with_its_secret_and_bounded_parameters() {
    let (mut device, mut client) = setup();
    let operation = Operation::SetPassword {
        parameters: parameters(),
    };
    let recovery = Secret::Recovery([7; 28]);
    for secret in [None, Some(recovery.wire())] {
        let found = client.run_with(&mut device, &operation, secret);
        assert_eq!(code(found), ErrorCode::BadRequest);
    }
    let bad: [fn(&mut sealer_wire::header::PasswordParameters); 6] = [
        |bad| bad.memory_kib = *limits::PASSWORD_MEMORY_KIB.start() - 1,
        |bad| bad.memory_kib = *limits::PASSWORD_MEMORY_KIB.end() + 1,
        |bad| bad.passes = 0,
        |bad| bad.passes = *limits::PASSWORD_PASSES.end() + 1,
        |bad| bad.lanes = 0,
        |bad| bad.lanes = *limits::PASSWORD_LANES.end() + 1,
    ];
    for bad in bad {
        let mut parameters = parameters();
        bad(&mut parameters);
        let begun = client.begin(&mut device, &Operation::SetPassword { parameters });
        assert_eq!(code(begun), ErrorCode::BadRequest);
    }
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let mut salted = parameters();
    salted.salt[0] ^= 1;
    let salted = Operation::SetPassword { parameters: salted };
    let secret = Secret::Password([1; 32]);
    let found = client.finish_with(&mut device, &begun, &salted, &response, Some(secret.wire()));
    assert_eq!(code(found), ErrorCode::OperationMismatch);
    assert_eq!(client.show(&mut device).unwrap().factors.len(), 1);

    client.set_password(&mut device, &secret).unwrap();
    assert_eq!(client.show(&mut device).unwrap().epoch, 1);
    client
        .set_password(&mut device, &Secret::Password([2; 32]))
        .unwrap();
    let view = client.show(&mut device).unwrap();
    assert_eq!((view.epoch, view.factors.len()), (2, 2));
}

#[test]
fn a_change_of_factors_needs_an_assertion_of_this_vault() {
    let (mut device, mut client) = setup();
    let first = client.authenticator.credential_ids()[0].clone();
    client
        .add_passkey(&mut device, &mut Authenticator::new())
        .unwrap();
    client.rotate(&mut device).unwrap();
    let before = client.show(&mut device).unwrap();
    for operation in [
        Operation::RemoveCredential {
            credential_id: first,
            allow_last_portable: true,
        },
        Operation::CreateRecoveryKey,
        Operation::SetPassword {
            parameters: parameters(),
        },
        Operation::Rotate,
        Operation::EndEpoch { epoch: 1 },
    ] {
        for (fault, expected) in [
            (Fault::Signature, ErrorCode::SignatureInvalid),
            (Fault::NoUserVerification, ErrorCode::UserNotVerified),
            (Fault::NoUserPresence, ErrorCode::UserNotPresent),
            (Fault::Challenge, ErrorCode::ChallengeMismatch),
            (
                Fault::Origin("https://attacker.example".into()),
                ErrorCode::OriginMismatch,
            ),
        ] {
            let begun = client.begin(&mut device, &operation).unwrap();
            let response = client.answer(&operation, &begun, &[fault]);
            let secret = Secret::Password([1; 32]).wire();
            let found =
                client.finish_with(&mut device, &begun, &operation, &response, Some(secret));
            assert_eq!(code(found), expected);
        }
        device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    }
    assert_eq!(client.show(&mut device).unwrap(), before);
}
