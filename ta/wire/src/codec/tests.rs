// SPDX-License-Identifier: Apache-2.0

use alloc::vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// An element that counts how often one was decoded.
struct Counted;

static DECODED: AtomicUsize = AtomicUsize::new(0);

impl<C> Decode<'_, C> for Counted {
    fn decode(d: &mut Decoder<'_>, _: &mut C) -> core::result::Result<Self, decode::Error> {
        DECODED.fetch_add(1, Ordering::Relaxed);
        d.null().map(|()| Counted)
    }
}

/// A list of so many nulls, and its head as given.
fn nulls(head: &[u8], count: usize) -> Vec<u8> {
    [head, &vec![0xf6; count]].concat()
}

#[test]
fn a_list_above_its_limit_is_refused_by_its_head() {
    let decode = |bytes: &[u8]| {
        let decoded = decode_list::<Counted, (), 8>(&mut Decoder::new(bytes), &mut ());
        (
            decoded.map(|list| list.len()).ok(),
            DECODED.swap(0, Ordering::Relaxed),
        )
    };
    assert_eq!(decode(&nulls(&[0x80], 0)), (Some(0), 0));
    assert_eq!(decode(&nulls(&[0x88], 8)), (Some(8), 8));
    assert_eq!(decode(&nulls(&[0x89], 9)), (None, 0));
    assert_eq!(decode(&nulls(&[0x99, 0xea, 0x60], 60_000)), (None, 0));
    // A length that no memory has.
    assert_eq!(
        decode(&nulls(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255], 9)),
        (None, 0)
    );
    // Without a length; and with fewer elements than it says.
    assert_eq!(decode(&nulls(&[0x9f], 9)), (None, 0));
    assert_eq!(decode(&nulls(&[0x88], 7)), (None, 8));
}

#[test]
fn what_differs_from_its_encoding_is_refused() {
    let decode = |bytes: &[u8]| decode_canonical::<u64>(bytes, ErrorCode::BadRequest, "").ok();
    assert_eq!(decode(&[0x18, 24]), Some(24));
    assert_eq!(decode(&[0x18, 23]), None);
    assert_eq!(decode(&[0x19, 0, 24]), None);
    assert_eq!(decode(&[24]), None);
    assert_eq!(decode(&[0x18, 24, 0]), None);
    assert_eq!(decode(&[]), None);
}
