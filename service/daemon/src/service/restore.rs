// SPDX-License-Identifier: Apache-2.0

//! Opening an archive, for a restore or to verify every byte of it.
//!
//! The archive is read again when the ceremony is finished: what the passkey has confirmed is its
//! core, to which the sealer holds what it is shown then. The sealer's answer, the data key, lives
//! in locked memory until the operation ends.

use std::io::Read;

use binder::{ParcelFileDescriptor, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveCeremony::ArchiveCeremony, IOperation::IOperation, MacState::MacState,
    OperationResult::OperationResult, RestoreResult::RestoreResult, VerifyResult::VerifyResult,
};
use passkeybackup_archive::{
    Dek, Header, Job, Opened, Structure, open_body, read_header, structure, verify_body,
};
use passkeybackup_catalogue::{Archive, ArchiveState};
use sealer_wire::header::{Core as HeaderCore, KeyPart, SignedKeyPart};
use sealer_wire::{ErrorCode, Operation, Owner, Reply, Result};

use super::backup::lock_away;
use super::vaults::Answer;
use super::{Callback, Core, vaults};
use crate::ceremonies::Purpose;
use crate::convert::{self, long};
use crate::files::Descriptor;
use crate::hooks;
use crate::operation::Outcome;
use crate::sealer::unexpected;

/// What an archive is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// To get the plaintext.
    Restore,
    /// To authenticate it.
    FullVerify,
}

impl Opening {
    fn operation(self, header: &Header) -> Operation {
        let (core, key_part) = (header.core.clone(), header.key_part.clone());
        match self {
            Opening::Restore => Operation::Restore { core, key_part },
            Opening::FullVerify => Operation::FullVerify { core, key_part },
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Opening::Restore => Purpose::Restore,
            Opening::FullVerify => Purpose::FullVerify,
        }
    }
}

/// An archive as far as it was read.
pub struct Seen {
    /// Its header, not authenticated.
    pub header: Header,
    /// The same, decoded.
    pub core: HeaderCore,
    /// The same, decoded.
    pub key_part: KeyPart,
    /// What its length says; `None` for a stream.
    pub structure: Option<Structure>,
}

impl Seen {
    /// Reads the header of an archive; of a file also its length.
    pub fn read(archive: &Descriptor) -> Result<Seen> {
        let header = match archive.bytes() {
            Some(_) => read_header(&mut archive.file()?)?,
            None => read_header(&mut archive.head())?,
        };
        let core = HeaderCore::decode(&header.core)?;
        let (_, key_part) = SignedKeyPart::decode(&header.key_part)?;
        // Only what lies behind a header that makes sense can be a body.
        let structure = match archive.bytes() {
            Some(_) => Some(structure(&mut archive.file()?)?.1),
            None => None,
        };
        Ok(Seen {
            header,
            core,
            key_part,
            structure,
        })
    }

    /// What the file says of itself; `bytes` is its length.
    pub fn described(&self, bytes: u64) -> Archive {
        Archive {
            backup_id: self.core.backup_id,
            vault_id: self.core.vault_id,
            epoch: self.key_part.epoch.number,
            created_at: self.core.created_at,
            plaintext_bytes: self.structure.map_or(0, |found| found.plaintext_bytes),
            archive_bytes: bytes,
            meta: self.core.meta.clone(),
            // The service has just read it where it is.
            state: ArchiveState::Complete,
        }
    }

