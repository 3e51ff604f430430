// SPDX-License-Identifier: Apache-2.0

//! The attestation object (§6.5.4) and its statement formats `none` (§8.7) and `packed` (§8.2).

use super::auth_data::Attested;
use super::key::Algorithm;
use super::{Policy, PublicKey, cbor, certificate};
use minicbor::Decoder;
use sealer_wire::{Error, ErrorCode, Result};

/// What is known about the origin of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// The authenticator says nothing.
    None,
    /// Signed with the credential's own key: that key is in the authenticator's hands.
    SelfAttested,
    /// Signed with the key of an attestation certificate that obeys §8.2.1. Who issued that
    /// certificate is not known.
    X5c,
    /// A format that is not verified here and that the policy takes all the same.
    Unverified,
}

/// An attestation object, taken apart.
pub(super) struct AttestationObject<'b> {
    pub format: &'b str,
    /// One canonical CBOR map.
    pub statement: &'b [u8],
    pub auth_data: &'b [u8],
}

const NOT_AN_OBJECT: Error = Error::new(
    ErrorCode::MalformedCbor,
    "the attestation object is not the map of fmt, attStmt and authData",
);

impl<'b> AttestationObject<'b> {
    /// §7.1 step 13. `MALFORMED_CBOR`: not canonical, bytes left over, or not exactly the members
    /// `fmt` (text), `attStmt` (map) and `authData` (bytes).
    pub fn parse(bytes: &'b [u8]) -> Result<Self> {
        let mut decoder = cbor::whole(bytes)?;
        let (mut format, mut statement, mut auth_data) = (None, None, None);
        let count = decoder.map().ok().flatten().ok_or(NOT_AN_OBJECT)?;
        for _ in 0..count {
            match decoder.str().map_err(|_| NOT_AN_OBJECT)? {
                "fmt" => format = Some(decoder.str().map_err(|_| NOT_AN_OBJECT)?),
                "attStmt" => statement = Some(cbor::raw_item(&mut decoder)?),
                "authData" => auth_data = Some(decoder.bytes().map_err(|_| NOT_AN_OBJECT)?),
                _ => return Err(NOT_AN_OBJECT),
            }
        }
        let statement = statement.filter(|item| cbor::major(item) == Some(cbor::MAJOR_MAP));
        match (format, statement, auth_data) {
            (Some(format), Some(statement), Some(auth_data)) => Ok(AttestationObject {
                format,
                statement,
                auth_data,
            }),
            _ => Err(NOT_AN_OBJECT),
        }
    }

    /// §7.1 steps 21 and 22: the statement is a correct one of its format.
    ///
    /// `signed` is the authenticator data followed by the hash of the client data.
    /// `ATTESTATION_UNSUPPORTED`, `ATTESTATION_INVALID`.
    pub fn verify(
        &self,
        policy: &Policy<'_>,
        attested: &Attested<'_>,
        public_key: &PublicKey,
        signed: &[u8],
    ) -> Result<Attestation> {
        match self.format {
            "none"
                if cbor::whole(self.statement)?
                    .map()
                    .is_ok_and(|len| len == Some(0)) =>
            {
                Ok(Attestation::None)
            }
            "none" => Err(invalid("the statement of attestation none is not empty")),
            "packed" => Packed::parse(self.statement)
                .ok_or(invalid(
                    "the packed statement is not the map of alg, sig and x5c",
                ))?
                .verify(attested, public_key, signed),
            _ if policy.accept_unverified_attestation => Ok(Attestation::Unverified),
            _ => Err(Error::new(
                ErrorCode::AttestationUnsupported,
                "the attestation format is neither none nor packed",
            )),
        }
    }
}

/// Longest certificate chain that is walked. Real ones have one or two.
const MAX_CHAIN: u64 = 8;

/// A packed attestation statement (§8.2).
struct Packed<'b> {
    alg: i128,
    signature: &'b [u8],
    /// The attestation certificate, first of its chain. The others serve trust anchors only.
    leaf: Option<&'b [u8]>,
}

impl<'b> Packed<'b> {
    fn parse(statement: &'b [u8]) -> Option<Self> {
        let mut decoder = cbor::whole(statement).ok()?;
        let (mut alg, mut signature, mut leaf) = (None, None, None);
        for _ in 0..decoder.map().ok()?? {
            match decoder.str().ok()? {
                "alg" => alg = Some(i128::from(decoder.int().ok()?)),
                "sig" => signature = Some(decoder.bytes().ok()?),
                "x5c" => leaf = Some(first_of_chain(&mut decoder)?),
                // ECDAA was removed from the specification; nothing else was ever defined.
                _ => return None,
            }
        }
        Some(Packed {
            alg: alg?,
            signature: signature?,
            leaf,
        })
    }

    fn verify(
        &self,
        attested: &Attested<'_>,
        public_key: &PublicKey,
        signed: &[u8],
    ) -> Result<Attestation> {
        let alg = Algorithm::from_cose(self.alg)
            .ok_or(invalid("the attestation's algorithm is not supported"))?;
        let Some(leaf) = self.leaf else {
            // Self attestation: "Validate that alg matches the algorithm of the
            // credentialPublicKey", "Verify that sig is a valid signature [...] using the
            // credential public key with alg".
            if alg != public_key.alg() {
                return Err(invalid(
                    "the self attestation's alg is not the credential's",
                ));
            }
            return match public_key.verify(signed, self.signature) {
                Ok(()) => Ok(Attestation::SelfAttested),
                Err(_) => Err(invalid("the self attestation's signature does not verify")),
            };
        };
        // "Verify that sig is a valid signature [...] using the attestation public key in
        // attestnCert with the algorithm specified in alg", "Verify that attestnCert meets the
        // requirements in §8.2.1".
        let key = certificate::attestation_key(leaf, attested.aaguid).map_err(invalid)?;
        if alg != key.alg() {
            return Err(invalid(
                "the attestation's alg does not fit its certificate's key",
            ));
        }
        match key.verify(signed, self.signature) {
            Ok(()) => Ok(Attestation::X5c),
            Err(_) => Err(invalid("the attestation's signature does not verify")),
        }
    }
}

/// The first of one to eight byte strings.
fn first_of_chain<'b>(decoder: &mut Decoder<'b>) -> Option<&'b [u8]> {
    let count = decoder.array().ok()??;
    if count == 0 || count > MAX_CHAIN {
        return None;
    }
    let leaf = decoder.bytes().ok()?;
    for _ in 1..count {
        decoder.bytes().ok()?;
    }
    Some(leaf)
}

const fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorCode::AttestationInvalid, detail)
}
