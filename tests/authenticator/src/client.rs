// SPDX-License-Identifier: Apache-2.0

//! `passkey`'s authenticator, user and origin, set up for one ceremony.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use passkey::{
    authenticator::{
        Authenticator, UiHint, UserCheck, UserValidationMethod, extensions::HmacSecretConfig,
    },
    client::{Origin, UnverifiedAssetLink},
    crypto::{iana, rust_crypto::RustCryptoBackend},
    types::{
        Passkey,
        ctap2::{Aaguid, Ctap2Error},
        encoding,
    },
};
use url::Url;

use crate::{Algorithm, Counter, Error, Prf, Settings, store::Store};

const ANDROID_ORIGIN: &str = "android:apk-key-hash:";

/// A user who agrees to everything, verified or not.
pub(crate) struct User {
    verified: bool,
}

#[async_trait]
impl UserValidationMethod for User {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        hint: UiHint<'a, Passkey>,
        _presence: bool,
        _verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        // `passkey` leaves the refusal of an excluded credential to the dialogue with the user.
        if let UiHint::InformExcludedCredentialFound(_) = hint {
            return Err(Ctap2Error::CredentialExcluded);
        }
        // `passkey` makes nothing without presence: UP = 0 is made of its answer afterwards.
        Ok(UserCheck {
            presence: true,
            verification: self.verified,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// The CTAP 2 authenticator for one ceremony.
pub(crate) fn authenticator<'s>(
    store: &'s mut Store,
    settings: &Settings,
    verified: bool,
) -> Authenticator<&'s mut Store, User, RustCryptoBackend> {
    let mut authenticator = Authenticator::new(
        Aaguid::new_empty(),
        store,
        User { verified },
        RustCryptoBackend,
    );
    authenticator
        .set_make_credentials_with_signature_counter(settings.counter == Counter::Counting);
    let algorithm = match settings.algorithm {
        Algorithm::Any => None,
        Algorithm::Es256 => Some(iana::Algorithm::ES256),
        Algorithm::Eddsa => Some(iana::Algorithm::EdDSA),
    };
    if let Some(algorithm) = algorithm {
        authenticator
            .set_algorithms(&[algorithm])
            .expect("passkey has both algorithms");
    }
    let prf = HmacSecretConfig::new_without_uv();
    match settings.prf {
        Prf::None => authenticator,
        Prf::Assertion => authenticator.hmac_secret(prf),
        Prf::Creation => authenticator.hmac_secret(prf.enable_on_make_credential()),
    }
}

/// Parses a web origin, or an Android one as of an app that `rp_id` has asset links for.
pub(crate) fn origin<'a>(text: &str, rp_id: Option<&str>) -> Result<Origin<'a>, Error> {
    let origin = match text.strip_prefix(ANDROID_ORIGIN) {
        Some(hash) => android_origin(hash, rp_id)?,
        None => {
            let url =
                Url::parse(text).map_err(|error| Error::Origin(format!("{text}: {error}")))?;
            if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
                return Err(Error::Origin(format!("{text}: more than an origin")));
            }
            Origin::from(url)
        }
    };
    // What is signed is what `passkey` prints, so anything else than that is a mistake.
    if origin.to_string() != text {
        return Err(Error::Origin(format!(
            "{text}: not canonical, would be {origin}"
        )));
    }
    Ok(origin)
}

/// Whether a local server asks.
///
/// Only then may `passkey` be told to allow `localhost`: once told, it takes the rp id `localhost`
/// from any web origin whatever.
pub(crate) fn is_localhost(origin: &Origin<'_>) -> bool {
    match origin {
        Origin::Web(url) => url.domain().is_some_and(|host| host == "localhost"),
        Origin::Android(_) => false,
    }
}

fn android_origin<'a>(hash: &str, rp_id: Option<&str>) -> Result<Origin<'a>, Error> {
    let hash = encoding::try_from_base64url(hash)
        .ok_or_else(|| Error::Origin(format!("{hash}: not base64url")))?;
    let fingerprint: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    let host = rp_id.ok_or_else(|| Error::Origin("an app needs an rp id in the options".into()))?;
    let statements = Url::parse(&format!("https://{host}/.well-known/assetlinks.json"))
        .map_err(|error| Error::Origin(format!("{host}: {error}")))?;
    // `passkey` does nothing with the package name; see `androidPackageName` in the settings.
    UnverifiedAssetLink::new("", &fingerprint.join(":"), host.to_owned(), statements)
        .map(Origin::Android)
        .map_err(|error| Error::Origin(format!("{error:?}")))
}

/// Runs a future of `passkey`'s. Store and user answer at once, so it never waits.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits for anything"),
    }
}
