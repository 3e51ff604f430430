// SPDX-License-Identifier: Apache-2.0

//! The passkeys of an authenticator, and how `passkey` gets at them.

use async_trait::async_trait;
use passkey::{
    authenticator::{CredentialStore, DiscoverabilitySupport, StoreInfo},
    types::{
        Passkey,
        ctap2::{
            Ctap2Error, StatusCode,
            make_credential::{
                Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
            },
        },
        webauthn::PublicKeyCredentialDescriptor,
    },
};

use crate::Error;

/// Passkeys in memory, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) passkeys: Vec<Passkey>,
}

impl Store {
    /// The passkey with this credential id.
    pub(crate) fn get(&self, credential_id: &[u8]) -> Result<&Passkey, Error> {
        self.passkeys
            .iter()
            .find(|passkey| *passkey.credential_id == credential_id)
            .ok_or_else(|| Error::Store("no such passkey".to_owned()))
    }
}

/// `passkey`'s own `MemoryStore` looks at neither the rp id nor at discoverable credentials.
#[async_trait]
impl CredentialStore for &mut Store {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _user_handle: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let listed = |passkey: &Passkey| {
            ids.is_none_or(|ids| ids.iter().any(|id| id.id == passkey.credential_id))
        };
        let found: Vec<Passkey> = self
            .passkeys
            .iter()
            .rev()
            .filter(|passkey| passkey.rp_id == rp_id && listed(passkey))
            .cloned()
            .collect();
        if found.is_empty() {
            Err(Ctap2Error::NoCredentials.into())
        } else {
            Ok(found)
        }
    }

    async fn save_credential(
        &mut self,
        passkey: Passkey,
        _user: PublicKeyCredentialUserEntity,
        _rp: PublicKeyCredentialRpEntity,
        options: Options,
    ) -> Result<(), StatusCode> {
        // authenticatorMakeCredential: a discoverable credential takes the place of the one that
        // the same user has with the same relying party.
        if options.rk {
            self.passkeys
                .retain(|old| old.rp_id != passkey.rp_id || old.user_handle != passkey.user_handle);
        }
        self.passkeys.push(passkey);
        Ok(())
    }

    async fn update_credential(&mut self, passkey: &Passkey) -> Result<(), StatusCode> {
        let stored = self
            .passkeys
            .iter_mut()
            .find(|stored| stored.credential_id == passkey.credential_id)
            .ok_or(Ctap2Error::NoCredentials)?;
        *stored = passkey.clone();
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        StoreInfo {
            discoverability: DiscoverabilitySupport::ForcedDiscoverable,
        }
    }
}
