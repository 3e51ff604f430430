// SPDX-License-Identifier: Apache-2.0

//! A service that answers as a test wants it, and `pkb` run against it.

#![allow(dead_code, reason = "not every test file uses all of it")]

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use binder::rpc::Server;
use binder::{
    BinderFeatures, ExceptionCode, Interface, ParcelFileDescriptor, Result, Status, StatusCode,
    Strong,
};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveCeremony::ArchiveCeremony, ArchiveInfo::ArchiveInfo, ArchivePage::ArchivePage,
    ArchiveState::ArchiveState, AuditPage::AuditPage, AuditVerification::AuditVerification,
    Ceremony::Ceremony, CredentialResult::CredentialResult, ErrorCode::ErrorCode,
    FactorResult::FactorResult, IOperation::BnOperation, IOperation::IOperation,
    IOperationCallback::IOperationCallback, IPasskeyBackup::BnPasskeyBackup,
    IPasskeyBackup::IPasskeyBackup, ImportCeremony::ImportCeremony, ImportResult::ImportResult,
    Limits::Limits, OperationProgress::OperationProgress, OperationResult::OperationResult,
    RecoveryKeyResult::RecoveryKeyResult, RehearsalResult::RehearsalResult,
    RestoreResult::RestoreResult, ServiceInfo::ServiceInfo, VaultInfo::VaultInfo,
    VaultParameters::VaultParameters, VerifyResult::VerifyResult,
};
use serde_json::Value;

/// A vault or token of the tests.
pub const ID: &str = "000102030405060708090a0b0c0d0e0f";

/// What `--meta` makes a backup do.
pub const ENDLESS: &str = "\"endless\"";
pub const FULL: &str = "\"full\"";
pub const SILENT: &str = "\"silent\"";
pub const UNCONFIRMED: &str = "\"unconfirmed\"";

/// A vault whose log was tampered with.
pub const TAMPERED: &str = "ffffffffffffffffffffffffffffffff";

/// What the service was asked.
#[derive(Default)]
pub struct Seen {
    pub responses: Mutex<Vec<Vec<u8>>>,
    pub running: AtomicUsize,
    pub cancelled: AtomicUsize,
    refuse_confirm: AtomicBool,
}

pub struct Rig {
    pub seen: Arc<Seen>,
    pub folder: tempfile::TempDir,
    _server: Server,
}

impl Rig {
    pub fn start() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let seen = Arc::new(Seen::default());
        let service =
            BnPasskeyBackup::new_binder(Service(Arc::clone(&seen)), BinderFeatures::default());
        let services = [("android.security.passkeybackup", service.as_binder())];
        let server = Server::start(folder.path().join("socket"), services).unwrap();
        Rig {
            seen,
            folder,
            _server: server,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// `pkb` in the folder of the rig, against its service.
    pub fn pkb(&self, line: &str) -> Command {
        let mut pkb = pkb(line);
        pkb.env("PKB_SOCKET", self.path("socket"))
            .current_dir(self.folder.path());
        pkb
    }

    pub fn run(&self, line: &str) -> Output {
        self.pkb(line).output().unwrap()
    }

    /// What it prints with `--json`, and its exit status.
    pub fn json(&self, line: &str) -> (Value, i32) {
        object(&self.run(&format!("--json {line}")))
    }
}

/// `pkb` with an empty standard input and no service.
pub fn pkb(line: &str) -> Command {
    let mut pkb = Command::new(env!("CARGO_BIN_EXE_pkb"));
    pkb.args(line.split_whitespace())
        .env_remove("PKB_SOCKET")
        .stdin(Stdio::null());
    pkb
}

/// The one object on standard output, and the exit status.
pub fn object(output: &Output) -> (Value, i32) {
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (value, output.status.code().unwrap())
}

/// Runs with something on standard input.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may not want all of it.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "socket")
        .collect();
    names.sort();
    names
}

pub struct Service(pub Arc<Seen>);

impl Interface for Service {}

fn refusal(code: i32, message: &str) -> Status {
    Status::new_service_specific_error_str(code, Some(message))
}

fn content(descriptor: &ParcelFileDescriptor) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file(descriptor)?
        .read_to_end(&mut bytes)
        .map_err(|_| StatusCode::BAD_VALUE)?;
    Ok(bytes)
}

fn file(descriptor: &ParcelFileDescriptor) -> Result<File> {
    let clone = descriptor
        .as_ref()
        .try_clone()
        .map_err(|_| StatusCode::BAD_VALUE)?;
    Ok(File::from(clone))
}

