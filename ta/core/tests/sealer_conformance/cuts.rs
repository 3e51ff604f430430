// SPDX-License-Identifier: Apache-2.0

//! The power goes at every storage operation of every request: afterwards the state is the old or
//! the new one, and it works.

use sealer_wire::{Error, ErrorCode, Operation, Reply, Request, VaultView};
use test_authenticator::Fault;

use crate::support::{Backup, Client, Cut, Device, Medium, ORIGIN, Random, code};

/// A vault with some history, on a medium.
pub struct World {
    pub medium: Medium,
    pub client: Client,
    pub backup: Backup,
}

impl World {
    /// `commits` decides which slot is written next.
    pub fn new(commits: usize) -> Self {
        let mut device = Device::new();
        let mut client = Client::with_vault(&mut device, 10_100);
        let backup = client.backup(&mut device);
        for _ in 2..commits {
            client.backup(&mut device);
        }
        World {
            medium: device.medium,
            client,
            backup,
        }
    }

    pub fn copy(&self) -> (Device, Client) {
        (
            Device::another_on(self.medium.copy(), 77),
            self.client.clone(),
        )
    }
}

pub type Action<'a> = &'a dyn Fn(&mut Device, &mut Client) -> Result<(), Error>;

/// Number and view of a vault, or why there is none.
pub fn state(device: &mut Device, client: &Client) -> Result<(u64, VaultView), ErrorCode> {
    let mut client = client.clone();
    client.seen = None;
    let shown = client.show(device).map_err(|error| error.code)?;
    Ok((client.seen.unwrap(), shown))
}

/// Runs an action with every cut at every operation; gives the states before and after, and calls
/// `check` on each device that was cut and started again.
pub fn cut_everywhere(
    world: &World,
    action: Action<'_>,
    check: impl Fn(&mut Device, &Client, Cut),
) {
    let (mut device, mut client) = world.copy();
    action(&mut device, &mut client).unwrap();
    let operations = device.medium.operations();
    assert!(operations >= 3, "{operations}");
    for at in 0..operations {
        for cut in Cut::ALL {
            let (mut device, mut client) = world.copy();
            device.medium.set().cut = Some((at, cut));
            let result = action(&mut device, &mut client);
            assert!(
                result.is_err(),
                "operation {at}, {cut:?}: nobody was told of the cut"
            );
            device.reboot();
            check(&mut device, &client, cut);
        }
    }
}

/// Old or new, and it works.
pub fn old_or_new(world: &World, action: Action<'_>) {
    let (mut device, mut client) = world.copy();
    let old = state(&mut device, &client).unwrap();
    action(&mut device, &mut client).unwrap();
    let new = state(&mut device, &client).unwrap();
    assert!(new.0 > old.0);
    cut_everywhere(world, action, |device, client, cut| {
        let found = state(device, client).unwrap();
        assert!(found == old || found == new, "{cut:?}: {found:?}");
        // The service asks with what it had seen and is not alarmed.
        let mut client = client.clone();
        client.show(device).unwrap();
        // The keys are still there, for reading and for writing.
        assert_eq!(
            client.restore(device, &world.backup).unwrap(),
            world.backup.dek
        );
        let next = client.backup(device);
        assert_eq!(client.restore(device, &next).unwrap(), next.dek);
    });
}

#[test]
fn creating_a_backup() {
    for commits in [2, 3] {
        old_or_new(&World::new(commits), &|device, client| {
            client.try_backup(device, b"meta").map(drop)
        });
    }
}

#[test]
fn restoring_a_backup() {
    for commits in [2, 3] {
        let world = World::new(commits);
        let backup = world.backup.clone();
        old_or_new(&world, &|device, client| {
            client.restore(device, &backup).map(drop)
        });
    }
}

#[test]
fn verifying_a_backup() {
    let world = World::new(3);
    let backup = world.backup.clone();
    old_or_new(&world, &|device, client| {
        client.run(device, &backup.full_verify(), &[]).map(drop)
    });
}

#[test]
fn setting_origins() {
    let operation = Operation::SetOrigins {
        origins: vec!["https://new.example.org".into(), ORIGIN.into()],
    };
    old_or_new(&World::new(2), &|device, client| {
        client.run(device, &operation, &[]).map(drop)
    });
}

#[test]
fn logging_a_failed_ceremony() {
    let world = World::new(2);
    let operation = world.backup.restore();
    let (mut device, mut client) = world.copy();
    let old = state(&mut device, &client).unwrap();
    let fail = |device: &mut Device, client: &mut Client| {
        client
            .run(device, &operation, &[Fault::Signature])
            .map(drop)
    };
    fail(&mut device, &mut client).unwrap_err();
    let operations = device.medium.operations();
    for at in 0..operations {
        for cut in Cut::ALL {
            let (mut device, mut client) = world.copy();
            device.medium.set().cut = Some((at, cut));
            fail(&mut device, &mut client).unwrap_err();
            device.reboot();
            let found = state(&mut device, &client).unwrap();
            assert_eq!(found.1, old.1);
            assert!(found.0 == old.0 || found.0 == old.0 + 1);
            assert_eq!(
                client.restore(&mut device, &world.backup).unwrap(),
                world.backup.dek
            );
        }
    }
}

