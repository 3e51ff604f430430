// SPDX-License-Identifier: Apache-2.0

use std::io::{Read, Write};

use sealer_wire::ErrorCode;
use sha2::{Digest, Sha256};

use super::keys::{BodyHeader, BodyKey, Slots};
use super::seal::seal_body;
use super::{HEADER, SEGMENT, Structure, TAG, open_body};
use crate::{Dek, Header, Job, associated_data};

const VECTORS: &str = include_str!("../../tests/data/tink-vectors.txt");

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| ((i * 31 + i / 256) % 251) as u8)
        .collect()
}

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let bytes: Vec<u8> = (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    bytes.try_into().unwrap()
}

fn body_key(ad: &[u8; 32]) -> BodyKey {
    let header = BodyHeader {
        salt: [3; 32],
        prefix: [4; 7],
    };
    BodyKey::derive(&Dek::take(&mut [1; 32]).unwrap(), &header, ad).unwrap()
}

/// Tink's ciphertext follows from key, salt and nonce prefix, so a hash of each is enough to
/// compare every byte.
#[test]
fn bodies_are_byte_for_byte_those_of_tink() {
    let mut vectors = 0;
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let [size, dek, ad, salt, prefix, body_bytes, hash]: [&str; 7] =
            line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let plaintext = pattern(size.parse().unwrap());
        let header = BodyHeader {
            salt: unhex(salt),
            prefix: unhex(prefix),
        };
        let ad = unhex(ad);

        let mut body = Vec::new();
        let key = Dek::take(&mut unhex(dek)).unwrap();
        let (read, written, _) = seal_body(
            &Job::new(),
            &ad,
            key,
            &header,
            &plaintext[..],
            (&mut body).into(),
        )
        .unwrap();
        assert_eq!(read, plaintext.len() as u64);
        assert_eq!(written, body_bytes.parse::<u64>().unwrap());
        let sum: [u8; 32] = Sha256::digest(&body).into();
        assert_eq!(sum, unhex(hash), "{size} bytes");
        vectors += 1;
    }
    assert_eq!(vectors, 13);
}

#[test]
fn a_nonce_is_prefix_index_and_last_byte() {
    let key = body_key(&[0; 32]);
    assert_eq!(
        key.nonce(0x0102_0304, false),
        [4, 4, 4, 4, 4, 4, 4, 1, 2, 3, 4, 0]
    );
    assert_eq!(key.nonce(0, true)[7..], [0, 0, 0, 0, 1]);
}

#[test]
fn every_body_gets_its_own_salt_and_prefix() {
    let (first, second) = (BodyHeader::random().unwrap(), BodyHeader::random().unwrap());
    assert_ne!(first.salt, second.salt);
    assert_ne!(first.prefix, second.prefix);
}

#[test]
fn a_body_header_comes_back_and_its_length_byte_is_checked() {
    let header = BodyHeader::random().unwrap();
    let mut bytes = header.encode();
    assert_eq!(BodyHeader::decode(&bytes).unwrap(), header);
    for wrong in [0, 39, 41, 255] {
        bytes[0] = wrong;
        let error = BodyHeader::decode(&bytes).unwrap_err();
        assert_eq!(error.code, ErrorCode::SegmentTampered);
    }
}

#[test]
fn slots_end_with_the_segment_counter() {
    let mut slots = Slots::default();
    assert!(slots.next().is_ok());
    let mut slots = Slots::at(u64::from(u32::MAX));
    assert!(slots.next().is_ok());
    for _ in 0..2 {
        assert_eq!(slots.next().err().unwrap().code, ErrorCode::TooLarge);
    }
}

#[test]
fn a_segment_seals_only_into_a_buffer_with_room_for_its_tag() {
    let key = body_key(&[0; 32]);
    let mut slots = Slots::default();
    let mut buffer = [0; 20];
    for length in [5, 20, 21] {
        let sealed = key.seal(slots.next().unwrap(), true, &mut buffer, length);
        assert_eq!(sealed.unwrap_err().code, ErrorCode::Internal);
    }
    assert_eq!(
        key.seal(slots.next().unwrap(), true, &mut buffer, 4)
            .unwrap(),
        0..20
    );
}

