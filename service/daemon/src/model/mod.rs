// SPDX-License-Identifier: Apache-2.0

//! Random sequences of everything that a client can do, with a fault in some step, against a model.
//!
//! The daemon, its catalogue in SQLite and the sealer's core are the real ones, in this process;
//! what is played is the medium under the sealer ([`medium`]) and the way between daemon and sealer
//! ([`device`]). A fault is one of
//!
//! - a cut, torn or lost write, or an error, at some operation of the sealer's storage;
//! - the power going before a request reaches the sealer;
//! - the power going after the sealer has done its work and before the daemon hears of it, that is,
//!   before the catalogue's transaction;
//! - the power going after the catalogue's transaction, before the client hears of it.
//!
//! Then the device is started anew over what is left. The [`model`](expected) says what a vault has
//! to look like after each operation: with a fault it is the old or the new state, and nothing
//! else. At the end of every sequence archives are opened on a new device, with each factor that
//! the status of the vault claimed alive when the archive's header was written.
//!
//! `PKB_MODEL_SEQUENCES` runs more of them, `PKB_MODEL_SEED` begins with another one; a failure
//! names the seed of its sequence.

mod actions;
mod device;
mod expected;
mod medium;
mod person;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use actions::World;

/// What everything random is drawn from: splitmix64.
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect(name))
}

/// In two halves, for two cores.
#[test]
fn no_fault_leaves_anything_but_the_old_or_the_new_state() {
    play(0);
}

#[test]
fn no_other_fault_does_either() {
    play(1);
}

fn play(half: u64) {
    let sequences = setting("PKB_MODEL_SEQUENCES", 800);
    let seed = setting("PKB_MODEL_SEED", 1);
    println!("PKB_MODEL_SEED={seed} PKB_MODEL_SEQUENCES={sequences}");
    let mut seen = actions::Seen::default();
    for sequence in (seed..seed + sequences).filter(|sequence| sequence % 2 == half) {
        let mut world = World::new(Random(sequence));
        let told = catch_unwind(AssertUnwindSafe(|| world.play(&mut seen)));
        if let Err(panic) = told {
            eprintln!("PKB_MODEL_SEED={sequence} PKB_MODEL_SEQUENCES=1 shows this again. It did:");
            eprintln!("{}", world.told.join("\n"));
            resume_unwind(panic);
        }
    }
    println!("{seen:#?}");
    // A model that no fault ever met, or that opened nothing, has shown nothing.
    if sequences >= 100 {
        assert!(seen.faults_met * 8 > seen.actions, "{seen:?}");
        assert!(seen.opened * 8 > sequences, "{seen:?}");
        assert!(seen.kept_old > 0 && seen.took_new > 0, "{seen:?}");
    }
}
