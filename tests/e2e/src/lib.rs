// SPDX-License-Identifier: Apache-2.0

//! The whole story through the real programs: the harness, and the suite that runs on every target.
//!
//! | part | what |
//! |---|---|
//! | [`Device`] | something that runs the service: a daemon of this test, or the one of the target |
//! | [`Daemon`] | one daemon process with its state folder: start, stop, kill, start again |
//! | [`Pkb`] | the real `pkb --json`, run as some uid; an object or a [`Refusal`] |
//! | [`User`] | an app's uid with a software passkey authenticator and a folder for its files |
//! | [`contract`] | the shapes of every JSON object, as `pkb` promises them |
//!
//! # Targets
//!
//! `PKB_TARGET` says what stands behind `pkb`: `rpc` (the default: every test starts a daemon of
//! its own with the nonsecure sealer), `binder` or `optee` (the daemon is there already, `pkb` finds
//! it through the service manager). The tests in this crate run on all three. What needs a daemon
//! to kill or a state folder to damage is in the crate `faults`.
//!
//! # Environment
//!
//! - `PKB_BIN_DIR`: a folder with `pkb` and `passkeybackupd` (and `test-hooks/passkeybackupd`).
//!   Without it they are built by Cargo, with the profile of the running test.
//! - `PKB_TEST_UIDS`: `FIRST-LAST`, the uids that tests may play apps with; default 10000-19999.
//!   Playing another uid needs root, also that of a user namespace (`unshare --map-auto -r`).
//! - `PKB_SEED`: what random tests draw from; they print it.
#![forbid(unsafe_code)]

pub mod contract;
mod daemon;
mod device;
mod files;
mod pkb;
mod programs;
mod random;
mod scratch;
mod steps;
mod tamper;
mod user;

pub use daemon::{Daemon, Setup, StartFailure};
pub use device::Device;
pub use files::{content, digest_of, same_bytes, write_content};
pub use pkb::{Pkb, Refusal, Run, Stdin};
pub use programs::{daemon_program, daemon_with_test_hooks, pkb_program};
pub use random::Random;
pub use scratch::Scratch;
pub use tamper::Layout;
pub use user::{Archive, RestoreCeremony, User, arg, next_uid};
