// SPDX-License-Identifier: Apache-2.0

//! Which AES-256-GCM library seals and opens segments fastest on this machine.
//!
//! Every thread works on a buffer of its own; a line is the best of three rounds. `open` decrypts
//! and verifies real ciphertext, restored by a copy that is timed and taken off.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};

const SEGMENT: usize = 1 << 20;
const CONTENT: usize = SEGMENT - 16;
const KEY: [u8; 32] = [3; 32];
const ROUNDS: u32 = 3;
const SEGMENTS: u32 = 1000;

fn main() {
    for threads in [1, 2] {
        ring_lines(threads);
        aws_lc_lines(threads);
        aes_gcm_lines(threads);
    }
}

fn nonce(index: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&index.to_be_bytes());
    nonce
}

/// The best rate of `work`, called with a segment's index and buffer, on all threads together.
fn line(name: &str, threads: u32, work: impl Fn(u32, &mut [u8]) -> Duration + Sync) {
    let mut best = 0_f64;
    for _ in 0..ROUNDS {
        let seconds: Vec<f64> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut buffer = vec![7; SEGMENT];
                        let start = Instant::now();
                        let idle: Duration = (0..SEGMENTS).map(|i| work(i, &mut buffer)).sum();
                        (start.elapsed() - idle).as_secs_f64()
                    })
                })
                .collect();
            running
                .into_iter()
                .filter_map(|thread| thread.join().ok())
                .collect()
        });
        let bytes = f64::from(SEGMENTS) * SEGMENT as f64;
        best = best.max(seconds.iter().map(|seconds| bytes / seconds / 1e9).sum());
    }
    println!("{name:14} {threads} threads  {best:5.2} GB/s");
}

/// Restores the ciphertext that the last call consumed; returns how long that took.
fn restore(buffer: &mut [u8], sealed: &[u8]) -> Duration {
    let start = Instant::now();
    buffer.copy_from_slice(sealed);
    start.elapsed()
}

macro_rules! ring_like {
    ($function:ident, $library:ident, $name:literal) => {
        fn $function(threads: u32) {
            use $library::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).expect("a key"));
            let seal = |index, buffer: &mut [u8]| {
                let (content, tag) = buffer.split_at_mut(CONTENT);
                let nonce = Nonce::assume_unique_for_key(nonce(index));
                let made = key.seal_in_place_separate_tag(nonce, Aad::empty(), content);
                tag.copy_from_slice(made.expect("sealed").as_ref());
            };
            line(concat!($name, " seal"), threads, |index, buffer| {
                seal(index, buffer);
                Duration::ZERO
            });
            let mut sealed = vec![7; SEGMENT];
            seal(0, &mut sealed);
            line(concat!($name, " open"), threads, |_, buffer| {
                let idle = restore(buffer, &sealed);
                let nonce = Nonce::assume_unique_for_key(nonce(0));
                black_box(
                    key.open_in_place(nonce, Aad::empty(), buffer)
                        .expect("opened"),
                );
                idle
            });
        }
    };
}

ring_like!(ring_lines, ring, "ring");
ring_like!(aws_lc_lines, aws_lc_rs, "aws-lc-rs");

fn aes_gcm_lines(threads: u32) {
    let key = Aes256Gcm::new(&KEY.into());
    let seal = |index, buffer: &mut [u8]| {
        let (content, tag) = buffer.split_at_mut(CONTENT);
        let made = key.encrypt_inout_detached(&nonce(index).into(), &[], content.into());
        tag.copy_from_slice(&made.expect("sealed"));
    };
    line("aes-gcm seal", threads, |index, buffer| {
        seal(index, buffer);
        Duration::ZERO
    });
    let mut sealed = vec![7; SEGMENT];
    seal(0, &mut sealed);
    line("aes-gcm open", threads, |_, buffer| {
        let idle = restore(buffer, &sealed);
        let (content, tag) = buffer.split_at_mut(CONTENT);
        let tag: [u8; 16] = (*tag).try_into().expect("a tag");
        key.decrypt_inout_detached(&nonce(0).into(), &[], content.into(), &tag.into())
            .expect("opened");
        idle
    });
}
