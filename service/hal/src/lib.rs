// SPDX-License-Identifier: Apache-2.0

//! `ISealer` over a sealer, as a binder object for whoever runs it in its own process, and what a
//! HAL service does before it serves. There are two variants, fixed when a binary is built or
//! started, and nothing falls back from one to the other:
//!
//! - `nonsecure`: the core on a thread with files ([`LocalSealer`])
//! - `optee`: the trusted application under OP-TEE ([`TeeSealer`])
//!
//! The service is a pipe. It parses nothing and stores nothing; a request that is too long never
//! reaches the sealer.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

#[cfg(feature = "nonsecure")]
mod local;
#[cfg(feature = "optee")]
mod optee;
mod process;
#[cfg(any(feature = "nonsecure", feature = "optee"))]
mod service;
#[cfg(any(feature = "optee", test))]
mod watch;

pub use process::{AfterPanic, Guarded, no_core_dumps, quiet_panics, start_logger};

#[cfg(feature = "nonsecure")]
pub use local::{Config, LocalSealer};
#[cfg(feature = "optee")]
pub use optee::TeeSealer;

/// The instance of the sealer in a trusted application.
pub const DEFAULT_INSTANCE: &str = "android.hardware.security.sealer.ISealer/default";

/// The instance of the nonsecure sealer.
pub const NONSECURE_INSTANCE: &str = "android.hardware.security.sealer.ISealer/nonsecure";
