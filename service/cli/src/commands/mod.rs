// SPDX-License-Identifier: Apache-2.0

//! The commands: what each asks of the service.

mod archive;
mod epoch;
mod factor;
mod import;
mod refresh;
mod vault;

use std::path::Path;

use binder::Strong;
use passkeybackup_aidl::android::security::passkeybackup::{
    AuditVerification::AuditVerification, IPasskeyBackup::IPasskeyBackup,
};
use sealer_wire::ErrorCode;

use crate::Context;
use crate::args::{self, Command, Page};
use crate::connect::{Connection, connect};
use crate::failure::{Failure, Result};
use crate::output::json::{Archives, Audit, AuditEntry, Info, Report};
use crate::output::text::{hex, shell};

type Service = Strong<dyn IPasskeyBackup>;

/// Runs a command.
pub fn run(context: &Context, command: &Command) -> Result<Report> {
    match command {
        Command::Info => info(context),
        Command::Vault(command) => vault::vault(context, command),
        Command::Origin(command) => vault::origin(context, command),
        Command::Passkey(command) => vault::passkey(context, command),
        Command::Prf(command) => factor::prf(context, command),
        Command::Recovery(command) => factor::recovery(context, command),
        Command::Password(command) => factor::password(context, command),
        Command::Backup(arguments) => archive::backup(context, arguments),
        Command::Restore(command) => archive::restore(context, command),
        Command::Verify(arguments) => archive::verify(context, arguments),
        Command::Archives(arguments) => archives(context, arguments),
        Command::Import(command) => import::import(context, command),
        Command::Rotate(command) => epoch::rotate(context, command),
        Command::Epoch(command) => epoch::epoch(context, command),
        Command::Rehearse(command) => epoch::rehearse(context, command),
        Command::Catalogue(args::Catalogue::Rebuild { from }) => refresh::rebuild(context, from),
        Command::Archive(args::Archive::Refresh { archive }) => refresh::refresh(context, archive),
        Command::Archive(args::Archive::Forget { id }) => {
            context.connect()?.service().forgetArchive(id)?;
            let backup_id = hex(id);
            Ok(Report::Forgotten { backup_id })
        }
        Command::Audit(arguments) => audit(context, arguments),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => crate::demo::run(context, arguments).map(Report::Demo),
    }
}

impl Context {
    fn connect(&self) -> Result<Connection> {
        connect(self.socket.as_deref())
    }

    /// The command line of a next step, for people.
    fn line(&self, rest: &str) -> String {
        match &self.socket {
            Some(path) if std::env::var_os("PKB_SOCKET").is_none() => {
                format!("pkb --socket {} {rest}", shown(path))
            }
            _ => format!("pkb {rest}"),
        }
    }
}

fn shown(path: &Path) -> String {
    shell(&path.to_string_lossy())
}

fn info(context: &Context) -> Result<Report> {
    let connection = context.connect()?;
    let info = connection.service().getInfo()?;
    Ok(Report::Info(Info::new(info, connection.transport)))
}

fn archives(context: &Context, arguments: &args::Archives) -> Result<Report> {
    let connection = context.connect()?;
    let service = connection.service();
    let limit = limit(service, &arguments.page)?;
    let page = arguments.page.page.as_deref();
    let page = service.listArchives(&arguments.of.vault, limit, page, false)?;
    Ok(Report::Archives(Archives::from(page)))
}

fn audit(context: &Context, arguments: &args::Audit) -> Result<Report> {
    let connection = context.connect()?;
    let service = connection.service();
    let limit = limit(service, &arguments.page)?;
    let page = arguments.page.page.as_deref();
    let page = service.getAudit(&arguments.of.vault, limit, page, arguments.verify)?;
    let verified = match page.verification {
        AuditVerification::NOT_CHECKED => None,
        AuditVerification::VERIFIED => Some(true),
        _ => {
            return Err(Failure::new(
                ErrorCode::AuditTampered,
                "entries of the audit log were changed, removed or added",
            ));
        }
    };
    if arguments.verify && verified.is_none() {
        return Err(Failure::internal("the service did not verify the log"));
    }
    Ok(Report::Audit(Audit {
        entries: page.entries.into_iter().map(AuditEntry::from).collect(),
        verified,
        next_page: page.nextPage,
    }))
}

/// As many entries as asked for, or as the service allows.
fn limit(service: &Service, page: &Page) -> Result<i32> {
    match page.limit {
        Some(limit) => Ok(limit),
        None => Ok(service.getInfo()?.limits.pageEntries),
    }
}
