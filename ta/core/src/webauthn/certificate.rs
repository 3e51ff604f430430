// SPDX-License-Identifier: Apache-2.0

//! Attestation certificates of the packed format (§8.2.1).

use super::key::{Algorithm, VerifyingKey};
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, OctetString, UintRef};
use x509_cert::der::{Decode, Tag};
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const OID_COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const OID_ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const OID_ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const OID_COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// id-fido-gen-ce-aaguid.
const OID_AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");

const OID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const OID_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const OID_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const OID_P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const OID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const OID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const SUBJECT_UNIT: &[u8] = b"Authenticator Attestation";

/// The key of an attestation certificate that satisfies §8.2.1 for `aaguid`; else the rule that it
/// breaks. Neither its issuer nor its validity period is looked at.
pub(super) fn attestation_key(der: &[u8], aaguid: &[u8; 16]) -> Result<VerifyingKey, &'static str> {
    let certificate =
        Certificate::from_der(der).map_err(|_| "the attestation certificate is not DER X.509")?;
    let tbs = certificate.tbs_certificate();
    if certificate.signature_algorithm() != tbs.signature() {
        return Err("the attestation certificate names two signature algorithms");
    }

    // "Version MUST be set to 3".
    if tbs.version() != Version::V3 {
        return Err("the attestation certificate is not of version 3");
    }

    // "Subject field MUST be set to": C, O, the literal OU, CN.
    if !subject_is_complete(tbs.subject()) {
        return Err("the attestation certificate's subject is not C, O, OU and CN as required");
    }

    // "The Basic Constraints extension MUST have the CA component set to false."
    match tbs.get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) if !constraints.ca => {}
        _ => return Err("the attestation certificate is not marked as an end entity's"),
    }

    // "If attestnCert contains an extension with OID 1.3.6.1.4.1.45724.1.1.4 verify that the value
    // of this extension matches the aaguid"; "The extension MUST NOT be marked as critical".
    let mut aaguids = tbs
        .extensions()
        .into_iter()
        .flatten()
        .filter(|e| e.extn_id == OID_AAGUID);
    if let Some(extension) = aaguids.next() {
        let value = OctetString::from_der(extension.extn_value.as_bytes());
        if extension.critical
            || aaguids.next().is_some()
            || !value.is_ok_and(|value| value.as_bytes() == aaguid)
        {
            return Err("the attestation certificate is for another aaguid");
        }
    }

    key(tbs.subject_public_key_info()).ok_or("the attestation certificate's key is not supported")
}

/// Exactly one C of two letters, one O, one CN, and one OU with the literal text; others may
/// stand beside them.
fn subject_is_complete(subject: &Name) -> bool {
    let only = |oid: ObjectIdentifier| -> Option<&AttributeTypeAndValue> {
        let mut found = subject.iter().filter(|attribute| attribute.oid == oid);
        found.next().filter(|_| found.next().is_none())
    };
    let text = |oid| {
        only(oid)
            .map(|attribute| &attribute.value)
            .and_then(|value| {
                // The specification says UTF8String (and PrintableString for C); both are in use.
                let tag = x509_cert::der::Tagged::tag(value);
                matches!(tag, Tag::Utf8String | Tag::PrintableString).then(|| value.value())
            })
    };
    text(OID_COUNTRY).is_some_and(|c| c.len() == 2 && c.iter().all(u8::is_ascii_alphabetic))
        && text(OID_ORGANIZATION).is_some_and(|organization| !organization.is_empty())
        && text(OID_ORGANIZATIONAL_UNIT).is_some_and(|unit| unit == SUBJECT_UNIT)
        && text(OID_COMMON_NAME).is_some_and(|name| !name.is_empty())
}

/// RFC 5480 (EC), RFC 8410 (Ed25519), RFC 3279 (RSA).
fn key(info: &SubjectPublicKeyInfoOwned) -> Option<VerifyingKey> {
    let bytes = info.subject_public_key.as_bytes()?;
    let parameters = info.algorithm.parameters.as_ref();
    match info.algorithm.oid {
        OID_EC_PUBLIC_KEY => {
            let alg = match parameters?.decode_as::<ObjectIdentifier>().ok()? {
                OID_P256 => Algorithm::Es256,
                OID_P384 => Algorithm::Es384,
                OID_P521 => Algorithm::Es512,
                _ => return None,
            };
            // Uncompressed only; `ecdsa` checks the lengths.
            let point = bytes.strip_prefix(&[4])?;
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            VerifyingKey::ecdsa(alg, x, y).ok()
        }
        OID_ED25519 if parameters.is_none() => VerifyingKey::ed25519(bytes).ok(),
        OID_RSA if parameters?.is_null() => {
            let (n, e) = AnyRef::from_der(bytes)
                .ok()?
                .sequence(|reader| {
                    Ok::<_, x509_cert::der::Error>((
                        UintRef::decode(reader)?,
                        UintRef::decode(reader)?,
                    ))
                })
                .ok()?;
            VerifyingKey::rsa(n.as_bytes(), e.as_bytes()).ok()
        }
        _ => None,
    }
}
