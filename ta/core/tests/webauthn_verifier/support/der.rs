// SPDX-License-Identifier: Apache-2.0

//! A DER writer for attestation certificates, right and wrong ones.

pub const COUNTRY: &[u8] = &[0x55, 4, 6];
pub const ORGANIZATION: &[u8] = &[0x55, 4, 10];
pub const UNIT: &[u8] = &[0x55, 4, 11];
pub const NAME: &[u8] = &[0x55, 4, 3];

const AAGUID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0xe5, 0x1c, 1, 1, 4];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

pub const UTF8: u8 = 0x0c;
pub const PRINTABLE: u8 = 0x13;
pub const IA5: u8 = 0x16;

pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len();
    let mut out = vec![tag];
    match len {
        0..=127 => out.push(len as u8),
        128..=255 => out.extend([0x81, len as u8]),
        _ => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(value);
    out
}

pub fn sequence(items: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &items.concat())
}

pub fn oid(value: &[u8]) -> Vec<u8> {
    tlv(6, value)
}

/// Everything about a certificate that §8.2.1 has a rule for.
#[derive(Clone)]
pub struct Certificate {
    /// 2 is version 3; `None` leaves the default, version 1.
    pub version: Option<u8>,
    /// Attribute, string type, value.
    pub subject: Vec<(&'static [u8], u8, Vec<u8>)>,
    /// The CA component, for each basic constraints extension.
    pub ca: Vec<bool>,
    /// Criticality and content, for each aaguid extension.
    pub aaguid: Vec<(bool, Vec<u8>)>,
    /// SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// OID of the algorithm in the signed part; outside it is ECDSA with SHA-256.
    pub inner_algorithm: &'static [u8],
    /// Bytes behind the certificate.
    pub trailing: Vec<u8>,
}

impl Certificate {
    /// One that satisfies §8.2.1.
    pub fn new(key: Vec<u8>, aaguid: [u8; 16]) -> Self {
        Certificate {
            version: Some(2),
            subject: vec![
                (COUNTRY, PRINTABLE, b"SE".to_vec()),
                (ORGANIZATION, UTF8, b"Example Authenticators AB".to_vec()),
                (UNIT, UTF8, b"Authenticator Attestation".to_vec()),
                (NAME, UTF8, b"Example Key 1".to_vec()),
            ],
            ca: vec![false],
            aaguid: vec![(false, tlv(4, &aaguid))],
            key,
            inner_algorithm: ECDSA_SHA256,
            trailing: vec![],
        }
    }

    /// Without the subject's attribute `kind`.
    pub fn drop_attribute(&mut self, kind: &[u8]) {
        self.subject.retain(|attribute| attribute.0 != kind);
    }

    /// With another value for the subject's attribute `kind`.
    pub fn set_attribute(&mut self, kind: &[u8], tag: u8, value: &[u8]) {
        for attribute in &mut self.subject {
            if attribute.0 == kind {
                (attribute.1, attribute.2) = (tag, value.to_vec());
            }
        }
    }

    pub fn der(&self) -> Vec<u8> {
        let attribute = |(kind, tag, value): &(&[u8], u8, Vec<u8>)| {
            tlv(0x31, &sequence(&[oid(kind), tlv(*tag, value)]))
        };
        let subject: Vec<Vec<u8>> = self.subject.iter().map(attribute).collect();
        let extension = |kind: &[u8], critical: bool, value: &[u8]| {
            let critical = if critical { tlv(1, &[0xff]) } else { vec![] };
            sequence(&[oid(kind), critical, tlv(4, value)])
        };
        let mut extensions = vec![];
        for ca in &self.ca {
            let value = if *ca { tlv(1, &[0xff]) } else { vec![] };
            extensions.push(extension(BASIC_CONSTRAINTS, true, &sequence(&[value])));
        }
        for (critical, value) in &self.aaguid {
            extensions.push(extension(AAGUID, *critical, value));
        }
        let version = self.version.map(|version| tlv(0xa0, &tlv(2, &[version])));
        let extensions = (!extensions.is_empty()).then(|| tlv(0xa3, &sequence(&extensions)));
        let signed = sequence(&[
            version.unwrap_or_default(),
            tlv(2, &[1]),
            sequence(&[oid(self.inner_algorithm)]),
            sequence(&[tlv(0x31, &sequence(&[oid(NAME), tlv(UTF8, b"Example CA")]))]),
            sequence(&[tlv(0x17, b"250101000000Z"), tlv(0x17, b"350101000000Z")]),
            sequence(&subject),
            self.key.clone(),
            extensions.unwrap_or_default(),
        ]);
        // Nobody verifies the issuer's signature: there are no trust anchors.
        let signature = sequence(&[tlv(2, &[1]), tlv(2, &[1])]);
        let mut der = sequence(&[
            signed,
            sequence(&[oid(ECDSA_SHA256)]),
            tlv(3, &[&[0], &signature[..]].concat()),
        ]);
        der.extend_from_slice(&self.trailing);
        der
    }
}
