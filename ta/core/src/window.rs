// SPDX-License-Identifier: Apache-2.0

//! Limits on what is written within an hour, counted in the record: a crash of the sealer does not
//! open a new window.

use minicbor::{CborLen, Decode, Encode};
use sealer_wire::limits::WINDOW_S;

/// A window that began at some time and counts from there.
#[derive(Clone, Copy, Debug, Default, Encode, Decode, CborLen)]
#[cbor(array)]
pub struct Window {
    /// Seconds since 1970.
    #[n(0)]
    start: u64,
    /// What was admitted in it.
    #[n(1)]
    count: u32,
}

impl Window {
    /// Counts one more, unless there were so many already: then the seconds until the next window.
    pub fn admit(&mut self, now: u64, most: u32) -> Result<(), u64> {
        self.note_time(now);
        let age = now.saturating_sub(self.start);
        if age >= WINDOW_S {
            *self = Window {
                start: now,
                count: 0,
            };
        }
        if self.count >= most {
            return Err(WINDOW_S.saturating_sub(age));
        }
        self.count += 1;
        Ok(())
    }

    /// Keeps the window from lying in the future: a clock that was ahead and was put back must not
    /// hold it open until it has caught up. Part of every commit.
    pub fn note_time(&mut self, now: u64) {
        self.start = self.start.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_admits_so_many_and_ends() {
        let mut window = Window::default();
        for _ in 0..3 {
            assert_eq!(window.admit(10_000, 3), Ok(()));
        }
        assert_eq!(window.admit(10_000, 3), Err(WINDOW_S));
        assert_eq!(window.admit(10_000 + WINDOW_S - 1, 3), Err(1));
        assert_eq!(window.admit(10_000 + WINDOW_S, 3), Ok(()));
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_hold_it_open() {
        let mut window = Window::default();
        assert_eq!(window.admit(u64::MAX, 1), Ok(()));
        assert_eq!(window.admit(1_000, 1), Err(WINDOW_S));
        assert_eq!(window.admit(1_000 + WINDOW_S, 1), Ok(()));
    }
}