#[test]
fn the_structure_of_every_edge() {
    let first = (SEGMENT - HEADER - TAG) as u64;
    let next = (SEGMENT - TAG) as u64;
    for (plaintext, segments) in [
        (0, 1),
        (1, 1),
        (first - 1, 1),
        (first, 1),
        (first + 1, 2),
        (first + next - 1, 2),
        (first + next, 2),
        (first + next + 1, 3),
        (first + next * 2047, 2048),
        (first + next * u64::from(u32::MAX), 1 << 32),
    ] {
        let structure = Structure::from_plaintext_bytes(plaintext).unwrap();
        assert_eq!(
            (structure.plaintext_bytes, structure.segments),
            (plaintext, segments)
        );
        assert_eq!(structure.body_bytes, 40 + plaintext + 16 * segments);
        assert_eq!(
            Structure::from_body_bytes(structure.body_bytes),
            Some(structure)
        );
    }
}

#[test]
fn impossible_lengths_have_no_structure() {
    let segment = SEGMENT as u64;
    for bytes in [
        0,
        1,
        39,
        40,
        55,
        segment + 1,
        segment + 16,
        7 * segment + 16,
        u64::MAX,
    ] {
        assert_eq!(Structure::from_body_bytes(bytes), None, "{bytes}");
    }
    assert!(Structure::from_body_bytes(Structure::MAX_BODY_BYTES).is_some());
    assert_eq!(
        Structure::from_body_bytes(Structure::MAX_BODY_BYTES + 1),
        None
    );
    let longest = Structure::from_body_bytes(Structure::MAX_BODY_BYTES)
        .unwrap()
        .plaintext_bytes;
    for bytes in [longest + 1, u64::MAX - 40, u64::MAX] {
        assert_eq!(Structure::from_plaintext_bytes(bytes), None, "{bytes}");
    }
}

/// Only the holder of the key can make one, but then a plaintext would have two bodies.
#[test]
fn an_empty_segment_behind_a_full_one_is_refused() {
    let core = b"core";
    let key = body_key(&associated_data(core));
    let header = BodyHeader {
        salt: [3; 32],
        prefix: [4; 7],
    };
    let mut body = header.encode().to_vec();
    let mut slots = Slots::default();
    let mut buffer = vec![9; SEGMENT];
    for (last, length) in [(false, SEGMENT - HEADER - TAG), (true, 0)] {
        let sealed = key
            .seal(slots.next().unwrap(), last, &mut buffer, length)
            .unwrap();
        body.extend_from_slice(&buffer[sealed]);
    }
    let header = Header {
        core: core.to_vec(),
        key_part: vec![1],
        recorded_bytes: None,
    };
    let dek = Dek::take(&mut [1; 32]).unwrap();
    let error = open_body(&Job::new(), &header, &dek, &body[..], Vec::new()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Truncated);
}

/// Counts what is read but not yet written.
struct Gauge<'a>(&'a std::sync::Mutex<(u64, u64, u64)>);

impl Read for Gauge<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut state = self.0.lock().unwrap();
        let left = (64 << 20) - state.0;
        let count = left.min(buffer.len() as u64);
        state.0 += count;
        state.2 = state.2.max(state.0.saturating_sub(state.1));
        Ok(count as usize)
    }
}

impl Write for Gauge<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::thread::sleep(std::time::Duration::from_micros(200));
        self.0.lock().unwrap().1 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_writer_makes_nobody_read_ahead_of_the_buffers() {
    let gauge = std::sync::Mutex::new((0, 0, 0));
    let header = BodyHeader::random().unwrap();
    let dek = Dek::take(&mut [1; 32]).unwrap();
    seal_body(
        &Job::new(),
        &[0; 32],
        dek,
        &header,
        Gauge(&gauge),
        Gauge(&gauge).into(),
    )
    .unwrap();
    let (read, _, peak) = gauge.into_inner().unwrap();
    let threads = crate::pipeline::threads() as u64;
    assert_eq!(read, 64 << 20);
    assert!(
        peak <= threads * (SEGMENT as u64 + 64),
        "{peak} bytes in {threads} buffers"
    );
    assert!(threads <= 8);
}
