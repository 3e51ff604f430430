// SPDX-License-Identifier: Apache-2.0

//! The way to the service.

use std::path::Path;

use binder::{ProcessState, StatusCode, Strong};
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackup::IPasskeyBackup;
use passkeybackup_status::SERVICE;
use sealer_wire::ErrorCode;

use crate::failure::{Failure, Result};
use crate::socket::{self, Client};

/// What the calls travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Binder RPC on a Unix socket.
    Rpc,
    /// Kernel binder.
    Binder,
}

/// The service, connected.
pub struct Connection {
    service: Strong<dyn IPasskeyBackup>,
    /// How it is reached.
    pub transport: Transport,
    /// Closed after everything that came over it.
    _client: Option<Client>,
}

impl Connection {
    /// The service's interface. It is of use as long as the connection is there.
    pub fn service(&self) -> &Strong<dyn IPasskeyBackup> {
        &self.service
    }
}

/// Connects to the service: at its socket, or over kernel binder.
pub fn connect(socket: Option<&Path>) -> Result<Connection> {
    match socket {
        Some(path) => {
            let (service, client) = socket::connect(path)?;
            Ok(Connection {
                service,
                transport: Transport::Rpc,
                _client: Some(client),
            })
        }
        None => over_binder(),
    }
}

fn over_binder() -> Result<Connection> {
    let service = binder::get_interface(SERVICE).map_err(|error| match error {
        StatusCode::NO_INIT => Failure::new(ErrorCode::Io, "this system has no binder driver")
            .with_hint("name the socket of the service with --socket PATH or PKB_SOCKET"),
        StatusCode::PERMISSION_DENIED => Failure::new(
            ErrorCode::PermissionDenied,
            "the service manager does not let this caller have the service",
        ),
        _ => Failure::new(
            ErrorCode::Io,
            format!("the service manager has no service {SERVICE} ({error:?})"),
        )
        .with_hint("start passkeybackupd --binder, or name a socket with --socket PATH"),
    })?;
    // Callbacks of operations come in on a thread of the pool.
    ProcessState::start_thread_pool();
    Ok(Connection {
        service,
        transport: Transport::Binder,
        _client: None,
    })
}
