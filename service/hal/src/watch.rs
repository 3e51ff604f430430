// SPDX-License-Identifier: Apache-2.0

//! How long the call at hand has lasted, and an end to this process when it lasts too long.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The call at hand, if there is one.
#[derive(Default)]
pub struct CallAtHand {
    began: Mutex<Option<Instant>>,
}

impl CallAtHand {
    /// Makes a call.
    pub fn during<T>(&self, call: impl FnOnce() -> T) -> T {
        self.note(Some(Instant::now()));
        let result = call();
        self.note(None);
        result
    }

    fn note(&self, began: Option<Instant>) {
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = began;
    }

    /// Whether it has taken as long as that.
    pub fn lasts(&self, time: Duration) -> bool {
        let began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.is_some_and(|began| began.elapsed() >= time)
    }

    /// Ends this process when a call lasts as long as that.
    pub fn watch(&self, time: Duration) {
        while !self.lasts(time) {
            thread::sleep(Duration::from_secs(1));
        }
        log::error!(
            "a call to the TEE has not returned for {} s: this service ends, so that the kernel \
             takes the call back and tee-supplicant can start again",
            time.as_secs()
        );
        // Not abort(): that would write a tombstone with memory of this process in it.
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use std::process;
    use std::sync::Arc;

    use super::*;

    /// Set in a process that is to watch a call that does not end, or one that does.
    const WATCHES: &str = "SEALER_HAL_TEST_WATCHES";

    #[test]
    fn only_a_call_that_is_under_way_lasts() {
        let at_hand = CallAtHand::default();
        assert!(!at_hand.lasts(Duration::ZERO));
        at_hand.during(|| {
            assert!(at_hand.lasts(Duration::ZERO));
            assert!(!at_hand.lasts(Duration::from_secs(3600)));
            thread::sleep(Duration::from_millis(20));
            assert!(at_hand.lasts(Duration::from_millis(20)));
        });
        assert!(!at_hand.lasts(Duration::ZERO));
    }

    #[test]
    fn a_call_that_does_not_end_ends_the_process() {
        if let Ok(lasting) = std::env::var(WATCHES) {
            let at_hand = Arc::new(CallAtHand::default());
            let watched = Arc::clone(&at_hand);
            thread::spawn(move || watched.watch(Duration::from_millis(1)));
            let call = || thread::sleep(Duration::from_secs(3));
            if lasting == "call" {
                at_hand.during(call);
            } else {
                at_hand.during(|| ());
                call();
            }
            process::exit(0);
        }
        let status = |lasting: &str| {
            let program = std::env::current_exe().unwrap();
            process::Command::new(program)
                .arg("a_call_that_does_not_end_ends_the_process")
                .env(WATCHES, lasting)
                .status()
                .unwrap()
                .code()
        };
        assert_eq!(status("call"), Some(1));
        assert_eq!(status("none"), Some(0));
    }
}
