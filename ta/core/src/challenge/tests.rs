// SPDX-License-Identifier: Apache-2.0

use super::*;

fn challenge(number: u8, expires_ms: u64) -> Challenge {
    Challenge {
        token: [number; 16],
        value: [number; 32],
        auth_token: 1,
        binding: binding(),
        memory: Memory::Nothing,
        expires_ms,
    }
}

fn binding() -> Binding {
    Binding {
        owner: [1; 32],
        vault_id: [2; 16],
        epoch: [3; 16],
        operation: [4; 32],
        continues: false,
    }
}

#[test]
fn every_part_of_a_binding_counts_and_a_mismatch_spends_nothing() {
    let mut table = Challenges::default();
    table.insert(challenge(9, 100), 0).unwrap();
    type Change = fn(&mut Binding);
    let cases: [(Change, ErrorCode); 5] = [
        (|b| b.continues = true, ErrorCode::OperationMismatch),
        (|b| b.owner[31] ^= 1, ErrorCode::ChallengeUnknown),
        (|b| b.vault_id[15] ^= 1, ErrorCode::OperationMismatch),
        (|b| b.operation[0] ^= 1, ErrorCode::OperationMismatch),
        (|b| b.epoch[0] ^= 1, ErrorCode::ChallengeUnknown),
    ];
    for (change, expected) in cases {
        let mut other = binding();
        change(&mut other);
        let error = table.take(&[9; 16], &other, 99).err().unwrap();
        assert_eq!(error.code, expected);
    }
    assert_eq!(table.take(&[9; 16], &binding(), 99).unwrap().value, [9; 32]);
    let again = table.take(&[9; 16], &binding(), 99).err().unwrap();
    assert_eq!(again.code, ErrorCode::ChallengeUnknown);
}

#[test]
fn another_owner_cannot_tell_an_expired_ceremony_from_none() {
    let mut table = Challenges::default();
    table.insert(challenge(9, 100), 0).unwrap();
    let mut other = binding();
    other.owner = [0; 32];
    let found = table.take(&[9; 16], &other, 100).err().unwrap();
    let none = table.take(&[8; 16], &other, 100).err().unwrap();
    assert_eq!(found, none);
    let own = table.take(&[9; 16], &binding(), 100).err().unwrap();
    assert_eq!(own.code, ErrorCode::ChallengeExpired);
}

#[test]
fn expired_entries_give_way_and_the_table_stays_bounded() {
    let mut table = Challenges::default();
    for round in 0..2_000u64 {
        let now = round * 100;
        let number = round as u8;
        table.insert(challenge(number, now + 100), now).unwrap();
        assert!(table.entries.len() <= limits::CHALLENGES);
    }
}
