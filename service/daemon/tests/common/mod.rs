// SPDX-License-Identifier: Apache-2.0

//! A daemon in this process, and a client of it over its socket.

#![allow(dead_code)] // each test program uses some

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use binder::rpc::Client as Connection;
use binder::{ParcelFileDescriptor, Status, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveInfo::ArchiveInfo, IOperation::IOperation, IPasskeyBackup::IPasskeyBackup,
    OperationResult::OperationResult, RestoreResult::RestoreResult,
    VaultParameters::VaultParameters, VerifyResult::VerifyResult,
};
use passkeybackup_status::{SERVICE, from_status};
use passkeybackupd::{Config, Daemon, SealerChoice, Transport};
use test_authenticator::Authenticator;

pub const RP: &str = "example.org";
pub const ORIGIN: &str = "https://example.org";
pub const META: &[u8] = br#"{"what":"test"}"#;

/// A daemon that can be stopped and started again.
pub struct Rig {
    folder: tempfile::TempDir,
    ttl: Option<u64>,
    daemon: Option<Daemon>,
}

impl Rig {
    pub fn start() -> Rig {
        Rig::with_ttl(None)
    }

    pub fn with_ttl(ttl: Option<u64>) -> Rig {
        let mut rig = Rig {
            folder: tempfile::tempdir().unwrap(),
            ttl,
            daemon: None,
        };
        rig.run();
        rig
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn config(&self) -> Config {
        Config {
            sealer: SealerChoice::Nonsecure {
                challenge_ttl_ms: self.ttl,
            },
            transport: Transport::Socket(self.folder.path().join("socket")),
            state: self.state(),
            callers: None,
        }
    }

    pub fn run(&mut self) {
        // A background check of the one before may still hold the folder for a moment.
        eventually(|| match Daemon::start(&self.config()) {
            Ok(daemon) => {
                self.daemon = Some(daemon);
                true
            }
            Err(error) => {
                assert_eq!(error.code.name(), "STATE_IN_USE", "{error}");
                false
            }
        });
    }

    pub fn stop(&mut self) {
        self.daemon.take().unwrap().stop();
    }

    pub fn restart(&mut self) {
        self.stop();
        self.run();
    }

    pub fn client(&self) -> Client {
        let connection = Connection::connect(self.folder.path().join("socket")).unwrap();
        Client {
            service: connection.get_interface(SERVICE).unwrap(),
            _connection: connection,
        }
    }
}

pub struct Client {
    pub service: Strong<dyn IPasskeyBackup>,
    _connection: Connection,
}

impl Client {
    pub fn create_vault(&self, user: &mut Authenticator) -> Vec<u8> {
        let begun = self.service.beginCreateVault(&parameters()).unwrap();
        let response = user.register(&begun.optionsJson, ORIGIN).unwrap();
        let vault = self
            .service
            .finishCreateVault(&begun.token, response.as_bytes());
        vault.unwrap().vaultId
    }

    pub fn backup(&self, vault: &[u8], content: &[u8]) -> (File, ArchiveInfo) {
        let archive = file_with(b"something that was there before");
        let input = file_with(content);
        let operation = self
            .service
            .backup(vault, &fd(&input), &fd(&archive), META, None)
            .unwrap();
        match result(&operation).unwrap() {
            OperationResult::Archive(info) => (archive, info),
            other => panic!("{other:?}"),
        }
    }

    pub fn restore(
        &self,
        token: &[u8],
        assertion: &str,
        archive: &File,
    ) -> Result<(Vec<u8>, RestoreResult), Status> {
        let mut output = file_with(b"something that was there before");
        let operation = self.service.finishRestore(
            token,
            assertion.as_bytes(),
            &fd(archive),
            &fd(&output),
            None,
        )?;
        match result(&operation)? {
            OperationResult::Restore(info) => {
                let mut content = Vec::new();
                output.rewind().unwrap();
                output.read_to_end(&mut content).unwrap();
                Ok((content, info))
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn verify(
        &self,
        token: &[u8],
        assertion: &str,
        archive: &File,
    ) -> Result<VerifyResult, Status> {
        let operation =
            self.service
                .finishVerify(token, assertion.as_bytes(), &fd(archive), None)?;
        match result(&operation)? {
            OperationResult::Verify(info) => Ok(info),
            other => panic!("{other:?}"),
        }
    }
}

pub fn parameters() -> VaultParameters {
    VaultParameters {
        rpId: RP.into(),
        origins: vec![ORIGIN.into()],
        userName: "somebody".into(),
        requireBiometric: false,
        credentialLabel: "first".into(),
    }
}

/// What an operation ends with.
pub fn result(operation: &Strong<dyn IOperation>) -> Result<OperationResult, Status> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(result) = operation.getResult()? {
            assert!(operation.getProgress()?.finished);
            return Ok(result);
        }
        assert!(Instant::now() < until, "the operation does not end");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Name of the error, or `OK`.
pub fn name<T>(result: Result<T, Status>) -> String {
    match result {
        Ok(_) => "OK".to_owned(),
        Err(status) => from_status(&status).name,
    }
}

pub fn eventually(mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < until, "it does not happen");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn fd(file: &File) -> ParcelFileDescriptor {
    ParcelFileDescriptor::new(file.try_clone().unwrap())
}

pub fn file_with(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

pub fn copy(from: &File) -> File {
    let mut from = from.try_clone().unwrap();
    let mut content = Vec::new();
    from.rewind().unwrap();
    from.read_to_end(&mut content).unwrap();
    file_with(&content)
}

/// Bytes that do not compress or repeat.
pub fn random(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}
