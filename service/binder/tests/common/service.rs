// SPDX-License-Identifier: Apache-2.0

//! A service of the real interface that does just enough to show that calls arrive. It uses what
//! the platform's crate has and nothing else, so it compiles against that one too.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use binder::{
    BinderFeatures, DeathRecipient, IBinder, Interface, ParcelFileDescriptor, Result, Status,
    StatusCode, Strong, ThreadState,
};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveCeremony::ArchiveCeremony, ArchiveInfo::ArchiveInfo, ArchivePage::ArchivePage,
    AuditPage::AuditPage, Ceremony::Ceremony, CredentialResult::CredentialResult,
    ErrorCode::ErrorCode, FactorResult::FactorResult, IOperation::BnOperation,
    IOperation::IOperation, IOperationCallback::IOperationCallback, IPasskeyBackup::IPasskeyBackup,
    ImportCeremony::ImportCeremony, ImportResult::ImportResult,
    OperationProgress::OperationProgress, OperationResult::OperationResult,
    RebuildResult::RebuildResult, RecoveryKeyResult::RecoveryKeyResult,
    RehearsalResult::RehearsalResult, ServiceInfo::ServiceInfo, UnixTime::UnixTime,
    VaultInfo::VaultInfo, VaultParameters::VaultParameters, VaultState::VaultState,
    VerifyResult::VerifyResult,
};

/// `meta` of a backup that runs until it is cancelled.
pub const ENDLESS: &[u8] = b"endless";

/// `token` of a deletion whose answer is longer than a message may be.
pub const LONG_ANSWER: &[u8] = b"long answer";

/// What the service saw.
#[derive(Default)]
pub struct Seen {
    /// Operation objects that exist.
    pub operations: AtomicUsize,
    /// Threads that work for an operation.
    pub workers: AtomicUsize,
    /// Clients whose death was noticed.
    pub deaths: AtomicUsize,
}

pub struct TestService(pub Arc<Seen>);

impl Interface for TestService {}

fn clone_file(descriptor: &ParcelFileDescriptor) -> Result<File> {
    // The form that compiles against every version of the platform's crate, see its module doc.
    let clone = descriptor
        .as_ref()
        .try_clone()
        .map_err(|_| StatusCode::BAD_VALUE)?;
    Ok(File::from(clone))
}

fn io<T>(result: std::io::Result<T>) -> Result<T> {
    result.map_err(|error| {
        let message = format!("IO: {error}");
        Status::new_service_specific_error_str(ErrorCode::IO.0, Some(message))
    })
}

