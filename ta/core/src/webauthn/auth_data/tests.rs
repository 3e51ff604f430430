// SPDX-License-Identifier: Apache-2.0

//! Limits that a whole ceremony reaches only through another check.

use super::*;
use alloc::vec;
use alloc::vec::Vec;

fn with_credential_id(len: u16) -> Vec<u8> {
    let mut bytes = vec![0; 37];
    bytes[32] = FLAG_ATTESTED;
    bytes.extend([0; 16]);
    bytes.extend(len.to_be_bytes());
    bytes.extend(vec![7; usize::from(len)]);
    bytes.push(0xa0);
    bytes
}

#[test]
fn credential_ids_have_1_to_1023_bytes() {
    for len in [1, 2, 1022, 1023] {
        let bytes = with_credential_id(len);
        let attested = AuthData::parse(&bytes).unwrap().attested.unwrap();
        assert_eq!(attested.credential_id.len(), usize::from(len));
    }
    for len in [0, 1024, u16::MAX] {
        let error = AuthData::parse(&with_credential_id(len)).err().unwrap();
        assert_eq!(error.code, ErrorCode::MalformedAuthData);
    }
}

#[test]
fn every_length_but_the_right_one_is_refused() {
    let bytes = with_credential_id(3);
    for len in 0..bytes.len() {
        assert!(AuthData::parse(&bytes[..len]).is_err(), "{len}");
    }
    assert!(AuthData::parse(&[&bytes[..], &[0]].concat()).is_err());
}
