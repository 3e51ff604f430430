// SPDX-License-Identifier: Apache-2.0

//! The power goes at every storage operation of what changes factors and epochs, and of an import.

use sealer_wire::{Error, ErrorCode, FactorKind, Operation};
use test_authenticator::Authenticator;

use crate::cuts::{Action, World, cut_everywhere, old_or_new, state};
use crate::support::{Backup, Client, Cut, Device, Secret, code};

fn enrolled(commits: usize) -> World {
    let mut world = World::new(commits);
    let mut device = Device::on(world.medium.clone());
    device.reboot();
    world.client.enrol_prf(&mut device).unwrap();
    world
}

#[test]
fn changing_a_factor() {
    let actions: [(&str, Action<'_>); 4] = [
        ("prf", &|device, client| client.enrol_prf(device).map(drop)),
        ("recovery key", &|device, client| {
            client.recovery_key(device).map(drop)
        }),
        ("password", &|device, client| {
            let secret = Secret::Password([1; 32]);
            client.set_password(device, &secret).map(drop)
        }),
        ("rotation", &|device, client| {
            client.rotate(device).map(drop)
        }),
    ];
    for (_, action) in actions {
        for commits in [2, 3] {
            old_or_new(&World::new(commits), action);
        }
    }
}

#[test]
fn rotating_with_a_new_prf_input() {
    for commits in [2, 3] {
        let world = enrolled(commits);
        old_or_new(&world, &|device, client| client.rotate(device).map(drop));
        // Whichever it is: the passkey opens on a new device what is made then.
        let rotate: Action<'_> = &|device, client| client.rotate(device).map(drop);
        cut_everywhere(&world, rotate, |device, client, cut| {
            let mut client = client.clone();
            for backup in [
                client.backup(device),
                client.refresh(device, &world.backup).unwrap(),
            ] {
                let mut phone = Device::another(8);
                let mut elsewhere = client.elsewhere();
                elsewhere
                    .import(&mut phone, &backup)
                    .unwrap_or_else(|error| panic!("{cut:?}: {error}"));
            }
        });
    }
}

#[test]
fn ending_an_epoch() {
    for commits in [2, 3] {
        let mut world = World::new(commits);
        let mut device = Device::on(world.medium.clone());
        device.reboot();
        world.client.rotate(&mut device).unwrap();
        let end: Action<'_> = &|device, client| client.end_epoch(device, 1).map(drop);
        cut_everywhere(&world, end, |device, client, cut| {
            let (_, view) = state(device, client).unwrap();
            let mut client = client.clone();
            let old = client.check(device, &world.backup);
            match view.retired_epochs[..] {
                [1] => old.unwrap(),
                [] => assert_eq!(code(old), ErrorCode::EpochEnded),
                ref other => panic!("{cut:?}: {other:?}"),
            }
            let next = client.backup(device);
            assert_eq!(client.restore(device, &next).unwrap(), next.dek);
        });
    }
}

/// An archive of a vault that a new device takes in, or that has come back to the old one.
fn import_everywhere(world: &World, backup: &Backup, leftover: bool) {
    let import: Action<'_> = &|device, client| client.import(device, backup).map(drop);
    let (mut device, mut client) = world.copy();
    import(&mut device, &mut client).unwrap();
    let new = state(&mut device, &client).unwrap().1;
    cut_everywhere(world, import, |device, client, cut| {
        let mut client = client.clone();
        match client.show(device) {
            Ok(view) => assert_eq!(view, new, "{cut:?}"),
            Err(error) => {
                let before = if leftover {
                    matches!(error.code, ErrorCode::Rollback | ErrorCode::Corrupt)
                } else {
                    error.code == ErrorCode::NotFound
                };
                assert!(before, "{cut:?}: {error}");
                let view = client.import(device, backup).unwrap();
                assert_eq!(view.retired_epochs, new.retired_epochs, "{cut:?}");
            }
        }
        assert_eq!(client.restore(device, backup).unwrap(), backup.dek);
        let next = client.backup(device);
        assert_eq!(client.restore(device, &next).unwrap(), next.dek);
    });
}

#[test]
fn importing() {
    let mut world = enrolled(2);
    let mut device = Device::on(world.medium.clone());
    device.reboot();
    device.reboot();
    let backup = world.client.backup(&mut device);
    let mut new = Device::another(9);
    Client::with_vault(&mut new, 10_100);
    let elsewhere = World {
        medium: new.medium,
        client: world.client.elsewhere(),
        backup: backup.clone(),
    };
    import_everywhere(&elsewhere, &backup, false);
}

#[test]
fn importing_after_a_rollback() {
    for commits in [2, 3] {
        let mut world = enrolled(commits);
        let mut device = Device::on(world.medium.clone());
        device.reboot();
        device.reboot();
        world.client.rotate(&mut device).unwrap();
        let old = device.medium.copy();
        let backup = world.client.backup(&mut device);
        world.client.backup(&mut device);
        let rolled_back = World {
            medium: old,
            client: Client {
                stored: 0,
                log: Vec::new(),
                ..world.client
            },
            backup: backup.clone(),
        };
        import_everywhere(&rolled_back, &backup, true);
    }
}

#[test]
fn importing_by_a_secret_with_a_new_passkey() {
    let mut world = enrolled(2);
    let mut device = Device::on(world.medium.clone());
    device.reboot();
    device.reboot();
    let (_, recovery) = world.client.recovery_key(&mut device).unwrap();
    let backup = world.client.backup(&mut device);
    let elsewhere = World {
        medium: Device::another(9).medium,
        client: world.client.elsewhere(),
        backup: backup.clone(),
    };
    let import = |device: &mut Device, client: &mut Client| -> Result<(), Error> {
        let mut new = Authenticator::new();
        client.import_with(device, &backup, &recovery, &mut new)?;
        client.authenticator = new;
        Ok(())
    };
    cut_everywhere(&elsewhere, &import, |device, client, cut| {
        let mut client = client.clone();
        match client.show(device) {
            // The passkey that was registered is in; its owner has it.
            Ok(view) => {
                assert_eq!(cut, Cut::After);
                assert_eq!(view.credentials.len(), 2);
            }
            Err(error) => {
                assert_eq!(error.code, ErrorCode::NotFound, "{cut:?}");
                import(device, &mut client).unwrap();
                assert_eq!(client.restore(device, &backup).unwrap(), backup.dek);
            }
        }
    });
}

#[test]
fn a_refusal_at_any_point_of_an_import_leaves_nothing() {
    let mut world = enrolled(2);
    let mut device = Device::on(world.medium.clone());
    device.reboot();
    let backup = world.client.backup(&mut device);
    for error in [
        sealer_core::StoreError::NoSpace,
        sealer_core::StoreError::Io,
    ] {
        let mut phone = Device::another(9);
        let mut client = world.client.elsewhere();
        let operation: Operation = backup.import(FactorKind::Passkey);
        phone.medium.set().write_error = Some(error);
        assert!(client.run(&mut phone, &operation, &[]).is_err());
        assert!(phone.medium.names().is_empty());
        phone.medium.set().write_error = None;
        client.run(&mut phone, &operation, &[]).unwrap();
    }
}
