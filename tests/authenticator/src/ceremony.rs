// SPDX-License-Identifier: Apache-2.0

//! The two ceremonies: `passkey` answers, then settings and faults are applied to its answer.

use passkey::{
    client::Client,
    types::webauthn::{
        AuthenticationExtensionsClientOutputs, ClientDataType, CredentialCreationOptions,
        CredentialRequestOptions, PublicKeyCredentialCreationOptions,
        PublicKeyCredentialRequestOptions, UserVerificationRequirement,
    },
    types::{Bytes, encoding},
};
use serde::Serialize;

use crate::{
    Attestation, Authenticator, Error, Fault, auth_data, client,
    client_data::Collected,
    fault::Ceremony,
    options,
    sign::{attestation_object, sign, tamper},
};

impl Authenticator {
    /// Makes a passkey.
    pub(crate) fn registration(
        &mut self,
        options_json: &str,
        origin: &str,
        faults: &[Fault],
    ) -> Result<String, Error> {
        check_applicable(faults, Ceremony::Registration)?;
        let tamper_signature = faults.iter().any(|fault| matches!(fault, Fault::Signature));
        if tamper_signature && self.settings.attestation == Attestation::None {
            return Err(Error::Fault("attestation none has no signature".to_owned()));
        }

        let mut options: PublicKeyCredentialCreationOptions = options::parse(options_json)?;
        let verified = self.verified(faults);
        if !verified {
            options
                .authenticator_selection
                .get_or_insert_default()
                .user_verification = UserVerificationRequirement::Discouraged;
        }
        let client_data =
            self.client_data(ClientDataType::Create, &options.challenge, origin, faults)?;
        let origin = client::origin(origin, options.rp.id.as_deref())?;

        let authenticator = client::authenticator(&mut self.store, &self.settings, verified);
        let mut client =
            Client::new(authenticator).allows_insecure_localhost(client::is_localhost(&origin));
        let request = CredentialCreationOptions {
            public_key: options,
        };
        let mut credential = client::ready(client.register(origin, request, &client_data))?;
        let response = &mut credential.response;

        if let Some(json) = client_data.tampered() {
            response.client_data_json = json.into();
        }
        let auth_data = auth_data::edit(&response.authenticator_data, &self.settings, faults)?;
        let attestation = self.settings.attestation;
        if attestation != Attestation::None || auth_data != *response.authenticator_data {
            let passkey = self.store.get(&credential.raw_id)?;
            let mut signature = sign(passkey, &auth_data, &response.client_data_json)?;
            if tamper_signature {
                tamper(&mut signature);
            }
            let algorithm = response.public_key_algorithm;
            response.authenticator_data = auth_data.clone().into();
            response.attestation_object =
                attestation_object(attestation, algorithm, signature, auth_data).into();
        }
        edit_unsigned(
            &mut credential.id,
            &mut credential.raw_id,
            &mut credential.client_extension_results,
            faults,
        )?;
        to_json(&credential)
    }

    /// Uses a passkey.
    pub(crate) fn assertion(
        &mut self,
        options_json: &str,
        origin: &str,
        faults: &[Fault],
    ) -> Result<String, Error> {
        check_applicable(faults, Ceremony::Assertion)?;

        let mut options: PublicKeyCredentialRequestOptions = options::parse(options_json)?;
        let verified = self.verified(faults);
        if !verified {
            options.user_verification = UserVerificationRequirement::Discouraged;
        }
        let client_data =
            self.client_data(ClientDataType::Get, &options.challenge, origin, faults)?;
        let origin = client::origin(origin, options.rp_id.as_deref())?;

        let authenticator = client::authenticator(&mut self.store, &self.settings, verified);
        let mut client =
            Client::new(authenticator).allows_insecure_localhost(client::is_localhost(&origin));
        let request = CredentialRequestOptions {
            public_key: options,
        };
        let mut credential = client::ready(client.authenticate(origin, request, &client_data))?;
        let response = &mut credential.response;

        if let Some(json) = client_data.tampered() {
            response.client_data_json = json.into();
        }
        let auth_data = auth_data::edit(&response.authenticator_data, &self.settings, faults)?;
        if auth_data != *response.authenticator_data {
            let passkey = self.store.get(&credential.raw_id)?;
            response.signature = sign(passkey, &auth_data, &response.client_data_json)?.into();
            response.authenticator_data = auth_data.into();
        }
        for fault in faults {
            match fault {
                Fault::UserHandle => flip(fault, response.user_handle.as_mut())?,
                Fault::NoUserHandle => response.user_handle = None,
                Fault::Signature => tamper(&mut response.signature),
                _ => {}
            }
        }
        edit_unsigned(
            &mut credential.id,
            &mut credential.raw_id,
            &mut credential.client_extension_results,
            faults,
        )?;
        to_json(&credential)
    }

    fn verified(&self, faults: &[Fault]) -> bool {
        let refused = faults
            .iter()
            .any(|fault| matches!(fault, Fault::NoUserVerification));
        self.settings.user_verified && !refused
    }

    fn client_data(
        &self,
        ty: ClientDataType,
        challenge: &[u8],
        origin: &str,
        faults: &[Fault],
    ) -> Result<Collected, Error> {
        let android_package = self.settings.android_package.as_deref();
        Collected::new(ty, challenge, origin, android_package, faults)
    }
}

fn check_applicable(faults: &[Fault], ceremony: Ceremony) -> Result<(), Error> {
    faults
        .iter()
        .try_for_each(|fault| fault.check_applicable(ceremony))
}

/// Edits what both kinds of response have beside what is signed.
fn edit_unsigned(
    id: &mut String,
    raw_id: &mut Bytes,
    extensions: &mut AuthenticationExtensionsClientOutputs,
    faults: &[Fault],
) -> Result<(), Error> {
    for fault in faults {
        match fault {
            Fault::CredentialId => {
                flip(fault, Some(&mut *raw_id))?;
                *id = encoding::base64url(raw_id);
            }
            Fault::PrfOutput => {
                let results = extensions.prf.as_mut().and_then(|prf| prf.results.as_mut());
                let results = results
                    .ok_or_else(|| Error::Fault(format!("{fault} needs outputs to be wrong")))?;
                flip(fault, Some(&mut results.first))?;
                if let Some(second) = &mut results.second {
                    flip(fault, Some(second))?;
                }
            }
            Fault::NoPrf => extensions.prf = None,
            _ => {}
        }
    }
    Ok(())
}

/// Flips the first bit of what must be there.
fn flip(fault: &Fault, bytes: Option<&mut Bytes>) -> Result<(), Error> {
    let first = bytes
        .and_then(|bytes| bytes.first_mut())
        .ok_or_else(|| Error::Fault(format!("{fault} needs a value to be wrong")))?;
    *first ^= 1;
    Ok(())
}

fn to_json(response: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(response).map_err(|error| Error::Store(error.to_string()))
}
