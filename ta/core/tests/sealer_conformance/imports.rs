// SPDX-License-Identifier: Apache-2.0

//! A new device, with nothing but one archive and its owner.

use sealer_wire::{AuditEvent, ErrorCode, FactorKind, Operation, SealerKind, VaultView, limits};
use test_authenticator::{Authenticator, Counter, Fault, Settings};

use crate::support::client::{assertion, only, registration};
use crate::support::{Client, Device, Secret, World, code};

/// What an import carries over, apart from the epoch.
fn carried(mut view: VaultView) -> VaultView {
    view.epoch = 0;
    view.retired_epochs.clear();
    for credential in &mut view.credentials {
        (credential.last_used_at, credential.sign_count) = (None, 0);
    }
    for factor in &mut view.factors {
        factor.last_proved_at = None;
    }
    view
}

#[test]
fn by_passkey() {
    let mut world = World::new();
    let (mut phone, mut client) = world.new_device();
    let view = client.import(&mut phone, &world.backup).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (2, &[1][..]));
    let before = world.client.show(&mut world.device).unwrap();
    assert_eq!(carried(view), carried(before));
    assert_eq!(
        client.restore(&mut phone, &world.backup).unwrap(),
        world.backup.dek
    );
}

#[test]
fn by_recovery_key_and_by_password_with_a_new_passkey() {
    let world = World::new();
    for secret in [&world.recovery, &world.password] {
        let (mut phone, mut client) = world.new_device();
        let mut new = Authenticator::new();
        let view = client
            .import_with(&mut phone, &world.backup, secret, &mut new)
            .unwrap();
        assert_eq!(view.credentials.len(), 3);
        assert_eq!(view.credentials[2].label, "new phone");
        assert_eq!(view.credentials[2].credential_id, new.credential_ids()[0]);
        client.authenticator = new;
        assert_eq!(
            client.restore(&mut phone, &world.backup).unwrap(),
            world.backup.dek
        );
        client.drain_log(&mut phone);
        let events: Vec<_> = client.entries().iter().map(|entry| entry.event).collect();
        assert_eq!(
            events[..2],
            [AuditEvent::VaultImported, AuditEvent::CredentialAdded]
        );
        let log = client.log.clone();
        assert!(client.verify_log(&mut phone, &log).unwrap());
    }
}

#[test]
fn what_the_new_device_makes_opens_with_all_the_factors_on_a_third() {
    let world = World::new();
    let (mut phone, mut client) = world.new_device();
    client.import(&mut phone, &world.backup).unwrap();
    let nightly = client.backup(&mut phone);
    let refreshed = client.refresh(&mut phone, &world.backup).unwrap();
    for backup in [&nightly, &refreshed] {
        for secret in [&world.recovery, &world.password] {
            let (mut third, mut client) = (Device::another(3), world.client.elsewhere());
            let mut new = Authenticator::new();
            client
                .import_with(&mut third, backup, secret, &mut new)
                .unwrap();
            client.authenticator = new;
            assert_eq!(client.restore(&mut third, backup).unwrap(), backup.dek);
        }
        for passkey in [&world.client.authenticator, &world.tablet] {
            let (mut third, mut client) = (Device::another(3), world.client.elsewhere());
            client.authenticator = passkey.clone();
            let view = client.import(&mut third, backup).unwrap();
            assert_eq!((view.epoch, &view.retired_epochs[..]), (3, &[1, 2][..]));
            for backup in [backup, &world.backup] {
                assert_eq!(client.restore(&mut third, backup).unwrap(), backup.dek);
            }
        }
    }
}

#[test]
fn the_old_device_reads_nothing_that_the_new_one_makes() {
    let mut world = World::new();
    let (mut phone, mut client) = world.new_device();
    client.import(&mut phone, &world.backup).unwrap();
    let new = client.backup(&mut phone);
    let found = world.client.check(&mut world.device, &new);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    let found = world.client.begin(&mut world.device, &new.restore());
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    // Its owner can bring it there: as a retired epoch.
    let view = world.client.import(&mut world.device, &new).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (3, &[1, 2][..]));
    assert_eq!(
        world.client.restore(&mut world.device, &new).unwrap(),
        new.dek
    );
}

