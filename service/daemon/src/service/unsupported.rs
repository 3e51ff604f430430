// SPDX-License-Identifier: Apache-2.0

//! Methods of the interface that this version does not have yet: all of them are refused here, and
//! change nothing.

use binder::{ExceptionCode, Status};

/// The one answer of all of them.
pub fn refusal() -> Status {
    Status::new_exception_str(
        ExceptionCode::UNSUPPORTED_OPERATION,
        Some("this version of the service cannot do that yet"),
    )
}

macro_rules! refused {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $(_: $argument),*) -> ::binder::Result<$result> {
            Err($crate::service::unsupported::refusal())
        })*
    };
}

macro_rules! methods {
    () => {
        $crate::service::unsupported::refused! {
            beginAddCredential(&[u8], &str) -> Ceremony;
            continueAddCredential(&[u8], &[u8]) -> Ceremony;
            finishAddCredential(&[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::CredentialResult::CredentialResult;
            beginRemoveCredential(&[u8], &[u8], bool) -> Ceremony;
            finishRemoveCredential(&[u8], &[u8]) -> VaultInfo;
            beginPrf(&[u8]) -> Ceremony;
            confirmPrf(&[u8], &[u8]) -> Ceremony;
            finishPrf(&[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::FactorResult::FactorResult;
            beginCreateRecoveryKey(&[u8]) -> Ceremony;
            finishCreateRecoveryKey(&[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::RecoveryKeyResult::RecoveryKeyResult;
            beginSetPassword(&[u8]) -> Ceremony;
            finishSetPassword(&[u8], &[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::FactorResult::FactorResult;
            refreshArchive(&ParcelFileDescriptor, &ParcelFileDescriptor, Callback<'_>)
                -> Strong<dyn IOperation>;
            rebuildCatalogue(&[ParcelFileDescriptor], Callback<'_>) -> Strong<dyn IOperation>;
            beginImport(&ParcelFileDescriptor, bool)
                -> ::passkeybackup_aidl::android::security::passkeybackup::ImportCeremony::ImportCeremony;
            beginImportWithRecoveryKey(&ParcelFileDescriptor, &[u8], bool)
                -> ::passkeybackup_aidl::android::security::passkeybackup::ImportCeremony::ImportCeremony;
            beginImportWithPassword(&ParcelFileDescriptor, &[u8], bool)
                -> ::passkeybackup_aidl::android::security::passkeybackup::ImportCeremony::ImportCeremony;
            finishImport(&[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::ImportResult::ImportResult;
            beginRotate(&[u8]) -> Ceremony;
            finishRotate(
                &[u8],
                &[u8],
                &[ParcelFileDescriptor],
                &[ParcelFileDescriptor],
                Callback<'_>
            ) -> Strong<dyn IOperation>;
            beginEndEpoch(&[u8], i64) -> Ceremony;
            finishEndEpoch(&[u8], &[u8]) -> VaultInfo;
            beginRehearsal(&ParcelFileDescriptor) -> Ceremony;
            finishRehearsal(&[u8], &[u8])
                -> ::passkeybackup_aidl::android::security::passkeybackup::RehearsalResult::RehearsalResult;
        }
    };
}

pub(crate) use {methods, refused};
