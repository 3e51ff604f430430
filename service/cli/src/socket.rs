// SPDX-License-Identifier: Apache-2.0

//! The way to a service at a socket. Built without the feature `rpc`, as in an Android tree, there
//! is none and `--socket` is refused.

use std::path::Path;

use binder::Strong;
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackup::IPasskeyBackup;
use sealer_wire::ErrorCode;

use crate::failure::{Failure, Result};

#[cfg(feature = "rpc")]
pub use binder::rpc::Client;

/// A connection that cannot be had.
#[cfg(not(feature = "rpc"))]
pub enum Client {}

/// Connects to the service at the socket `path`.
#[cfg(feature = "rpc")]
pub fn connect(path: &Path) -> Result<(Strong<dyn IPasskeyBackup>, Client)> {
    use binder::StatusCode;
    use passkeybackup_status::SERVICE;

    const HINT: &str = "start passkeybackupd, or correct --socket or PKB_SOCKET";
    let failed = |error: StatusCode| {
        let shown = path.display();
        match error {
            StatusCode::NAME_NOT_FOUND => Failure::new(
                ErrorCode::Io,
                format!("there is no service at the socket {shown}"),
            )
            .with_hint(HINT),
            StatusCode::PERMISSION_DENIED => Failure::new(
                ErrorCode::PermissionDenied,
                format!("the socket {shown} cannot be used by this uid"),
            ),
            _ => Failure::new(
                ErrorCode::Io,
                format!("nothing answers at the socket {shown} ({error:?})"),
            )
            .with_hint(HINT),
        }
    };
    let client = Client::connect(path).map_err(failed)?;
    let service = client.get_interface(SERVICE).map_err(failed)?;
    Ok((service, client))
}

/// Refuses.
#[cfg(not(feature = "rpc"))]
pub fn connect(path: &Path) -> Result<(Strong<dyn IPasskeyBackup>, Client)> {
    Err(Failure::new(
        ErrorCode::Usage,
        format!("this pkb was built without sockets: {}", path.display()),
    )
    .with_hint("call it without --socket and PKB_SOCKET"))
}