#[test]
fn nothing_is_written_before_everything_is_verified() {
    let world = World::new();
    let passkey = world.backup.import(FactorKind::Passkey);
    let recovery = world.backup.import(FactorKind::Recovery);
    let wrong = world.recovery.wrong();
    let (right, other) = (Some(&world.recovery), Some(&world.password));
    for (operation, secret, fault, expected) in [
        (&passkey, None, Fault::NoPrf, ErrorCode::PrfMissing),
        (&passkey, None, Fault::PrfOutput, ErrorCode::CannotOpen),
        (
            &passkey,
            None,
            Fault::Signature,
            ErrorCode::SignatureInvalid,
        ),
        (
            &passkey,
            None,
            Fault::Challenge,
            ErrorCode::ChallengeMismatch,
        ),
        (
            &passkey,
            None,
            Fault::NoUserPresence,
            ErrorCode::UserNotPresent,
        ),
        // Without user verification an authenticator gives another PRF output.
        (
            &passkey,
            None,
            Fault::NoUserVerification,
            ErrorCode::CannotOpen,
        ),
        (
            &passkey,
            None,
            Fault::Origin("https://attacker.example".into()),
            ErrorCode::OriginMismatch,
        ),
        (
            &passkey,
            None,
            Fault::BackupFlip,
            ErrorCode::BackupFlagsInvalid,
        ),
        (
            &passkey,
            None,
            Fault::UserHandle,
            ErrorCode::UserHandleMismatch,
        ),
        (&passkey, right, Fault::UserHandle, ErrorCode::BadRequest),
        (&recovery, None, Fault::Challenge, ErrorCode::BadRequest),
        (&recovery, other, Fault::Challenge, ErrorCode::BadRequest),
        (
            &recovery,
            Some(&wrong),
            Fault::Challenge,
            ErrorCode::CannotOpen,
        ),
        (
            &recovery,
            right,
            Fault::Challenge,
            ErrorCode::ChallengeMismatch,
        ),
        (
            &recovery,
            right,
            Fault::NoUserVerification,
            ErrorCode::UserNotVerified,
        ),
        (&recovery, right, Fault::Type, ErrorCode::WrongType),
    ] {
        let (mut phone, mut client) = world.new_device();
        let begun = client.begin(&mut phone, operation).unwrap();
        let name = format!("{fault:?}");
        let response = if operation == &passkey {
            assertion(&begun, &mut client.authenticator, &[fault])
        } else {
            registration(&begun, &mut Authenticator::new(), &[fault])
        };
        let secret = secret.map(Secret::wire);
        let found = client.finish_with(&mut phone, &begun, operation, &response, secret);
        assert_eq!(code(found), expected, "{name}");
        let found = client.finish_with(&mut phone, &begun, operation, &response, None);
        assert_eq!(code(found), ErrorCode::ChallengeUnknown, "it was spent");
        assert_eq!(phone.medium.get().writes, 0, "{name}");
        assert_eq!(client.seen, None);
    }
}

#[test]
fn a_passkey_that_is_no_factor_does_not_open() {
    let mut world = World::new();
    let mut other = Authenticator::new();
    let id = world
        .client
        .add_passkey(&mut world.device, &mut other)
        .unwrap();
    let backup = world.client.backup(&mut world.device);
    let (mut phone, mut client) = world.new_device();
    let operation = backup.import(FactorKind::Passkey);
    let begun = client.begin(&mut phone, &operation).unwrap();
    assert_eq!(begun.credential_ids.len(), 2, "only those with an envelope");
    let asked = only(&begun, &id);
    let response = assertion(&asked, &mut other, &[]);
    let found = client.finish(&mut phone, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::UnknownCredential);
    assert_eq!(phone.medium.get().writes, 0);
}

#[test]
fn importing_twice() {
    let mut world = World::new();
    let (mut phone, mut client) = world.new_device();
    // Begun twice before the first is finished.
    let operation = world.backup.import(FactorKind::Passkey);
    let begun = client.begin(&mut phone, &operation).unwrap();
    client.import(&mut phone, &world.backup).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let found = client.finish(&mut phone, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::AlreadyImported);
    let found = client.begin(&mut phone, &operation);
    assert_eq!(code(found), ErrorCode::AlreadyImported);
    let own = client.backup(&mut phone);
    let found = client.begin(&mut phone, &own.import(FactorKind::Passkey));
    assert_eq!(code(found), ErrorCode::AlreadyImported);
    // Nor on the device that made it.
    let found = world.client.begin(&mut world.device, &operation);
    assert_eq!(code(found), ErrorCode::AlreadyImported);
    let view = client.show(&mut phone).unwrap();
    assert_eq!((view.epoch, view.retired_epochs), (2, vec![1]));
}

#[test]
fn another_apps_archive() {
    let world = World::new();
    let parts: [fn(&mut Client); 2] = [
        |other| other.owner.package.push('x'),
        |other| other.owner.signer[31] ^= 1,
    ];
    for part in parts {
        let (mut phone, mut client) = world.new_device();
        part(&mut client);
        let found = client.import(&mut phone, &world.backup);
        assert_eq!(code(found), ErrorCode::WrongApp);
        let mut new = Authenticator::new();
        let found = client.import_with(&mut phone, &world.backup, &world.recovery, &mut new);
        assert_eq!(code(found), ErrorCode::WrongApp);
        assert_eq!(phone.medium.get().writes, 0);
    }
    // The uid is the device's to give: the same app has another one there.
    let (mut phone, mut client) = world.new_device();
    (client.owner.uid, client.owner.user) = (1_010_200, 10);
    client.import(&mut phone, &world.backup).unwrap();
}

