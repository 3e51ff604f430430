// SPDX-License-Identifier: Apache-2.0

//! What the walk accepts, byte by byte.

use super::*;
use alloc::vec;
use alloc::vec::Vec;

fn check(input: &[u8]) -> core::result::Result<usize, Fault> {
    item_len(input)
}

#[test]
fn canonical_items_are_accepted() {
    let items: &[&[u8]] = &[
        &[0x00],
        &[0x17],
        &[0x18, 24],
        &[0x18, 255],
        &[0x19, 1, 0],
        &[0x1a, 0, 1, 0, 0],
        &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0x20],
        &[0x38, 24],
        &[0x3b, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0x40],
        &[0x42, 1, 2],
        &[0x60],
        &[0x62, 0xc3, 0xa9],
        &[0x80],
        &[0x83, 1, 2, 3],
        &[0xa0],
        // Integers before negative ones, bytes before text, short before long.
        &[
            0xa6, 10, 0, 0x18, 100, 0, 0x20, 0, 0x41, b'z', 0, 0x61, b'z', 0, 0x62, b'a', b'a', 0,
        ],
        &[0xf4],
        &[0xf5],
        &[0xf6],
        &[0xf7],
        &[0xf9, 0x3c, 0],
        &[0xfa, 0, 0, 0, 0],
        &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x81, 0x81, 0x81, 0x80],
    ];
    for item in items {
        assert_eq!(check(item), Ok(item.len()), "{item:02x?}");
        // What follows an item is not its business, unless it is to be the whole.
        assert_eq!(check(&[item, &[0xff][..]].concat()), Ok(item.len()));
        assert!(whole(item).is_ok());
        assert!(whole(&[item, &[0][..]].concat()).is_err());
        for len in 0..item.len() {
            assert_eq!(
                check(&item[..len]),
                Err(Fault::Truncated),
                "{item:02x?} cut to {len}"
            );
        }
    }
}

#[test]
fn every_other_encoding_is_refused() {
    let items: &[&[u8]] = &[
        // Not the shortest.
        &[0x18, 23],
        &[0x19, 0, 255],
        &[0x1a, 0, 0, 255, 255],
        &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
        &[0x38, 0],
        &[0x58, 1, 0],
        &[0x78, 1, b'a'],
        &[0x98, 1, 0],
        &[0xb8, 1, 0, 0],
        // Indefinite and reserved.
        &[0x5f, 0xff],
        &[0x7f, 0xff],
        &[0x9f, 0xff],
        &[0xbf, 0xff],
        &[0x1c],
        &[0x1d],
        &[0x1e],
        &[0x1f],
        &[0xff],
        // Tags and simple values.
        &[0xc0, 0x60],
        &[0xd9, 0xd9, 0xf7, 0],
        &[0xe0],
        &[0xf3],
        &[0xf8, 20],
        &[0xf8, 255],
        &[0xfc],
        // Text that is none.
        &[0x61, 0xff],
        &[0x62, 0xc0, 0xaf],
        // Order and duplicates.
        &[0xa2, 2, 0, 1, 0],
        &[0xa2, 1, 0, 1, 0],
        &[0xa2, 0x20, 0, 0, 0],
        &[0xa2, 0x62, b'a', b'a', 0, 0x61, b'b', 0],
        &[0xa2, 0x61, b'a', 0, 0x61, b'a', 1],
        &[0xa2, 0x61, b'a', 0, 0x18, 100, 0],
        // Five levels, and an error in the innermost.
        &[0x81, 0x81, 0x81, 0x81, 0x80],
        &[0xa1, 0, 0xa1, 0, 0xa1, 0, 0xa1, 0, 0xa0],
        &[0x81, 0xa1, 0, 0x18, 0],
    ];
    for item in items {
        assert_eq!(check(item), Err(Fault::NotCanonical), "{item:02x?}");
    }
}

#[test]
fn lengths_beyond_the_input_cost_nothing() {
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        let mut item = vec![major];
        item.extend([255; 8]);
        assert_eq!(check(&item), Err(Fault::Truncated));
        item.extend([0; 100]);
        assert!(check(&item).is_err());
    }
    let nested: Vec<u8> = vec![0x81; 100_000];
    assert_eq!(check(&nested), Err(Fault::NotCanonical));
}

#[test]
fn every_pair_of_bytes_is_walked_within_its_bounds() {
    for a in 0..=255 {
        for b in 0..=255 {
            for tail in [&[][..], &[0], &[0xff, 0xff, 0xff]] {
                let input = [&[a, b][..], tail].concat();
                if let Ok(len) = check(&input) {
                    assert!(len >= 1 && len <= input.len());
                }
            }
        }
    }
}

#[test]
fn raw_items_follow_each_other() {
    let input = [0x82, 0x42, 1, 2, 0xa0];
    let mut decoder = whole(&input).unwrap();
    assert_eq!(decoder.array().unwrap(), Some(2));
    assert_eq!(raw_item(&mut decoder).unwrap(), [0x42, 1, 2]);
    assert_eq!(raw_item(&mut decoder).unwrap(), [0xa0]);
    assert!(raw_item(&mut decoder).is_err());
}
