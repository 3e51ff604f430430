// SPDX-License-Identifier: Apache-2.0

//! What a sealer says when its storage is not what the service has last seen.

use std::collections::BTreeMap;

use sealer_core::StoreError;
use sealer_wire::ErrorCode;

use crate::support::{Client, Device, Medium, code};

type Objects = BTreeMap<String, Vec<u8>>;

/// A vault whose record was committed `commits` times, and the objects after each commit.
fn history(commits: usize) -> (Client, Vec<Objects>) {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.create(&mut device).unwrap();
    let mut all = vec![Objects::new(), device.medium.get().objects.clone()];
    while all.len() <= commits {
        client.backup(&mut device);
        all.push(device.medium.get().objects.clone());
    }
    (client, all)
}

/// The sequence number that a sealer on these objects shows, or its refusal.
fn show(client: &Client, seen: Option<u64>, objects: &Objects) -> Result<u64, ErrorCode> {
    let medium = Medium::default();
    medium.set().objects = objects.clone();
    show_on(client, seen, medium)
}

fn show_on(client: &Client, seen: Option<u64>, medium: Medium) -> Result<u64, ErrorCode> {
    let mut client = client.clone();
    client.seen = seen;
    let shown = client.show(&mut Device::on(medium));
    shown
        .map(|_| client.seen.unwrap())
        .map_err(|error| error.code)
}

/// The name of the slot that holds an even or odd sequence number.
fn slot(objects: &Objects, seq: u64) -> String {
    let last = format!("{}", seq & 1);
    objects
        .keys()
        .find(|name| name.ends_with(&last))
        .unwrap()
        .clone()
}

fn damaged(objects: &Objects, seq: u64) -> Objects {
    let mut objects = objects.clone();
    *objects
        .get_mut(&slot(&objects, seq))
        .unwrap()
        .last_mut()
        .unwrap() ^= 1;
    objects
}

fn without(objects: &Objects, seq: u64) -> Objects {
    let mut objects = objects.clone();
    objects.remove(&slot(&objects, seq));
    objects
}

#[test]
fn a_whole_record() {
    let (client, all) = history(5);
    for seq in 1..=5 {
        let objects = &all[seq as usize];
        assert_eq!(show(&client, None, objects), Ok(seq));
        // The service may have missed the last answer.
        assert_eq!(show(&client, Some(seq - 1), objects), Ok(seq));
        assert_eq!(show(&client, Some(seq), objects), Ok(seq));
    }
}

#[test]
fn a_lost_record_is_reset() {
    let (client, all) = history(2);
    assert_eq!(show(&client, None, &all[0]), Err(ErrorCode::NotFound));
    for seen in [0, 1, 2, u64::MAX] {
        assert_eq!(show(&client, Some(seen), &all[0]), Err(ErrorCode::Reset));
    }
}

#[test]
fn an_older_record_is_a_rollback() {
    let (client, all) = history(6);
    for seen in 2..=6 {
        for seq in 1..seen {
            let found = show(&client, Some(seen), &all[seq as usize]);
            assert_eq!(found, Err(ErrorCode::Rollback), "{seq} of {seen}");
        }
    }
}

#[test]
fn a_damaged_or_missing_newest_slot_is_corrupt() {
    let (client, all) = history(5);
    for seq in 3..=5 {
        let objects = &all[seq as usize];
        for broken in [damaged(objects, seq), without(objects, seq)] {
            assert_eq!(show(&client, Some(seq), &broken), Err(ErrorCode::Corrupt));
            // Who has not seen the newest state gets the one before.
            assert_eq!(show(&client, Some(seq - 1), &broken), Ok(seq - 1));
            assert_eq!(show(&client, None, &broken), Ok(seq - 1));
        }
    }
    // With the first record alone, loss of the second cannot be told from a rollback.
    let second_lost = without(&all[2], 2);
    assert_eq!(
        show(&client, Some(2), &second_lost),
        Err(ErrorCode::Rollback)
    );
    assert_eq!(
        show(&client, Some(2), &damaged(&all[2], 2)),
        Err(ErrorCode::Corrupt)
    );
}

#[test]
fn a_damaged_or_missing_older_slot_is_no_loss() {
    let (client, all) = history(4);
    for seq in 2..=4 {
        let objects = &all[seq as usize];
        for broken in [damaged(objects, seq - 1), without(objects, seq - 1)] {
            assert_eq!(show(&client, Some(seq), &broken), Ok(seq));
        }
    }
}

#[test]
fn both_slots_damaged_is_corrupt() {
    let (client, all) = history(3);
    for seen in [None, Some(1), Some(3)] {
        let both = damaged(&damaged(&all[3], 3), 2);
        assert_eq!(show(&client, seen, &both), Err(ErrorCode::Corrupt));
        let one = damaged(&without(&all[3], 3), 2);
        assert_eq!(show(&client, seen, &one), Err(ErrorCode::Corrupt));
    }
}

#[test]
fn a_torn_first_write_is_no_vault_unless_it_was_seen() {
    let (client, all) = history(1);
    let torn = damaged(&all[1], 1);
    assert_eq!(show(&client, None, &torn), Err(ErrorCode::NotFound));
    assert_eq!(show(&client, Some(1), &torn), Err(ErrorCode::Corrupt));
    let medium = Medium::default();
    medium.set().objects = torn;
    let mut device = Device::on(medium);
    assert_eq!(
        client.clone().list(&mut device).unwrap(),
        <[[u8; 16]; 0]>::default()
    );
}

