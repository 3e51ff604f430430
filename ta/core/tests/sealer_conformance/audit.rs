// SPDX-License-Identifier: Apache-2.0

//! The log: complete, unforgeable, bounded, and cheap for the medium.

use sealer_wire::header::Core;
use sealer_wire::{AuditEntry, AuditEvent, ErrorCode, Operation, SealedAuditEntry, encode, limits};
use test_authenticator::{Authenticator, Fault};

use crate::support::client::entry;
use crate::support::{Backup, Client, Device, Secret, code};

/// A vault with a log of `length` entries, all of them with the service.
fn setup(length: u64) -> (Device, Client, Backup) {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    while client.stored < length {
        client.backup(&mut device);
    }
    (device, client, backup)
}

fn change(sealed: &SealedAuditEntry, change: impl FnOnce(&mut AuditEntry)) -> SealedAuditEntry {
    let mut changed = entry(sealed);
    change(&mut changed);
    SealedAuditEntry {
        entry: encode(&changed).unwrap().to_vec(),
        mac: sealed.mac,
    }
}

#[test]
fn a_log_verifies_in_batches_up_to_its_head() {
    let (mut device, mut client, _) = setup(100);
    let log = client.log.clone();
    assert!(client.verify_log(&mut device, &log).unwrap());
    for size in [1, 7, limits::AUDIT_BATCH] {
        let mut mark = None;
        for (index, batch) in log.chunks(size).enumerate() {
            let (next, head) = client.verify_run(&mut device, mark, batch).unwrap();
            assert_eq!(head, (index + 1) * size >= log.len());
            mark = next;
        }
        assert_eq!(mark.unwrap().seq, 100);
    }
    let too_many = &log[..=limits::AUDIT_BATCH];
    assert_eq!(
        code(client.verify_run(&mut device, None, too_many)),
        ErrorCode::BadRequest
    );
    // Nothing verified is no head of a log that has entries.
    assert_eq!(
        client.verify_run(&mut device, None, &[]).unwrap(),
        (None, false)
    );
    device.reboot();
    assert!(client.verify_log(&mut device, &log).unwrap());
}

#[test]
fn a_cut_tail_shows() {
    let (mut device, mut client, _) = setup(40);
    let log = client.log.clone();
    for length in [1, 39] {
        assert!(!client.verify_log(&mut device, &log[..length]).unwrap());
    }
}

#[test]
fn any_changed_bit_shows() {
    let (mut device, mut client, backup) = setup(3);
    client.restore(&mut device, &backup).unwrap();
    let log = client.log.clone();
    for index in 0..log.len() {
        for bit in 0..8 * (log[index].entry.len() + 32) {
            let mut changed = log.clone();
            let (byte, mask) = (bit / 8, 1 << (bit % 8));
            match byte.checked_sub(32) {
                None => changed[index].mac[byte] ^= mask,
                Some(byte) => changed[index].entry[byte] ^= mask,
            }
            let found = client.verify_log(&mut device, &changed);
            assert_eq!(
                code(found),
                ErrorCode::AuditTampered,
                "entry {index}, bit {bit}"
            );
        }
    }
    // Also where the CBOR stays right.
    let changes: [fn(&mut AuditEntry); 6] = [
        |entry| entry.time += 1,
        |entry| entry.event = AuditEvent::CeremonyFailed,
        |entry| entry.result += 1,
        |entry| entry.count += 1,
        |entry| entry.backup_id = Some([0; 16]),
        |entry| entry.credential_id = Some(vec![0]),
    ];
    for alter in changes {
        let mut changed = log.clone();
        changed[1] = change(&log[1], alter);
        assert_eq!(
            code(client.verify_log(&mut device, &changed)),
            ErrorCode::AuditTampered
        );
    }
    assert!(client.verify_log(&mut device, &log).unwrap());
}

