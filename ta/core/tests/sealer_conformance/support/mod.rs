// SPDX-License-Identifier: Apache-2.0

//! A device with a sealer, and a service that keeps for each vault what the sealer tells it.

pub mod client;
pub mod factors;
pub mod medium;
pub mod platform;
pub mod world;

pub use client::{Backup, Client, ORIGIN, RP_ID};
pub use factors::Secret;
pub use medium::{Cut, Medium};
pub use platform::{Device, Random};
pub use world::World;

use sealer_wire::{Error, ErrorCode};

/// The code of a refusal.
pub fn code<T>(result: Result<T, Error>) -> ErrorCode {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.code,
    }
}

/// Whether `part` occurs in `whole`.
pub fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
