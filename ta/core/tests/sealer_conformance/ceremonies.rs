// SPDX-License-Identifier: Apache-2.0

//! What every operation does when all is well.

use sealer_wire::{
    AttestationKind, AuditEvent, ErrorCode, Operation, PrfState, Reply, Request, SealerKind,
    StorageProtection, WIRE_VERSION, limits,
};
use test_authenticator::{Algorithm, Authenticator, Counter, Settings};

use crate::support::client::released;
use crate::support::{Client, Device, ORIGIN, RP_ID, code};

#[test]
fn info_says_what_the_sealer_is() {
    let reply = Device::new().call(Request::GetInfo).result.unwrap();
    let Reply::Info(info) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(info.kind, SealerKind::Nonsecure);
    assert_eq!(info.storage_protection, StorageProtection::None);
    assert_eq!(info.wire_version, WIRE_VERSION);
    assert_eq!(info.algorithms, [-7, -8, -35, -36, -257]);
    assert_eq!(info.challenge_ttl_ms, 120_000);
}

#[test]
fn a_vault_is_created_shown_and_listed() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    assert!(client.list(&mut device).unwrap().is_empty());
    let operation = client.create_vault();
    let (writes, begun) = device.writes(|device| client.begin(device, &operation));
    let begun = begun.unwrap();
    assert_eq!(writes, 0, "a begin writes nothing");
    assert_eq!((begun.rp_id.as_str(), begun.ttl_ms), (RP_ID, 120_000));
    assert_eq!(begun.auth_token_challenge, None);
    assert!(begun.credential_ids.is_empty() && begun.vault_id != [0; 16]);

    let response = client.answer(&operation, &begun, &[]);
    let (writes, reply) =
        device.writes(|device| client.finish(device, &begun, &operation, &response));
    assert_eq!(writes, 1);
    let Reply::Vault(view) = reply.unwrap() else {
        panic!("no vault")
    };
    client.vault_id = begun.vault_id;
    assert_eq!(view.vault_id, begun.vault_id);
    assert_eq!((view.epoch, view.retired_epochs.len()), (1, 0));
    assert_eq!(
        (view.rp_id.as_str(), view.origins[0].as_str()),
        (RP_ID, ORIGIN)
    );
    assert_eq!(view.created_at, device.clock.unix());
    let credential = &view.credentials[0];
    assert_eq!(
        credential.credential_id,
        client.authenticator.credential_ids()[0]
    );
    assert_eq!((credential.alg, credential.label.as_str()), (-7, "phone"));
    assert_eq!(credential.attestation, AttestationKind::None);
    assert_eq!(credential.prf, PrfState::Enabled);
    assert!(credential.backup_eligible && credential.backup_state);
    assert_eq!(credential.last_used_at, None);
    assert!(!view.factors[0].portable, "no PRF factor is enrolled yet");

    assert_eq!(client.show(&mut device).unwrap(), view);
    assert_eq!(client.list(&mut device).unwrap(), [view.vault_id]);
    device.reboot();
    assert_eq!(client.show(&mut device).unwrap(), view);
}

#[test]
fn a_backup_is_restored_after_one_ceremony_and_one_write() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let (writes, backup) = device.writes(|device| client.backup(device));
    assert_eq!(writes, 1);
    let other = client.backup(&mut device);
    assert!(backup.dek != other.dek && backup.core != other.core);

    for operation in [backup.restore(), backup.full_verify()] {
        device.clock.advance_ms(5_000);
        let (writes, begun) = device.writes(|device| client.begin(device, &operation));
        let begun = begun.unwrap();
        assert_eq!(writes, 0, "a begin writes nothing");
        assert_eq!(
            begun.credential_ids[0].as_slice(),
            client.authenticator.credential_ids()[0]
        );
        let response = client.answer(&operation, &begun, &[]);
        let (writes, reply) =
            device.writes(|device| client.finish(device, &begun, &operation, &response));
        assert_eq!(writes, 1, "a gated restore is exactly one commit");
        assert_eq!(released(reply).unwrap(), backup.dek);
    }
    let view = client.show(&mut device).unwrap();
    assert_eq!(view.credentials[0].last_used_at, Some(device.clock.unix()));
    device.reboot();
    assert_eq!(client.restore(&mut device, &other).unwrap(), other.dek);
}

#[test]
fn checking_a_header_needs_no_ceremony_and_writes_nothing() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    let (writes, result) = device.writes(|device| client.check(device, &backup));
    result.unwrap();
    assert_eq!(writes, 0);
}

#[test]
fn origins_are_replaced() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let origins = vec!["https://new.example.org".to_owned(), ORIGIN.to_owned()];
    let operation = Operation::SetOrigins {
        origins: origins.clone(),
    };
    let Reply::Vault(view) = client.run(&mut device, &operation, &[]).unwrap() else {
        panic!("no vault")
    };
    assert_eq!(view.origins, origins);
    device.reboot();
    assert_eq!(client.show(&mut device).unwrap().origins, origins);
    let only_new = Operation::SetOrigins {
        origins: origins[..1].to_vec(),
    };
    client.run(&mut device, &only_new, &[]).unwrap();
    let found = client.run(&mut device, &operation, &[]);
    assert_eq!(code(found), ErrorCode::OriginMismatch);
}

