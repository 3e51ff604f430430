// SPDX-License-Identifier: Apache-2.0

//! Only one form of every message is taken.

use proptest::prelude::*;
use sealer_wire::header::{Core, SignedKeyPart};
use sealer_wire::{ErrorCode, Request, Response, limits};

use crate::{cbor, samples};

/// A decoder with the code of its refusals, and encoded samples.
type Case = (fn(&[u8]) -> Option<ErrorCode>, ErrorCode, Vec<Vec<u8>>);

fn request(bytes: &[u8]) -> Option<ErrorCode> {
    Request::from_bytes(bytes).err().map(|error| error.code)
}

fn response(bytes: &[u8]) -> Option<ErrorCode> {
    Response::from_bytes(bytes).err().map(|error| error.code)
}

fn core(bytes: &[u8]) -> Option<ErrorCode> {
    Core::decode(bytes).err().map(|error| error.code)
}

fn key_part(bytes: &[u8]) -> Option<ErrorCode> {
    SignedKeyPart::decode(bytes).err().map(|error| error.code)
}

/// A key part around changed content.
fn content(bytes: &[u8]) -> Option<ErrorCode> {
    let signed = SignedKeyPart {
        content: bytes.to_vec(),
        mac: [0; 32],
    };
    key_part(&signed.encode().unwrap())
}

fn cases() -> Vec<Case> {
    let requests = samples::requests().into_iter();
    let responses = samples::responses().into_iter();
    let part = samples::signed(&samples::key_part());
    vec![
        (
            request,
            ErrorCode::BadRequest,
            requests.map(|r| r.to_bytes().unwrap().to_vec()).collect(),
        ),
        (
            response,
            ErrorCode::Internal,
            responses.map(|r| r.to_bytes().unwrap().to_vec()).collect(),
        ),
        (
            core,
            ErrorCode::HeaderTampered,
            vec![samples::core().encode().unwrap()],
        ),
        (
            key_part,
            ErrorCode::HeaderTampered,
            vec![part.encode().unwrap()],
        ),
        (content, ErrorCode::HeaderTampered, vec![part.content]),
    ]
}

/// Runs `change` on every sample; everything that it gives must be refused.
fn refused(change: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut count = 0;
    for (decode, code, samples) in cases() {
        for sample in samples {
            assert_eq!(decode(&sample), None);
            for changed in change(&sample) {
                assert_eq!(decode(&changed), Some(code), "{changed:02x?}");
                count += 1;
            }
        }
    }
    assert!(count > 0);
}

#[test]
fn trailing_bytes_are_refused() {
    refused(|bytes| {
        [&[0][..], &[0xf6], &[0xff], bytes]
            .iter()
            .map(|extra| [bytes, extra].concat())
            // The double of a large message is refused for its size.
            .filter(|longer| longer.len() <= limits::CORE)
            .collect()
    });
}

#[test]
fn every_truncation_is_refused() {
    for (decode, code, samples) in cases() {
        for sample in samples {
            for end in 0..sample.len() {
                assert_eq!(decode(&sample[..end]), Some(code), "{end} of {sample:02x?}");
            }
        }
    }
}

#[test]
fn indefinite_lengths_are_refused() {
    refused(cbor::indefinite);
}

#[test]
fn integers_and_lengths_longer_than_needed_are_refused() {
    refused(cbor::long_heads);
}

#[test]
fn unknown_elements_and_keys_of_headers_are_refused() {
    // For messages, where an element more can be a known one, see `cddl`.
    for (decode, _, samples) in cases().into_iter().skip(2) {
        for sample in samples {
            for changed in cbor::additions(&sample) {
                assert!(decode(&changed).is_some(), "{changed:02x?}");
            }
        }
    }
}

#[test]
fn repeated_and_unordered_keys_are_refused() {
    for (decode, code, samples) in cases() {
        for sample in samples {
            for changed in cbor::key_games(&sample) {
                // The version is looked for in the first place.
                let found = decode(&changed);
                let other = Some(ErrorCode::UnsupportedVersion);
                assert!(found == Some(code) || found == other, "{changed:02x?}");
            }
        }
    }
}