#[test]
fn every_single_bit_of_a_slot_counts() {
    let (client, all) = history(2);
    let name = slot(&all[2], 2);
    for bit in 0..8 * all[2][&name].len() {
        let mut objects = all[2].clone();
        objects.get_mut(&name).unwrap()[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            show(&client, Some(2), &objects),
            Err(ErrorCode::Corrupt),
            "bit {bit}"
        );
    }
}

#[test]
fn slots_that_changed_places_are_damage() {
    let (client, all) = history(3);
    let names = [slot(&all[3], 0), slot(&all[3], 1)];
    let mut swapped = all[3].clone();
    swapped.insert(names[0].clone(), all[3][&names[1]].clone());
    swapped.insert(names[1].clone(), all[3][&names[0]].clone());
    assert_eq!(show(&client, Some(3), &swapped), Err(ErrorCode::Corrupt));
    // The newest record in both places: the wrong one must not make the next commit overwrite it.
    let mut twice = all[3].clone();
    twice.insert(names[0].clone(), all[3][&names[1]].clone());
    assert_eq!(show(&client, Some(3), &twice), Ok(3));
    let mut only_moved = twice;
    only_moved.remove(&names[1]);
    assert_eq!(show(&client, Some(3), &only_moved), Err(ErrorCode::Corrupt));
}

#[test]
fn the_record_of_another_vault_is_damage_and_of_another_owner_unknown() {
    let mut device = Device::new();
    let first = Client::with_vault(&mut device, 10_100);
    Client::with_vault(&mut device, 10_100);
    let names = device.medium.names();
    let objects = device.medium.get().objects.clone();
    let mut swapped = objects.clone();
    swapped.insert(names[0].clone(), objects[&names[1]].clone());
    swapped.insert(names[1].clone(), objects[&names[0]].clone());
    assert_eq!(show(&first, Some(1), &swapped), Err(ErrorCode::Corrupt));

    // A record under the name of another owner, as if their tags were equal.
    let mut thief = Client::with_vault(&mut device, 10_101);
    let stolen = slot_of(&objects, &first);
    let own = slot_of(&device.medium.get().objects.clone(), &thief);
    let name = format!("{}{}", &own[..24], &stolen[24..]);
    let mut moved = objects.clone();
    moved.insert(name, objects[&stolen].clone());
    thief.vault_id = first.vault_id;
    assert_eq!(show(&thief, None, &moved), Err(ErrorCode::NotFound));
}

fn slot_of(objects: &Objects, client: &Client) -> String {
    let id = client.vault_id.map(|byte| format!("{byte:02x}")).concat();
    objects
        .keys()
        .find(|name| name.contains(&id))
        .unwrap()
        .clone()
}

#[test]
fn errors_of_the_medium() {
    let (client, all) = history(3);
    let medium = |change: &dyn Fn(&Medium)| {
        let medium = Medium::default();
        medium.set().objects = all[3].clone();
        change(&medium);
        medium
    };
    let newest = || medium(&|m| m.set().corrupt = vec![slot(&all[3], 3)]);
    assert_eq!(show_on(&client, Some(3), newest()), Err(ErrorCode::Corrupt));
    assert_eq!(show_on(&client, Some(2), newest()), Ok(2));
    let both = medium(&|m| m.set().corrupt = m.names());
    assert_eq!(show_on(&client, Some(3), both), Err(ErrorCode::Corrupt));
    let failing = medium(&|m| m.set().read_error = Some(StoreError::Io));
    assert_eq!(show_on(&client, Some(3), failing), Err(ErrorCode::Io));
}

#[test]
fn nothing_is_released_when_the_commit_fails() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    let before = client.show(&mut device).unwrap();
    for (error, expected) in [
        (StoreError::NoSpace, ErrorCode::NoSpace),
        (StoreError::Io, ErrorCode::Io),
        (StoreError::Corrupt, ErrorCode::Corrupt),
    ] {
        device.medium.set().write_error = Some(error);
        assert_eq!(code(client.restore(&mut device, &backup)), expected);
        let found = client.run(&mut device, &backup.full_verify(), &[]);
        assert_eq!(code(found), expected);
        assert_eq!(code(client.try_backup(&mut device, b"")), expected);
        let mut other = Client::new(10_101);
        assert_eq!(code(other.create(&mut device)), expected);
        assert_eq!(other.list(&mut device).unwrap(), <[[u8; 16]; 0]>::default());
        device.medium.set().write_error = None;
        assert_eq!(client.show(&mut device).unwrap(), before);
    }
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
}

#[test]
fn a_refused_ceremony_is_refused_for_its_reason_though_it_cannot_be_logged() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    device.medium.set().write_error = Some(StoreError::NoSpace);
    let found = client.run(
        &mut device,
        &backup.restore(),
        &[test_authenticator::Fault::Signature],
    );
    assert_eq!(code(found), ErrorCode::SignatureInvalid);
    device.medium.set().write_error = None;
    client.backup(&mut device);
    let last = client.entries().pop().unwrap();
    assert_eq!(
        last.result,
        ErrorCode::SignatureInvalid as i32,
        "it is logged later"
    );
}
