// SPDX-License-Identifier: Apache-2.0

//! Damaged archives: each kind of damage has its own name, and nothing unauthentic comes out.

mod common;

use common::{
    CORE, FIRST, KEY_PART, NEXT, SEGMENT, dek, open, plaintext, refusal, refusal_recorded, seal,
    segment_at,
};
use passkeybackup_archive::{Dek, Job, open_body, read_header, verify_body};
use sealer_wire::ErrorCode;

/// Three full segments and a short one.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let plaintext = plaintext(FIRST + 2 * NEXT + 70_000);
    let archive = seal(&plaintext);
    assert_eq!(archive.len(), segment_at(3) + 70_000 + 16);
    (plaintext, archive)
}

#[test]
fn cut_at_every_segment_boundary_is_truncated() {
    let (plaintext, archive) = sample();
    for segments in 1..=3 {
        let error = refusal(&archive[..segment_at(segments)], &plaintext);
        assert_eq!(error.code, ErrorCode::Truncated, "{error}");
        assert!(
            error
                .detail
                .contains(&format!("behind segment {}", segments - 1)),
            "{error}"
        );
    }
}

#[test]
fn cut_inside_the_body_header_or_the_first_tag_bytes_is_truncated() {
    let (plaintext, archive) = sample();
    let body = segment_at(0) - 40;
    let inside_header = body..body + 40;
    let inside_first_tag = segment_at(0)..segment_at(0) + 16;
    let behind_second = segment_at(2) + 1..segment_at(2) + 17;
    for cut in inside_header.chain(inside_first_tag).chain(behind_second) {
        let error = refusal(&archive[..cut], &plaintext);
        assert_eq!(error.code, ErrorCode::Truncated, "cut at {cut}: {error}");
    }
}

#[test]
fn cut_anywhere_in_the_header_is_truncated_or_no_archive() {
    let archive = seal(b"x");
    for cut in 0..segment_at(0) - 40 {
        let code = refusal(&archive[..cut], b"x").code;
        let expected = if cut < 4 {
            ErrorCode::NotAnArchive
        } else {
            ErrorCode::Truncated
        };
        assert_eq!(code, expected, "cut at {cut}");
    }
}

/// Without its length nobody can tell a cut inside a segment from a changed one; with it one can.
#[test]
fn cut_inside_a_segment_is_told_apart_by_the_recorded_length() {
    let (plaintext, archive) = sample();
    let recorded = Some(archive.len() as u64);
    for cut in [
        segment_at(0) + 17,
        segment_at(0) + 500_000,
        segment_at(1) - 1,
        segment_at(1) + 17,
        segment_at(2) + 3,
        segment_at(3) - 17,
        segment_at(3) + 16,
        segment_at(3) + 69_999,
        archive.len() - 16,
        archive.len() - 1,
    ] {
        let error = refusal_recorded(&archive[..cut], &plaintext, recorded);
        assert_eq!(error.code, ErrorCode::Truncated, "cut at {cut}: {error}");
        let error = refusal(&archive[..cut], &plaintext);
        let named = error.code == ErrorCode::Truncated
            || error.code == ErrorCode::SegmentTampered && error.detail.contains("or cut");
        assert!(named, "cut at {cut}: {error}");
    }
}

#[test]
fn a_changed_byte_stays_tampering_under_a_recorded_length() {
    let (plaintext, mut archive) = sample();
    let recorded = Some(archive.len() as u64);
    let end = archive.len() - 1;
    archive[end] ^= 1;
    let error = refusal_recorded(&archive, &plaintext, recorded);
    assert_eq!(error.code, ErrorCode::SegmentTampered, "{error}");
}

#[test]
fn a_wrong_recorded_length_refuses_nothing_that_verifies() {
    let archive = seal(b"content");
    let (output, opened) = common::open_recorded(&archive, Some(3));
    assert!(opened.is_ok());
    assert_eq!(output, b"content");
}