#[test]
fn creating_a_vault() {
    let world = World::new(2);
    let create = |device: &mut Device, _: &mut Client| Client::new(10_200).create(device).map(drop);
    cut_everywhere(&world, &create, |device, _, cut| {
        let mut newcomer = Client::new(10_200);
        let ids = newcomer.list(device).unwrap();
        assert!(ids.len() <= 1);
        for id in ids {
            newcomer.vault_id = id;
            newcomer
                .show(device)
                .unwrap_or_else(|error| panic!("{cut:?}: {error}"));
            let backup = newcomer.backup(device);
            newcomer.check(device, &backup).unwrap();
        }
        Client::with_vault(device, 10_200);
    });
}

#[test]
fn deleting_a_vault() {
    for commits in [2, 3] {
        let world = World::new(commits);
        let (mut device, client) = world.copy();
        let old = state(&mut device, &client);
        let delete = |device: &mut Device, client: &mut Client| {
            client.run(device, &Operation::DeleteVault, &[]).map(drop)
        };
        cut_everywhere(&world, &delete, |device, client, cut| {
            let found = state(device, client);
            let gone = found == Err(ErrorCode::NotFound);
            assert!(gone || found == old, "{cut:?}: {found:?}");
            let mut client = client.clone();
            if gone {
                assert_eq!(
                    code(client.show(device)),
                    ErrorCode::Reset,
                    "the service is told"
                );
                assert_eq!(client.list(device).unwrap(), <[[u8; 16]; 0]>::default());
            } else {
                assert_eq!(
                    client.restore(device, &world.backup).unwrap(),
                    world.backup.dek
                );
                client.run(device, &Operation::DeleteVault, &[]).unwrap();
                assert!(device.medium.names().is_empty());
            }
        });
    }
}

#[test]
fn removing_an_apps_vaults() {
    let mut world = World::new(3);
    let mut device = Device::on(world.medium.copy());
    // With another vault id than the first: the random numbers begin anew with each device.
    device.reboot();
    let mut second = Client::with_vault(&mut device, 10_100);
    second.backup(&mut device);
    second.backup(&mut device);
    second.backup(&mut device);
    let other = Client::with_vault(&mut device, 10_101);
    world.medium = device.medium.copy();
    let before = [&world.client, &second].map(|client| state(&mut device, client).unwrap());
    let remove = |device: &mut Device, _: &mut Client| {
        let request = Request::RemoveVaults {
            user: 0,
            uid: Some(10_100),
        };
        device
            .call(request)
            .result
            .map(|reply| assert!(matches!(reply, Reply::Removed { .. })))
    };
    cut_everywhere(&world, &remove, |device, client, cut| {
        for (client, before) in [client, &second].into_iter().zip(&before) {
            let found = state(device, client);
            let gone = found == Err(ErrorCode::NotFound);
            assert!(
                gone || found.as_ref() == Ok(before),
                "{cut:?}: never an older state: {found:?}"
            );
        }
        remove(device, &mut client.clone()).unwrap();
        for client in [client, &second] {
            assert_eq!(state(device, client), Err(ErrorCode::NotFound));
        }
        state(device, &other).unwrap();
    });
}

#[test]
fn reading_never_changes_anything() {
    let world = World::new(3);
    for at in 0..8 {
        let (mut device, mut client) = world.copy();
        device.medium.set().cut = Some((at, Cut::Garbage));
        client.show(&mut device).ok();
        client.list(&mut device).ok();
        client.begin(&mut device, &world.backup.restore()).ok();
        client.check(&mut device, &world.backup).ok();
        client.verify_run(&mut device, None, &[]).ok();
        assert_eq!(device.medium.get().objects, world.medium.get().objects);
        assert_eq!(device.medium.get().writes, 0);
    }
}

/// Hundreds of requests, cut at random, against a model that knows only the last state that was
/// confirmed and the one that may have been reached since.
#[test]
fn a_long_life_with_many_cuts() {
    let world = World::new(2);
    let (mut device, mut client) = world.copy();
    let mut random = Random::new(20_261_101);
    let mut backups = vec![world.backup];
    let mut confirmed = state(&mut device, &client).unwrap().0;
    let mut cuts = 0;
    for step in 0..400 {
        let cut = Cut::ALL[random.below(Cut::ALL.len())];
        device.medium.set().cut = Some((random.below(9) as u64, cut));
        let backup = backups[random.below(backups.len())].clone();
        let result = match random.below(4) {
            0 => client
                .restore(&mut device, &backup)
                .map(|dek| assert_eq!(dek, backup.dek)),
            1 => client.check(&mut device, &backup),
            _ => client
                .try_backup(&mut device, b"")
                .map(|backup| backups.push(backup)),
        };
        if result.is_err() {
            cuts += 1;
            device.reboot();
            device.clock.advance_ms(1_000);
        }
        device.medium.revive();
        let found = state(&mut device, &client).unwrap().0;
        assert!(
            found == confirmed || found == confirmed + 1,
            "step {step}: {found}"
        );
        client.show(&mut device).unwrap();
        confirmed = found;
    }
    assert!(cuts > 50, "{cuts}");
    for backup in &backups {
        client.check(&mut device, backup).unwrap();
    }
    client.drain_log(&mut device);
    let log = client.log.clone();
    assert!(
        client.verify_log(&mut device, &log).unwrap(),
        "the log has no gap"
    );
}
