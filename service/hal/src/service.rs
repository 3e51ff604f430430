// SPDX-License-Identifier: Apache-2.0

//! `ISealer`: what is the same for every sealer behind it.

use binder::{BinderFeatures, Interface, Status, Strong};
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::{
        BnSealer, ERROR_BAD_REQUEST, ERROR_INTERNAL, ERROR_PERMISSION_DENIED,
        ERROR_TEE_UNAVAILABLE, ERROR_TOO_LARGE, ISealer, MAX_MESSAGE_BYTES,
    },
    SealerHardwareInfo::SealerHardwareInfo,
    SealerKind::SealerKind,
};
use sealer_wire::{Error, ErrorCode, WIRE_VERSION};
use zeroize::Zeroizing;

/// A sealer that takes requests, one at a time, in the order in which they come.
pub trait Channel: Send + Sync + 'static {
    const KIND: SealerKind;
    /// For people and logs.
    const NAME: &'static str;

    /// Processes one encoded request of 1 to [`MAX_MESSAGE_BYTES`] bytes; refusals are responses.
    ///
    /// Errors: `TEE_UNAVAILABLE`, `PERMISSION_DENIED`, `INTERNAL` if there is no response.
    fn call(&self, request: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Error>;
}

/// A channel behind `ISealer`.
struct Service<C>(C);

/// A channel as a binder object of this process.
pub fn new_binder(channel: impl Channel) -> Strong<dyn ISealer> {
    BnSealer::new_binder(Service(channel), BinderFeatures::default())
}

impl<C: Channel> Interface for Service<C> {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl<C: Channel> ISealer for Service<C> {
    fn getHardwareInfo(&self) -> binder::Result<SealerHardwareInfo> {
        Ok(SealerHardwareInfo {
            kind: C::KIND,
            wireVersion: i32::from(WIRE_VERSION),
            implName: C::NAME.to_owned(),
            implAuthor: "Passkey Backup".to_owned(),
        })
    }

    fn processRequest(&self, request: &[u8]) -> binder::Result<Vec<u8>> {
        if request.is_empty() {
            return Err(failed(
                ERROR_BAD_REQUEST,
                "BAD_REQUEST: the request is empty",
            ));
        }
        if too_large(request) {
            return Err(failed(
                ERROR_TOO_LARGE,
                "TOO_LARGE: the request has more than 64 KiB",
            ));
        }
        let mut response = self
            .0
            .call(Zeroizing::new(request.to_vec()))
            .map_err(|error| unanswered(&error))?;
        if too_large(&response) {
            return Err(failed(
                ERROR_TOO_LARGE,
                "TOO_LARGE: the response has more than 64 KiB",
            ));
        }
        // Moved, not copied: the one who asked wipes it.
        Ok(std::mem::take(&mut *response))
    }
}

fn too_large(message: &[u8]) -> bool {
    i32::try_from(message.len()).map_or(true, |length| length > MAX_MESSAGE_BYTES)
}

fn unanswered(error: &Error) -> Status {
    let code = match error.code {
        ErrorCode::TeeUnavailable => ERROR_TEE_UNAVAILABLE,
        ErrorCode::PermissionDenied => ERROR_PERMISSION_DENIED,
        _ => ERROR_INTERNAL,
    };
    failed(code, &error.to_string())
}

fn failed(code: i32, message: &str) -> Status {
    Status::new_service_specific_error_str(code, Some(message))
}
