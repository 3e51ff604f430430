// SPDX-License-Identifier: Apache-2.0

//! What was written comes back, for every size edge; and headers good and bad.

mod common;

use std::io::Cursor;

use common::{CORE, FIRST, KEY_PART, NEXT, Odd, SEGMENT, dek, open, plaintext, seal, segment_at};
use passkeybackup_archive::{
    Job, MAGIC, Structure, associated_data, open_body, read_header, replace_key_part, structure,
    write_archive, write_header,
};
use proptest::prelude::*;
use sealer_wire::ErrorCode;

#[test]
fn every_size_edge_comes_back() {
    let edges = [
        0,
        1,
        15,
        16,
        17,
        63,
        64,
        65,
        FIRST,
        FIRST + NEXT,
        FIRST + 2 * NEXT,
    ];
    let ahead = [FIRST + 64, FIRST + 65];
    for edge in edges.into_iter().chain(ahead) {
        for size in [edge.saturating_sub(1), edge, edge + 1] {
            let content = plaintext(size);
            let archive = seal(&content);
            let (output, opened) = open(&archive);
            let opened = opened.unwrap();
            assert!(output == content, "{size} bytes");
            let expected = Structure::from_plaintext_bytes(size as u64).unwrap();
            assert_eq!(opened.plaintext_bytes, size as u64);
            assert_eq!(opened.segments, expected.segments);
            let (header, found) = structure(&mut Cursor::new(&archive)).unwrap();
            assert_eq!(found, expected);
            assert_eq!(
                header.body_offset() + found.body_bytes,
                archive.len() as u64
            );
        }
    }
}

#[test]
fn two_archives_of_one_content_share_no_ciphertext() {
    let content = plaintext(1000);
    let (first, second) = (seal(&content), seal(&content));
    assert_ne!(first[segment_at(0)..], second[segment_at(0)..]);
}

#[test]
fn the_header_comes_back_and_leaves_the_input_at_the_body() {
    let archive = seal(b"content");
    let mut input = &archive[..];
    let header = read_header(&mut input).unwrap();
    assert_eq!((&header.core[..], &header.key_part[..]), (CORE, KEY_PART));
    assert_eq!(header.body_offset() as usize, archive.len() - input.len());
    assert_eq!(input[0], 0x28);
    assert_eq!(header.associated_data(), associated_data(CORE));
}

#[test]
fn files_that_are_no_archives_are_named_so() {
    for bytes in [
        &b""[..],
        b"P",
        b"PKB",
        b"PKBx",
        b"PKB0\0\0\0\x01",
        b"pkb1",
        b"\x7fELF......",
    ] {
        assert_eq!(
            read_header(&mut &bytes[..]).unwrap_err().code,
            ErrorCode::NotAnArchive
        );
    }
}

#[test]
fn later_formats_are_named_so() {
    for version in b'2'..=b'9' {
        let bytes = [b'P', b'K', b'B', version, 0, 0];
        let error = read_header(&mut &bytes[..]).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnsupportedVersion);
    }
}

fn framed(core_bytes: u32, core: &[u8], key_part_bytes: u32, key_part: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&core_bytes.to_be_bytes());
    bytes.extend_from_slice(core);
    bytes.extend_from_slice(&key_part_bytes.to_be_bytes());
    bytes.extend_from_slice(key_part);
    bytes
}

#[test]
fn lengths_above_their_limit_are_too_large_before_anything_is_read() {
    for length in [8193, 65536, 0x4000_0000, u32::MAX] {
        let error = read_header(&mut &framed(length, b"", 1, b"")[..]).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLarge, "core of {length}");
    }
    for length in [65537, 0x4000_0000, u32::MAX] {
        let error = read_header(&mut &framed(1, b"c", length, b"")[..]).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLarge, "key part of {length}");
    }
    let largest = framed(8192, &[1; 8192], 65536, &[2; 65536]);
    assert_eq!(
        read_header(&mut &largest[..]).unwrap().key_part.len(),
        65536
    );
}

#[test]
fn empty_parts_are_tampering() {
    for bytes in [framed(0, b"", 1, b"k"), framed(1, b"c", 0, b"")] {
        assert_eq!(
            read_header(&mut &bytes[..]).unwrap_err().code,
            ErrorCode::HeaderTampered
        );
    }
}

#[test]
fn headers_outside_the_limits_are_not_written() {
    for (core, key_part, code) in [
        (0, 1, ErrorCode::BadRequest),
        (1, 0, ErrorCode::BadRequest),
        (8193, 1, ErrorCode::TooLarge),
        (1, 65537, ErrorCode::TooLarge),
    ] {
        let (core, key_part) = (vec![1; core], vec![1; key_part]);
        let mut output = Vec::new();
        let error = write_header(&Job::new(), &core, &key_part, &mut output).unwrap_err();
        assert_eq!(error.code, code);
        let error = write_archive(&Job::new(), &core, &key_part, dek(), &b"x"[..], &mut output)
            .unwrap_err();
        assert_eq!(error.code, code);
        assert!(output.is_empty());
    }
}

#[test]
fn the_structure_of_cut_archives_is_refused_where_it_can_be_seen() {
    let archive = seal(&plaintext(FIRST + 100));
    let body = segment_at(0) - 40;
    for cut in [
        body,
        body + 1,
        body + 40,
        body + 55,
        segment_at(1) + 1,
        segment_at(1) + 16,
    ] {
        let error = structure(&mut Cursor::new(&archive[..cut])).unwrap_err();
        assert_eq!(error.code, ErrorCode::Truncated, "cut at {cut}");
    }
    let mut changed = archive;
    changed[body] = 0x29;
    let error = structure(&mut Cursor::new(&changed)).unwrap_err();
    assert_eq!(error.code, ErrorCode::SegmentTampered);
}

