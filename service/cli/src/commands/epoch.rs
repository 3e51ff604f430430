// SPDX-License-Identifier: Apache-2.0

//! Rotation, the end of an epoch, rehearsals.

use passkeybackup_aidl::android::security::passkeybackup::OperationResult::OperationResult;

use super::vault::{begin, finish, shown};
use super::{Service, refresh};
use crate::Context;
use crate::args::{Epoch, Finish, Rehearse, Rotate};
use crate::failure::{Failure, Result};
use crate::files;
use crate::operation;
use crate::output;
use crate::output::json::{Rehearsed, Report, Rotated};
use crate::output::text::hex;

/// `rotate …`
pub fn rotate(context: &Context, command: &Rotate) -> Result<Report> {
    match command {
        Rotate::Begin(of) => begin(context, "rotate finish", "assertion", |service| {
            service.beginRotate(&of.vault)
        }),
        Rotate::Finish {
            finish: arguments,
            archives,
        } => finish_rotate(context, arguments, archives),
    }
}

/// The vault is rotated first; then archive after archive is written anew in place. An archive
/// that cannot be is told at the end, when all others are done.
fn finish_rotate(
    context: &Context,
    arguments: &Finish,
    archives: &[std::path::PathBuf],
) -> Result<Report> {
    let connection = context.connect()?;
    let service = connection.service();
    // What is no archive, or was changed, is found before anything happens.
    for archive in archives {
        refresh::check(service, archive)?;
    }
    let response = files::response(&arguments.response)?;
    let result = operation::run(&context.interrupt, "Rotating", |callback| {
        service.finishRotate(&arguments.ceremony, &response, &[], &[], callback)
    })?;
    let OperationResult::Rotate(rotated) = result else {
        return Err(Failure::internal(
            "the service returned the result of another operation",
        ));
    };
    let mut rewrapped = Vec::with_capacity(archives.len());
    let mut failed = None;
    for archive in archives {
        match refresh::in_place(context, service, archive) {
            Ok(archive) => rewrapped.push(hex(&archive.backupId)),
            Err(failure) if context.interrupt.asked() => return Err(failure),
            Err(failure) => {
                let what = format!(
                    "the vault is rotated, but {} still has the old keys: {}",
                    archive.display(),
                    failure.0.text
                );
                output::tell(format_args!("pkb: {}: {what}", failure.0.name));
                let mut failure = failure.with_hint("run: pkb archive refresh F");
                failure.0.text = what;
                failed.get_or_insert(failure);
            }
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(Report::Rotated(Rotated {
            vault_id: hex(&rotated.vaultId),
            epoch: rotated.epoch,
            rewrapped,
            pending: pending(service, &rotated.vaultId)?,
        })),
    }
}

/// Every archive of the catalogue that still needs a retired epoch.
fn pending(service: &Service, vault_id: &[u8]) -> Result<Vec<String>> {
    let limit = service.getInfo()?.limits.pageEntries;
    let mut pending = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let found = service.listArchives(vault_id, limit, page.as_deref(), true)?;
        pending.extend(found.archives.iter().map(|archive| hex(&archive.backupId)));
        page = found.nextPage;
        if page.is_none() {
            return Ok(pending);
        }
    }
}

/// `epoch …`
pub fn epoch(context: &Context, command: &Epoch) -> Result<Report> {
    match command {
        Epoch::BeginEnd { of, epoch } => {
            begin(context, "epoch finish-end", "assertion", |service| {
                service.beginEndEpoch(&of.vault, *epoch)
            })
        }
        Epoch::FinishEnd(arguments) => finish(context, arguments, |service, token, response| {
            service.finishEndEpoch(token, response).map(shown)
        }),
    }
}

/// `rehearse …`
pub fn rehearse(context: &Context, command: &Rehearse) -> Result<Report> {
    match command {
        Rehearse::Begin(of) => {
            let archive = files::Input::archive(&of.archive)?;
            begin(context, "rehearse finish", "assertion", |service| {
                service.beginRehearsal(archive.descriptor())
            })
        }
        Rehearse::BeginRecovery { of, key } => {
            let archive = files::Input::archive(&of.archive)?;
            let key = files::recovery_key(&key.file)?;
            begin(context, "rehearse finish", "assertion", |service| {
                service.beginRehearsalWithRecoveryKey(archive.descriptor(), &key)
            })
        }
        Rehearse::BeginPassword { of, password } => {
            let archive = files::Input::archive(&of.archive)?;
            let password = files::password(&password.file)?;
            begin(context, "rehearse finish", "assertion", |service| {
                service.beginRehearsalWithPassword(archive.descriptor(), &password)
            })
        }
        Rehearse::Finish(arguments) => finish(context, arguments, |service, token, response| {
            let rehearsed = service.finishRehearsal(token, response)?;
            Ok(Report::Rehearsed(Rehearsed {
                backup_id: hex(&rehearsed.backupId),
                factor_id: hex(&rehearsed.factorId),
            }))
        }),
    }
}
