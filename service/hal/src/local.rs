// SPDX-License-Identifier: Apache-2.0

//! The nonsecure sealer behind `ISealer`.

use std::path::Path;

use binder::Strong;
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::ISealer, SealerKind::SealerKind,
};
use sealer_nonsecure::Nonsecure;
use sealer_wire::Error;
use zeroize::Zeroizing;

use crate::service::{Channel, new_binder};

pub use sealer_nonsecure::Config;

/// The nonsecure sealer behind `ISealer`.
pub struct LocalSealer(Nonsecure);

impl LocalSealer {
    /// Starts the sealer on a folder, which is made if it is not there, and wraps it for binder.
    ///
    /// Errors: `STATE_IN_USE`, `IO`, `NO_SPACE`, `INTERNAL`.
    pub fn start(folder: &Path, config: Config) -> Result<Strong<dyn ISealer>, Error> {
        Ok(new_binder(LocalSealer(Nonsecure::start(folder, config)?)))
    }
}

impl Channel for LocalSealer {
    const KIND: SealerKind = SealerKind::NONSECURE;
    const NAME: &'static str = "passkeybackup nonsecure sealer";

    fn call(&self, request: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passkeybackup_aidl::android::hardware::security::sealer::ISealer::{
        ERROR_BAD_REQUEST, ERROR_TOO_LARGE,
    };
    use sealer_wire::{ErrorCode, Reply, Request, Response};

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
