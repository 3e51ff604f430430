// SPDX-License-Identifier: Apache-2.0

//! Headers of archives as they come from outside.

use alloc::vec::Vec;

use minicbor::bytes::ByteVec;
use sealer_wire::header::{Core, Envelope, KeyPart, SignedKeyPart};
use sealer_wire::{
    Error, ErrorCode, FactorKind, Id, PrfInput, PrfInputs, Result, Secret32, limits,
};

use crate::keys::RootKey;

/// A header that is authentic for a vault.
pub struct Authentic {
    /// The backup.
    pub backup_id: Id,
    /// Its data key.
    pub dek: Secret32,
}

/// Core and key part as an archive has them, decoded and not authenticated.
pub struct Header<'a> {
    /// The bytes of the core.
    pub core_bytes: &'a [u8],
    /// The core.
    pub core: Core,
    /// The bytes of the key part's content, and their MAC.
    pub signed: SignedKeyPart,
    /// The content.
    pub part: KeyPart,
}

impl<'a> Header<'a> {
    /// Errors: `TOO_LARGE`, `HEADER_TAMPERED`, `UNSUPPORTED_VERSION`.
    pub fn decode(core: &'a [u8], key_part: &[u8]) -> Result<Header<'a>> {
        if core.len().saturating_add(key_part.len()) > limits::HEADER {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the header has more than 46 KiB",
            ));
        }
        let parsed = Core::decode(core)?;
        let (signed, part) = SignedKeyPart::decode(key_part)?;
        Ok(Header {
            core_bytes: core,
            core: parsed,
            signed,
            part,
        })
    }

    /// Checks the MAC and opens the data key with a root key. Errors: `HEADER_TAMPERED`.
    pub fn authenticate(&self, root: &RootKey<'_>) -> Result<Authentic> {
        root.check_header(self.core_bytes, &self.signed.content, &self.signed.mac)?;
        let backup_id = self.core.backup_id;
        let dek = root.unwrap_dek(&backup_id, self.core_bytes, &self.part.wrapped_dek)?;
        Ok(Authentic { backup_id, dek })
    }

    /// The envelopes for factors of a kind.
    pub fn envelopes(&self, kind: FactorKind) -> impl Iterator<Item = &Envelope> {
        self.part
            .envelopes
            .iter()
            .filter(move |envelope| envelope.kind == kind)
    }

    /// The passkeys that open the archive, among those that are wanted, and what their PRF extension
    /// is asked. Nothing of it is authentic.
    ///
    /// Errors: `HEADER_TAMPERED` for more than a vault has, or ids that are none.
    pub fn passkeys(
        &self,
        wanted: impl Fn(&&Envelope) -> bool,
    ) -> Result<(Vec<ByteVec>, PrfInputs)> {
        let mut ids = Vec::new();
        let mut by_credential = Vec::new();
        for envelope in self.envelopes(FactorKind::Passkey).filter(wanted) {
            let id = envelope.credential_id.as_ref().filter(|id| {
                (1..=limits::CREDENTIAL_ID).contains(&id.len()) && ids.len() < limits::CREDENTIALS
            });
            let id = id.ok_or(Error::new(
                ErrorCode::HeaderTampered,
                "the envelopes of the header are not those of a vault",
            ))?;
            if let Some(first) = envelope.prf_input {
                by_credential.push(PrfInput {
                    credential_id: id.clone(),
                    first,
                });
            }
            ids.push(id.clone().into());
        }
        let prf = PrfInputs {
            first: self.part.prf_input,
            by_credential,
            second: None,
        };
        Ok((ids, prf))
    }
}
