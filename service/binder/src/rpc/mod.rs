// SPDX-License-Identifier: Apache-2.0

//! Binder calls over a Unix socket, for hosts without a binder driver. The platform has no such
//! module; `Android.bp` builds leave out what uses it.
//!
//! The wire is AOSP's RPC binder, version 2. The caller's identity is what the kernel says of the
//! connection (`SO_PEERCRED`), and [`ThreadState::get_calling_uid`](crate::ThreadState) gives it as
//! over kernel binder. Descriptors travel both ways, callbacks work, and a connection that ends
//! does what the death of a process does over kernel binder: objects that only the peer held are
//! dropped, and death recipients are told.
//!
//! A [`Server`] is a small service manager: the same services under the same names as over kernel
//! binder. A message is at most [`MAX_MESSAGE_BYTES`] long, like the buffer of a process over
//! kernel binder, and carries at most 64 descriptors. One that is longer is refused before it is
//! sent; a peer that sends one is disconnected before any of it is read.

mod client;
mod server;
mod transport;

pub use client::Client;
pub use server::Server;

use std::time::Duration;

/// Longest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Connections that a server has open at one time. A client takes two.
pub const MAX_CONNECTIONS: usize = 512;

/// Connections that a server has open with one uid at one time.
pub const MAX_CONNECTIONS_PER_UID: usize = 256;

/// The newest version of the wire that is offered: Android 16's.
const WIRE_VERSION: u32 = 2;

/// How long a peer may take to set a connection up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may leave what the server sends it unread.
const STALLED_CLIENT_TIMEOUT: Duration = Duration::from_secs(30);
