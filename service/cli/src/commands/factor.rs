// SPDX-License-Identifier: Apache-2.0

//! Factors that open archives on a new device.

use zeroize::Zeroizing;

use super::vault::{begin, finish, proceed};
use crate::Context;
use crate::args::{Password, Prf, Recovery};
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::json::{Enrolled, RecoveryCreated, Report};
use crate::output::text::hex;

/// `prf …`
pub fn prf(context: &Context, command: &Prf) -> Result<Report> {
    match command {
        Prf::Begin(of) => begin(context, "prf confirm", "assertion", |service| {
            service.beginPrf(&of.vault)
        }),
        Prf::Confirm(arguments) => {
            let next = ("prf finish", "second-assertion");
            proceed(context, arguments, next, |service, token, response| {
                service.confirmPrf(token, response)
            })
        }
        Prf::Finish(arguments) => finish(context, arguments, |service, token, response| {
            let enrolled = service.finishPrf(token, response)?;
            Ok(Report::Enrolled(Enrolled::from(enrolled)))
        }),
    }
}

/// `recovery …`
pub fn recovery(context: &Context, command: &Recovery) -> Result<Report> {
    match command {
        Recovery::BeginCreate(of) => {
            begin(context, "recovery finish-create", "assertion", |service| {
                service.beginCreateRecoveryKey(&of.vault)
            })
        }
        Recovery::FinishCreate {
            finish: arguments,
            qr,
        } => {
            let connection = context.connect()?;
            let response = files::response(&arguments.response)?;
            let made = connection
                .service()
                .finishCreateRecoveryKey(&arguments.ceremony, &response)?;
            let key = String::from_utf8(made.recoveryKey).map_err(|_| {
                Failure::internal("the service sent a recovery key that is no text")
            })?;
            Ok(Report::RecoveryCreated(RecoveryCreated {
                vault_id: hex(&made.vaultId),
                factor: made.factor.into(),
                recovery_key: Zeroizing::new(key),
                qr: *qr,
            }))
        }
    }
}

/// `password …`
pub fn password(context: &Context, command: &Password) -> Result<Report> {
    match command {
        Password::BeginSet(of) => {
            let next = "password finish-set --password-file FILE";
            begin(context, next, "assertion", |service| {
                service.beginSetPassword(&of.vault)
            })
        }
        Password::FinishSet {
            finish: arguments,
            password,
        } => {
            let password = files::password(&password.file)?;
            finish(context, arguments, |service, token, response| {
                let enrolled = service.finishSetPassword(token, response, &password)?;
                Ok(Report::Enrolled(Enrolled::from(enrolled)))
            })
        }
    }
}
