// SPDX-License-Identifier: Apache-2.0

//! The person: passkeys, digits on paper, and ceremonies with them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::thread;
use std::time::{Duration, Instant};

use binder::{ParcelFileDescriptor, Status, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, IOperation::IOperation, IPasskeyBackup::IPasskeyBackup,
    OperationResult::OperationResult, VaultInfo::VaultInfo, VaultParameters::VaultParameters,
};
use test_authenticator::Authenticator;

use crate::service::Service;

const ORIGIN: &str = "https://example.org";

type Done<T> = Result<T, Status>;

/// A person with several authenticators.
#[derive(Default)]
pub struct Person {
    /// By the credential id of the one passkey in it.
    pub authenticators: BTreeMap<Vec<u8>, Authenticator>,
    /// What the paper says, by factor id.
    pub paper: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Person {
    /// A registration by a new authenticator; it is kept, whatever becomes of the answer.
    pub fn register(&mut self, ceremony: &Ceremony) -> Vec<u8> {
        let mut authenticator = Authenticator::new();
        let response = authenticator
            .register(&ceremony.optionsJson, ORIGIN)
            .expect("a registration");
        let id = authenticator.credential_ids().remove(0);
        self.authenticators.insert(id, authenticator);
        response.into_bytes()
    }

    /// An assertion by this passkey.
    pub fn assert_by(&mut self, id: &[u8], ceremony: &Ceremony) -> Vec<u8> {
        let authenticator = self.authenticators.get_mut(id).expect("a passkey of ours");
        authenticator
            .assert(&ceremony.optionsJson, ORIGIN)
            .expect("an assertion")
            .into_bytes()
    }

    pub fn create(&mut self, service: &Service) -> Done<VaultInfo> {
        let begun = service.beginCreateVault(&VaultParameters {
            rpId: "example.org".into(),
            origins: vec![ORIGIN.into()],
            userName: "Ada".into(),
            requireBiometric: false,
            credentialLabel: String::new(),
        })?;
        let response = self.register(&begun);
        service.finishCreateVault(&begun.token, &response)
    }

    pub fn restore(&mut self, service: &Service, by: &[u8], archive: &File) -> Done<Vec<u8>> {
        let begun = service.beginRestore(&fd(archive))?;
        let answer = self.assert_by(by, &begun.ceremony);
        let mut output = file(b"");
        let (token, archive) = (&begun.ceremony.token, fd(archive));
        let operation = service.finishRestore(token, &answer, &archive, &fd(&output), None)?;
        wait(&operation)?;
        let mut bytes = Vec::new();
        output.rewind().unwrap();
        output.read_to_end(&mut bytes).unwrap();
        Ok(bytes)
    }

    pub fn enrol_prf(&mut self, service: &Service, vault: &[u8], by: &[u8]) -> Done<()> {
        let begun = service.beginPrf(vault)?;
        let answer = self.assert_by(by, &begun);
        let begun = service.confirmPrf(&begun.token, &answer)?;
        let answer = self.assert_by(by, &begun);
        service.finishPrf(&begun.token, &answer).map(drop)
    }

    pub fn recovery(&mut self, service: &Service, vault: &[u8], by: &[u8]) -> Done<()> {
        let begun = service.beginCreateRecoveryKey(vault)?;
        let answer = self.assert_by(by, &begun);
        let made = service.finishCreateRecoveryKey(&begun.token, &answer)?;
        self.paper.insert(made.factor.factorId, made.recoveryKey);
        Ok(())
    }

    pub fn import_by_passkey(
        &mut self,
        service: &Service,
        by: &[u8],
        archive: &File,
    ) -> Done<VaultInfo> {
        let begun = service.beginImport(&fd(archive), false)?;
        let answer = self.assert_by(by, &begun.ceremony);
        let imported = service.finishImport(&begun.ceremony.token, &answer)?;
        Ok(imported.vault)
    }

    pub fn import_by_digits(
        &mut self,
        service: &Service,
        key: &[u8],
        archive: &File,
    ) -> Done<VaultInfo> {
        let begun = service.beginImportWithRecoveryKey(&fd(archive), key, false)?;
        let answer = self.register(&begun.ceremony);
        let imported = service.finishImport(&begun.ceremony.token, &answer)?;
        Ok(imported.vault)
    }
}

/// The result of an operation, once it has ended.
pub fn wait(operation: &Strong<dyn IOperation>) -> Done<OperationResult> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(result) = operation.getResult()? {
            return Ok(result);
        }
        assert!(Instant::now() < until, "an operation does not end");
        thread::sleep(Duration::from_micros(200));
    }
}

/// A file without a name.
pub fn file(content: &[u8]) -> File {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempfile_in(memory)
    } else {
        tempfile::tempfile()
    };
    let mut file = made.unwrap();
    file.write_all(content).unwrap();
    file
}

/// A second descriptor, for a call.
pub fn fd(file: &File) -> ParcelFileDescriptor {
    ParcelFileDescriptor::new(file.try_clone().unwrap())
}
