// SPDX-License-Identifier: Apache-2.0

//! Rotation, ended epochs, archives that are made anew, rehearsal; and who can read what then.

use sealer_wire::header::{KeyPart, SignedKeyPart};
use sealer_wire::{AuditEvent, ErrorCode, FactorKind, Operation, encode, limits};
use test_authenticator::{Authenticator, Fault};

use crate::support::client::{assertion, only};
use crate::support::{Backup, Client, Device, Secret, code};

fn setup() -> (Device, Client, Backup) {
    let mut device = Device::another(1);
    let mut client = Client::with_vault(&mut device, 10_100);
    client.enrol_prf(&mut device).unwrap();
    let backup = client.backup(&mut device);
    (device, client, backup)
}

fn part(backup: &Backup) -> KeyPart {
    SignedKeyPart::decode(&backup.key_part).unwrap().1
}

#[test]
fn a_rotation_retires_the_epoch_and_changes_the_prf_input() {
    let (mut device, mut client, old) = setup();
    let view = client.rotate(&mut device).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (2, &[1][..]));
    let new = client.backup(&mut device);
    assert_eq!(part(&new).epoch.parent, part(&old).epoch.id);
    assert_ne!(part(&new).prf_input, part(&old).prf_input);
    for backup in [&old, &new] {
        assert_eq!(client.restore(&mut device, backup).unwrap(), backup.dek);
        client.check(&mut device, backup).unwrap();
        // Both open on a new device: each with its own input.
        let mut elsewhere = client.elsewhere();
        elsewhere.import(&mut Device::another(2), backup).unwrap();
    }
    client.drain_log(&mut device);
    let rotated = client
        .entries()
        .iter()
        .filter(|entry| entry.event == AuditEvent::Rotated)
        .count();
    assert_eq!(rotated, 1);
}

#[test]
fn who_does_not_answer_a_rotation_keeps_the_input_of_before() {
    let (mut device, mut client, _) = setup();
    let mut tablet = Authenticator::new();
    client.add_passkey(&mut device, &mut tablet).unwrap();
    let phone = std::mem::replace(&mut client.authenticator, tablet.clone());
    client.enrol_prf(&mut device).unwrap();
    // The tablet answers twice, then the phone, which was not there.
    client.rotate(&mut device).unwrap();
    client.rotate(&mut device).unwrap();
    let middle = client.backup(&mut device);
    let own: Vec<_> = part(&middle)
        .envelopes
        .iter()
        .map(|envelope| envelope.prf_input.is_some())
        .collect();
    assert_eq!(own, [true, false]);
    client.authenticator = phone.clone();
    client.rotate(&mut device).unwrap();
    let last = client.backup(&mut device);
    for backup in [&middle, &last] {
        for passkey in [&phone, &tablet] {
            let mut elsewhere = client.elsewhere();
            elsewhere.authenticator = passkey.clone();
            let mut new = Device::another(2);
            elsewhere.import(&mut new, backup).unwrap();
            assert_eq!(elsewhere.restore(&mut new, backup).unwrap(), backup.dek);
        }
    }
}

#[test]
fn a_rotation_needs_the_prf_results_that_were_enrolled() {
    let (mut device, mut client, backup) = setup();
    let before = client.show(&mut device).unwrap();
    for (fault, expected) in [
        (Fault::NoPrf, ErrorCode::PrfMissing),
        (Fault::PrfOutput, ErrorCode::PrfUnconfirmed),
        (Fault::Signature, ErrorCode::SignatureInvalid),
    ] {
        let found = client.run(&mut device, &Operation::Rotate, &[fault]);
        assert_eq!(code(found), expected);
    }
    // Without a result for the new input.
    let begun = client.begin(&mut device, &Operation::Rotate).unwrap();
    let mut asked = begun.clone();
    asked.prf.as_mut().unwrap().second = None;
    let response = client.answer(&Operation::Rotate, &asked, &[]);
    let found = client.finish(&mut device, &begun, &Operation::Rotate, &response);
    assert_eq!(code(found), ErrorCode::PrfMissing);
    let after = client.show(&mut device).unwrap();
    assert_eq!((after.epoch, after.factors), (1, before.factors));
    client
        .elsewhere()
        .import(&mut Device::another(2), &backup)
        .unwrap();
}

