// SPDX-License-Identifier: Apache-2.0

//! The backup service.
//!
//! The daemon stands between apps and the sealer. It knows who calls, keeps the catalogue, streams
//! archives and decides nothing about keys.
//!
//! | module | what |
//! |---|---|
//! | [`startup`] | the one order in which everything starts and stops |
//! | `service` | `IPasskeyBackup`, one file for each part of the interface |
//! | `maintenance` | `IPasskeyBackupMaintenance`: apps and users that are removed |
//! | `hal` | the way to the sealer, also after its HAL service died |
//! | `sealer` | requests to the sealer; what its answers say of records goes into the catalogue |
//! | `ceremonies` | ceremonies that were begun |
//! | `operation` | long work: sessions, limits, threads |
//! | `erasing` | removals that survive a crash in between |
//! | `options`, `convert`, `survives` | pure functions from the sealer's terms to the client's |
//! | `socket` | the service at a socket, for hosts without a binder driver |
//! | `files` | what descriptors of clients may be |
//!
//! # What survives a kill
//!
//! Nothing here is the only copy of anything: records are the sealer's, archives the client's, and
//! the catalogue changes in transactions. What is in RAM only (ceremonies, operations) is lost and
//! named so (`CHALLENGE_UNKNOWN`, a client whose connection ended). Between sealer and catalogue:
//!
//! - a vault that the sealer has and the catalogue has not enters it when it is next shown;
//! - an audit entry is handed over again until the sealer has heard that it is stored;
//! - a vault that is being erased is noted as such before the sealer is asked, see `erasing`;
//! - an archive is recorded after its last byte was synced; before that it does not exist.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod ceremonies;
mod convert;
mod erasing;
mod files;
mod hal;
mod hooks;
mod maintenance;
#[cfg(test)]
mod model;
mod operation;
mod options;
mod password;
mod rewrapped;
mod sealer;
mod service;
mod socket;
pub mod startup;
mod survives;

pub use startup::{Config, Daemon, Prepared, SealerChoice, Transport};

use std::borrow::Cow;

use sealer_wire::{Error, ErrorCode};

/// An error with a sentence made for the occasion.
fn error(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Error {
    Error {
        code,
        detail: detail.into(),
        retry_after_ms: None,
    }
}
