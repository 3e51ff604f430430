// SPDX-License-Identifier: Apache-2.0

//! Backup, restore and verification.

use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveCeremony::ArchiveCeremony, OperationResult::OperationResult,
};

use super::shown;
use crate::Context;
use crate::args::{Backup, Finish, FullVerify, OfArchive, Place, Restore, Verify};
use crate::failure::{Failure, Result};
use crate::files::{self, Input, Target};
use crate::operation;
use crate::output::json::{Archive, BackedUp, Begun, Report, Restored, Verified};
use crate::output::text::hex;

/// `backup`
pub fn backup(context: &Context, arguments: &Backup) -> Result<Report> {
    let input = Input::plaintext(&arguments.input)?;
    let target = Target::new(&arguments.output, arguments.force, &input)?;
    let meta = arguments.meta.as_ref().map_or("", |meta| meta.0.get());
    let connection = context.connect()?;
    let service = connection.service();
    let output = target.create(&context.interrupt)?;
    let result = operation::run(&context.interrupt, "Backing up", |callback| {
        service.backup(
            &arguments.of.vault,
            input.descriptor(),
            output.descriptor(),
            meta.as_bytes(),
            callback,
        )
    })?;
    let OperationResult::Archive(archive) = result else {
        return Err(unexpected());
    };
    if !output.place()? {
        return Ok(Report::BackedUp(BackedUp {
            archive: archive.into(),
            warnings: Vec::new(),
            next: context.line("verify F"),
        }));
    }
    // The archive is safe from here on, so what fails now does not make a failure of the backup.
    let place = shown(arguments.output.path());
    let confirmed = service.confirmArchive(&archive.backupId);
    let (archive, next, warnings) = match confirmed {
        Ok(confirmed) => (confirmed, format!("restore begin --in {place}"), Vec::new()),
        Err(status) => {
            let why = Failure::from(status).0;
            let warning = format!(
                "{} is complete and in place, but the service could not be told: {}: {}",
                arguments.output.path().display(),
                why.name,
                why.text
            );
            (archive, format!("verify {place}"), vec![warning])
        }
    };
    Ok(Report::BackedUp(BackedUp {
        archive: archive.into(),
        warnings,
        next: context.line(&next),
    }))
}

/// `restore …`
pub fn restore(context: &Context, command: &Restore) -> Result<Report> {
    match command {
        Restore::Begin(of) => {
            let input = Input::archive(&of.archive)?;
            let begun = context
                .connect()?
                .service()
                .beginRestore(input.descriptor())?;
            let archive = Archive::from(begun.archive);
            let line = format!(
                "restore finish --ceremony {} --in {} --out FILE < assertion.json",
                hex(&begun.ceremony.token),
                shown(of.archive.path())
            );
            Ok(Report::Begun(Box::new(Begun {
                archive: Some(archive),
                ..Begun::new(begun.ceremony, context.line(&line))?
            })))
        }
        Restore::Finish {
            finish,
            of,
            output,
            force,
        } => finish_restore(context, finish, of, output, *force),
    }
}

fn finish_restore(
    context: &Context,
    finish: &Finish,
    of: &OfArchive,
    output: &Place,
    force: bool,
) -> Result<Report> {
    let input = Input::archive(&of.archive)?;
    let target = Target::new(output, force, &input)?;
    let connection = context.connect()?;
    let response = files::response(&finish.response)?;
    let output = target.create(&context.interrupt)?;
    let result = operation::run(&context.interrupt, "Restoring", |callback| {
        connection.service().finishRestore(
            &finish.ceremony,
            &response,
            input.descriptor(),
            output.descriptor(),
            callback,
        )
    })?;
    let OperationResult::Restore(restored) = result else {
        return Err(unexpected());
    };
    output.place()?;
    Ok(Report::Restored(Restored::from(restored)))
}

/// `verify …`
pub fn verify(context: &Context, arguments: &Verify) -> Result<Report> {
    match (&arguments.ceremony, &arguments.archive) {
        (Some(FullVerify::Begin(of)), _) => begin_verify(context, of),
        (Some(FullVerify::Finish { finish, of }), _) => finish_verify(context, finish, of),
        (None, Some(archive)) => {
            let input = Input::archive(archive)?;
            let connection = context.connect()?;
            let verified = connection.service().verifyStructure(input.descriptor())?;
            Ok(Report::Verified(Verified::from(verified)))
        }
        (None, None) => Err(Failure::usage("no archive is given")),
    }
}

fn begin_verify(context: &Context, of: &OfArchive) -> Result<Report> {
    let input = Input::archive(&of.archive)?;
    let ArchiveCeremony { ceremony, archive } = context
        .connect()?
        .service()
        .beginVerify(input.descriptor())?;
    let archive = Archive::from(archive);
    let line = format!(
        "verify finish --ceremony {} --in {} < assertion.json",
        hex(&ceremony.token),
        shown(of.archive.path())
    );
    Ok(Report::Begun(Box::new(Begun {
        archive: Some(archive.clone()),
        fields: Some(archive),
        ..Begun::new(ceremony, context.line(&line))?
    })))
}

fn finish_verify(context: &Context, finish: &Finish, of: &OfArchive) -> Result<Report> {
    let input = Input::archive(&of.archive)?;
    let connection = context.connect()?;
    let response = files::response(&finish.response)?;
    let result = operation::run(&context.interrupt, "Verifying", |callback| {
        connection
            .service()
            .finishVerify(&finish.ceremony, &response, input.descriptor(), callback)
    })?;
    match result {
        OperationResult::Verify(verified) => Ok(Report::Verified(Verified::from(verified))),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> Failure {
    Failure::internal("the service returned the result of another operation")
}
