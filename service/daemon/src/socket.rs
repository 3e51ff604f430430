// SPDX-License-Identifier: Apache-2.0

//! The service at a socket, for hosts without a binder driver. Built without the feature `rpc`, as
//! in an Android tree, the daemon has no such thing and says so.

use std::path::Path;

#[cfg(feature = "rpc")]
use passkeybackup_status::SERVICE;
use sealer_wire::{ErrorCode, Result};

use crate::error;

#[cfg(feature = "rpc")]
pub use binder::rpc::Server;

/// The server of a daemon that cannot have one.
#[cfg(not(feature = "rpc"))]
pub enum Server {}

#[cfg(not(feature = "rpc"))]
impl Server {
    /// There is nothing to stop.
    pub fn stop(&mut self) {
        match *self {}
    }
}

/// Serves at a socket. Errors: `STATE_IN_USE`, `NO_SPACE`, `IO`.
#[cfg(feature = "rpc")]
pub fn serve_at(path: &Path, services: [(&str, binder::SpIBinder); 2]) -> Result<Server> {
    let server = Server::start(path, services).map_err(|e| {
        let code = match e.kind() {
            std::io::ErrorKind::AddrInUse => ErrorCode::StateInUse,
            std::io::ErrorKind::StorageFull => ErrorCode::NoSpace,
            _ => ErrorCode::Io,
        };
        error(code, format!("cannot serve at {}: {e}", path.display()))
    })?;
    log::info!("serving {SERVICE} at {}", path.display());
    Ok(server)
}

/// Refuses. Errors: `USAGE`.
#[cfg(not(feature = "rpc"))]
pub fn serve_at(path: &Path, _services: [(&str, binder::SpIBinder); 2]) -> Result<Server> {
    Err(error(
        ErrorCode::Usage,
        format!("this daemon was built without sockets: {}", path.display()),
    ))
}
