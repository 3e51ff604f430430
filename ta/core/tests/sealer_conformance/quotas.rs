// SPDX-License-Identifier: Apache-2.0

//! Bounds on what an owner, and all owners together, can ask for.

use sealer_wire::{ErrorCode, Operation, limits};

use crate::support::{Client, Device, ORIGIN, RP_ID, code};

#[test]
fn eight_open_ceremonies_an_owner() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let operation = Operation::DeleteVault;
    let first = client.begin(&mut device, &operation).unwrap();
    device.clock.advance_ms(1_000);
    for _ in 1..limits::CHALLENGES_PER_OWNER {
        client.begin(&mut device, &operation).unwrap();
    }
    device.clock.advance_ms(500);
    let error = client.begin(&mut device, &operation).unwrap_err();
    assert_eq!(error.code, ErrorCode::Quota);
    assert_eq!(error.retry_after_ms, Some(limits::CHALLENGE_TTL_MS - 1_500));
    // Ceremonies for a new vault count to the same owner.
    let create = client.create_vault();
    assert_eq!(code(client.begin(&mut device, &create)), ErrorCode::Quota);
    // Others are not held up.
    Client::with_vault(&mut device, 10_101);

    device.clock.advance_ms(limits::CHALLENGE_TTL_MS - 1_501);
    assert_eq!(
        client
            .begin(&mut device, &operation)
            .unwrap_err()
            .retry_after_ms,
        Some(1)
    );
    device.clock.advance_ms(1);
    client.begin(&mut device, &operation).unwrap();
    // An expired one is still told from an unknown one.
    let response = client.answer(&operation, &first, &[]);
    let found = client.finish(&mut device, &first, &operation, &response);
    assert_eq!(code(found), ErrorCode::ChallengeExpired);
}

#[test]
fn a_finished_ceremony_makes_room() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    for _ in 1..limits::CHALLENGES_PER_OWNER {
        client.begin(&mut device, &backup.restore()).unwrap();
    }
    for _ in 0..5 {
        client.restore(&mut device, &backup).unwrap();
    }
}

#[test]
fn two_hundred_and_fifty_six_open_ceremonies_in_all() {
    let mut device = Device::new();
    let mut begun = 0;
    for uid in 10_000..10_032 {
        let mut client = Client::new(uid);
        let create = client.create_vault();
        for _ in 0..limits::CHALLENGES_PER_OWNER {
            client.begin(&mut device, &create).unwrap();
            device.clock.advance_ms(10);
            begun += 1;
        }
    }
    assert_eq!(begun, limits::CHALLENGES);
    let mut client = Client::new(10_099);
    let create = client.create_vault();
    let error = client.begin(&mut device, &create).unwrap_err();
    assert_eq!(error.code, ErrorCode::Quota);
    assert_eq!(error.retry_after_ms, Some(limits::CHALLENGE_TTL_MS - 2_560));
    // As soon as one expires there is room for one.
    device.clock.advance_ms(limits::CHALLENGE_TTL_MS - 2_560);
    client.begin(&mut device, &create).unwrap();
    assert_eq!(code(client.begin(&mut device, &create)), ErrorCode::Quota);
    device.clock.advance_ms(limits::CHALLENGE_TTL_MS);
    client.create(&mut device).unwrap();
}

#[test]
fn sixteen_vaults_an_owner() {
    let mut device = Device::new();
    let mut client = Client::new(10_100);
    let create = client.create_vault();
    let begin_early = client.begin(&mut device, &create).unwrap();
    let mut vaults: Vec<Client> = Vec::new();
    for _ in 0..limits::VAULTS_PER_OWNER {
        vaults.push(Client::with_vault(&mut device, 10_100));
    }
    assert_eq!(code(client.begin(&mut device, &create)), ErrorCode::Quota);
    // One that was begun before there were sixteen is refused at its end.
    let response = client.answer(&create, &begin_early, &[]);
    let found = client.finish(&mut device, &begin_early, &create, &response);
    assert_eq!(code(found), ErrorCode::Quota);
    assert_eq!(
        client.list(&mut device).unwrap().len(),
        limits::VAULTS_PER_OWNER
    );
    Client::with_vault(&mut device, 10_101);

    vaults[3]
        .run(&mut device, &Operation::DeleteVault, &[])
        .unwrap();
    client.create(&mut device).unwrap();
}