#[test]
fn removed_repeated_swapped_and_foreign_entries_show() {
    let (mut device, mut client, _) = setup(6);
    let log = client.log.clone();
    let mut other = Client::with_vault(&mut device, 10_100);
    for _ in 0..5 {
        other.backup(&mut device);
    }
    let mut logs = Vec::new();
    for index in 0..5 {
        let mut removed = log.clone();
        removed.remove(index);
        let mut repeated = log.clone();
        repeated.insert(index, log[index].clone());
        let mut swapped = log.clone();
        swapped.swap(index, index + 1);
        let mut renumbered = log.clone();
        renumbered.remove(index);
        for (later, number) in renumbered.iter_mut().zip(1..) {
            *later = change(later, |entry| entry.seq = number);
        }
        let mut foreign = log.clone();
        foreign[index] = other.log[index].clone();
        logs.extend([removed, repeated, swapped, renumbered, foreign]);
    }
    for forged in logs {
        assert_eq!(
            code(client.verify_log(&mut device, &forged)),
            ErrorCode::AuditTampered
        );
    }
    let theirs = other.log.clone();
    assert_eq!(
        code(client.verify_log(&mut device, &theirs)),
        ErrorCode::AuditTampered
    );
    assert_eq!(
        code(other.verify_log(&mut device, &log)),
        ErrorCode::AuditTampered
    );
    assert!(other.verify_log(&mut device, &theirs).unwrap());
}

#[test]
fn a_mark_cannot_be_forged() {
    let (mut device, mut client, _) = setup(6);
    let log = client.log.clone();
    let (mark, _) = client.verify_run(&mut device, None, &log[..3]).unwrap();
    let mark = mark.unwrap();
    let rest = log[3..].to_vec();
    let changes: [fn(&mut sealer_wire::AuditMark); 3] = [
        |mark| mark.seq += 1,
        |mark| mark.chain[0] ^= 1,
        |mark| mark.mac[0] ^= 1,
    ];
    for alter in changes {
        let mut forged = mark.clone();
        alter(&mut forged);
        for entries in [&rest[..], &[]] {
            let found = client.verify_run(&mut device, Some(forged.clone()), entries);
            assert_eq!(code(found), ErrorCode::AuditTampered);
        }
    }
    let mut other = Client::with_vault(&mut device, 10_100);
    let found = other.verify_run(&mut device, Some(mark.clone()), &[]);
    assert_eq!(code(found), ErrorCode::AuditTampered);
    let (_, head) = client.verify_run(&mut device, Some(mark), &rest).unwrap();
    assert!(head);
}

#[test]
fn a_log_that_is_newer_than_the_sealer_shows() {
    let (mut device, mut client, _) = setup(4);
    let earlier = device.medium.copy();
    client.backup(&mut device);
    client.backup(&mut device);
    let log = client.log.clone();
    // The storage is put back, and the service does not say what it has seen.
    let mut device = Device::on(earlier);
    client.seen = None;
    assert_eq!(
        code(client.verify_log(&mut device, &log)),
        ErrorCode::AuditTampered
    );
    // Nor when other things happened since.
    client.seen = None;
    client.stored = 4;
    device.reboot();
    for _ in 0..2 {
        client.seen = None;
        client.try_backup(&mut device, b"other").unwrap();
    }
    assert_eq!(
        code(client.verify_log(&mut device, &log)),
        ErrorCode::AuditTampered
    );
}