fn archive(bytes: usize, meta: &[u8], state: ArchiveState) -> ArchiveInfo {
    ArchiveInfo {
        backupId: vec![2; 16],
        vaultId: (0..16).collect(),
        epoch: 1,
        plaintextBytes: bytes as i64,
        archiveBytes: bytes as i64,
        meta: meta.to_vec(),
        state,
        ..Default::default()
    }
}

fn ceremony() -> Ceremony {
    Ceremony {
        token: (0..16).collect(),
        optionsJson: r#"{"challenge":"AA"}"#.into(),
        expiresAtMillis: 1_700_000_000_000,
    }
}

impl Service {
    fn take(&self, response: &[u8]) {
        self.0.responses.lock().unwrap().push(response.to_vec());
    }
}

macro_rules! unsupported {
    ($(fn $name:ident($($arg:ty),*) -> $ret:ty;)*) => {
        $(fn $name(&self, $(_: $arg),*) -> Result<$ret> {
            Err(ExceptionCode::UNSUPPORTED_OPERATION.into())
        })*
    };
}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackup for Service {
    fn getInfo(&self) -> Result<ServiceInfo> {
        Ok(ServiceInfo {
            version: "test".into(),
            limits: Limits {
                pageEntries: 7,
                ..Default::default()
            },
            ..Default::default()
        })
    }

    fn beginCreateVault(&self, parameters: &VaultParameters) -> Result<Ceremony> {
        assert_eq!(parameters.rpId, "example.org");
        Ok(ceremony())
    }

    fn finishCreateVault(&self, token: &[u8], registration: &[u8]) -> Result<VaultInfo> {
        self.take(registration);
        Ok(VaultInfo {
            vaultId: token.to_vec(),
            ..Default::default()
        })
    }

    fn finishDeleteVault(&self, _token: &[u8], assertion: &[u8]) -> Result<Vec<u8>> {
        self.take(assertion);
        Err(refusal(
            ErrorCode::CHALLENGE_EXPIRED.0,
            "CHALLENGE_EXPIRED: too late\nhint: begin again\nretry_after_ms: 1500",
        ))
    }

    fn beginDeleteVault(&self, _id: &[u8]) -> Result<Ceremony> {
        Err(refusal(4711, "OF_A_LATER_VERSION: something new"))
    }

    fn backup(
        &self,
        _vault: &[u8],
        input: &ParcelFileDescriptor,
        output: &ParcelFileDescriptor,
        meta: &[u8],
        callback: Option<&Strong<dyn IOperationCallback>>,
    ) -> Result<Strong<dyn IOperation>> {
        let (input, mut output) = (content(input)?, file(output)?);
        output
            .write_all(&input)
            .map_err(|_| StatusCode::BAD_VALUE)?;
        let meta = meta.to_vec();
        let unconfirmed = meta == UNCONFIRMED.as_bytes();
        self.0.refuse_confirm.store(unconfirmed, Ordering::SeqCst);
        start(&self.0, callback, &meta.clone(), move || {
            OperationResult::Archive(archive(input.len(), &meta, ArchiveState::UNCONFIRMED))
        })
    }

    fn confirmArchive(&self, backup: &[u8]) -> Result<ArchiveInfo> {
        assert_eq!(backup, [2; 16]);
        if self.0.refuse_confirm.load(Ordering::SeqCst) {
            return Err(refusal(106, "IO: the catalogue is on fire"));
        }
        Ok(archive(5, b"", ArchiveState::COMPLETE))
    }

    fn listArchives(
        &self,
        _vault: &[u8],
        limit: i32,
        page: Option<&str>,
        retired: bool,
    ) -> Result<ArchivePage> {
        assert!(!retired);
        Ok(ArchivePage {
            archives: Vec::new(),
            nextPage: Some(format!("{limit}-{}", page.unwrap_or("first"))),
        })
    }

    fn getAudit(
        &self,
        vault: &[u8],
        limit: i32,
        page: Option<&str>,
        verify: bool,
    ) -> Result<AuditPage> {
        Ok(AuditPage {
            entries: Vec::new(),
            verification: match (verify, vault[0]) {
                (false, _) => AuditVerification::NOT_CHECKED,
                (true, 255) => AuditVerification::TAMPERED,
                (true, _) => AuditVerification::VERIFIED,
            },
            nextPage: page.map(|page| format!("{limit}-{page}")),
        })
    }

    fn beginRestore(&self, from: &ParcelFileDescriptor) -> Result<ArchiveCeremony> {
        Ok(ArchiveCeremony {
            ceremony: ceremony(),
            archive: archive(content(from)?.len(), b"", ArchiveState::COMPLETE),
        })
    }

    fn beginVerify(&self, from: &ParcelFileDescriptor) -> Result<ArchiveCeremony> {
        self.beginRestore(from)
    }

    fn verifyStructure(&self, from: &ParcelFileDescriptor) -> Result<VerifyResult> {
        Ok(VerifyResult {
            segments: content(from)?.len() as i64,
            ..Default::default()
        })
    }

    fn finishVerify(
        &self,
        _token: &[u8],
        assertion: &[u8],
        _archive: &ParcelFileDescriptor,
        callback: Option<&Strong<dyn IOperationCallback>>,
    ) -> Result<Strong<dyn IOperation>> {
        self.take(assertion);
        start(&self.0, callback, b"", || {
            OperationResult::Verify(VerifyResult {
                full: true,
                ..Default::default()
            })
        })
    }

    fn finishRestore(
        &self,
        _token: &[u8],
        assertion: &[u8],
        from: &ParcelFileDescriptor,
        to: &ParcelFileDescriptor,
        callback: Option<&Strong<dyn IOperationCallback>>,
    ) -> Result<Strong<dyn IOperation>> {
        self.take(assertion);
        let content = content(from)?;
        file(to)?
            .write_all(&content)
            .map_err(|_| StatusCode::BAD_VALUE)?;
        start(&self.0, callback, assertion, move || {
            OperationResult::Restore(RestoreResult {
                plaintextBytes: content.len() as i64,
                ..Default::default()
            })
        })
    }

    unsupported! {
        fn getVault(&[u8]) -> VaultInfo;
        fn listVaults() -> Vec<VaultInfo>;
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
        fn forgetArchive(&[u8]) -> ();
        fn refreshArchive(
            &ParcelFileDescriptor,
            &ParcelFileDescriptor,
            Option<&Strong<dyn IOperationCallback>>
        ) -> Strong<dyn IOperation>;
        fn rebuildCatalogue(
            &[ParcelFileDescriptor],
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
    }
}

type Make = Box<dyn Fn() -> OperationResult + Send + Sync>;

struct Operation {
    seen: Arc<Seen>,
    ended: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
    full: bool,
    make: Make,
}

/// An operation that takes 50 ms, or does what `how` says.
fn start(
    seen: &Arc<Seen>,
    callback: Option<&Strong<dyn IOperationCallback>>,
    how: &[u8],
    make: impl Fn() -> OperationResult + Send + Sync + 'static,
) -> Result<Strong<dyn IOperation>> {
    let operation = Operation {
        seen: Arc::clone(seen),
        ended: Arc::default(),
        cancelled: Arc::default(),
        full: how == FULL.as_bytes(),
        make: Box::new(make),
    };
    let (ended, cancelled) = (
        Arc::clone(&operation.ended),
        Arc::clone(&operation.cancelled),
    );
    let endless = how == ENDLESS.as_bytes();
    let callback = callback.cloned().filter(|_| how != SILENT.as_bytes());
    let running = Arc::clone(seen);
    running.running.fetch_add(1, Ordering::SeqCst);
    thread::spawn(move || {
        let mut turns = 0;
        while !cancelled.load(Ordering::SeqCst) && (endless || turns < 5) {
            thread::sleep(Duration::from_millis(10));
            turns += 1;
        }
        ended.store(true, Ordering::SeqCst);
        running.running.fetch_sub(1, Ordering::SeqCst);
        if let Some(callback) = callback {
            let _ = callback.onFinished();
        }
    });
    Ok(BnOperation::new_binder(
        operation,
        BinderFeatures::default(),
    ))
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }
}

impl Interface for Operation {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperation for Operation {
    fn getProgress(&self) -> Result<OperationProgress> {
        Ok(OperationProgress::default())
    }

    fn getResult(&self) -> Result<Option<OperationResult>> {
        if !self.ended.load(Ordering::SeqCst) {
            return Ok(None);
        }
        if self.cancelled.load(Ordering::SeqCst) {
            return Err(refusal(8, "CANCELLED: it was cancelled"));
        }
        if self.full {
            return Err(refusal(105, "NO_SPACE: the medium is full"));
        }
        Ok(Some((self.make)()))
    }

    fn cancel(&self) -> Result<()> {
        self.seen.cancelled.fetch_add(1, Ordering::SeqCst);
        self.cancelled.store(true, Ordering::SeqCst);
        Ok(())
    }
}
