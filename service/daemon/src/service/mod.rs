// SPDX-License-Identifier: Apache-2.0

//! `IPasskeyBackup`. This file has the interface itself, every method in one line; each part of it
//! has a file. Here is the edge: the only place where a caller is identified and where an error
//! becomes a binder status.
//!
//! The calling uid is known on the handler's own thread only, so it is asked for first. Handlers
//! are short: over RPC the calls of one client run one after another. Long work is an operation.

mod archives;
mod audit;
mod backup;
mod credentials;
mod epochs;
mod factors;
mod import;
mod origins;
mod restore;
mod rewrap;
mod vaults;
mod verify;

use std::sync::Arc;

use binder::{Interface, ParcelFileDescriptor, Strong, ThreadState};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveCeremony::ArchiveCeremony, ArchiveInfo::ArchiveInfo, ArchivePage::ArchivePage,
    AuditPage::AuditPage, Ceremony::Ceremony, CredentialResult::CredentialResult,
    FactorResult::FactorResult, IOperation::IOperation, IOperationCallback::IOperationCallback,
    IPasskeyBackup::IPasskeyBackup, ImportCeremony::ImportCeremony, ImportResult::ImportResult,
    RecoveryKeyResult::RecoveryKeyResult, RehearsalResult::RehearsalResult,
    ServiceInfo::ServiceInfo, VaultInfo::VaultInfo, VaultParameters::VaultParameters,
    VerifyResult::VerifyResult,
};
use passkeybackup_catalogue::Catalogue;
use passkeybackup_identity::{Caller, Callers};
use passkeybackup_status::to_status;
use sealer_wire::{Error, ErrorCode, Result};

use crate::ceremonies::Ceremonies;
use crate::operation::Operations;
use crate::rewrapped::Rewrapped;
use crate::sealer::Sealer;
use vaults::Answer;

/// What all calls share.
pub struct Core {
    /// Who may call.
    pub callers: Callers,
    /// What the service remembers.
    pub catalogue: Arc<Catalogue>,
    /// Who has the keys.
    pub sealer: Sealer,
    /// What was begun.
    pub ceremonies: Ceremonies,
    /// What is running.
    pub operations: Arc<Operations>,
    /// What was written anew and is not in place yet.
    pub rewrapped: Rewrapped,
}

/// The service that apps call.
pub struct Service(pub Arc<Core>);

type Callback<'a> = Option<&'a Strong<dyn IOperationCallback>>;

/// Notes an error: a defect loudly, a refusal, which is the caller's business, at debug.
pub fn log_refusal(what: &str, error: &Error) {
    match error.code {
        ErrorCode::Internal | ErrorCode::Corrupt | ErrorCode::TeeUnavailable => {
            log::error!("{what}: {error}");
        }
        ErrorCode::Io | ErrorCode::NoSpace => log::warn!("{what}: {error}"),
        _ => log::debug!("{what}: {error}"),
    }
}

impl Service {
    /// Serves one call: who calls, then what is asked.
    fn serve<T>(
        &self,
        method: &str,
        call: impl FnOnce(&Arc<Core>, &Caller) -> Result<T>,
    ) -> binder::Result<T> {
        let uid = ThreadState::get_calling_uid();
        self.0
            .callers
            .identify(uid)
            .and_then(|caller| call(&self.0, &caller))
            .map_err(|error| {
                log_refusal(method, &error);
                to_status(&error)
            })
    }
}