#[test]
fn another_key_part_leaves_core_and_body_as_they_were() {
    for size in [0, 1000, 3 * SEGMENT] {
        let content = plaintext(size);
        let archive = seal(&content);
        for key_part in [&b"k"[..], &[7; 65536]] {
            let mut input = &archive[..];
            let mut output = Vec::new();
            let job = Job::new();
            let bytes = replace_key_part(&job, &mut input, key_part, &mut output).unwrap();
            assert_eq!(bytes, output.len() as u64);
            let body = segment_at(0) - 40;
            assert!(output.ends_with(&archive[body..]));
            let header = read_header(&mut &output[..]).unwrap();
            assert_eq!((&header.core[..], &header.key_part[..]), (CORE, key_part));
            assert!(open(&output).0 == content);
        }
    }
}

#[test]
fn another_key_part_between_files() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let content = plaintext(20 * SEGMENT + 5);
    std::fs::write(&old, seal(&content)).unwrap();
    let mut input = std::fs::File::open(&old).unwrap();
    let mut output = std::fs::File::create(&new).unwrap();
    let job = Job::new();
    replace_key_part(&job, &mut input, b"another", &mut output).unwrap();
    let archive = std::fs::read(&new).unwrap();
    assert_eq!(read_header(&mut &archive[..]).unwrap().key_part, b"another");
    assert!(open(&archive).0 == content);
}

#[test]
fn replacing_a_key_part_refuses_what_is_no_archive() {
    let archive = seal(&plaintext(FIRST + 100));
    let replace = |bytes: &[u8], key_part: &[u8]| {
        let mut input = bytes;
        replace_key_part(&Job::new(), &mut input, key_part, &mut Vec::new())
            .unwrap_err()
            .code
    };
    assert_eq!(replace(b"no archive", b"k"), ErrorCode::NotAnArchive);
    assert_eq!(replace(&archive[..20], b"k"), ErrorCode::Truncated);
    assert_eq!(
        replace(&archive[..segment_at(0)], b"k"),
        ErrorCode::Truncated
    );
    assert_eq!(
        replace(&archive[..segment_at(1) + 16], b"k"),
        ErrorCode::Truncated
    );
    assert_eq!(replace(&archive, b""), ErrorCode::BadRequest);
    assert_eq!(replace(&archive, &[0; 65537]), ErrorCode::TooLarge);
}

#[test]
fn replacing_a_key_part_reports_failures_and_cancellation() {
    let archive = seal(&plaintext(SEGMENT));
    let mut output = Odd::new(Vec::new());
    output.fail = Some((SEGMENT / 2, std::io::ErrorKind::StorageFull));
    let error = replace_key_part(&Job::new(), &mut &archive[..], b"k", &mut output).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSpace);
    let mut input = Odd::new(&archive[..]);
    input.fail = Some((SEGMENT / 2, std::io::ErrorKind::Other));
    let error = replace_key_part(&Job::new(), &mut input, b"k", &mut Vec::new()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
    let job = Job::new();
    job.cancel();
    let error = replace_key_part(&job, &mut &archive[..], b"k", &mut Vec::new()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_size_through_any_chunks_comes_back(
        size in prop_oneof![0..5_000_usize, FIRST - 70..FIRST + 70, 0..3 * SEGMENT],
        chunk in prop_oneof![500..5_000_usize, SEGMENT - 70..SEGMENT + 70],
        every in 2..50_usize,
    ) {
        let content = plaintext(size);
        let mut input = Odd::new(&content[..]);
        (input.chunk, input.interrupt_every) = (chunk, Some(every));
        let mut archive = Vec::new();
        write_archive(&Job::new(), CORE, KEY_PART, dek(), input, &mut archive).unwrap();
        let mut input = Odd::new(&archive[..]);
        (input.chunk, input.interrupt_every) = (chunk, Some(every));
        let header = read_header(&mut input).unwrap();
        let mut output = Vec::new();
        open_body(&Job::new(), &header, &dek(), input, &mut output).unwrap();
        prop_assert!(output == content);
    }

    #[test]
    fn any_cut_and_any_flip_is_refused(
        size in prop_oneof![0..5_000_usize, FIRST - 70..FIRST + 70, 0..3 * SEGMENT],
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let content = plaintext(size);
        let mut archive = seal(&content);
        let recorded = archive.len() as u64;
        let cut = at.index(archive.len());
        let error = common::refusal_recorded(&archive[..cut], &content, Some(recorded));
        let expected = if cut < 4 { ErrorCode::NotAnArchive } else { ErrorCode::Truncated };
        prop_assert_eq!(error.code, expected);

        let body = segment_at(0) - 40;
        let flip = body + at.index(archive.len() - body);
        archive[flip] ^= 1 << bit;
        let error = common::refusal_recorded(&archive, &content, Some(recorded));
        prop_assert_eq!(error.code, ErrorCode::SegmentTampered);
    }

    #[test]
    fn any_bytes_at_all_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&bytes).1.is_err());
        prop_assert!(structure(&mut Cursor::new(&bytes)).is_err());
        let mut framed = framed(3, b"abc", 2, b"de");
        framed.extend_from_slice(&bytes);
        prop_assert!(open(&framed).1.is_err());
    }

    #[test]
    fn lengths_and_structures_agree(plaintext in 0..1_u64 << 51) {
        let structure = Structure::from_plaintext_bytes(plaintext).unwrap();
        prop_assert_eq!(structure.plaintext_bytes, plaintext);
        prop_assert_eq!(Structure::from_body_bytes(structure.body_bytes), Some(structure));
    }
}
