// SPDX-License-Identifier: Apache-2.0

//! Who calls, and what a caller may ask for.
//!
//! The owner of everything in this service is (Android user, uid, package, signing-certificate
//! digest). The uid comes from binder or from the socket's peer credentials, never from an
//! argument; [`Callers`] finds the rest. All four parts must agree for a row or a record to be
//! visible, so a reused uid or a package signed by somebody else inherits nothing.
//!
//! # Who may call
//!
//! | uid (`appid` = uid mod 100000) | |
//! |---|---|
//! | appid 20000 ..= 29999, SDK sandboxes | refused |
//! | appid 90000 ..= 99999, isolated processes and those of app zygotes | refused |
//! | 65534, what the kernel reports for a uid without a mapping, and `u32::MAX`, no uid | refused |
//! | not in the callers file, where there is one | refused |
//! | any other | served |
//!
//! Refused is `PERMISSION_DENIED`, always.
//!
//! # Which relying parties and origins
//!
//! A relying party id is a lower-case domain of at least two labels, or `localhost`
//! ([`check_rp_id`]). An origin is taken only as browsers serialise it, and only if it lies on the
//! relying party id ([`Caller::check_origins`]):
//!
//! - `https://HOST[:PORT]`, HOST being the relying party id or a name below it;
//! - `http://localhost[:PORT]` for the relying party id `localhost`;
//! - `android:apk-key-hash:HASH` for the caller's own signing certificate, or as the file lists it.
//!
//! With a callers file a web origin must also be listed there: the file narrows, it never widens.
//! There is no public suffix list here; passkey clients have one and refuse an id that is a suffix.
//!
//! # The callers file
//!
//! `passkeybackupd --callers FILE`, for hosts without a package manager: JSON of at most 1 MiB,
//! read once at start-up. It decides who is who, so it must belong to root or to the service's own
//! user and be writable by nobody else than owner and group. Every member is required, no other is
//! allowed, and no uid may be there twice. `example-callers.json` in this crate:
//!
//! ```json
#![doc = include_str!("../example-callers.json")]
//! ```
//!
//! - `uid`: the full uid, including the Android user. One that is refused above is an error.
//! - `package`: letters, digits, `_` and `.` as in an Android package name; at most 255 bytes.
//! - `signer`: SHA-256 of the signing certificate, 64 hexadecimal digits.
//! - `origins`: what this caller may list for its vaults; may be empty.
#![forbid(unsafe_code)]

mod callers;
mod domain;
mod origin;
mod uid;

pub use callers::{Caller, Callers, MAX_FILE_BYTES};
pub use domain::check_rp_id;
pub use origin::{apk_key_hash, check_origin};
pub use sealer_wire::Owner;
pub use sealer_wire::limits::{ORIGIN as MAX_ORIGIN_BYTES, ORIGINS as MAX_ORIGINS};
pub use uid::{check_uid, user_of};

use sealer_wire::{Error, ErrorCode};

/// An error with a sentence made for the occasion.
fn error(code: ErrorCode, detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error {
        code,
        detail: detail.into(),
        retry_after_ms: None,
    }
}