impl Interface for Service {
    fn dump(
        &self,
        writer: &mut dyn std::io::Write,
        _args: &[&std::ffi::CStr],
    ) -> std::result::Result<(), binder::StatusCode> {
        let state = format!(
            "passkeybackupd {}\nsealer: {:?}\noperations: {}\n",
            env!("CARGO_PKG_VERSION"),
            self.0.sealer.last_info(),
            self.0.operations.count(),
        );
        writer
            .write_all(state.as_bytes())
            .map_err(|_| binder::StatusCode::FAILED_TRANSACTION)
    }
}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackup for Service {
    fn getInfo(&self) -> binder::Result<ServiceInfo> {
        self.serve("getInfo", |core, _| Ok(vaults::info(core)))
    }

    fn beginCreateVault(&self, parameters: &VaultParameters) -> binder::Result<Ceremony> {
        self.serve("beginCreateVault", |core, caller| {
            vaults::begin_create(core, caller, parameters)
        })
    }

    fn finishCreateVault(&self, token: &[u8], registration: &[u8]) -> binder::Result<VaultInfo> {
        self.serve("finishCreateVault", |core, caller| {
            vaults::finish_create(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: registration,
                },
            )
        })
    }

    fn getVault(&self, vaultId: &[u8]) -> binder::Result<VaultInfo> {
        self.serve("getVault", |core, caller| {
            vaults::get(core, caller.owner(), vaultId)
        })
    }

    fn listVaults(&self) -> binder::Result<Vec<VaultInfo>> {
        self.serve("listVaults", |core, caller| {
            vaults::list(core, caller.owner())
        })
    }

    fn beginDeleteVault(&self, vaultId: &[u8]) -> binder::Result<Ceremony> {
        self.serve("beginDeleteVault", |core, caller| {
            vaults::begin_delete(core, caller.owner(), vaultId)
        })
    }

    fn finishDeleteVault(&self, token: &[u8], assertion: &[u8]) -> binder::Result<Vec<u8>> {
        self.serve("finishDeleteVault", |core, caller| {
            vaults::finish_delete(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn beginSetOrigins(&self, vaultId: &[u8], origins: &[String]) -> binder::Result<Ceremony> {
        self.serve("beginSetOrigins", |core, caller| {
            origins::begin(core, caller, vaultId, origins)
        })
    }

    fn finishSetOrigins(&self, token: &[u8], assertion: &[u8]) -> binder::Result<VaultInfo> {
        self.serve("finishSetOrigins", |core, caller| {
            origins::finish(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn backup(
        &self,
        vaultId: &[u8],
        input: &ParcelFileDescriptor,
        output: &ParcelFileDescriptor,
        meta: &[u8],
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("backup", |core, caller| {
            backup::backup(core, caller.owner(), vaultId, input, output, meta, callback)
        })
    }

    fn confirmArchive(&self, backupId: &[u8]) -> binder::Result<ArchiveInfo> {
        self.serve("confirmArchive", |core, caller| {
            archives::confirm(core, caller.owner(), backupId)
        })
    }

    fn listArchives(
        &self,
        vaultId: &[u8],
        limit: i32,
        page: Option<&str>,
        retiredEpochsOnly: bool,
    ) -> binder::Result<ArchivePage> {
        self.serve("listArchives", |core, caller| {
            archives::list(
                core,
                caller.owner(),
                vaultId,
                limit,
                page,
                retiredEpochsOnly,
            )
        })
    }

    fn forgetArchive(&self, backupId: &[u8]) -> binder::Result<()> {
        self.serve("forgetArchive", |core, caller| {
            archives::forget(core, caller.owner(), backupId)
        })
    }

    fn beginRestore(&self, archive: &ParcelFileDescriptor) -> binder::Result<ArchiveCeremony> {
        self.serve("beginRestore", |core, caller| {
            restore::begin(core, caller.owner(), archive, restore::Opening::Restore)
        })
    }

    fn finishRestore(
        &self,
        token: &[u8],
        assertion: &[u8],
        archive: &ParcelFileDescriptor,
        output: &ParcelFileDescriptor,
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("finishRestore", |core, caller| {
            restore::finish_restore(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
                archive,
                output,
                callback,
            )
        })
    }

    fn verifyStructure(&self, archive: &ParcelFileDescriptor) -> binder::Result<VerifyResult> {
        self.serve("verifyStructure", |core, caller| {
            verify::structure(core, caller.owner(), archive)
        })
    }

    fn beginVerify(&self, archive: &ParcelFileDescriptor) -> binder::Result<ArchiveCeremony> {
        self.serve("beginVerify", |core, caller| {
            restore::begin(core, caller.owner(), archive, restore::Opening::FullVerify)
        })
    }

    fn finishVerify(
        &self,
        token: &[u8],
        assertion: &[u8],
        archive: &ParcelFileDescriptor,
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("finishVerify", |core, caller| {
            restore::finish_verify(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
                archive,
                callback,
            )
        })
    }

    fn getAudit(
        &self,
        vaultId: &[u8],
        limit: i32,
        page: Option<&str>,
        verify: bool,
    ) -> binder::Result<AuditPage> {
        self.serve("getAudit", |core, caller| {
            audit::get(core, caller.owner(), vaultId, limit, page, verify)
        })
    }

    fn beginAddCredential(&self, vaultId: &[u8], label: &str) -> binder::Result<Ceremony> {
        self.serve("beginAddCredential", |core, caller| {
            credentials::begin_add(core, caller.owner(), vaultId, label)
        })
    }

    fn continueAddCredential(&self, token: &[u8], assertion: &[u8]) -> binder::Result<Ceremony> {
        self.serve("continueAddCredential", |core, caller| {
            credentials::continue_add(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn finishAddCredential(
        &self,
        token: &[u8],
        registration: &[u8],
    ) -> binder::Result<CredentialResult> {
        self.serve("finishAddCredential", |core, caller| {
            credentials::finish_add(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: registration,
                },
            )
        })
    }

    fn beginRemoveCredential(
        &self,
        vaultId: &[u8],
        credentialId: &[u8],
        allowLastPortable: bool,
    ) -> binder::Result<Ceremony> {
        self.serve("beginRemoveCredential", |core, caller| {
            let owner = caller.owner();
            credentials::begin_remove(core, owner, vaultId, credentialId, allowLastPortable)
        })
    }

    fn finishRemoveCredential(&self, token: &[u8], assertion: &[u8]) -> binder::Result<VaultInfo> {
        self.serve("finishRemoveCredential", |core, caller| {
            credentials::finish_remove(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn beginPrf(&self, vaultId: &[u8]) -> binder::Result<Ceremony> {
        self.serve("beginPrf", |core, caller| {
            factors::begin_prf(core, caller.owner(), vaultId)
        })
    }

    fn confirmPrf(&self, token: &[u8], assertion: &[u8]) -> binder::Result<Ceremony> {
        self.serve("confirmPrf", |core, caller| {
            factors::confirm_prf(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn finishPrf(&self, token: &[u8], assertion: &[u8]) -> binder::Result<FactorResult> {
        self.serve("finishPrf", |core, caller| {
            factors::finish_prf(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn beginCreateRecoveryKey(&self, vaultId: &[u8]) -> binder::Result<Ceremony> {
        self.serve("beginCreateRecoveryKey", |core, caller| {
            factors::begin_recovery(core, caller.owner(), vaultId)
        })
    }

    fn finishCreateRecoveryKey(
        &self,
        token: &[u8],
        assertion: &[u8],
    ) -> binder::Result<RecoveryKeyResult> {
        self.serve("finishCreateRecoveryKey", |core, caller| {
            factors::finish_recovery(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn beginSetPassword(&self, vaultId: &[u8]) -> binder::Result<Ceremony> {
        self.serve("beginSetPassword", |core, caller| {
            factors::begin_password(core, caller.owner(), vaultId)
        })
    }

    fn finishSetPassword(
        &self,
        token: &[u8],
        assertion: &[u8],
        password: &[u8],
    ) -> binder::Result<FactorResult> {
        self.serve("finishSetPassword", |core, caller| {
            let answer = Answer {
                token,
                response: assertion,
            };
            factors::finish_password(core, caller.owner(), answer, password)
        })
    }

    fn refreshArchive(
        &self,
        input: &ParcelFileDescriptor,
        output: &ParcelFileDescriptor,
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("refreshArchive", |core, caller| {
            rewrap::refresh(core, caller.owner(), input, output, callback)
        })
    }

    fn rebuildCatalogue(
        &self,
        archives: &[ParcelFileDescriptor],
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("rebuildCatalogue", |core, caller| {
            rewrap::rebuild(core, caller.owner(), archives, callback)
        })
    }

    fn beginImport(
        &self,
        archive: &ParcelFileDescriptor,
        allowWeakerSealer: bool,
    ) -> binder::Result<ImportCeremony> {
        self.serve("beginImport", |core, caller| {
            let opener = import::Opener::Passkey;
            import::begin(core, caller.owner(), archive, &opener, allowWeakerSealer)
        })
    }

    fn beginImportWithRecoveryKey(
        &self,
        archive: &ParcelFileDescriptor,
        recoveryKey: &[u8],
        allowWeakerSealer: bool,
    ) -> binder::Result<ImportCeremony> {
        self.serve("beginImportWithRecoveryKey", |core, caller| {
            let opener = import::Opener::RecoveryKey(recoveryKey);
            import::begin(core, caller.owner(), archive, &opener, allowWeakerSealer)
        })
    }

    fn beginImportWithPassword(
        &self,
        archive: &ParcelFileDescriptor,
        password: &[u8],
        allowWeakerSealer: bool,
    ) -> binder::Result<ImportCeremony> {
        self.serve("beginImportWithPassword", |core, caller| {
            let opener = import::Opener::Password(password);
            import::begin(core, caller.owner(), archive, &opener, allowWeakerSealer)
        })
    }

    fn finishImport(&self, token: &[u8], response: &[u8]) -> binder::Result<ImportResult> {
        self.serve("finishImport", |core, caller| {
            import::finish(core, caller.owner(), Answer { token, response })
        })
    }

    fn beginRotate(&self, vaultId: &[u8]) -> binder::Result<Ceremony> {
        self.serve("beginRotate", |core, caller| {
            epochs::begin_rotate(core, caller.owner(), vaultId)
        })
    }

    fn finishRotate(
        &self,
        token: &[u8],
        assertion: &[u8],
        inputs: &[ParcelFileDescriptor],
        outputs: &[ParcelFileDescriptor],
        callback: Callback<'_>,
    ) -> binder::Result<Strong<dyn IOperation>> {
        self.serve("finishRotate", |core, caller| {
            let answer = Answer {
                token,
                response: assertion,
            };
            epochs::finish_rotate(core, caller.owner(), answer, inputs, outputs, callback)
        })
    }

    fn beginEndEpoch(&self, vaultId: &[u8], epoch: i64) -> binder::Result<Ceremony> {
        self.serve("beginEndEpoch", |core, caller| {
            epochs::begin_end(core, caller.owner(), vaultId, epoch)
        })
    }

    fn finishEndEpoch(&self, token: &[u8], assertion: &[u8]) -> binder::Result<VaultInfo> {
        self.serve("finishEndEpoch", |core, caller| {
            epochs::finish_end(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }

    fn beginRehearsal(&self, archive: &ParcelFileDescriptor) -> binder::Result<Ceremony> {
        self.serve("beginRehearsal", |core, caller| {
            epochs::begin_rehearsal(core, caller.owner(), archive, &import::Opener::Passkey)
        })
    }

    fn beginRehearsalWithRecoveryKey(
        &self,
        archive: &ParcelFileDescriptor,
        recoveryKey: &[u8],
    ) -> binder::Result<Ceremony> {
        self.serve("beginRehearsalWithRecoveryKey", |core, caller| {
            let opener = import::Opener::RecoveryKey(recoveryKey);
            epochs::begin_rehearsal(core, caller.owner(), archive, &opener)
        })
    }

    fn beginRehearsalWithPassword(
        &self,
        archive: &ParcelFileDescriptor,
        password: &[u8],
    ) -> binder::Result<Ceremony> {
        self.serve("beginRehearsalWithPassword", |core, caller| {
            let opener = import::Opener::Password(password);
            epochs::begin_rehearsal(core, caller.owner(), archive, &opener)
        })
    }

    fn finishRehearsal(&self, token: &[u8], assertion: &[u8]) -> binder::Result<RehearsalResult> {
        self.serve("finishRehearsal", |core, caller| {
            epochs::finish_rehearsal(
                core,
                caller.owner(),
                Answer {
                    token,
                    response: assertion,
                },
            )
        })
    }
}
