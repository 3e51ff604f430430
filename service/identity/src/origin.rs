// SPDX-License-Identifier: Apache-2.0

//! Origins, as browsers and Android serialise them: what a ceremony reports is compared byte for
//! byte, so only the canonical form is ever stored.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{ErrorCode, Result, limits};

use crate::domain::{self, LOCALHOST};
use crate::error;

const KEY_HASH: &str = "android:apk-key-hash:";

/// The parts of an origin that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// `https://` on this host.
    Https(&'a str),
    /// `http://localhost`.
    HttpLocalhost,
    /// An Android app: SHA-256 of its signing certificate.
    App([u8; 32]),
}

/// Checks that an origin is one of the three kinds in canonical form, whoever asks and whatever
/// the relying party id. Errors: `TOO_LARGE`, `BAD_REQUEST`.
pub fn check_origin(origin: &str) -> Result<()> {
    parse(origin).map(drop)
}

/// The origin that Android reports for an app with this signing certificate.
pub fn apk_key_hash(signer: &[u8; 32]) -> String {
    format!("{KEY_HASH}{}", Base64UrlUnpadded::encode_string(signer))
}

/// Takes an origin apart. A message may repeat the origin once it is known to be clean.
pub(crate) fn parse(origin: &str) -> Result<Origin<'_>> {
    if origin.len() > limits::ORIGIN {
        return Err(error(
            ErrorCode::TooLarge,
            format!("an origin has more than {} bytes", limits::ORIGIN),
        ));
    }
    if let Some(hash) = origin.strip_prefix(KEY_HASH) {
        return app(hash).ok_or_else(|| {
            bad("android:apk-key-hash: is not followed by base64url of 32 bytes without padding")
        });
    }
    if let Some(authority) = origin.strip_prefix("https://") {
        let host = authority_host(authority, 443)?;
        return Ok(Origin::Https(host));
    }
    if let Some(authority) = origin.strip_prefix("http://") {
        if authority_host(authority, 80)? == LOCALHOST {
            return Ok(Origin::HttpLocalhost);
        }
        return Err(bad("http is for localhost only"));
    }
    Err(bad(
        "it begins with none of https://, http://localhost and android:apk-key-hash:",
    ))
}

/// Whether the origin lies on the relying party id. An app's does not name one.
pub(crate) fn is_on(origin: Origin<'_>, rp_id: &str) -> bool {
    match origin {
        Origin::Https(host) => domain::is_on(host, rp_id),
        Origin::HttpLocalhost => rp_id == LOCALHOST,
        Origin::App(_) => true,
    }
}

fn app(hash: &str) -> Option<Origin<'static>> {
    let mut digest = [0_u8; 32];
    let decoded = Base64UrlUnpadded::decode(hash, &mut digest).ok()?;
    if decoded.len() != digest.len() {
        return None;
    }
    // One text per digest: spare bits of the last digit must be zero.
    (Base64UrlUnpadded::encode_string(&digest) == hash).then_some(Origin::App(digest))
}

/// The host of `HOST[:PORT]`, nothing following.
fn authority_host(authority: &str, default_port: u16) -> Result<&str> {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    domain::domain(host).map_err(|why| bad(&format!("its host {why}")))?;
    let Some(port) = port else {
        return Ok(host);
    };
    let canonical = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    match port.parse::<u16>() {
        Ok(number) if canonical && number == default_port => {
            Err(bad("its port is the default one, which browsers leave out"))
        }
        Ok(_) if canonical => Ok(host),
        _ => Err(bad(
            "its host is followed by something that is not a port from 1 to 65535",
        )),
    }
}

fn bad(why: &str) -> sealer_wire::Error {
    error(
        ErrorCode::BadRequest,
        format!("an origin is not as browsers write it: {why}; example: https://example.org"),
    )
}
