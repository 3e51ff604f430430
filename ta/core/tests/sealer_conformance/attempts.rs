// SPDX-License-Identifier: Apache-2.0

//! Wrong passwords are counted on the device, before they are tried, and across restarts.

use sealer_wire::{AuditEvent, ErrorCode, FactorKind, limits};
use test_authenticator::Authenticator;

use crate::support::client::registration;
use crate::support::{Backup, Client, Cut, Device, Secret, code};

fn setup() -> (Device, Client, Backup, Secret) {
    let mut device = Device::another(1);
    let mut client = Client::with_vault(&mut device, 10_100);
    let password = Secret::Password([3; 32]);
    client.set_password(&mut device, &password).unwrap();
    let backup = client.backup(&mut device);
    (device, client, backup, password)
}

fn guess(device: &mut Device, client: &mut Client, backup: &Backup, secret: &Secret) -> ErrorCode {
    let new = &mut Authenticator::new();
    match client.import_with(device, backup, secret, new) {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.code,
    }
}

#[test]
fn the_fifth_wrong_password_locks_and_each_further_one_doubles_it() {
    let (_, client, backup, password) = setup();
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    let wrong = password.wrong();
    for _ in 0..limits::PASSWORD_ATTEMPTS {
        let found = guess(&mut phone, &mut client, &backup, &wrong);
        assert_eq!(found, ErrorCode::CannotOpen);
    }
    let mut lockout = limits::LOCKOUT_MS;
    for _ in 0..4 {
        // The right one does not get in either: it is not tried.
        let error = client
            .begin(&mut phone, &backup.import(FactorKind::Password))
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::LockedOut);
        assert_eq!(error.retry_after_ms, Some(lockout));
        phone.clock.advance_ms(lockout - 1);
        let found = guess(&mut phone, &mut client, &backup, &password);
        assert_eq!(found, ErrorCode::LockedOut);
        phone.clock.advance_ms(1);
        let found = guess(&mut phone, &mut client, &backup, &wrong);
        assert_eq!(found, ErrorCode::CannotOpen);
        lockout *= 2;
    }
    phone.clock.advance_ms(lockout);
    client
        .import_with(&mut phone, &backup, &password, &mut Authenticator::new())
        .unwrap();
    // The right one clears the count.
    for _ in 0..limits::PASSWORD_ATTEMPTS {
        let found = client.rehearse(&mut phone, &backup, Some(&wrong));
        assert_eq!(code(found), ErrorCode::CannotOpen);
    }
    let found = client.rehearse(&mut phone, &backup, Some(&password));
    assert_eq!(code(found), ErrorCode::LockedOut);
}

#[test]
fn a_lock_out_is_in_the_log() {
    let (mut device, mut client, backup, password) = setup();
    let locked_out = |device: &mut Device, client: &mut Client| {
        client.drain_log(device);
        let entries = client.entries().into_iter();
        entries
            .filter(|entry| entry.event == AuditEvent::LockedOut)
            .count()
    };
    for number in 0..limits::PASSWORD_ATTEMPTS {
        assert_eq!(locked_out(&mut device, &mut client), 0, "{number}");
        let found = client.rehearse(&mut device, &backup, Some(&password.wrong()));
        assert_eq!(code(found), ErrorCode::CannotOpen);
    }
    assert_eq!(locked_out(&mut device, &mut client), 1);

    // On a device that has no log yet it is in the one that begins with the import.
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    for _ in 0..limits::PASSWORD_ATTEMPTS {
        guess(&mut phone, &mut client, &backup, &password.wrong());
    }
    phone.clock.advance_ms(limits::LOCKOUT_MS);
    let new = &mut Authenticator::new();
    client
        .import_with(&mut phone, &backup, &password, new)
        .unwrap();
    assert_eq!(locked_out(&mut phone, &mut client), 1);
}