macro_rules! unsupported {
    ($(fn $name:ident($($arg:ty),*) -> $ret:ty;)*) => {
        $(fn $name(&self, $(_: $arg),*) -> Result<$ret> {
            Err(StatusCode::UNKNOWN_TRANSACTION.into())
        })*
    };
}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackup for TestService {
    fn getInfo(&self) -> Result<ServiceInfo> {
        assert!(ThreadState::is_handling_transaction());
        let uid = ThreadState::get_calling_uid();
        let pid = ThreadState::get_calling_pid();
        let sid = ThreadState::with_calling_sid(|sid| sid.is_some());
        Ok(ServiceInfo {
            version: format!("uid {uid} pid {pid} sid {sid}"),
            ..Default::default()
        })
    }

    fn finishCreateVault(&self, _token: &[u8], _registration: &[u8]) -> Result<VaultInfo> {
        Err(Status::new_service_specific_error_str(
            ErrorCode::CHALLENGE_EXPIRED.0,
            Some("CHALLENGE_EXPIRED: zu spät ✗\nhint: begin again\nretry_after_ms: 1500"),
        ))
    }

    fn getVault(&self, _id: &[u8]) -> Result<VaultInfo> {
        panic!("a defect of the service");
    }

    fn listVaults(&self) -> Result<Vec<VaultInfo>> {
        let known = VaultInfo {
            vaultId: vec![7; 16],
            origins: vec!["https://example.org".to_owned()],
            createdAt: Some(UnixTime {
                millis: 1_700_000_000_123,
            }),
            state: VaultState::OK,
            ..Default::default()
        };
        Ok(vec![known, VaultInfo::default()])
    }

    fn finishDeleteVault(&self, token: &[u8], assertion: &[u8]) -> Result<Vec<u8>> {
        if token == LONG_ANSWER {
            return Ok(vec![0; (1 << 20) + 1]);
        }
        Ok(assertion.to_vec())
    }

    fn backup(
        &self,
        vault_id: &[u8],
        input: &ParcelFileDescriptor,
        output: &ParcelFileDescriptor,
        meta: &[u8],
        callback: Option<&Strong<dyn IOperationCallback>>,
    ) -> Result<Strong<dyn IOperation>> {
        let mut content = Vec::new();
        io(clone_file(input)?.read_to_end(&mut content))?;
        io(clone_file(output)?.write_all(&content))?;
        let archive = ArchiveInfo {
            vaultId: vault_id.to_vec(),
            plaintextBytes: content.len() as i64,
            meta: meta.to_vec(),
            ..Default::default()
        };
        start(
            &self.0,
            OperationResult::Archive(archive),
            meta == ENDLESS,
            callback,
        )
    }

    fn rebuildCatalogue(
        &self,
        archives: &[ParcelFileDescriptor],
        callback: Option<&Strong<dyn IOperationCallback>>,
    ) -> Result<Strong<dyn IOperation>> {
        let mut added = 0;
        for (index, archive) in archives.iter().enumerate() {
            let mut content = String::new();
            io(clone_file(archive)?.read_to_string(&mut content))?;
            added += i32::from(content == index.to_string());
        }
        let result = RebuildResult {
            added,
            ..Default::default()
        };
        start(&self.0, OperationResult::Rebuild(result), false, callback)
    }

    unsupported! {
        fn beginCreateVault(&VaultParameters) -> Ceremony;
        fn beginDeleteVault(&[u8]) -> Ceremony;
        fn beginSetOrigins(&[u8], &[String]) -> Ceremony;
        fn finishSetOrigins(&[u8], &[u8]) -> VaultInfo;
        fn beginAddCredential(&[u8], &str) -> Ceremony;
        fn continueAddCredential(&[u8], &[u8]) -> Ceremony;
        fn finishAddCredential(&[u8], &[u8]) -> CredentialResult;
        fn beginRemoveCredential(&[u8], &[u8], bool) -> Ceremony;
        fn finishRemoveCredential(&[u8], &[u8]) -> VaultInfo;
        fn beginPrf(&[u8]) -> Ceremony;
        fn confirmPrf(&[u8], &[u8]) -> Ceremony;
        fn finishPrf(&[u8], &[u8]) -> FactorResult;
        fn beginCreateRecoveryKey(&[u8]) -> Ceremony;
        fn finishCreateRecoveryKey(&[u8], &[u8]) -> RecoveryKeyResult;
        fn beginSetPassword(&[u8]) -> Ceremony;
        fn finishSetPassword(&[u8], &[u8], &[u8]) -> FactorResult;
        fn confirmArchive(&[u8]) -> ArchiveInfo;
        fn listArchives(&[u8], i32, Option<&str>, bool) -> ArchivePage;
        fn forgetArchive(&[u8]) -> ();
        fn refreshArchive(
            &ParcelFileDescriptor,
            &ParcelFileDescriptor,
            Option<&Strong<dyn IOperationCallback>>
        ) -> Strong<dyn IOperation>;
        fn beginRestore(&ParcelFileDescriptor) -> ArchiveCeremony;
        fn finishRestore(
            &[u8],
            &[u8],
            &ParcelFileDescriptor,
            &ParcelFileDescriptor,
            Option<&Strong<dyn IOperationCallback>>
        ) -> Strong<dyn IOperation>;
        fn verifyStructure(&ParcelFileDescriptor) -> VerifyResult;
        fn beginVerify(&ParcelFileDescriptor) -> ArchiveCeremony;
        fn finishVerify(
            &[u8],
            &[u8],
            &ParcelFileDescriptor,
            Option<&Strong<dyn IOperationCallback>>
        ) -> Strong<dyn IOperation>;
        fn beginImport(&ParcelFileDescriptor, bool) -> ImportCeremony;
        fn beginImportWithRecoveryKey(&ParcelFileDescriptor, &[u8], bool) -> ImportCeremony;
        fn beginImportWithPassword(&ParcelFileDescriptor, &[u8], bool) -> ImportCeremony;
        fn finishImport(&[u8], &[u8]) -> ImportResult;
        fn beginRotate(&[u8]) -> Ceremony;
        fn finishRotate(
            &[u8],
            &[u8],
            &[ParcelFileDescriptor],
            &[ParcelFileDescriptor],
            Option<&Strong<dyn IOperationCallback>>
        ) -> Strong<dyn IOperation>;
        fn beginEndEpoch(&[u8], i64) -> Ceremony;
        fn finishEndEpoch(&[u8], &[u8]) -> VaultInfo;
        fn beginRehearsal(&ParcelFileDescriptor) -> Ceremony;
        fn beginRehearsalWithRecoveryKey(&ParcelFileDescriptor, &[u8]) -> Ceremony;
        fn beginRehearsalWithPassword(&ParcelFileDescriptor, &[u8]) -> Ceremony;
        fn finishRehearsal(&[u8], &[u8]) -> RehearsalResult;
        fn getAudit(&[u8], i32, Option<&str>, bool) -> AuditPage;
    }
}