    /// The archive for the client: what the file says, and what the catalogue knows of it.
    fn archive(&self, core: &Core, owner: &Owner, bytes: u64) -> Result<Archive> {
        let mut archive = self.described(bytes);
        let known = core
            .catalogue
            .read(|view| view.archive(owner, &self.core.backup_id));
        match known {
            Ok(known) => archive.state = known.state,
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(archive)
    }
}

/// Begins the assertion that opens an archive.
pub fn begin(
    core: &Core,
    owner: &Owner,
    archive: &ParcelFileDescriptor,
    opening: Opening,
) -> Result<ArchiveCeremony> {
    let file = Descriptor::input_file(archive, "the archive")?;
    let seen = Seen::read(&file)?;
    let ceremony = vaults::begin_assertion(
        core,
        owner,
        &seen.core.vault_id,
        opening.operation(&seen.header),
        opening.purpose(),
    )?;
    let bytes = file.bytes().unwrap_or_default();
    Ok(ArchiveCeremony {
        ceremony,
        archive: convert::archive(&seen.archive(core, owner, bytes)?),
    })
}

/// Restores an archive.
pub fn finish_restore(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    archive: &ParcelFileDescriptor,
    output: &ParcelFileDescriptor,
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    let archive = Descriptor::input(archive, "the archive")?;
    let output = Descriptor::output(output, "the output")?;
    archive.check_differs(&output)?;
    open(
        core,
        owner,
        answer,
        archive,
        callback,
        Opening::Restore,
        move |body| {
            let writer = output.writer(body.job)?;
            let opened = open_body(body.job, &body.seen.header, &body.dek, body.input, writer)?;
            output.sync()?;
            let found = body.seen.core;
            Ok(Box::new(move || {
                OperationResult::Restore(RestoreResult {
                    backupId: found.backup_id.to_vec(),
                    vaultId: found.vault_id.to_vec(),
                    plaintextBytes: long(opened.plaintext_bytes),
                    meta: found.meta.clone(),
                })
            }))
        },
    )
}

/// Authenticates every byte of an archive.
pub fn finish_verify(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    archive: &ParcelFileDescriptor,
    callback: Callback<'_>,
) -> Result<Strong<dyn IOperation>> {
    let archive = Descriptor::input(archive, "the archive")?;
    open(
        core,
        owner,
        answer,
        archive,
        callback,
        Opening::FullVerify,
        |body| {
            let opened: Opened = verify_body(body.job, &body.seen.header, &body.dek, body.input)?;
            let (found, epoch) = (body.seen.core, body.seen.key_part.epoch.number);
            Ok(Box::new(move || {
                OperationResult::Verify(VerifyResult {
                    backupId: found.backup_id.to_vec(),
                    vaultId: found.vault_id.to_vec(),
                    epoch: i64::from(epoch),
                    mac: MacState::OK,
                    full: true,
                    segments: long(opened.segments),
                })
            }))
        },
    )
}

/// What the thread of an operation gets.
struct Body<'job> {
    job: &'job Job,
    seen: Seen,
    dek: Dek,
    input: Box<dyn Read + Send + 'job>,
}

/// Checks the ceremony, then works on the body.
fn open(
    core: &Core,
    owner: &Owner,
    answer: Answer<'_>,
    archive: Descriptor,
    callback: Callback<'_>,
    opening: Opening,
    work: impl FnOnce(Body<'_>) -> Result<Outcome> + Send + 'static,
) -> Result<Strong<dyn IOperation>> {
    let mut seen = Seen::read(&archive)?;
    // A length that the catalogue remembers helps to name what is wrong with the file.
    seen.header.recorded_bytes = core
        .catalogue
        .read(|view| view.archive(owner, &seen.core.backup_id))
        .ok()
        .map(|known| known.archive_bytes);
    let total = seen.structure.map(|found| found.plaintext_bytes);
    let place = core.operations.admit(owner, callback, total)?;
    let operation = opening.operation(&seen.header);
    let (_, reply) = vaults::finish(core, owner, answer, |_| Ok(operation))?;
    let Reply::Released(dek) = reply else {
        return Err(unexpected());
    };
    hooks::released(&seen.core.backup_id, &dek);
    let dek = lock_away(&dek)?;
    place.start(move |job| {
        let mut input = archive.reader(job)?;
        if archive.bytes().is_some() {
            // A stream stands at its body already.
            read_header(&mut input)?;
        }
        work(Body {
            job,
            seen,
            dek,
            input,
        })
    })
}