#[test]
fn entries_wait_until_the_service_has_them_and_then_go() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    // The service stores nothing: it gets the same entries again and again, oldest first.
    client.stored = 0;
    client.log.clear();
    client.acknowledges = false;
    for _ in 0..12 {
        client.backup(&mut device);
    }
    let show = |device: &mut Device, stored| {
        let mut vault = client.vault();
        vault.audit_stored = stored;
        let response = device.call(sealer_wire::Request::ShowVault { vault });
        let audit = response.record.unwrap().audit;
        audit
            .iter()
            .map(|sealed| entry(sealed).seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(show(&mut device, 0), [1, 2, 3, 4, 5, 6, 7, 8]);
    device.reboot();
    assert_eq!(show(&mut device, 0), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(show(&mut device, 5), [6, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(show(&mut device, 12), [13]);
    assert_eq!(show(&mut device, 13), <[u64; 0]>::default());
    // A number that there is no entry of is one of another log.
    for beyond in [14, u64::MAX] {
        assert_eq!(show(&mut device, beyond).len(), 8);
    }
    // A read does not forget for good: the service may lose what it had not synced.
    assert_eq!(show(&mut device, 0)[0], 1);
}

#[test]
fn a_service_that_does_not_store_the_log_gets_no_more_keys() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.acknowledges = false;
    client.create(&mut device).unwrap();
    let backup = client.backup(&mut device);
    let operation = backup.restore();
    let earlier = [(); 2].map(|()| client.begin(&mut device, &operation).unwrap());
    let made = (0..100)
        .take_while(|_| client.try_backup(&mut device, b"").is_ok())
        .count();
    assert_eq!(made + 2, limits::AUDIT_PENDING);
    let (writes, ()) = device.writes(|device| {
        assert_eq!(code(client.try_backup(device, b"")), ErrorCode::Quota);
        // A ceremony is refused before its user is asked for anything.
        let found = client.begin(device, &operation);
        assert_eq!(code(found), ErrorCode::Quota);
        let [first, second] = &earlier;
        let response = client.answer(&operation, first, &[]);
        let found = client.finish(device, first, &operation, &response);
        assert_eq!(code(found), ErrorCode::Quota);
        let response = client.answer(&operation, second, &[Fault::Signature]);
        let found = client.finish(device, second, &operation, &response);
        assert_eq!(code(found), ErrorCode::SignatureInvalid);
        // Deleting needs no entry.
        client.begin(device, &Operation::DeleteVault).unwrap();
    });
    assert_eq!(writes, 0);
    device.reboot();
    assert_eq!(code(client.try_backup(&mut device, b"")), ErrorCode::Quota);
    client.acknowledges = true;
    client.drain_log(&mut device);
    assert_eq!(client.restore(&mut device, &backup).unwrap(), backup.dek);
    client.drain_log(&mut device);
    let log = client.log.clone();
    assert!(client.verify_log(&mut device, &log).unwrap());
    client
        .run(&mut device, &Operation::DeleteVault, &[])
        .unwrap();
}

fn fail(device: &mut Device, client: &mut Client, operation: &Operation) -> u64 {
    let (writes, result) =
        device.writes(|device| client.run(device, operation, &[Fault::Signature]));
    assert_eq!(code(result), ErrorCode::SignatureInvalid);
    writes
}

#[test]
fn failed_ceremonies_do_not_wear_the_storage_out() {
    let (mut device, mut client, backup) = setup(2);
    let operation = backup.restore();
    let mut writes = 0;
    for _ in 0..20 {
        writes += fail(&mut device, &mut client, &operation);
    }
    assert_eq!(writes, u64::from(limits::AUDIT_FAILURES_PER_WINDOW));
    client.backup(&mut device);
    let failed: Vec<_> = client
        .entries()
        .into_iter()
        .filter(|entry| entry.event == AuditEvent::CeremonyFailed)
        .collect();
    assert_eq!(failed.len(), 9);
    assert_eq!(failed.iter().map(|entry| entry.count).sum::<u32>(), 20);
    assert!(
        failed
            .iter()
            .all(|entry| entry.result == ErrorCode::SignatureInvalid as i32)
    );
    assert_eq!(failed[8].count, 12, "one entry for all that came too fast");

    // A restart opens no new window, and neither does a clock that is put back.
    device.reboot();
    assert_eq!(fail(&mut device, &mut client, &operation), 0);
    let now = device.clock.unix();
    device.clock.set_unix(now - 1_000_000);
    assert_eq!(fail(&mut device, &mut client, &operation), 0);
    device.clock.set_unix(now + limits::WINDOW_S - 1);
    assert_eq!(fail(&mut device, &mut client, &operation), 0);
    device.clock.set_unix(now + limits::WINDOW_S);
    assert_eq!(fail(&mut device, &mut client, &operation), 1);
}

#[test]
fn a_clock_that_was_ahead_does_not_mute_the_log() {
    let (mut device, mut client, backup) = setup(2);
    let operation = backup.restore();
    let now = device.clock.unix();
    device.clock.set_unix(now + 1_000_000_000);
    for _ in 0..10 {
        fail(&mut device, &mut client, &operation);
    }
    device.clock.set_unix(now);
    assert_eq!(fail(&mut device, &mut client, &operation), 0);
    // What is counted goes with the next commit, and with it the start of the window.
    client.backup(&mut device);
    device.clock.set_unix(now + 2 * limits::WINDOW_S);
    assert_eq!(fail(&mut device, &mut client, &operation), 1);
}

#[test]
fn a_replayed_or_late_ceremony_is_in_the_log() {
    let (mut device, mut client, backup) = setup(2);
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    client
        .finish(&mut device, &begun, &operation, &response)
        .unwrap();
    for _ in 0..2 {
        let found = client.finish(&mut device, &begun, &operation, &response);
        assert_eq!(code(found), ErrorCode::ChallengeUnknown);
    }
    let late = client.begin(&mut device, &operation).unwrap();
    device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    let found = client.finish(&mut device, &late, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeExpired);
    let results: Vec<_> = client
        .entries()
        .iter()
        .skip(3)
        .map(|entry| entry.result)
        .collect();
    let unknown = ErrorCode::ChallengeUnknown as i32;
    assert_eq!(
        results,
        [unknown, unknown, ErrorCode::ChallengeExpired as i32]
    );
}

#[test]
fn tampering_at_the_end_of_a_ceremony_is_named_as_such() {
    let (mut device, mut client, backup) = setup(2);
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    let mut changed = backup;
    *changed.key_part.last_mut().unwrap() ^= 1;
    let found = client.finish(&mut device, &begun, &changed.restore(), &response);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    assert_eq!(
        client.entries().last().unwrap().event,
        AuditEvent::TamperFound
    );
}

/// One entry for each thing that was done, and one more for a rotation that came with it.
#[test]
fn every_change_has_its_entry() {
    use AuditEvent::*;
    let mut device = Device::another(1);
    let mut client = Client::with_vault(&mut device, 10_100);
    let own = client.authenticator.credential_ids()[0].clone();
    let mut tablet = Authenticator::new();
    let added = client.add_passkey(&mut device, &mut tablet).unwrap();
    client.enrol_prf(&mut device).unwrap();
    client.recovery_key(&mut device).unwrap();
    client.recovery_key(&mut device).unwrap();
    let password = Secret::Password([1; 32]);
    client.set_password(&mut device, &password).unwrap();
    client.set_password(&mut device, &password).unwrap();
    client.rotate(&mut device).unwrap();
    client.remove_passkey(&mut device, &added, false).unwrap();
    client.end_epoch(&mut device, 1).unwrap();
    let backup = client.backup(&mut device);
    client.rehearse(&mut device, &backup, None).unwrap();
    client.refresh(&mut device, &backup).unwrap();
    client.drain_log(&mut device);
    let entries = client.entries();
    let id = Core::decode(&backup.core).unwrap().backup_id;
    let expected = [
        (VaultCreated, Some(&own), None),
        (CredentialAdded, Some(&added), None),
        (PrfEnrolled, Some(&own), None),
        (RecoveryCreated, Some(&own), None),
        (RecoveryCreated, Some(&own), None),
        (Rotated, None, None),
        (PasswordSet, Some(&own), None),
        (PasswordSet, Some(&own), None),
        (Rotated, None, None),
        (Rotated, Some(&own), None),
        (CredentialRemoved, Some(&added), None),
        (Rotated, None, None),
        (EpochEnded, Some(&own), None),
        (BackupKeyReleased, None, Some(id)),
        (Rehearsed, Some(&own), Some(id)),
    ];
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.event, entry.credential_id.as_ref(), entry.backup_id))
        .collect();
    assert_eq!(found, expected);
    let log = client.log.clone();
    assert!(client.verify_log(&mut device, &log).unwrap());

    // The device that takes the vault in has a log of its own: the two cannot be mixed.
    let (mut phone, mut elsewhere) = (Device::another(2), client.elsewhere());
    elsewhere.import(&mut phone, &backup).unwrap();
    let imported = elsewhere.entries();
    assert_eq!(imported.len(), 1);
    assert_eq!(
        (imported[0].event, imported[0].backup_id),
        (VaultImported, Some(id))
    );
    let found = elsewhere.verify_log(&mut phone, &log);
    assert_eq!(code(found), ErrorCode::AuditTampered);
    let mixed = [&elsewhere.log[..], &log[1..]].concat();
    let found = elsewhere.verify_log(&mut phone, &mixed);
    assert_eq!(code(found), ErrorCode::AuditTampered);
}
