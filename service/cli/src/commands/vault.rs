// SPDX-License-Identifier: Apache-2.0

//! Vaults, their origins and passkeys.

use passkeybackup_aidl::android::security::passkeybackup::{
    Ceremony::Ceremony, VaultInfo::VaultInfo, VaultParameters::VaultParameters,
};

use super::Service;
use crate::Context;
use crate::args::{Finish, Origin, Passkey, Vault};
use crate::failure::Result;
use crate::files;
use crate::output::json::{Begun, Credential, Report, Vault as VaultObject};
use crate::output::text::hex;

/// `vault …`
pub fn vault(context: &Context, command: &Vault) -> Result<Report> {
    match command {
        Vault::BeginCreate {
            rp_id,
            origins,
            user_name,
            require_biometric,
        } => {
            let parameters = VaultParameters {
                rpId: rp_id.clone(),
                origins: origins.clone(),
                userName: user_name.clone(),
                requireBiometric: *require_biometric,
                credentialLabel: String::new(),
            };
            begin(context, "vault finish-create", "registration", |service| {
                service.beginCreateVault(&parameters)
            })
        }
        Vault::FinishCreate(arguments) => finish(context, arguments, |service, token, response| {
            service.finishCreateVault(token, response).map(shown)
        }),
        Vault::Show(of) => Ok(shown(context.connect()?.service().getVault(&of.vault)?)),
        Vault::List => {
            let vaults = context.connect()?.service().listVaults()?;
            let vaults = vaults.into_iter().map(VaultObject::from).collect();
            Ok(Report::Vaults { vaults })
        }
        Vault::BeginDelete(of) => begin(context, "vault finish-delete", "assertion", |service| {
            service.beginDeleteVault(&of.vault)
        }),
        Vault::FinishDelete(arguments) => finish(context, arguments, |service, token, response| {
            let vault = service.finishDeleteVault(token, response)?;
            let vault_id = hex(&vault);
            Ok(Report::Deleted { vault_id })
        }),
    }
}

/// `origin …`
pub fn origin(context: &Context, command: &Origin) -> Result<Report> {
    match command {
        Origin::BeginSet { of, origins } => {
            begin(context, "origin finish-set", "assertion", |service| {
                service.beginSetOrigins(&of.vault, origins)
            })
        }
        Origin::FinishSet(arguments) => finish(context, arguments, |service, token, response| {
            service.finishSetOrigins(token, response).map(shown)
        }),
    }
}

/// `passkey …`
pub fn passkey(context: &Context, command: &Passkey) -> Result<Report> {
    match command {
        Passkey::List(of) => {
            let vault = context.connect()?.service().getVault(&of.vault)?;
            let credentials = vault.credentials.into_iter();
            Ok(Report::Credentials {
                credentials: credentials.map(Credential::from).collect(),
            })
        }
        Passkey::BeginAdd { of, label } => {
            begin(context, "passkey continue-add", "assertion", |service| {
                service.beginAddCredential(&of.vault, label)
            })
        }
        Passkey::ContinueAdd(arguments) => {
            let next = ("passkey finish-add", "registration");
            proceed(context, arguments, next, |service, token, response| {
                service.continueAddCredential(token, response)
            })
        }
        Passkey::FinishAdd(arguments) => finish(context, arguments, |service, token, response| {
            let added = service.finishAddCredential(token, response)?;
            Ok(Report::CredentialAdded {
                vault_id: hex(&added.vaultId),
                credential: added.credential.into(),
            })
        }),
        Passkey::BeginRemove {
            of,
            credential,
            allow_last_portable,
        } => begin(context, "passkey finish-remove", "assertion", |service| {
            service.beginRemoveCredential(&of.vault, &credential.0, *allow_last_portable)
        }),
        Passkey::FinishRemove(arguments) => {
            finish(context, arguments, |service, token, response| {
                service.finishRemoveCredential(token, response).map(shown)
            })
        }
    }
}

pub fn shown(vault: VaultInfo) -> Report {
    Report::Vault(Box::new(vault.into()))
}

/// The first step of a ceremony: `finish` and `response` are what comes next.
pub fn begin(
    context: &Context,
    finish: &str,
    response: &str,
    call: impl FnOnce(&Service) -> binder::Result<Ceremony>,
) -> Result<Report> {
    let connection = context.connect()?;
    let ceremony = call(connection.service())?;
    let token = hex(&ceremony.token);
    let line = context.line(&format!("{finish} --ceremony {token} < {response}.json"));
    Ok(Report::Begun(Box::new(Begun::new(ceremony, line)?)))
}

/// A step between the first and the last.
pub fn proceed(
    context: &Context,
    arguments: &Finish,
    (next, response_name): (&str, &str),
    call: impl FnOnce(&Service, &[u8], &[u8]) -> binder::Result<Ceremony>,
) -> Result<Report> {
    let connection = context.connect()?;
    let response = files::response(&arguments.response)?;
    let ceremony = call(connection.service(), &arguments.ceremony, &response)?;
    let token = hex(&ceremony.token);
    let line = context.line(&format!("{next} --ceremony {token} < {response_name}.json"));
    Ok(Report::Begun(Box::new(Begun::new(ceremony, line)?)))
}

/// The last step. Nothing is read from a pipe for a service that is not there.
pub fn finish(
    context: &Context,
    arguments: &Finish,
    call: impl FnOnce(&Service, &[u8], &[u8]) -> binder::Result<Report>,
) -> Result<Report> {
    let connection = context.connect()?;
    let response = files::response(&arguments.response)?;
    Ok(call(connection.service(), &arguments.ceremony, &response)?)
}
