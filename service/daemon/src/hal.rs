// SPDX-License-Identifier: Apache-2.0

//! The way to the sealer: an object of this process, or a HAL service that may die and come back.
//!
//! A HAL service that died is found again before the next request, never in the middle of one:
//! whether a request that got no answer was carried out is not known here, and to finish a ceremony
//! twice would tell its owner that it failed when it had not.

use std::sync::{Mutex, PoisonError};

use binder::{IBinder, Strong};
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::ISealer, SealerKind::SealerKind,
};
use sealer_wire::{Error, ErrorCode, Result, WIRE_VERSION};

use crate::error;

/// What leads to the sealer.
pub struct Hal {
    kind: SealerKind,
    /// Where to find it again; `None` for an object of this process, which does not die alone.
    instance: Option<&'static str>,
    binder: Mutex<Strong<dyn ISealer>>,
}

impl Hal {
    /// A sealer in this process. Errors: as [`Hal::wait_for`].
    #[cfg(any(test, feature = "nonsecure"))]
    pub fn local(binder: Strong<dyn ISealer>) -> Result<Hal> {
        Hal::new(None, binder)
    }

    /// A HAL service, which is waited for.
    ///
    /// Errors: `TEE_UNAVAILABLE`; `UNSUPPORTED_VERSION` if it speaks another wire version.
    pub fn wait_for(instance: &'static str) -> Result<Hal> {
        log::info!("waiting for {instance}");
        let binder = binder::wait_for_interface(instance).map_err(|status| {
            error(
                ErrorCode::TeeUnavailable,
                format!("cannot reach {instance}: {status}"),
            )
        })?;
        Hal::new(Some(instance), binder)
    }

    fn new(instance: Option<&'static str>, binder: Strong<dyn ISealer>) -> Result<Hal> {
        Ok(Hal {
            kind: identify(&binder)?,
            instance,
            binder: Mutex::new(binder),
        })
    }

    /// What the HAL service says that it leads to. It never changes.
    pub const fn kind(&self) -> SealerKind {
        self.kind
    }

    /// The sealer, which was there a moment ago; looks for it if it has died since.
    ///
    /// Errors: `TEE_UNAVAILABLE`; `INTERNAL` if what came back is something else.
    pub fn get(&self) -> Result<Strong<dyn ISealer>> {
        // Held while it is looked for: one request looks, all others get what it found.
        let mut current = self.binder.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(instance) = self.instance else {
            return Ok(current.clone());
        };
        if current.as_binder().ping_binder().is_ok() {
            return Ok(current.clone());
        }
        let found = binder::get_interface::<dyn ISealer>(instance).map_err(|status| {
            error(
                ErrorCode::TeeUnavailable,
                format!("the HAL service {instance} has ended and does not come back: {status:?}"),
            )
        })?;
        if identify(&found)? != self.kind {
            return Err(Error::new(
                ErrorCode::Internal,
                "the HAL service that came back leads to another kind of sealer",
            ));
        }
        log::warn!("{instance} had ended and is back");
        current.clone_from(&found);
        Ok(found)
    }
}

/// Asks what it is, and whether it speaks our wire version.
fn identify(binder: &Strong<dyn ISealer>) -> Result<SealerKind> {
    let hardware = binder
        .getHardwareInfo()
        .map_err(|status| unanswered(&status))?;
    if hardware.wireVersion != i32::from(WIRE_VERSION) {
        return Err(Error::new(
            ErrorCode::UnsupportedVersion,
            "the sealer's HAL service speaks another wire version",
        ));
    }
    Ok(hardware.kind)
}

/// No answer could be had. The request may or may not have been carried out.
pub fn unanswered(status: &binder::Status) -> Error {
    let code = match ErrorCode::from_code(status.service_specific_error()) {
        Some(code @ (ErrorCode::TooLarge | ErrorCode::PermissionDenied | ErrorCode::Internal)) => {
            code
        }
        _ => ErrorCode::TeeUnavailable,
    };
    let what = match status.transaction_error() {
        binder::StatusCode::DEAD_OBJECT => {
            "the sealer's HAL service ended before it answered, and may have done what was asked"
        }
        _ => "the sealer does not answer",
    };
    error(code, format!("{what}: {status}"))
}
