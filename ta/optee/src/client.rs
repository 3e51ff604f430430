// SPDX-License-Identifier: Apache-2.0

//! Who may open a session: the sealer HAL's user, and nobody else.
//!
//! OP-TEE takes the identity from the kernel's driver, which makes it of the calling process's
//! effective uid: a UUID of version 5, over `uid=` and the uid in hexadecimal. The uid is fixed when
//! this is built (see `build.rs`).

use optee_utee::property::{ClientIdentity, PropertyKey};
use optee_utee::{ErrorKind, LoginType, Result, raw};

include!(concat!(env!("OUT_DIR"), "/client.rs"));

/// Errors: `ACCESS_DENIED` to anybody else, and where the identity cannot be had.
pub fn check() -> Result<()> {
    let client = ClientIdentity.get().map_err(|_| ErrorKind::AccessDenied)?;
    // SAFETY: the pointer is to the UUID in `client`, which lives until the end of this function.
    let uuid = unsafe { &*client.uuid().as_raw_ptr() };
    let is_hal = matches!(client.login_type(), LoginType::User)
        && uuid.timeLow == HAL.timeLow
        && uuid.timeMid == HAL.timeMid
        && uuid.timeHiAndVersion == HAL.timeHiAndVersion
        && uuid.clockSeqAndNode == HAL.clockSeqAndNode;
    if is_hal {
        Ok(())
    } else {
        Err(ErrorKind::AccessDenied.into())
    }
}
