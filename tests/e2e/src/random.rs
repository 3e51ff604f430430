// SPDX-License-Identifier: Apache-2.0

//! Numbers that can be drawn again.

/// SplitMix64: good enough to choose where to cut, small enough to read.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// From `PKB_SEED`, or a seed that is different every time. Prints it, to be used again.
    ///
    /// # Panics
    /// If `PKB_SEED` is not a number.
    pub fn from_env(what: &str) -> Random {
        let seed = std::env::var("PKB_SEED").map_or_else(
            |_| {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                now.map_or(1, |since| {
                    u64::from(since.subsec_nanos()) ^ since.as_secs() << 30
                })
            },
            |text| text.parse().expect("PKB_SEED is a number"),
        );
        println!("{what}: PKB_SEED={seed}");
        Random(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `bound`, which is not 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