/// The session object: dropped when the client lets go of it, which is what cancels the work.
struct Operation {
    seen: Arc<Seen>,
    work: Arc<Work>,
    _death: Option<DeathRecipient>,
}

#[derive(Default)]
struct Work {
    cancelled: AtomicBool,
    finished: AtomicBool,
    done: AtomicUsize,
    result: Mutex<Option<OperationResult>>,
}

impl Interface for Operation {}

impl Drop for Operation {
    fn drop(&mut self) {
        self.work.cancelled.store(true, Ordering::SeqCst);
        self.seen.operations.fetch_sub(1, Ordering::SeqCst);
    }
}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperation for Operation {
    fn getProgress(&self) -> Result<OperationProgress> {
        Ok(OperationProgress {
            doneBytes: self.work.done.load(Ordering::SeqCst) as i64,
            totalBytes: -1,
            finished: self.work.finished.load(Ordering::SeqCst),
        })
    }

    fn getResult(&self) -> Result<Option<OperationResult>> {
        if !self.work.finished.load(Ordering::SeqCst) {
            return Ok(None);
        }
        if self.work.cancelled.load(Ordering::SeqCst) {
            let code = ErrorCode::CANCELLED.0;
            return Err(Status::new_service_specific_error_str(
                code,
                Some("CANCELLED: by you"),
            ));
        }
        Ok(self.work.result.lock().unwrap().take())
    }

    fn cancel(&self) -> Result<()> {
        self.work.cancelled.store(true, Ordering::SeqCst);
        Ok(())
    }
}

fn start(
    seen: &Arc<Seen>,
    result: OperationResult,
    endless: bool,
    callback: Option<&Strong<dyn IOperationCallback>>,
) -> Result<Strong<dyn IOperation>> {
    let work = Arc::new(Work {
        result: Mutex::new(Some(result)),
        ..Default::default()
    });
    let mut death = None;
    if let Some(callback) = callback {
        let (seen, work) = (Arc::clone(seen), Arc::clone(&work));
        let mut recipient = DeathRecipient::new(move || {
            seen.deaths.fetch_add(1, Ordering::SeqCst);
            work.cancelled.store(true, Ordering::SeqCst);
        });
        callback.as_binder().link_to_death(&mut recipient)?;
        death = Some(recipient);
    }
    seen.operations.fetch_add(1, Ordering::SeqCst);
    seen.workers.fetch_add(1, Ordering::SeqCst);
    let operation = Operation {
        seen: Arc::clone(seen),
        work: Arc::clone(&work),
        _death: death,
    };
    let (seen, callback) = (Arc::clone(seen), callback.cloned());
    thread::spawn(move || {
        loop {
            let done = work.done.fetch_add(1, Ordering::SeqCst) as i64 + 1;
            if let Some(callback) = &callback {
                let progress = OperationProgress {
                    doneBytes: done,
                    totalBytes: -1,
                    finished: false,
                };
                let _ = callback.onProgress(&progress);
            }
            if work.cancelled.load(Ordering::SeqCst) || (done == 3 && !endless) {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        work.finished.store(true, Ordering::SeqCst);
        if let Some(callback) = &callback {
            let _ = callback.onFinished();
        }
        seen.workers.fetch_sub(1, Ordering::SeqCst);
    });
    Ok(BnOperation::new_binder(
        operation,
        BinderFeatures::default(),
    ))
}