#[test]
fn a_deleted_vault_is_gone_with_its_keys() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let mut kept = client.clone();
    kept.vault_id = [0; 16];
    kept.create(&mut device).unwrap();
    let backup = client.backup(&mut device);
    let reply = client.run(&mut device, &Operation::DeleteVault, &[]);
    assert!(matches!(reply.unwrap(), Reply::Deleted));
    client.seen = None;
    assert_eq!(code(client.show(&mut device)), ErrorCode::NotFound);
    assert_eq!(
        code(client.check(&mut device, &backup)),
        ErrorCode::NotFound
    );
    assert_eq!(client.list(&mut device).unwrap(), [kept.vault_id]);
    let own = client.vault_id.map(|byte| format!("{byte:02x}")).concat();
    assert!(!device.medium.names().iter().any(|name| name.contains(&own)));
    kept.show(&mut device).unwrap();
}

#[test]
fn removal_erases_an_app_or_a_user_and_nothing_else() {
    let mut device = Device::new();
    let mut clients: Vec<_> = [10_100, 10_100, 10_101, 1_010_100, 1_010_101]
        .map(|uid| Client::with_vault(&mut device, uid))
        .into();
    for client in &mut clients {
        client.backup(&mut device);
    }
    let remove = |device: &mut Device, user, uid| {
        let reply = device
            .call(Request::RemoveVaults { user, uid })
            .result
            .unwrap();
        let Reply::Removed {
            vaults,
            more: false,
        } = reply
        else {
            panic!("{reply:?}")
        };
        let mut ids: Vec<_> = vaults.into_iter().map(<[u8; 16]>::from).collect();
        ids.sort_unstable();
        ids
    };
    let ids = |some: &[Client]| {
        let mut ids: Vec<_> = some.iter().map(|client| client.vault_id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(remove(&mut device, 0, Some(99)), ids(&[]));
    assert_eq!(
        remove(&mut device, 10, Some(10_100)),
        ids(&[]),
        "another user's uid"
    );
    assert_eq!(remove(&mut device, 0, Some(10_100)), ids(&clients[..2]));
    clients[2].show(&mut device).unwrap();
    assert_eq!(remove(&mut device, 10, None), ids(&clients[3..]));
    clients[2].show(&mut device).unwrap();
    assert_eq!(remove(&mut device, 0, None), ids(&clients[2..3]));
    assert!(device.medium.names().is_empty());
}

#[test]
fn removal_leaves_objects_that_are_no_records() {
    let mut device = Device::new();
    Client::with_vault(&mut device, 10_100);
    let foreign = ["lock", "00002774", "+0002774", "0000277400000000000000"];
    for name in foreign {
        device.medium.set().objects.insert(name.into(), vec![1]);
    }
    let request = Request::RemoveVaults { user: 0, uid: None };
    device.call(request).result.unwrap();
    assert_eq!(device.medium.names().len(), foreign.len());
}

#[test]
fn eddsa_and_counting_passkeys_work_too() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.authenticator = Authenticator::with_settings(Settings {
        algorithm: Algorithm::Eddsa,
        counter: Counter::Counting,
        ..Settings::default()
    });
    client.create(&mut device).unwrap();
    let backup = client.backup(&mut device);
    for uses in 1..4 {
        client.restore(&mut device, &backup).unwrap();
        let view = client.show(&mut device).unwrap();
        assert_eq!(
            (view.credentials[0].alg, view.credentials[0].sign_count),
            (-8, uses)
        );
    }
}

#[test]
fn the_largest_of_everything_fits_into_messages() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    client.owner.package = "p".repeat(limits::PACKAGE);
    // A long origin that the ceremonies do not use, and the one that they do.
    let long = |index| format!("https://{index}.{}", "x".repeat(limits::ORIGIN - 10));
    let mut origins: Vec<_> = (1..limits::ORIGINS).map(long).collect();
    origins.push(ORIGIN.into());
    let operation = Operation::CreateVault {
        rp_id: RP_ID.into(),
        origins,
        user_name: "n".repeat(limits::NAME),
        label: "l".repeat(limits::NAME),
        require_biometric: false,
    };
    client.run(&mut device, &operation, &[]).unwrap();
    client.vault_id = client.list(&mut device).unwrap()[0];
    let backup = client
        .try_backup(&mut device, &vec![7; limits::META])
        .unwrap();
    assert!(backup.core.len() <= limits::CORE);
    assert!(backup.core.len() + backup.key_part.len() <= limits::HEADER);

    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let mut response = client.answer(&operation, &begun, &[]);
    // Spaces at the end are JSON, too.
    response.resize(limits::RESPONSE_JSON, b' ');
    let reply = client.finish(&mut device, &begun, &operation, &response);
    assert_eq!(released(reply).unwrap(), backup.dek);
}

#[test]
fn the_log_says_what_was_done() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    client.restore(&mut device, &backup).unwrap();
    client.run(&mut device, &backup.full_verify(), &[]).unwrap();
    let operation = Operation::SetOrigins {
        origins: vec![ORIGIN.into()],
    };
    client.run(&mut device, &operation, &[]).unwrap();
    let entries = client.entries();
    let events: Vec<_> = entries.iter().map(|entry| entry.event).collect();
    assert_eq!(
        events,
        [
            AuditEvent::VaultCreated,
            AuditEvent::BackupKeyReleased,
            AuditEvent::RestoreKeyReleased,
            AuditEvent::VerifyKeyReleased,
            AuditEvent::OriginsSet,
        ]
    );
    let passkey = client.authenticator.credential_ids().remove(0);
    for (entry, number) in entries.iter().zip(1..) {
        assert_eq!((entry.seq, entry.result, entry.count), (number, 0, 1));
        let by_nobody = entry.event == AuditEvent::BackupKeyReleased;
        assert_eq!(
            entry.credential_id.as_ref(),
            (!by_nobody).then_some(&passkey)
        );
        assert_eq!(entry.backup_id.is_some(), (2..=4).contains(&number));
    }
}
