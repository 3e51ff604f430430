// SPDX-License-Identifier: Apache-2.0

//! What breaks around the daemon: kills, full disks, damaged files, many clients, prying eyes.
//!
//! The tests are in `tests/`, one file for each kind of trouble. They need a daemon of their own,
//! with the nonsecure sealer: what also holds for other targets is in the crate `e2e`.
#![forbid(unsafe_code)]

mod catalogue;
mod secret;
mod small_disk;
mod tree;

pub use catalogue::{catalogue_file, check_catalogue};
pub use secret::Needle;
pub use small_disk::SmallDisk;
pub use tree::Tree;

/// How often something is done, if the environment says so.
///
/// # Panics
/// If what it says is no number.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().expect(name))
}
