// SPDX-License-Identifier: Apache-2.0

//! The text of a recovery key: what a person mistypes is found, and where.

use proptest::prelude::*;
use sealer_wire::{ErrorCode, RecoveryKey};

fn key(bytes: [u8; 28]) -> RecoveryKey {
    let filled: Result<_, ()> = RecoveryKey::try_fill(|out| {
        out.copy_from_slice(&bytes);
        Ok(())
    });
    filled.unwrap()
}

fn text(bytes: [u8; 28]) -> String {
    String::from_utf8(key(bytes).to_text().to_vec()).unwrap()
}

/// The group that a refusal names.
fn group(text: &str) -> usize {
    let error = RecoveryKey::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::RecoveryTypo, "{text}");
    let rest = error.detail.strip_prefix("group ").unwrap();
    rest[..1].parse().unwrap()
}

/// Digits of a text without hyphens.
fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| *byte != b'-').collect()
}

fn joined(digits: &[u8]) -> String {
    String::from_utf8(digits.to_vec()).unwrap()
}

fn sample() -> [u8; 28] {
    core::array::from_fn(|index| (index as u8).wrapping_mul(73).wrapping_add(19))
}

/// Known answers, computed by `recovery.py` beside this file.
#[test]
fn texts_are_those_of_another_implementation() {
    for (bytes, expected) in [
        (
            [0; 28],
            "00000001-00000002-00000003-00000004-00000005-00000006-00000007-00000008",
        ),
        (
            [0xff; 28],
            "fffffff9-fffffffa-fffffffb-fffffffc-fffffffd-fffffffe-ffffffff-fffffff0",
        ),
        (
            sample(),
            "135ca5ee-e3780c94-125ba4ed-d367fc81-115aa3e6-c357ec7f-1059a2e9-b347dc66",
        ),
    ] {
        assert_eq!(text(bytes), expected);
        assert_eq!(
            RecoveryKey::parse(expected.as_bytes()).unwrap().expose(),
            &bytes
        );
    }
}

#[test]
fn a_wrong_digit_is_found_with_its_group() {
    let good = digits(&text(sample()));
    for index in 0..64 {
        for digit in b"0123456789abcdef" {
            let mut wrong = good.clone();
            wrong[index] = *digit;
            if wrong != good {
                assert_eq!(group(&joined(&wrong)), index / 8 + 1);
            }
        }
    }
}

#[test]
fn two_digits_in_each_others_place_are_found_with_the_first_group() {
    let good = digits(&text(sample()));
    let mut found = 0;
    for first in 0..64 {
        for second in first + 1..64 {
            let mut wrong = good.clone();
            wrong.swap(first, second);
            if wrong != good {
                assert_eq!(group(&joined(&wrong)), first / 8 + 1);
                found += 1;
            }
        }
    }
    assert!(found > 1_800, "{found}");
}

#[test]
fn groups_in_each_others_place_are_found() {
    let good = text(sample());
    let groups: Vec<_> = good.split('-').collect();
    for first in 0..8 {
        for second in first + 1..8 {
            let mut wrong = groups.clone();
            wrong.swap(first, second);
            assert_eq!(group(&wrong.join("-")), first + 1);
        }
    }
}

#[test]
fn what_does_not_matter_is_ignored() {
    let good = text(sample());
    let upper = good.to_uppercase();
    let spaced = good.replace('-', " \r\n\t");
    let bare = joined(&digits(&good));
    let padded = format!("  {good}\n");
    for variant in [&good, &upper, &spaced, &bare, &padded] {
        let parsed = RecoveryKey::parse(variant.as_bytes()).unwrap();
        assert_eq!(parsed.expose(), &sample(), "{variant}");
    }
}

#[test]
fn what_is_no_recovery_key_is_refused() {
    let good = text(sample());
    for end in 0..good.len() {
        let digits = digits(&good[..end]).len();
        assert_eq!(group(&good[..end]), digits / 8 + 1, "{end}");
    }
    assert_eq!(group(&format!("{good}0")), 8);
    assert_eq!(group(&good.replacen('-', "_", 3)), 2);
    for character in ["g", "\0", "ä", "/", ":", "@", "`", "G"] {
        let mut wrong = good.clone();
        wrong.replace_range(20..21, character);
        assert_eq!(group(&wrong), 3, "{character}");
    }
    let long = format!("{good}{}", " ".repeat(256 - good.len()));
    RecoveryKey::parse(long.as_bytes()).unwrap();
    let error = RecoveryKey::parse(format!("{long} ").as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::TooLarge);
}

#[test]
fn a_refusal_names_no_digit() {
    let good = text(sample());
    let mut wrong = digits(&good);
    wrong[9] ^= 1;
    let error = RecoveryKey::parse(&wrong).unwrap_err();
    assert_eq!(
        error.detail,
        "group 2 of the recovery key has a wrong digit"
    );
}

proptest! {
    #[test]
    fn every_key_comes_back(bytes: [u8; 28]) {
        prop_assert_eq!(*RecoveryKey::parse(text(bytes).as_bytes()).unwrap().expose(), bytes);
    }

    #[test]
    fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..300)) {
        RecoveryKey::parse(&text).ok();
    }
}
