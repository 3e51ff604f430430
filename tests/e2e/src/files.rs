// SPDX-License-Identifier: Apache-2.0

//! Contents of files that no compression, deduplication or zero page can fake.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use crate::Random;

/// Bytes that depend on the seed and on where they stand.
pub fn content(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut made = Vec::with_capacity(bytes + 8);
    while made.len() < bytes {
        made.extend_from_slice(&random.next().to_le_bytes());
    }
    made.truncate(bytes);
    made
}

/// Writes [`content`] of any length to a file.
pub fn write_content(path: &Path, seed: u64, bytes: u64) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).expect("a new file"));
    let mut random = Random::new(seed);
    let mut left = bytes;
    while left > 0 {
        let word = random.next().to_le_bytes();
        let step = usize::try_from(left.min(8)).expect("at most 8");
        file.write_all(&word[..step]).expect("space for the file");
        left -= step as u64;
    }
    file.flush().expect("space for the file");
}

/// A digest for comparing, FNV-1a of 64 bits, with the length.
pub fn digest_of(bytes: &[u8]) -> (usize, u64) {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (bytes.len(), hash)
}

/// Whether two files hold the same bytes, compared in pieces.
pub fn same_bytes(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (
        File::open(one).expect("a file"),
        File::open(other).expect("a file"),
    );
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let (read_a, read_b) = (fill(&mut one, &mut a), fill(&mut other, &mut b));
        if a[..read_a] != b[..read_b] {
            return false;
        }
        if read_a == 0 {
            return true;
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).expect("a readable file") {
            0 => break,
            read => filled += read,
        }
    }
    filled
}
