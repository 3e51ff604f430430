// SPDX-License-Identifier: Apache-2.0

//! A Unix-domain transport that refuses long messages and counts the connections of each uid.

use std::collections::HashMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rsbinder::rpc::transport::UnixTransport;
use rsbinder::rpc::{PeerIdentity, RpcError, RpcResult, RpcTransport};

use super::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_UID, MAX_MESSAGE_BYTES};

/// The header in front of a message's body, in bytes (AOSP `RpcWireHeader`).
const HEADER_BYTES: usize = 16;

/// How many connections each uid has open.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<u32, usize>>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection of `uid`, unless it or all uids together have as many as they may.
    fn admit(self: &Arc<Self>, uid: u32) -> Option<Admission> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= MAX_CONNECTIONS {
            return None;
        }
        let count = open.entry(uid).or_default();
        if *count >= MAX_CONNECTIONS_PER_UID {
            return None;
        }
        *count += 1;
        Some(Admission {
            connections: Arc::clone(self),
            uid,
        })
    }
}

/// One counted connection; it is counted until this is dropped.
struct Admission {
    connections: Arc<Connections>,
    uid: u32,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        if let Some(count) = open.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.uid);
            }
        }
    }
}

/// The transport; everything but the limits is rsbinder's.
pub(super) struct Transport {
    inner: UnixTransport,
    _admission: Option<Admission>,
}

impl Transport {
    /// The client's end of a connection.
    pub(super) fn for_client(stream: UnixStream) -> RpcResult<Self> {
        Ok(Transport {
            inner: UnixTransport::from_stream(stream)?,
            _admission: None,
        })
    }

    /// The server's end of a connection; an error says why the peer is not served.
    pub(super) fn for_server(
        stream: UnixStream,
        connections: &Arc<Connections>,
    ) -> RpcResult<Self> {
        let inner = UnixTransport::from_stream(stream)?;
        let Some(uid) = inner.peer_identity().uid() else {
            return Err(RpcError::Protocol("the peer has no uid"));
        };
        let Some(admission) = connections.admit(uid) else {
            return Err(RpcError::Protocol("too many connections"));
        };
        Ok(Transport {
            inner,
            _admission: Some(admission),
        })
    }
}

/// Refuses a message to send, before any of it was sent, or to receive, before its body was read.
fn check(length: usize) -> RpcResult<()> {
    if length > MAX_MESSAGE_BYTES + HEADER_BYTES {
        return Err(RpcError::FrameTooLarge {
            declared: length,
            max: MAX_MESSAGE_BYTES,
        });
    }
    Ok(())
}

impl RpcTransport for Transport {
    fn send_frame(&self, buf: &[u8]) -> RpcResult<()> {
        check(buf.len())?;
        self.inner.send_frame(buf)
    }

    fn recv_frame(&self) -> RpcResult<Vec<u8>> {
        self.inner.recv_frame()
    }

    fn peer_identity(&self) -> PeerIdentity {
        self.inner.peer_identity()
    }

    fn describe(&self) -> &str {
        self.inner.describe()
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> RpcResult<()> {
        self.inner.set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> RpcResult<()> {
        self.inner.set_write_timeout(timeout)
    }

    fn set_liveness(&self, timeout: Option<Duration>) -> RpcResult<()> {
        self.inner.set_liveness(timeout)
    }

    fn peer_closed(&self) -> Option<bool> {
        self.inner.peer_closed()
    }

    fn shutdown_handle(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.inner.shutdown_handle()
    }

    fn shutdown(&self) -> RpcResult<()> {
        self.inner.shutdown()
    }

    fn supports_fd_passing(&self) -> bool {
        self.inner.supports_fd_passing()
    }

    fn send_frame_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> RpcResult<()> {
        check(buf.len())?;
        self.inner.send_frame_with_fds(buf, fds)
    }

    fn recv_frame_with_fds(&self) -> RpcResult<(Vec<u8>, Vec<OwnedFd>)> {
        self.inner.recv_frame_with_fds()
    }

    fn send_raw(&self, buf: &[u8]) -> RpcResult<()> {
        check(buf.len())?;
        self.inner.send_raw(buf)
    }

    fn recv_raw(&self, buf: &mut [u8]) -> RpcResult<usize> {
        check(buf.len())?;
        self.inner.recv_raw(buf)
    }

    fn send_raw_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> RpcResult<()> {
        check(buf.len())?;
        self.inner.send_raw_with_fds(buf, fds)
    }

    fn recv_raw_with_fds(&self, buf: &mut [u8]) -> RpcResult<(usize, Vec<OwnedFd>)> {
        check(buf.len())?;
        self.inner.recv_raw_with_fds(buf)
    }

    fn send_raw_draining(
        &self,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
        drain: &mut dyn FnMut() -> RpcResult<()>,
    ) -> RpcResult<()> {
        check(buf.len())?;
        self.inner.send_raw_draining(buf, fds, drain)
    }
}
