// SPDX-License-Identifier: Apache-2.0

//! The user with a passkey, in front of a device.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;

use binder::ParcelFileDescriptor;
use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, OperationResult::OperationResult, VaultParameters::VaultParameters,
};
use test_authenticator::{Authenticator, Fault};

use super::device::Device;
use super::sample::Sample;
use crate::args::Place;
use crate::failure::{Failure, Result};
use crate::files::{Input, Target};
use crate::interrupt::Interrupt;
use crate::operation;

const RP_ID: &str = "backup.example";
const ORIGIN: &str = "https://backup.example";

/// A person with a passkey.
#[derive(Default)]
pub struct User {
    passkey: Authenticator,
    interrupt: Interrupt,
}

/// An assertion that a ceremony was finished with.
pub struct Used {
    token: Vec<u8>,
    assertion: Vec<u8>,
}

pub fn failed(error: test_authenticator::Error) -> Failure {
    Failure::internal(format!("the software passkey: {error}"))
}

impl User {
    /// A person with a passkey provider and no passkeys yet.
    pub fn new(interrupt: &Interrupt) -> User {
        User {
            passkey: Authenticator::new(),
            interrupt: interrupt.clone(),
        }
    }

    /// Makes a vault with a new passkey.
    pub fn enrol(&mut self, device: &Device, name: &str) -> Result<Vec<u8>> {
        let connection = device.connect()?;
        let service = connection.service();
        let ceremony = service.beginCreateVault(&VaultParameters {
            rpId: RP_ID.into(),
            origins: vec![ORIGIN.into()],
            userName: name.into(),
            ..Default::default()
        })?;
        let registration = self.register(&ceremony).map_err(failed)?;
        let vault = service.finishCreateVault(&ceremony.token, registration.as_bytes())?;
        Ok(vault.vaultId)
    }

    /// Backs a sample up, as it comes out of a pipe; a copy of what went in is left in `copy`.
    pub fn back_up(
        &self,
        device: &Device,
        vault: &[u8],
        sample: &Sample,
        copy: &Path,
        archive: &Path,
    ) -> Result<()> {
        let piping = |e: io::Error| Failure::stream("cannot stream the folder", &e);
        let connection = device.connect()?;
        let service = connection.service();
        let (reader, writer) = io::pipe().map_err(piping)?;
        let input = ParcelFileDescriptor::new(File::from(OwnedFd::from(reader)));
        let output = ParcelFileDescriptor::new(create(archive)?);
        let result = thread::scope(|scope| {
            let streaming = scope.spawn(|| sample.stream(writer, copy));
            let result = operation::run(&self.interrupt, "Backing up", |callback| {
                service.backup(vault, &input, &output, b"{\"demo\":true}", callback)
            });
            // Nobody reads any more, so that the stream cannot hang.
            drop(input);
            let streamed = streaming
                .join()
                .map_err(|_| Failure::internal("the stream panicked"))?;
            let result = result?;
            streamed.map_err(piping)?;
            Ok::<_, Failure>(result)
        })?;
        let OperationResult::Archive(made) = result else {
            return Err(Failure::internal("not the result of a backup"));
        };
        service.confirmArchive(&made.backupId)?;
        Ok(())
    }

    /// Restores an archive with a fresh ceremony, wrong in the given things.
    pub fn restore(
        &mut self,
        device: &Device,
        archive: &Path,
        to: &Path,
        faults: &[Fault],
    ) -> Result<Used> {
        let connection = device.connect()?;
        let input = Input::archive(&Place::File(archive.into()))?;
        let begun = connection.service().beginRestore(input.descriptor())?;
        let assertion = self.assert(&begun.ceremony, faults)?;
        let used = Used {
            token: begun.ceremony.token,
            assertion,
        };
        self.finish(device, archive, to, &used)?;
        Ok(used)
    }

    /// Finishes a restore.
    pub fn finish(&self, device: &Device, archive: &Path, to: &Path, with: &Used) -> Result<()> {
        let connection = device.connect()?;
        let input = Input::archive(&Place::File(archive.into()))?;
        let output = Target::new(&Place::File(to.into()), true, &input)?.create(&self.interrupt)?;
        operation::run(&self.interrupt, "Restoring", |callback| {
            connection.service().finishRestore(
                &with.token,
                &with.assertion,
                input.descriptor(),
                output.descriptor(),
                callback,
            )
        })?;
        output.place()?;
        Ok(())
    }

    /// A new ceremony for this archive, and an assertion that was made for another.
    pub fn begin_with(&self, device: &Device, archive: &Path, other: &Used) -> Result<Used> {
        let connection = device.connect()?;
        let input = Input::archive(&Place::File(archive.into()))?;
        let begun = connection.service().beginRestore(input.descriptor())?;
        Ok(Used {
            token: begun.ceremony.token,
            assertion: other.assertion.clone(),
        })
    }

    /// Makes a passkey.
    pub fn register(
        &mut self,
        ceremony: &Ceremony,
    ) -> std::result::Result<String, test_authenticator::Error> {
        self.passkey.register(&ceremony.optionsJson, ORIGIN)
    }

    /// Uses a passkey.
    pub fn assert(&mut self, ceremony: &Ceremony, faults: &[Fault]) -> Result<Vec<u8>> {
        self.passkey
            .assert_with(&ceremony.optionsJson, ORIGIN, faults)
            .map(String::into_bytes)
            .map_err(failed)
    }
}

/// Makes a file that only its owner reads.
fn create(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Failure::io("cannot make", path, &e))
}
