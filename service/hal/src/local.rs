// SPDX-License-Identifier: Apache-2.0

//! The nonsecure sealer as a binder object of this process.

use std::path::Path;

use binder::{BinderFeatures, Interface, Status, Strong};
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::{
        BnSealer, ERROR_BAD_REQUEST, ERROR_INTERNAL, ERROR_TEE_UNAVAILABLE, ERROR_TOO_LARGE,
        ISealer, MAX_MESSAGE_BYTES,
    },
    SealerHardwareInfo::SealerHardwareInfo,
    SealerKind::SealerKind,
};
use sealer_nonsecure::Nonsecure;
use sealer_wire::{Error, ErrorCode, WIRE_VERSION};
use zeroize::Zeroizing;

pub use sealer_nonsecure::Config;

/// The nonsecure sealer behind `ISealer`.
pub struct LocalSealer(Nonsecure);

impl LocalSealer {
    /// Starts the sealer on a folder, which is made if it is not there, and wraps it for binder.
    ///
    /// Errors: `STATE_IN_USE`, `IO`, `NO_SPACE`, `INTERNAL`.
    pub fn start(folder: &Path, config: Config) -> Result<Strong<dyn ISealer>, Error> {
        let sealer = LocalSealer(Nonsecure::start(folder, config)?);
        Ok(BnSealer::new_binder(sealer, BinderFeatures::default()))
    }
}

impl Interface for LocalSealer {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl ISealer for LocalSealer {
    fn getHardwareInfo(&self) -> binder::Result<SealerHardwareInfo> {
        Ok(SealerHardwareInfo {
            kind: SealerKind::NONSECURE,
            wireVersion: i32::from(WIRE_VERSION),
            implName: "passkeybackup nonsecure sealer".to_owned(),
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
        _ => ERROR_INTERNAL,
    };
    failed(code, &error.to_string())
}

fn failed(code: i32, message: &str) -> Status {
    Status::new_service_specific_error_str(code, Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealer_wire::{Reply, Request, Response};

    fn sealer() -> (tempfile::TempDir, Strong<dyn ISealer>) {
        let folder = tempfile::tempdir().unwrap();
        let sealer = LocalSealer::start(folder.path(), Config::default()).unwrap();
        (folder, sealer)
    }

    #[test]
    fn a_request_gets_its_response() {
        let (_folder, sealer) = sealer();
        let request = Request::GetInfo.to_bytes().unwrap();
        let response = sealer.processRequest(&request).unwrap();
        let response = Response::from_bytes(&response).unwrap();
        assert!(matches!(response.result, Ok(Reply::Info(_))));
        let hardware = sealer.getHardwareInfo().unwrap();
        assert!(hardware.implName.contains("nonsecure"));
        assert_eq!(hardware.kind, SealerKind::NONSECURE);
    }

    #[test]
    fn lengths_are_checked_before_the_sealer_is_asked() {
        let (_folder, sealer) = sealer();
        let code = |request: &[u8]| {
            sealer
                .processRequest(request)
                .map_err(|status| status.service_specific_error())
        };
        assert_eq!(code(&[]), Err(ERROR_BAD_REQUEST));
        assert_eq!(code(&[0; 65_537]), Err(ERROR_TOO_LARGE));
        // Garbage of a permitted length is the sealer's business: a refusal, not a binder error.
        let response = Response::from_bytes(&code(&[0; 65_536]).unwrap()).unwrap();
        assert_eq!(response.result.unwrap_err().code, ErrorCode::BadRequest);
    }

    #[test]
    fn two_sealers_do_not_share_a_folder() {
        let (folder, _sealer) = sealer();
        let second = LocalSealer::start(folder.path(), Config::default());
        assert_eq!(second.err().map(|e| e.code), Some(ErrorCode::StateInUse));
    }
}
