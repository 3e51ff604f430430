// SPDX-License-Identifier: Apache-2.0

//! The store as bytes: for the next call of the command, and for another device.

use passkey::{
    crypto::{CoseKey, coset::CborSerializable},
    types::{Bytes, CredentialExtensions, Passkey, StoredHmacSecret},
};
use serde::{Deserialize, Serialize};

use crate::{Authenticator, Error, Settings, store::Store};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    settings: Settings,
    passkeys: Vec<Record>,
}

/// A [`Passkey`]; the key is a COSE_Key with its private part.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    credential_id: Bytes,
    rp_id: String,
    user_handle: Option<Bytes>,
    user_name: Option<String>,
    user_display_name: Option<String>,
    key: Bytes,
    counter: Option<u32>,
    prf: Option<PrfSecrets>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrfSecrets {
    with_uv: Bytes,
    without_uv: Option<Bytes>,
}

impl Authenticator {
    /// Settings and passkeys, private keys in clear, as JSON.
    pub fn export(&self) -> Result<Vec<u8>, Error> {
        let passkeys = self
            .store
            .passkeys
            .iter()
            .map(record)
            .collect::<Result<_, _>>()?;
        let file = File {
            version: VERSION,
            settings: self.settings.clone(),
            passkeys,
        };
        serde_json::to_vec_pretty(&file).map_err(store_error)
    }

    /// The authenticator that was exported.
    pub fn import(bytes: &[u8]) -> Result<Self, Error> {
        let file: File = serde_json::from_slice(bytes).map_err(store_error)?;
        if file.version != VERSION {
            return Err(Error::Store(format!("version {} is unknown", file.version)));
        }
        let passkeys = file
            .passkeys
            .into_iter()
            .map(passkey)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            settings: file.settings,
            store: Store { passkeys },
        })
    }
}

fn store_error(error: impl std::fmt::Display) -> Error {
    Error::Store(error.to_string())
}

fn record(passkey: &Passkey) -> Result<Record, Error> {
    Ok(Record {
        credential_id: passkey.credential_id.clone(),
        rp_id: passkey.rp_id.clone(),
        user_handle: passkey.user_handle.clone(),
        user_name: passkey.username.clone(),
        user_display_name: passkey.user_display_name.clone(),
        key: passkey.key.clone().to_vec().map_err(store_error)?.into(),
        counter: passkey.counter,
        prf: passkey
            .extensions
            .hmac_secret
            .as_ref()
            .map(|secrets| PrfSecrets {
                with_uv: secrets.cred_with_uv.as_slice().into(),
                without_uv: secrets.cred_without_uv.as_deref().map(Bytes::from),
            }),
    })
}

fn passkey(record: Record) -> Result<Passkey, Error> {
    Ok(Passkey {
        key: CoseKey::from_slice(&record.key).map_err(store_error)?,
        credential_id: record.credential_id,
        rp_id: record.rp_id,
        user_handle: record.user_handle,
        username: record.user_name,
        user_display_name: record.user_display_name,
        counter: record.counter,
        extensions: CredentialExtensions {
            hmac_secret: record.prf.map(|secrets| StoredHmacSecret {
                cred_with_uv: secrets.with_uv.into(),
                cred_without_uv: secrets.without_uv.map(Vec::from),
            }),
        },
    })
}
