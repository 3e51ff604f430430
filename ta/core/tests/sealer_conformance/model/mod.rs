// SPDX-License-Identifier: Apache-2.0

//! Random lives of a vault on three phones, with a fault at any storage operation and at any step
//! between sealer and service, against the simple model in `vault.rs`.
//!
//! After every operation a phone has the vault as it was before or as it should be now; which of
//! the two decides what goes on. At the end of a life no archive is lost: every factor that the
//! status claimed when its header was made opens it on a new device, and no other one does.
//!
//! `PKB_MODEL_SEQUENCES` says how many lives there are, `PKB_MODEL_SEED` which is the first. A
//! failure names the seed that leads to it alone.

mod life;
mod operations;
mod vault;

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use life::Life;

const SEQUENCES: u64 = 2_000;
const OPERATIONS: usize = 12;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

fn say(text: &str) {
    // Past the harness, which keeps what a test prints to itself.
    let line = format!("{text}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_life_of_a_vault_is_that_of_the_model() {
    let first = number("PKB_MODEL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let count = number("PKB_MODEL_SEQUENCES").unwrap_or(SEQUENCES);
    say(&format!("model: {count} sequences, PKB_MODEL_SEED={first}"));
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seen: Vec<life::Counts> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| lives(&next, first, count)))
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let total = seen.into_iter().reduce(life::Counts::plus).unwrap();
    say(&format!("model: {total:?}"));
    if count >= SEQUENCES {
        total.check();
    }
}

fn lives(next: &AtomicU64, first: u64, count: u64) -> life::Counts {
    let mut counts = life::Counts::default();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= count {
            return counts;
        }
        let seed = first.wrapping_add(index);
        let life = || {
            let mut life = Life::new(seed);
            for _ in 0..OPERATIONS {
                life.step();
            }
            life.finish()
        };
        match catch_unwind(AssertUnwindSafe(life)) {
            Ok(of_life) => counts = counts.plus(of_life),
            Err(panic) => {
                say(&format!(
                    "model: failed with PKB_MODEL_SEED={seed} PKB_MODEL_SEQUENCES=1"
                ));
                resume_unwind(panic);
            }
        }
    }
}