#[test]
fn an_ended_epoch_opens_nothing_any_more() {
    let (mut device, mut client, old) = setup();
    client.rotate(&mut device).unwrap();
    let kept = client.refresh(&mut device, &old).unwrap();
    for epoch in [0, 2, 3] {
        let begun = client.begin(&mut device, &Operation::EndEpoch { epoch });
        assert_eq!(code(begun), ErrorCode::NotFound);
    }
    // Two ceremonies for the same epoch: the second comes too late.
    let operation = Operation::EndEpoch { epoch: 1 };
    let begun = client.begin(&mut device, &operation).unwrap();
    let view = client.end_epoch(&mut device, 1).unwrap();
    assert_eq!((view.epoch, view.retired_epochs.len()), (2, 0));
    let response = client.answer(&operation, &begun, &[]);
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::EpochEnded);

    assert_eq!(code(client.check(&mut device, &old)), ErrorCode::EpochEnded);
    assert_eq!(
        code(client.refresh(&mut device, &old)),
        ErrorCode::EpochEnded
    );
    for operation in [old.restore(), old.full_verify()] {
        let begun = client.begin(&mut device, &operation);
        assert_eq!(code(begun), ErrorCode::EpochEnded);
    }
    assert_eq!(client.restore(&mut device, &kept).unwrap(), old.dek);
}

#[test]
fn the_key_of_an_ended_epoch_is_on_no_medium() {
    let (mut device, mut client, _) = setup();
    let root = crate::secrets::keys(&device).0;
    client.rotate(&mut device).unwrap();
    let has = |device: &Device| {
        let state = device.medium.get();
        let objects = state.objects.values();
        objects
            .filter(|object| crate::support::contains(object, &root))
            .count()
    };
    assert_eq!(has(&device), 2);
    client.end_epoch(&mut device, 1).unwrap();
    assert_eq!(has(&device), 0, "not in the older slot either");
}

#[test]
fn a_refresh_makes_the_header_of_today_and_writes_nothing() {
    let (mut device, mut client, old) = setup();
    let (_, recovery) = client.recovery_key(&mut device).unwrap();
    client.rotate(&mut device).unwrap();
    let (writes, refreshed) = device.writes(|device| client.refresh(device, &old));
    let refreshed = refreshed.unwrap();
    assert_eq!(writes, 0);
    assert_eq!(part(&refreshed).epoch.number, 2);
    assert_eq!(refreshed.core, old.core);
    assert_eq!(part(&refreshed).envelopes.len(), 2);
    assert_eq!(client.restore(&mut device, &refreshed).unwrap(), old.dek);
    let mut new = Device::another(2);
    let mut elsewhere = client.elsewhere();
    elsewhere
        .import_with(&mut new, &refreshed, &recovery, &mut Authenticator::new())
        .unwrap();
    // Each encapsulation is fresh.
    let again = client.refresh(&mut device, &old).unwrap();
    for (one, other) in part(&again)
        .envelopes
        .iter()
        .zip(part(&refreshed).envelopes)
    {
        assert_ne!(one.enc, other.enc);
    }
    // Nothing but the own authentic header is refreshed.
    let mut changed = old.clone();
    changed.key_part[300] ^= 1;
    let found = client.refresh(&mut device, &changed);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    let mut mixed = client.backup(&mut device);
    mixed.core = old.core;
    let found = client.refresh(&mut device, &mixed);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    let mut other = Client::with_vault(&mut device, 10_101);
    let found = other.refresh(&mut device, &refreshed);
    assert_eq!(code(found), ErrorCode::NotFound);
}

/// The cloud serves an archive of a revoked epoch to a new device: the factor of then reads what
/// was made then, and nothing that is made since.
#[test]
fn a_revoked_factor_reads_what_it_could_read_and_no_more() {
    let (mut device, mut client, _) = setup();
    let (_, lost) = client.recovery_key(&mut device).unwrap();
    let old = client.backup(&mut device);
    let (_, kept) = client.recovery_key(&mut device).unwrap();
    let new = client.backup(&mut device);
    let rewrapped = client.refresh(&mut device, &old).unwrap();

    let mut thief = client.elsewhere();
    thief.authenticator = Authenticator::new();
    let mut stolen = Device::another(3);
    let mut passkey = Authenticator::new();
    thief
        .import_with(&mut stolen, &old, &lost, &mut passkey)
        .unwrap();
    thief.authenticator = passkey.clone();
    assert_eq!(thief.restore(&mut stolen, &old).unwrap(), old.dek);
    // The key of an archive does not change when it is wrapped anew: the texts say so.
    for later in [&new, &rewrapped] {
        assert_eq!(
            code(thief.check(&mut stolen, later)),
            ErrorCode::HeaderTampered
        );
        let found = thief.import_with(&mut stolen, later, &lost, &mut Authenticator::new());
        assert_eq!(code(found), ErrorCode::CannotOpen);
    }
    // What the thief makes of it is no archive for the owner's device.
    let planted = thief.backup(&mut stolen);
    for found in [
        client.check(&mut device, &planted).map(drop),
        client.begin(&mut device, &planted.restore()).map(drop),
        client.refresh(&mut device, &planted).map(drop),
    ] {
        assert_eq!(code(found), ErrorCode::HeaderTampered);
    }
    // Nor can it be slipped to the owner on a new device as an archive of today's factors.
    let mut phone = Device::another(4);
    let mut elsewhere = client.elsewhere();
    let mut own = Authenticator::new();
    let found = elsewhere.import_with(&mut phone, &planted, &kept, &mut own);
    assert_eq!(code(found), ErrorCode::CannotOpen);
}

