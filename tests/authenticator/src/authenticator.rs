// SPDX-License-Identifier: Apache-2.0

//! The authenticator as its users see it.

use crate::{Error, Fault, Settings, store::Store};

/// A software passkey authenticator together with the client (browser or app) that it serves.
///
/// A clone has the same passkeys, as another device of the same user has.
#[derive(Clone, Debug, Default)]
pub struct Authenticator {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
}

impl Authenticator {
    /// An authenticator of a synced passkey provider, without passkeys.
    pub fn new() -> Self {
        Self::default()
    }

    /// An authenticator of another kind, without passkeys.
    pub fn with_settings(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// What kind of authenticator this is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes it another kind, from now on.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Sets whether the user is verified (UV) from now on, even where options require it.
    pub fn user_verified(&mut self, verified: bool) -> &mut Self {
        self.settings.user_verified = verified;
        self
    }

    /// Sets whether the user is present (UP) from now on.
    pub fn user_present(&mut self, present: bool) -> &mut Self {
        self.settings.user_present = present;
        self
    }

    /// Makes a passkey: PublicKeyCredentialCreationOptionsJSON to RegistrationResponseJSON.
    ///
    /// `options_json` may also be what `pkb … begin` prints.
    pub fn register(&mut self, options_json: &str, origin: &str) -> Result<String, Error> {
        self.register_with(options_json, origin, &[])
    }

    /// Like [`register`](Self::register), but wrong in the given things.
    pub fn register_with(
        &mut self,
        options_json: &str,
        origin: &str,
        faults: &[Fault],
    ) -> Result<String, Error> {
        self.whole(|this| this.registration(options_json, origin, faults))
    }

    /// Uses a passkey: PublicKeyCredentialRequestOptionsJSON to AuthenticationResponseJSON.
    ///
    /// `options_json` may also be what `pkb … begin` prints. Where the options name no credential,
    /// the newest one for the rp id is used.
    pub fn assert(&mut self, options_json: &str, origin: &str) -> Result<String, Error> {
        self.assert_with(options_json, origin, &[])
    }

    /// Like [`assert`](Self::assert), but wrong in the given things.
    pub fn assert_with(
        &mut self,
        options_json: &str,
        origin: &str,
        faults: &[Fault],
    ) -> Result<String, Error> {
        self.whole(|this| this.assertion(options_json, origin, faults))
    }

    /// Runs a ceremony; one that gives no response leaves the store as it was.
    fn whole(
        &mut self,
        ceremony: impl FnOnce(&mut Self) -> Result<String, Error>,
    ) -> Result<String, Error> {
        let before = self.store.clone();
        let response = ceremony(self);
        if response.is_err() {
            self.store = before;
        }
        response
    }

    /// The credential ids of its passkeys, oldest first.
    pub fn credential_ids(&self) -> Vec<Vec<u8>> {
        self.store
            .passkeys
            .iter()
            .map(|passkey| passkey.credential_id.to_vec())
            .collect()
    }

    /// Deletes a passkey, and says whether there was one.
    pub fn delete(&mut self, credential_id: &[u8]) -> bool {
        let before = self.store.passkeys.len();
        self.store
            .passkeys
            .retain(|passkey| *passkey.credential_id != credential_id);
        self.store.passkeys.len() < before
    }
}