#[test]
fn parameters_have_bounds() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let create =
        |rp_id: &str, origins: Vec<String>, user: &str, label: &str| Operation::CreateVault {
            rp_id: rp_id.into(),
            origins,
            user_name: user.into(),
            label: label.into(),
            require_biometric: false,
        };
    let origin = || vec![ORIGIN.to_owned()];
    let long = |length: usize| "x".repeat(length);
    let set = |origins| Operation::SetOrigins { origins };
    for (operation, expected) in [
        (create("", origin(), "alex", ""), ErrorCode::BadRequest),
        (
            create(&long(limits::RP_ID + 1), origin(), "alex", ""),
            ErrorCode::TooLarge,
        ),
        (create(RP_ID, vec![], "alex", ""), ErrorCode::BadRequest),
        (
            create(RP_ID, vec![String::new()], "alex", ""),
            ErrorCode::BadRequest,
        ),
        (
            create(RP_ID, vec![long(limits::ORIGIN + 1)], "alex", ""),
            ErrorCode::TooLarge,
        ),
        (
            create(RP_ID, vec![ORIGIN.into(); limits::ORIGINS + 1], "alex", ""),
            ErrorCode::TooLarge,
        ),
        (create(RP_ID, origin(), "", ""), ErrorCode::BadRequest),
        (
            create(RP_ID, origin(), &long(limits::NAME + 1), ""),
            ErrorCode::TooLarge,
        ),
        (
            create(RP_ID, origin(), "alex", &long(limits::NAME + 1)),
            ErrorCode::TooLarge,
        ),
        (set(vec![]), ErrorCode::BadRequest),
        (set(vec![String::new()]), ErrorCode::BadRequest),
        (set(vec![long(limits::ORIGIN + 1)]), ErrorCode::TooLarge),
        (
            set(vec![ORIGIN.into(); limits::ORIGINS + 1]),
            ErrorCode::TooLarge,
        ),
    ] {
        assert_eq!(
            code(client.begin(&mut device, &operation)),
            expected,
            "{operation:?}"
        );
    }
    let meta = vec![0; limits::META + 1];
    let (writes, found) = device.writes(|device| client.try_backup(device, &meta));
    assert_eq!((writes, code(found)), (0, ErrorCode::TooLarge));
}

#[test]
fn a_request_above_the_limit_or_malformed_is_answered() {
    use sealer_wire::{Request, Response};
    let mut device = Device::new();
    let answer = |device: &mut Device, bytes: &[u8]| {
        let response = Response::from_bytes(&device.sealer.process(bytes)).unwrap();
        assert!(response.record.is_none());
        code(response.result)
    };
    assert_eq!(
        answer(&mut device, &vec![0; limits::MESSAGE + 1]),
        ErrorCode::TooLarge
    );
    for malformed in [
        &b""[..],
        &[0xff],
        &[0x82],
        &[0x82, 1, 0x82, 99, 0x80],
        &[0x81, 1],
    ] {
        assert_eq!(answer(&mut device, malformed), ErrorCode::BadRequest);
    }
    let mut other = Request::GetInfo.to_bytes().unwrap();
    other[1] = 2;
    assert_eq!(answer(&mut device, &other), ErrorCode::UnsupportedVersion);
}

#[test]
fn more_vaults_than_one_answer_can_name_are_erased_in_several() {
    let mut device = Device::new();
    let mut first = Client::with_vault(&mut device, 10_000);
    first.backup(&mut device);
    let objects: Vec<_> = device.medium.get().objects.clone().into_iter().collect();
    // The same two slots under other ids: damaged ones, which are to go as well.
    for number in 0..300u128 {
        for (name, bytes) in &objects {
            let slot = &name[56..];
            let name = format!("{}{number:032x}{slot}", &name[..24]);
            device.medium.set().objects.insert(name, bytes.clone());
        }
    }
    let other = Client::with_vault(&mut device, 10_001);
    let mut seen = std::collections::BTreeSet::new();
    let mut answers = Vec::new();
    loop {
        let request = sealer_wire::Request::RemoveVaults {
            user: 0,
            uid: Some(10_000),
        };
        let Ok(sealer_wire::Reply::Removed { vaults, more }) = device.call(request).result else {
            panic!("not removed")
        };
        answers.push(vaults.len());
        seen.extend(vaults.into_iter().map(<[u8; 16]>::from));
        if !more {
            break;
        }
    }
    assert_eq!(
        answers,
        [limits::REMOVED_VAULTS, 301 - limits::REMOVED_VAULTS]
    );
    assert!(seen.len() == 301 && seen.contains(&first.vault_id));
    assert_eq!(device.medium.names().len(), 1);
    other.clone().show(&mut device).unwrap();
}

#[test]
fn a_request_for_thousands_of_small_things_is_bounded() {
    // One byte of the message for each empty origin.
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_100);
    let operation = Operation::SetOrigins {
        origins: vec![String::new(); 60_000],
    };
    let found = code(client.begin(&mut device, &operation));
    assert!(matches!(found, ErrorCode::TooLarge | ErrorCode::BadRequest));
}