/// Who has a root key of once and public keys can sign a header; the envelope needs the PSK.
#[test]
fn envelopes_of_another_archive_do_not_fit() {
    let (mut device, mut client, old) = setup();
    client.rotate(&mut device).unwrap();
    let new = client.backup(&mut device);
    let (signed, mut part) = SignedKeyPart::decode(&new.key_part).unwrap();
    part.envelopes = self::part(&old).envelopes;
    let mixed = Backup {
        key_part: SignedKeyPart {
            content: encode(&part).unwrap().to_vec(),
            mac: signed.mac,
        }
        .encode()
        .unwrap(),
        ..new
    };
    let found = client.elsewhere().import(&mut Device::another(2), &mixed);
    assert_eq!(code(found), ErrorCode::CannotOpen);
}

#[test]
fn two_devices_import_the_same_archive_and_both_rotate() {
    let (mut first, mut client, backup) = setup();
    let (_, recovery) = client.recovery_key(&mut first).unwrap();
    let shared = client.refresh(&mut first, &backup).unwrap();
    let (mut a, mut b) = (Device::another(2), Device::another(3));
    let (mut at_a, mut at_b) = (client.elsewhere(), client.elsewhere());
    at_a.import(&mut a, &shared).unwrap();
    at_b.import(&mut b, &shared).unwrap();
    assert_eq!(at_a.rotate(&mut a).unwrap().epoch, 3);
    assert_eq!(at_b.rotate(&mut b).unwrap().epoch, 3);
    let (from_a, from_b) = (at_a.backup(&mut a), at_b.backup(&mut b));
    assert_ne!(part(&from_a).epoch.id, part(&from_b).epoch.id);
    // Neither takes the other's for its own, though the numbers are the same.
    assert_eq!(code(at_a.check(&mut a, &from_b)), ErrorCode::HeaderTampered);
    assert_eq!(code(at_b.check(&mut b, &from_a)), ErrorCode::HeaderTampered);
    let view = at_a.import(&mut a, &from_b).unwrap();
    assert_eq!(
        (view.epoch, &view.retired_epochs[..]),
        (4, &[1, 2, 2, 3, 3][..]),
        "the current epoch has the highest number"
    );
    for backup in [&from_a, &from_b, &shared] {
        assert_eq!(at_a.restore(&mut a, backup).unwrap(), backup.dek);
    }
    // Both archives open on a fourth device, with every factor.
    for backup in [&from_a, &from_b] {
        let mut fourth = Device::another(4);
        let mut elsewhere = client.elsewhere();
        elsewhere.import(&mut fourth, backup).unwrap();
        let mut fourth = Device::another(4);
        let mut elsewhere = client.elsewhere();
        elsewhere
            .import_with(&mut fourth, backup, &recovery, &mut Authenticator::new())
            .unwrap();
    }
    // Ending a number ends both epochs of it; the current one stays.
    let view = at_a.end_epoch(&mut a, 3).unwrap();
    assert_eq!((view.epoch, &view.retired_epochs[..]), (4, &[1, 2, 2][..]));
    assert_eq!(code(at_a.check(&mut a, &from_a)), ErrorCode::EpochEnded);
    assert_eq!(code(at_a.check(&mut a, &from_b)), ErrorCode::EpochEnded);
    let newest = at_a.backup(&mut a);
    at_a.check(&mut a, &newest).unwrap();
}

