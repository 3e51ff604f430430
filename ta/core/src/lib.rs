// SPDX-License-Identifier: Apache-2.0

//! The sealer: every decision about backup keys, once, for every kind of sealer.
//!
//! A [`Sealer`] takes one encoded request and gives one encoded response. What differs between an
//! OP-TEE trusted application and an ordinary process is behind [`Platform`] and [`Store`].
//!
//! ```text
//! request ─▶ sealer ─┬─ ceremony ─┬─ challenge   what was begun, in RAM only
//!                    │            ├─ webauthn    the user's proof
//!                    │            ├─ gate        who may do what, on a vault that is here
//!                    │            ├─ change      what is done then; rotation, budget
//!                    │            ├─ import      a vault that is not here yet
//!                    │            └─ attempts    wrong passwords
//!                    ├─ backup, header     headers of archives
//!                    ├─ keys, factor       every derivation, wrap, MAC and envelope
//!                    ├─ audit, window      the chained log, and limits on what is written
//!                    └─ record ── slots    what is persistent, two slots a vault
//! ```
//!
//! Lifecycle: a request reads the record that it concerns, changes a copy, and commits it once, at
//! the end; nothing is released before the commit. A challenge is taken out of its table before
//! the response is verified, so no outcome lets it be used twice. Requests are processed one at a
//! time; the caller serialises them.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod attempts;
mod audit;
mod auth_token;
mod backup;
mod budget;
mod ceremony;
mod challenge;
mod change;
mod factor;
mod gate;
mod header;
mod import;
mod keys;
mod platform;
mod record;
mod rotation;
mod sealer;
mod slots;
mod vault;
pub mod webauthn;
mod window;

pub use platform::{Platform, Store, StoreError};
pub use sealer::{Config, Sealer};