#[test]
fn oversize_is_refused_before_it_is_read() {
    for length in [limits::MESSAGE + 1, 2 * limits::MESSAGE] {
        assert_eq!(request(&vec![0; length]), Some(ErrorCode::TooLarge));
        assert_eq!(response(&vec![0; length]), Some(ErrorCode::TooLarge));
        assert_eq!(key_part(&vec![0; length]), Some(ErrorCode::TooLarge));
    }
    let too_long = vec![0; limits::CORE + 1];
    assert_eq!(core(&too_long), Some(ErrorCode::TooLarge));
    let mut fat = samples::core();
    fat.meta = vec![0; limits::META + 1];
    let fat = fat.encode().unwrap();
    assert_eq!(core(&fat), Some(ErrorCode::TooLarge));

    let large = Request::CreateBackup {
        vault: samples::vault(None),
        meta: vec![0; limits::MESSAGE],
    };
    assert_eq!(large.to_bytes().unwrap_err().code, ErrorCode::TooLarge);
}

#[test]
fn another_version_is_named_as_such() {
    for (message, decode) in [
        (
            Request::GetInfo.to_bytes().unwrap(),
            request as fn(&[u8]) -> _,
        ),
        (samples::responses().remove(0).to_bytes().unwrap(), response),
    ] {
        for version in [0, 2, 23] {
            let mut other = message.to_vec();
            assert_eq!(other[1], 1);
            other[1] = version;
            assert_eq!(decode(&other), Some(ErrorCode::UnsupportedVersion));
        }
        // Whatever another version has in its body.
        let unknown_body = [0x82, 2, 0xf6];
        assert_eq!(decode(&unknown_body), Some(ErrorCode::UnsupportedVersion));
    }
}

#[test]
fn a_later_archive_format_is_named_as_such() {
    for version in [0, 2, 255, u16::MAX] {
        let mut later = samples::core();
        later.version = version;
        let bytes = later.encode().unwrap();
        assert_eq!(core(&bytes), Some(ErrorCode::UnsupportedVersion));
    }
    // A number above 16 bits, and other members.
    let bytes = [0xa2, 1, 0x1a, 0, 1, 0, 0, 0x18, 0x63, 0xf5];
    assert_eq!(core(&bytes), Some(ErrorCode::UnsupportedVersion));
    for change in [
        |core: &mut sealer_wire::header::Core| core.body_suite = 2,
        |core: &mut sealer_wire::header::Core| core.wrap_suite = 2,
    ] {
        let mut other = samples::core();
        change(&mut other);
        let bytes = other.encode().unwrap();
        assert_eq!(core(&bytes), Some(ErrorCode::UnsupportedVersion));
    }
}

#[test]
fn more_envelopes_than_a_vault_can_have_are_refused() {
    let mut part = samples::key_part();
    let envelope = part.envelopes[1].clone();
    part.envelopes = vec![envelope; limits::ENVELOPES];
    assert_eq!(key_part(&samples::signed(&part).encode().unwrap()), None);
    let again = part.envelopes[0].clone();
    part.envelopes.push(again);
    let bytes = samples::signed(&part).encode().unwrap();
    assert_eq!(key_part(&bytes), Some(ErrorCode::HeaderTampered));
}

#[test]
fn a_list_of_thousands_of_small_things_is_refused_in_every_place() {
    let mut lists = 0;
    for (decode, code, samples) in cases() {
        for sample in samples {
            for changed in cbor::long_lists(&sample, 60_000) {
                let found = decode(&changed);
                assert!(found == Some(code) || found == Some(ErrorCode::TooLarge));
                lists += 1;
            }
        }
    }
    assert!(lists > 100, "{lists}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for (decode, ..) in [(request as fn(&[u8]) -> _, 0), (response, 0), (core, 0), (key_part, 0), (content, 0)] {
            decode(&bytes);
        }
    }

    #[test]
    fn changed_messages_never_panic_and_what_is_taken_is_canonical(
        sample in 0usize..1000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let all = samples::messages();
        let mut bytes = all[sample % all.len()].clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(request) = Request::from_bytes(&bytes) {
            prop_assert_eq!(request.to_bytes().unwrap().to_vec(), bytes);
        } else if let Ok(response) = Response::from_bytes(&bytes) {
            // A number that is no error code becomes INTERNAL: the one thing that is not kept.
            let known = response.result.as_ref().err().map(|error| error.code);
            let again = response.to_bytes().unwrap().to_vec();
            prop_assert!(again == bytes || known == Some(ErrorCode::Internal));
        }
    }
}