#[test]
fn a_weaker_sealer_needs_a_flag() {
    let mut world = World::new();
    world.device.kind = SealerKind::Optee;
    world.device.reboot();
    let mut client = Client::with_vault(&mut world.device, 10_200);
    client.enrol_prf(&mut world.device).unwrap();
    let backup = client.backup(&mut world.device);
    let mut phone = Device::another(5);
    let mut elsewhere = client.elsewhere();
    let found = elsewhere.import(&mut phone, &backup);
    assert_eq!(code(found), ErrorCode::WeakerSealer);
    assert_eq!(phone.medium.get().writes, 0);
    let mut operation = backup.import(FactorKind::Passkey);
    if let Operation::Import {
        allow_weaker_sealer,
        ..
    } = &mut operation
    {
        *allow_weaker_sealer = true;
    }
    elsewhere.run(&mut phone, &operation, &[]).unwrap();
    // From there to the stronger kind it takes none, and then it counts as the stronger one.
    let from_weak = elsewhere.backup(&mut phone);
    let mut strong = Device::another(6);
    strong.kind = SealerKind::Optee;
    strong.reboot();
    let mut back = client.elsewhere();
    back.import(&mut strong, &from_weak).unwrap();
    let stronger = back.backup(&mut strong);
    let found = client
        .elsewhere()
        .import(&mut Device::another(7), &stronger);
    assert_eq!(code(found), ErrorCode::WeakerSealer);
}

#[test]
fn an_older_archive_of_a_known_vault_adds_its_epoch_and_nothing_else() {
    let mut world = World::new();
    let old = world.backup.clone();
    world.client.rotate(&mut world.device).unwrap();
    world.client.recovery_key(&mut world.device).unwrap();
    let new = world.client.backup(&mut world.device);
    let (mut phone, mut client) = world.new_device();
    client.import(&mut phone, &new).unwrap();
    client.end_epoch(&mut phone, 1).unwrap();
    let ended = client.check(&mut phone, &old);
    assert_eq!(code(ended), ErrorCode::EpochEnded);
    let before = client.show(&mut phone).unwrap();

    // With a factor of then and not of now: the epoch, and no passkey.
    let mut new_passkey = Authenticator::new();
    let view = client
        .import_with(&mut phone, &old, &world.recovery, &mut new_passkey)
        .unwrap();
    assert_eq!(view.epoch, before.epoch, "never as the current one");
    assert_eq!(view.retired_epochs[0], 1);
    assert_eq!(view.credentials, before.credentials);
    assert_eq!(view.factors, before.factors);
    assert_eq!(client.restore(&mut phone, &old).unwrap(), old.dek);
    let begun = client.begin(&mut phone, &old.restore()).unwrap();
    let mut asked = begun.clone();
    asked.credential_ids = vec![new_passkey.credential_ids()[0].clone().into()];
    let response = assertion(&asked, &mut new_passkey, &[]);
    let found = client.finish(&mut phone, &begun, &old.restore(), &response);
    assert_eq!(code(found), ErrorCode::UnknownCredential);
}

#[test]
fn after_a_reset_an_import_is_the_way_back() {
    let mut world = World::new();
    let mut lost = Device::another(4);
    let found = world.client.show(&mut lost);
    assert_eq!(code(found), ErrorCode::Reset);
    let (seen, stored) = (world.client.seen.unwrap(), world.client.stored);
    assert!(seen > 2 && stored > 2);
    world.client.stored = 0;
    world.client.log.clear();
    let view = world.client.import(&mut lost, &world.backup).unwrap();
    assert_eq!(view.epoch, 2);
    assert!(world.client.seen.unwrap() > seen, "the number goes on");
    let backup = world.client.backup(&mut lost);
    assert_eq!(
        world.client.restore(&mut lost, &backup).unwrap(),
        backup.dek
    );
    assert_eq!(
        world.client.restore(&mut lost, &world.backup).unwrap(),
        world.backup.dek
    );
}