#[test]
fn a_flipped_bit_in_any_segment_is_tampering_of_that_segment() {
    let (plaintext, archive) = sample();
    for (segment, at) in [
        (0, segment_at(0)),
        (0, segment_at(1) - 1),
        (1, segment_at(1)),
        (1, segment_at(1) + 123_456),
        (1, segment_at(2) - 16),
        (2, segment_at(3) - 1),
        (3, segment_at(3)),
        (3, archive.len() - 17),
        (3, archive.len() - 1),
    ] {
        for bit in [0x01, 0x80] {
            let mut changed = archive.clone();
            changed[at] ^= bit;
            let error = refusal(&changed, &plaintext);
            assert_eq!(error.code, ErrorCode::SegmentTampered, "{error}");
            assert!(
                error.detail.contains(&format!("segment {segment}")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_body_header_is_tampering() {
    let archive = seal(b"content");
    for at in segment_at(0) - 40..segment_at(0) {
        let mut changed = archive.clone();
        changed[at] ^= 0x10;
        assert_eq!(
            refusal(&changed, b"").code,
            ErrorCode::SegmentTampered,
            "byte {at}"
        );
    }
}

#[test]
fn every_changed_byte_of_a_small_archive_is_refused_or_harmless() {
    let archive = seal(b"content");
    let key_part = 12 + CORE.len()..12 + CORE.len() + KEY_PART.len();
    for at in 0..archive.len() {
        let mut changed = archive.clone();
        changed[at] ^= 0x55;
        let (output, opened) = open(&changed);
        // The key part is the sealer's to check: its MAC, not the body, covers it.
        assert_eq!(opened.is_ok(), key_part.contains(&at), "byte {at}");
        assert!(output.is_empty() || opened.is_ok());
    }
}

#[test]
fn swapped_segments_are_named() {
    let (plaintext, archive) = sample();
    let mut swapped = archive.clone();
    let (one, two) = swapped[segment_at(1)..segment_at(3)].split_at_mut(SEGMENT);
    one.swap_with_slice(two);
    let error = refusal(&swapped, &plaintext);
    assert_eq!(error.code, ErrorCode::SegmentTampered);
    assert_eq!(error.detail, "segment 2 stands at the place of segment 1");
}

#[test]
fn a_repeated_segment_is_named() {
    let (plaintext, archive) = sample();
    let mut repeated = archive[..segment_at(2)].to_vec();
    repeated.extend_from_slice(&archive[segment_at(1)..]);
    let error = refusal(&repeated, &plaintext);
    assert_eq!(error.code, ErrorCode::SegmentTampered);
    assert_eq!(error.detail, "segment 1 stands at the place of segment 2");
}

#[test]
fn a_segment_left_out_is_named() {
    let (plaintext, archive) = sample();
    let mut shortened = archive[..segment_at(1)].to_vec();
    shortened.extend_from_slice(&archive[segment_at(2)..]);
    let error = refusal(&shortened, &plaintext);
    assert_eq!(error.code, ErrorCode::SegmentTampered);
    assert_eq!(error.detail, "segment 2 stands at the place of segment 1");
}

#[test]
fn the_last_segment_in_the_place_of_an_earlier_one_is_named() {
    let (plaintext, archive) = sample();
    let mut shortened = archive[..segment_at(1)].to_vec();
    shortened.extend_from_slice(&archive[segment_at(3)..]);
    let error = refusal(&shortened, &plaintext);
    assert_eq!(error.code, ErrorCode::SegmentTampered);
    assert_eq!(error.detail, "segment 3 stands at the place of segment 1");
}

#[test]
fn the_first_two_segments_swapped_are_tampering() {
    let (plaintext, archive) = sample();
    let mut swapped = archive[..segment_at(0)].to_vec();
    swapped.extend_from_slice(&archive[segment_at(1)..segment_at(2)]);
    swapped.extend_from_slice(&archive[segment_at(0)..segment_at(1)]);
    swapped.extend_from_slice(&archive[segment_at(2)..]);
    assert_eq!(
        refusal(&swapped, &plaintext).code,
        ErrorCode::SegmentTampered
    );
}

#[test]
fn a_segment_of_another_archive_of_the_same_key_is_tampering() {
    let (plaintext, archive) = sample();
    let other = seal(&plaintext);
    let mut mixed = archive.clone();
    mixed[segment_at(1)..segment_at(2)].copy_from_slice(&other[segment_at(1)..segment_at(2)]);
    assert_eq!(refusal(&mixed, &plaintext).code, ErrorCode::SegmentTampered);
}

#[test]
fn bytes_behind_a_short_last_segment_are_trailing() {
    let content = plaintext(FIRST + 5_000);
    let archive = seal(&content);
    for extra in [
        1,
        15,
        16,
        17,
        1000,
        SEGMENT - 5_016,
        SEGMENT - 5_015,
        SEGMENT,
        2 * SEGMENT,
    ] {
        let mut longer = archive.clone();
        longer.extend(std::iter::repeat_n(0, extra));
        let error = refusal(&longer, &content);
        assert_eq!(
            error.code,
            ErrorCode::TrailingData,
            "{extra} bytes: {error}"
        );
        if extra <= SEGMENT - 5_016 {
            assert!(
                error.detail.starts_with(&format!("{extra} bytes follow")),
                "{error}"
            );
        }
    }
}

#[test]
fn bytes_behind_a_full_last_segment_are_trailing() {
    for content in [plaintext(FIRST), plaintext(FIRST + NEXT)] {
        let archive = seal(&content);
        for extra in [1, 16, 17, SEGMENT, SEGMENT + 1] {
            let mut longer = archive.clone();
            longer.extend(std::iter::repeat_n(0xff, extra));
            let error = refusal(&longer, &content);
            assert_eq!(
                error.code,
                ErrorCode::TrailingData,
                "{extra} bytes: {error}"
            );
        }
    }
}

#[test]
fn bytes_behind_an_empty_body_are_trailing() {
    for extra in [1, 16, 40, 56] {
        let mut longer = seal(b"");
        longer.extend(std::iter::repeat_n(7, extra));
        assert_eq!(
            refusal(&longer, b"").code,
            ErrorCode::TrailingData,
            "{extra} bytes"
        );
    }
}

#[test]
fn two_archives_in_one_file_are_trailing_data() {
    let mut twice = seal(b"content");
    twice.extend_from_slice(&twice.clone());
    assert_eq!(refusal(&twice, b"content").code, ErrorCode::TrailingData);
}

#[test]
fn inserted_and_removed_bytes_are_tampering() {
    let (plaintext, archive) = sample();
    let at = segment_at(1) + 1000;
    let mut inserted = archive.clone();
    inserted.insert(at, 0);
    assert_eq!(
        refusal(&inserted, &plaintext).code,
        ErrorCode::SegmentTampered
    );
    let mut removed = archive.clone();
    removed.remove(at);
    assert_eq!(
        refusal(&removed, &plaintext).code,
        ErrorCode::SegmentTampered
    );
}

#[test]
fn the_core_of_another_archive_is_refused() {
    let archive = seal(b"content");
    let mut input = &archive[..];
    let mut header = read_header(&mut input).unwrap();
    header.core.push(0);
    let mut output = Vec::new();
    let error = open_body(&Job::new(), &header, &dek(), input, &mut output).unwrap_err();
    assert_eq!(error.code, ErrorCode::SegmentTampered);
    assert!(output.is_empty());
}

#[test]
fn another_key_is_refused() {
    let archive = seal(b"content");
    let mut input = &archive[..];
    let header = read_header(&mut input).unwrap();
    let other = Dek::take(&mut [0x43; 32]).unwrap();
    let error = verify_body(&Job::new(), &header, &other, input).unwrap_err();
    assert_eq!(error.code, ErrorCode::SegmentTampered);
}

#[test]
fn the_earliest_damage_is_the_one_reported() {
    let (plaintext, mut archive) = sample();
    for segment in [3, 2, 1] {
        let at = segment_at(segment) + 10;
        archive[at] ^= 1;
        for _ in 0..8 {
            let (output, opened) = open(&archive);
            let error = opened.unwrap_err();
            assert!(
                error.detail.contains(&format!("segment {segment}")),
                "{error}"
            );
            // Every segment before the damage comes out, whatever the threads did.
            assert_eq!(output, plaintext[..FIRST + (segment - 1) * NEXT]);
        }
    }
}

#[test]
fn verification_finds_what_opening_finds() {
    let (_, mut archive) = sample();
    let verify = |archive: &[u8]| {
        let mut input = archive;
        let header = read_header(&mut input).unwrap();
        verify_body(&Job::new(), &header, &dek(), input)
    };
    assert_eq!(verify(&archive).unwrap().segments, 4);
    assert_eq!(
        verify(&archive[..segment_at(2)]).unwrap_err().code,
        ErrorCode::Truncated
    );
    archive.push(0);
    assert_eq!(verify(&archive).unwrap_err().code, ErrorCode::TrailingData);
    archive.pop();
    archive[segment_at(2)] ^= 1;
    assert_eq!(
        verify(&archive).unwrap_err().code,
        ErrorCode::SegmentTampered
    );
}
