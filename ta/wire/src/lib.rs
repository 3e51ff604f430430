// SPDX-License-Identifier: Apache-2.0

//! What crosses the boundary of the sealer: requests, responses, errors, archive headers, limits.
//!
//! One request and one response per call, each a CBOR item of at most [`limits::MESSAGE`] bytes:
//! `[WIRE_VERSION, body]`. `sealer.cddl` beside this crate's manifest is the specification and a
//! test holds these types to it. The HAL carries both as opaque bytes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod audit;
mod codec;
mod error;
pub mod header;
pub mod limits;
mod operation;
mod owner;
mod recovery;
mod request;
mod response;
mod secret;
pub mod tee;
mod view;

pub use audit::AuditEntry;
pub use audit::{AuditEvent, AuditMark, SealedAuditEntry};
pub use codec::{decode_canonical, decode_list, encode};
pub use error::{Error, ErrorCode, Result};
pub use operation::Operation;
pub use owner::Owner;
pub use recovery::RecoveryKey;
pub use request::{Request, VaultRef};
pub use response::{Begun, PrfInput, PrfInputs, RecordUpdate, Reply, Response};
pub use secret::{FactorSecret, Secret32, SensitiveBytes};
pub use view::{
    AttestationKind, CredentialView, FactorKind, FactorView, Info, PrfState, SealerKind,
    StorageProtection, VaultView,
};

/// Version of the messages; a sealer refuses any other with `UNSUPPORTED_VERSION`.
pub const WIRE_VERSION: u16 = 1;

/// A vault, backup, factor, epoch or ceremony id.
pub type Id = [u8; 16];
