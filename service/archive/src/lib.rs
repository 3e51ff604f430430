// SPDX-License-Identifier: Apache-2.0

//! The archive file format (`.pkb`, version 1): framing, streaming encryption and verification.
//!
//! ```text
//! "PKB1" | u32 core length | core | u32 key part length | key part | body      (big-endian)
//! ```
//!
//! Core and key part are CBOR made and judged by the sealer; this crate frames them and never
//! looks inside (`archive.cddl` beside the manifest specifies both, a test holds the codec of
//! `sealer-wire` to it). The body is, byte for byte, what Google Tink's streaming AEAD
//! `AES256_GCM_HKDF_1MB` writes with a raw output prefix.
//!
//! | module | what |
//! |---|---|
//! | [`frame`](read_header) | magic, lengths, core and key part; replacing a key part |
//! | `body` | Tink's segments: structure, keys and nonces, sealing, opening, naming what broke |
//! | `pipeline` | segments over the cores: threads, ordering, locking |
//! | [`Output`] | a stream, in order, or a file, each segment at its place |
//! | [`Job`] | one running operation: progress, cancellation, descriptors that can be cancelled |
//! | [`Dek`] | a data key in locked pages |
//!
//! Every function is a stream with flat memory: at most [`MAX_THREADS`] buffers of two segments
//! each (16 MiB). Nothing here creates, renames or syncs files; that is the caller's, as
//! `archive-format.md` lays down. Errors are [`sealer_wire::Error`]; a read or write that is
//! interrupted (EINTR) or short is continued, any other failure ends the operation.
#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod body;
mod dek;
mod frame;
mod job;
#[allow(unsafe_code)]
mod locked;
#[allow(unsafe_code)]
mod mapping;
mod output;
mod pipeline;
mod stream;

pub use body::{Opened, Structure, Written, open_body, structure, verify_body, write_archive};
pub use dek::Dek;
pub use frame::{Header, MAGIC, associated_data, read_header, replace_key_part, write_header};
pub use job::{FdInput, FdOutput, Job};
pub use output::{Output, OutputFile};
pub use pipeline::MAX_THREADS;