#[test]
fn a_rehearsal_writes_the_date_of_the_proof() {
    let (mut device, mut client, backup) = setup();
    let (recovery_id, recovery) = client.recovery_key(&mut device).unwrap();
    let password = Secret::Password([9; 32]);
    let password_id = client.set_password(&mut device, &password).unwrap();
    let backup = client.refresh(&mut device, &backup).unwrap();
    device.clock.advance_ms(1_000_000);
    let before = client.show(&mut device).unwrap();
    let proofs = [
        (None, before.factors[0].factor_id),
        (Some(&recovery), recovery_id),
        (Some(&password), password_id),
    ];
    for (secret, id) in proofs {
        let factor_id = client.rehearse(&mut device, &backup, secret).unwrap();
        assert_eq!(factor_id, id);
    }
    let after = client.show(&mut device).unwrap();
    for factor in &after.factors {
        assert_eq!(factor.last_proved_at, Some(device.clock.unix()));
    }
    let mut rest = after;
    rest.factors = before.factors.clone();
    rest.credentials[0].last_used_at = before.credentials[0].last_used_at;
    assert_eq!(rest, before);
    client.drain_log(&mut device);
    let rehearsed = client
        .entries()
        .iter()
        .filter(|entry| entry.event == AuditEvent::Rehearsed)
        .count();
    assert_eq!(rehearsed, 3);
}

#[test]
fn a_rehearsal_proves_nothing_with_the_wrong_thing() {
    let (mut device, mut client, backup) = setup();
    let (_, recovery) = client.recovery_key(&mut device).unwrap();
    // This archive has no envelope for it yet.
    let found = client.rehearse(&mut device, &backup, Some(&recovery));
    assert_eq!(code(found), ErrorCode::CannotOpen);
    let backup = client.refresh(&mut device, &backup).unwrap();
    let found = client.rehearse(&mut device, &backup, Some(&recovery.wrong()));
    assert_eq!(code(found), ErrorCode::CannotOpen);
    let passkey = backup.rehearsal(FactorKind::Passkey);
    for (fault, expected) in [
        (Fault::NoPrf, ErrorCode::PrfMissing),
        (Fault::PrfOutput, ErrorCode::CannotOpen),
        (Fault::Signature, ErrorCode::SignatureInvalid),
    ] {
        let found = client.run(&mut device, &passkey, &[fault]);
        assert_eq!(code(found), expected);
    }
    let with_recovery = backup.rehearsal(FactorKind::Recovery);
    let found = client.run(&mut device, &with_recovery, &[]);
    assert_eq!(code(found), ErrorCode::BadRequest);
    let mut changed = backup.clone();
    changed.key_part[200] ^= 1;
    let found = client.rehearse(&mut device, &changed, None);
    assert_eq!(code(found), ErrorCode::HeaderTampered);
    let mut other = Client::with_vault(&mut device, 10_101);
    let found = other.rehearse(&mut device, &backup, None);
    assert_eq!(code(found), ErrorCode::NotFound);
    // A passkey of the vault that is no factor.
    let mut tablet = Authenticator::new();
    let id = client.add_passkey(&mut device, &mut tablet).unwrap();
    let begun = client.begin(&mut device, &passkey).unwrap();
    let asked = only(&begun, &id);
    let response = assertion(&asked, &mut tablet, &[]);
    let found = client.finish(&mut device, &begun, &passkey, &response);
    assert_eq!(code(found), ErrorCode::CannotOpen);
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.factors[1].last_proved_at, None);
}

#[test]
fn there_is_an_end_to_retired_epochs() {
    let (mut device, mut client, first) = setup();
    for _ in 0..limits::RETIRED_EPOCHS {
        client.rotate(&mut device).unwrap();
    }
    let begun = client.begin(&mut device, &Operation::Rotate);
    assert_eq!(code(begun), ErrorCode::Quota);
    let begun = client.begin(&mut device, &Operation::CreateRecoveryKey);
    begun.unwrap();
    client.check(&mut device, &first).unwrap();
    client.end_epoch(&mut device, 2).unwrap();
    client.rotate(&mut device).unwrap();
    let last = client.backup(&mut device);
    let mut new = Device::another(2);
    let mut elsewhere = client.elsewhere();
    let view = elsewhere.import(&mut new, &last).unwrap();
    assert_eq!(view.retired_epochs.len(), limits::RETIRED_EPOCHS + 1);
    for backup in [&first, &last] {
        assert_eq!(elsewhere.restore(&mut new, backup).unwrap(), backup.dek);
    }
}

#[test]
fn a_rotation_in_between_makes_a_ceremony_invalid() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[]);
    client.rotate(&mut device).unwrap();
    let found = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeUnknown);
}
