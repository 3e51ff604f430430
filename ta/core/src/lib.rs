//! The sealer: every decision about backup keys, once, for every kind of sealer.
//!
//! A [`Sealer`] takes one encoded request and gives one encoded response. What differs between an
//! OP-TEE trusted application and an ordinary process is behind [`Platform`] and [`Store`].
//!
//! ```text
//! request ─▶ sealer ─┬─ challenge   what was begun, in RAM only
//!                    ├─ webauthn    the user's proof
//!                    ├─ gate        operation, proof and vault brought together
//!                    ├─ backup      headers of archives
//!                    ├─ keys        every derivation, wrap and MAC
//!                    ├─ audit       the chained log
//!                    └─ record ── slots   what is persistent, two slots a vault
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

mod audit;
mod auth_token;
mod backup;
mod challenge;
mod gate;
mod keys;
mod platform;
mod record;
mod sealer;
mod slots;
mod vault;
pub mod webauthn;

pub use platform::{Platform, Store, StoreError};
pub use sealer::{Config, Sealer};