#[test]
fn a_restart_begins_the_lock_out_anew() {
    let (_, client, backup, password) = setup();
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    for number in 0..limits::PASSWORD_ATTEMPTS {
        guess(&mut phone, &mut client, &backup, &password.wrong());
        if number % 2 == 0 {
            phone.reboot();
        }
    }
    phone.clock.advance_ms(limits::LOCKOUT_MS - 5);
    phone.reboot();
    let operation = backup.import(FactorKind::Password);
    let error = client.begin(&mut phone, &operation).unwrap_err();
    assert_eq!(error.retry_after_ms, Some(limits::LOCKOUT_MS));
    phone.clock.advance_ms(limits::LOCKOUT_MS);
    client.begin(&mut phone, &operation).unwrap();
}

#[test]
fn ceremonies_that_were_begun_before_count_as_well() {
    let (_, client, backup, password) = setup();
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    let operation = backup.import(FactorKind::Password);
    let begun: Vec<_> = (0..limits::CHALLENGES_PER_OWNER)
        .map(|_| client.begin(&mut phone, &operation).unwrap())
        .collect();
    let found: Vec<_> = begun
        .iter()
        .map(|begun| {
            let response = registration(begun, &mut Authenticator::new(), &[]);
            let secret = Some(password.wrong().wire());
            code(client.finish_with(&mut phone, begun, &operation, &response, secret))
        })
        .collect();
    let (tried, locked) = found.split_at(5);
    assert!(tried.iter().all(|code| *code == ErrorCode::CannotOpen));
    assert!(locked.iter().all(|code| *code == ErrorCode::LockedOut));
}

#[test]
fn another_owner_and_another_factor_are_not_locked() {
    let (_, client, backup, password) = setup();
    let mut phone = Device::another(2);
    let mut locked = client.elsewhere();
    for _ in 0..limits::PASSWORD_ATTEMPTS {
        guess(&mut phone, &mut locked, &backup, &password.wrong());
    }
    let operation = backup.import(FactorKind::Password);
    assert_eq!(
        code(locked.begin(&mut phone, &operation)),
        ErrorCode::LockedOut
    );
    let mut other = client.elsewhere();
    other.owner.uid += 1;
    let new = &mut Authenticator::new();
    other
        .import_with(&mut phone, &backup, &password, new)
        .unwrap();
}

#[test]
fn a_cut_never_gives_an_attempt_back() {
    let (_, client, backup, password) = setup();
    let operation = backup.import(FactorKind::Password);
    // As many operations as a guess has, and each way to cut one.
    let operations = {
        let (mut phone, mut client) = (Device::another(2), client.elsewhere());
        guess(&mut phone, &mut client, &backup, &password.wrong());
        phone.medium.operations()
    };
    for before in [0, 1, 2, 3] {
        for at in 0..operations + 2 {
            for cut in Cut::ALL {
                let (mut phone, mut client) = (Device::another(2), client.elsewhere());
                let mut count = 0;
                for _ in 0..before {
                    guess(&mut phone, &mut client, &backup, &password.wrong());
                    count += 1;
                }
                phone.medium.set().cut = Some((at, cut));
                let was_tried = guess(&mut phone, &mut client, &backup, &password.wrong())
                    == ErrorCode::CannotOpen;
                count += u32::from(was_tried);
                phone.reboot();
                let mut left = 0;
                while client.begin(&mut phone, &operation).is_ok() {
                    phone.clock.advance_ms(limits::CHALLENGE_TTL_MS);
                    let found = guess(&mut phone, &mut client, &backup, &password.wrong());
                    assert_eq!(found, ErrorCode::CannotOpen);
                    left += 1;
                }
                assert!(
                    left + count <= limits::PASSWORD_ATTEMPTS,
                    "{before} {at} {cut:?}: {left} more"
                );
                assert!(
                    left + count + 1 >= limits::PASSWORD_ATTEMPTS,
                    "{before} {at} {cut:?}: {left} more"
                );
            }
        }
    }
}

#[test]
fn the_count_goes_with_the_app() {
    let (_, client, backup, password) = setup();
    let (mut phone, mut client) = (Device::another(2), client.elsewhere());
    guess(&mut phone, &mut client, &backup, &password.wrong());
    assert_eq!(phone.medium.names().len(), 1);
    phone
        .call(sealer_wire::Request::RemoveVaults { user: 0, uid: None })
        .result
        .unwrap();
    assert!(phone.medium.names().is_empty());
}
