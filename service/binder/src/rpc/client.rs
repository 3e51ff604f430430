// SPDX-License-Identifier: Apache-2.0

//! The client of a [`Server`](super::Server).

use std::os::unix::net::UnixStream;
use std::path::Path;

use rsbinder::rpc::{FileDescriptorTransportMode, RpcClientConfig, RpcSession, RpcTransport};

use super::transport::Transport;
use super::{HANDSHAKE_TIMEOUT, WIRE_VERSION};
use crate::{FromIBinder, StatusCode, Strong};

/// A connection to a server. It lives as long as this does: afterwards every object that came
/// over it answers `DEAD_OBJECT`, and the server drops what only this client held.
pub struct Client(RpcSession);

impl Client {
    /// Connects to the server at `path`.
    ///
    /// `NAME_NOT_FOUND`, `PERMISSION_DENIED` and the like are those of connecting to the socket;
    /// `DEAD_OBJECT` is a server that does not want this client, `TIMED_OUT` one that does not
    /// answer.
    pub fn connect(path: impl AsRef<Path>) -> Result<Client, StatusCode> {
        let path = path.as_ref();
        let config = RpcClientConfig::new(WIRE_VERSION, || {
            let transport = Transport::for_client(UnixStream::connect(path)?)?;
            Ok(Box::new(transport) as Box<dyn RpcTransport>)
        })
        .fd_mode(FileDescriptorTransportMode::Unix)
        .incoming_connections(1)
        .timeout(HANDSHAKE_TIMEOUT);
        let session = RpcSession::setup_client_android13plus_with_config(config)?;
        // Calls take as long as they take: a timeout would end the session, not the call alone.
        session.set_timeout(None);
        Ok(Client(session))
    }

    /// The interface of the service `name`.
    ///
    /// `NAME_NOT_FOUND` if the server has no such service. That the service is of this interface
    /// shows at the first call only (`BAD_TYPE` or `PERMISSION_DENIED`).
    pub fn get_interface<T: FromIBinder + ?Sized>(
        &self,
        name: &str,
    ) -> Result<Strong<T>, StatusCode> {
        Ok(self.0.get_interface(name)?)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.0.close_session();
    }
}