#[test]
fn after_a_rollback_an_import_keeps_what_was_ended_ended() {
    let mut world = World::new();
    world.client.rotate(&mut world.device).unwrap();
    let rolled_back = world.device.medium.copy();
    let middle = world.client.backup(&mut world.device);
    world.client.rotate(&mut world.device).unwrap();
    world.client.end_epoch(&mut world.device, 1).unwrap();
    let last = world.client.backup(&mut world.device);
    let mut device = Device::on(rolled_back);
    device.reboot();
    assert_eq!(code(world.client.show(&mut device)), ErrorCode::Rollback);
    (world.client.stored, world.client.log) = (0, Vec::new());
    let view = world.client.import(&mut device, &last).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (4, &[2, 3][..]));
    for backup in [&middle, &last] {
        assert_eq!(
            world.client.restore(&mut device, backup).unwrap(),
            backup.dek
        );
    }
    let ended = world.client.check(&mut device, &world.backup);
    assert_eq!(code(ended), ErrorCode::EpochEnded);
}

#[test]
fn a_counting_passkey_may_have_been_used_since() {
    let mut device = Device::another(1);
    let mut client = Client::new(10_100);
    client.authenticator = Authenticator::with_settings(Settings {
        counter: Counter::Counting,
        ..Settings::default()
    });
    client.create(&mut device).unwrap();
    client.enrol_prf(&mut device).unwrap();
    let backup = client.backup(&mut device);
    let at_backup = client.authenticator.clone();
    client.restore(&mut device, &backup).unwrap();
    let mut phone = Device::another(2);
    let view = client.elsewhere().import(&mut phone, &backup).unwrap();
    let here = client.show(&mut device).unwrap();
    assert!(view.credentials[0].sign_count > here.credentials[0].sign_count);
    // A clone of the passkey from before the archive was made is found out.
    let mut clone = client.elsewhere();
    clone.authenticator = at_backup;
    let operation = backup.import(FactorKind::Passkey);
    let mut third = Device::another(3);
    let begun = clone.begin(&mut third, &operation).unwrap();
    let response = clone.answer(&operation, &begun, &[Fault::CounterRepeat]);
    let found = clone.finish(&mut third, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::CounterRegression);
}

#[test]
fn the_archive_must_be_of_the_vault_that_is_named() {
    let world = World::new();
    let (mut phone, mut client) = world.new_device();
    client.vault_id[0] ^= 1;
    let operation = world.backup.import(FactorKind::Passkey);
    let found = client.begin(&mut phone, &operation);
    assert_eq!(code(found), ErrorCode::BadRequest);
    // And have a factor of the kind.
    let mut home = Device::another(9);
    let mut plain = Client::with_vault(&mut home, 10_300);
    let backup = plain.backup(&mut home);
    for with in [
        FactorKind::Passkey,
        FactorKind::Recovery,
        FactorKind::Password,
    ] {
        let found = plain
            .elsewhere()
            .begin(&mut Device::another(3), &backup.import(with));
        assert_eq!(code(found), ErrorCode::CannotOpen);
    }
}

#[test]
fn a_vault_too_many_is_not_imported() {
    let world = World::new();
    let mut phone = Device::another(2);
    for _ in 0..limits::VAULTS_PER_OWNER {
        Client::with_vault(&mut phone, 10_100);
    }
    let mut client = world.client.elsewhere();
    let found = client.begin(&mut phone, &world.backup.import(FactorKind::Passkey));
    assert_eq!(code(found), ErrorCode::Quota);
}

#[test]
fn who_has_lost_eight_passkeys_gets_in_with_the_recovery_key() {
    let mut device = Device::another(1);
    let mut client = Client::with_vault(&mut device, 10_100);
    let mut passkeys = vec![client.authenticator.clone()];
    for _ in 1..limits::CREDENTIALS {
        let mut new = Authenticator::new();
        device.clock.advance_ms(60_000);
        client.add_passkey(&mut device, &mut new).unwrap();
        passkeys.push(new);
    }
    let (_, recovery) = client.recovery_key(&mut device).unwrap();
    let backup = client.backup(&mut device);
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    let mut new = Authenticator::new();
    let view = client
        .import_with(&mut phone, &backup, &recovery, &mut new)
        .unwrap();
    let ids: Vec<_> = view
        .credentials
        .iter()
        .map(|one| &one.credential_id)
        .collect();
    assert_eq!(ids.len(), limits::CREDENTIALS);
    assert_eq!(ids[7], &new.credential_ids()[0]);
    // The first one was used last: the second is the one that has been idle longest.
    assert!(!ids.contains(&&passkeys[1].credential_ids()[0]));
    assert!(ids.contains(&&passkeys[0].credential_ids()[0]));
    client.drain_log(&mut phone);
    let gone = client
        .entries()
        .into_iter()
        .find(|entry| entry.event == AuditEvent::CredentialRemoved);
    assert_eq!(
        gone.unwrap().credential_id.as_ref(),
        Some(&passkeys[1].credential_ids()[0])
    );
}
