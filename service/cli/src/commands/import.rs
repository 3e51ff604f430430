// SPDX-License-Identifier: Apache-2.0

//! A vault comes to this device.

use passkeybackup_aidl::android::security::passkeybackup::ImportCeremony::ImportCeremony;

use super::Service;
use super::vault::finish;
use crate::Context;
use crate::args::{Import, Imported};
use crate::failure::Result;
use crate::files::{self, Input};
use crate::output::json::{self, Begun, ImportBegun, Report};
use crate::output::text::hex;

/// `import …`
pub fn import(context: &Context, command: &Import) -> Result<Report> {
    match command {
        Import::Begin(imported) => begin(context, imported, "assertion", |service, archive| {
            service.beginImport(archive.descriptor(), imported.allow_weaker_sealer)
        }),
        Import::BeginRecovery { imported, key } => {
            let key = files::recovery_key(&key.file)?;
            begin(context, imported, "registration", |service, archive| {
                let (archive, weaker) = (archive.descriptor(), imported.allow_weaker_sealer);
                service.beginImportWithRecoveryKey(archive, &key, weaker)
            })
        }
        Import::BeginPassword { imported, password } => {
            let password = files::password(&password.file)?;
            begin(context, imported, "registration", |service, archive| {
                let (archive, weaker) = (archive.descriptor(), imported.allow_weaker_sealer);
                service.beginImportWithPassword(archive, &password, weaker)
            })
        }
        Import::Finish(arguments) => finish(context, arguments, |service, token, response| {
            let imported = service.finishImport(token, response)?;
            Ok(Report::Imported(Box::new(json::Imported {
                vault: imported.vault.into(),
                factor_id: hex(&imported.factorId),
            })))
        }),
    }
}

fn begin(
    context: &Context,
    imported: &Imported,
    response: &str,
    call: impl FnOnce(&Service, &Input) -> binder::Result<ImportCeremony>,
) -> Result<Report> {
    let archive = Input::archive(&imported.of.archive)?;
    let begun = call(context.connect()?.service(), &archive)?;
    let token = hex(&begun.ceremony.token);
    let line = context.line(&format!(
        "import finish --ceremony {token} < {response}.json"
    ));
    let found = ImportBegun::from(&begun);
    Ok(Report::Begun(Box::new(Begun {
        import: Some(found),
        ..Begun::new(begun.ceremony, line)?
    })))
}
