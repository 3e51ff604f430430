// SPDX-License-Identifier: Apache-2.0

//! Domains, as relying party ids and as hosts of origins.

use sealer_wire::{ErrorCode, Result, limits};

use crate::error;

/// Longest label of a domain (RFC 1035, section 2.3.4).
const LABEL: usize = 63;

pub(crate) const LOCALHOST: &str = "localhost";

/// Checks a relying party id: `localhost`, or a domain of two or more labels in lower case, at most
/// 253 bytes, letters, digits and hyphens only, not an IP address. Errors: `BAD_REQUEST`.
pub fn check_rp_id(rp_id: &str) -> Result<()> {
    // The id itself is not repeated: it is unbounded and unclean until it has passed.
    domain(rp_id).map_err(|why| {
        error(
            ErrorCode::BadRequest,
            format!("the relying party id {why}; example: example.org"),
        )
    })
}

/// What is wrong with a domain.
pub(crate) fn domain(domain: &str) -> std::result::Result<(), &'static str> {
    if domain == LOCALHOST {
        return Ok(());
    }
    if domain.is_empty() {
        return Err("is empty");
    }
    if domain.len() > limits::RP_ID {
        return Err("has more than 253 bytes");
    }
    let mut labels = 0_usize;
    let mut last = "";
    for label in domain.split('.') {
        check_label(label)?;
        labels += 1;
        last = label;
    }
    if labels < 2 {
        return Err("is a single label");
    }
    if is_number(last) {
        return Err("ends in a number, as an IP address does");
    }
    Ok(())
}

fn check_label(label: &str) -> std::result::Result<(), &'static str> {
    if label.is_empty() {
        return Err("has an empty label");
    }
    if label.len() > LABEL {
        return Err("has a label of more than 63 bytes");
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !label.bytes().all(allowed) {
        return Err("has something other than lower-case letters, digits, hyphens and dots");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("has a label that begins or ends with a hyphen");
    }
    Ok(())
}

/// The "ends in a number" checker of the URL Standard, section 3.5: such a host is parsed as an
/// IPv4 address.
fn is_number(label: &str) -> bool {
    let decimal = label.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = label
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    decimal || hexadecimal
}

/// Whether `host` is the relying party id or a name below it.
pub(crate) fn is_on(host: &str, rp_id: &str) -> bool {
    host.strip_suffix(rp_id)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
