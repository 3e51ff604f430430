// SPDX-License-Identifier: Apache-2.0

//! The client data: what the browser or the platform says about the ceremony (§5.8.1).

use super::json::{self, Text};
use super::{Policy, base64url};
use sealer_wire::{Error, ErrorCode, Result};
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq;

/// `type` of a registration.
pub(super) const TYPE_CREATE: &str = "webauthn.create";
/// `type` of an assertion.
pub(super) const TYPE_GET: &str = "webauthn.get";

/// The members that the verifier reads. Others are accepted, as §5.8.1 demands.
#[derive(serde::Deserialize)]
struct ClientDataJson<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    challenge: Text<'a>,
    #[serde(borrow)]
    origin: Text<'a>,
    #[serde(default, rename = "crossOrigin", deserialize_with = "present")]
    cross_origin: Option<bool>,
    #[serde(default, rename = "topOrigin", deserialize_with = "present")]
    top_origin: Option<IgnoredAny>,
    #[serde(borrow, default, rename = "androidPackageName")]
    package: Option<Text<'a>>,
}

/// A member that, where it stands at all, has a value of its type: `null` is not "absent".
fn present<'de, D, T>(deserializer: D) -> core::result::Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Checks the client data: §7.1 steps 5 to 11 and §7.2 steps 8 to 14, then the package.
///
/// `bytes` are the exact bytes that the client hashed. Errors, in the order of the checks:
/// `MALFORMED_JSON`, `WRONG_TYPE`, `CHALLENGE_MISMATCH`, `ORIGIN_MISMATCH`, `CROSS_ORIGIN`,
/// `PACKAGE_MISMATCH`.
pub(super) fn verify(
    policy: &Policy<'_>,
    expected_type: &str,
    challenge: &[u8],
    bytes: &[u8],
) -> Result<()> {
    // §7.1 steps 5 and 6, §7.2 steps 8 and 9: decode as UTF-8 and parse. A byte order mark, which
    // the specification's "UTF-8 decode" would drop, is refused: no client writes one.
    let data: ClientDataJson<'_> = json::parse(bytes)?;

    // §7.1 step 7, §7.2 step 10: the type.
    if data.kind.0 != expected_type {
        return Err(Error::new(
            ErrorCode::WrongType,
            "clientDataJSON is of another ceremony",
        ));
    }

    // §7.1 step 8, §7.2 step 11: the challenge, compared as the text that the client must write.
    let expected = base64url::encode(challenge);
    let same: bool = expected
        .as_bytes()
        .ct_eq(data.challenge.0.as_bytes())
        .into();
    if challenge.is_empty() || !same {
        return Err(Error::new(
            ErrorCode::ChallengeMismatch,
            "made for another challenge",
        ));
    }

    // §7.1 step 9, §7.2 step 12: the origin, one of the policy's as a whole.
    if !policy.origins.iter().any(|origin| *origin == data.origin.0) {
        return Err(Error::new(
            ErrorCode::OriginMismatch,
            "the origin is none of the vault's",
        ));
    }

    // §7.1 steps 10 and 11, §7.2 steps 13 and 14: never inside somebody else's page.
    if data.cross_origin == Some(true) {
        return Err(Error::new(ErrorCode::CrossOrigin, "crossOrigin is true"));
    }
    if data.top_origin.is_some() {
        return Err(Error::new(ErrorCode::CrossOrigin, "topOrigin is present"));
    }

    // Not WebAuthn: Android's clients add the package of the calling app.
    if let (Some(expected), Some(package)) = (policy.package, &data.package)
        && package.0 != expected
    {
        return Err(Error::new(
            ErrorCode::PackageMismatch,
            "androidPackageName is not the vault's package",
        ));
    }
    Ok(())
}
