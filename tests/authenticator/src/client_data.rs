// SPDX-License-Identifier: Apache-2.0

//! Client data: `passkey`'s own, or, with faults, ours built from `passkey`'s type.

use passkey::{
    client::ClientData,
    types::{
        encoding,
        webauthn::{ClientDataType, CollectedClientData},
    },
};
use serde::Serialize;

use crate::{Error, Fault, auth_data::sha256};

/// What Android adds to the client data.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Extra {
    #[serde(rename = "androidPackageName", skip_serializing_if = "Option::is_none")]
    android_package_name: Option<String>,
}

/// The client data of one ceremony.
#[derive(Debug)]
pub(crate) struct Collected {
    extra: Extra,
    tampered: Option<Vec<u8>>,
}

impl Collected {
    /// Prepares the client data. Without faults that concern it, `passkey` makes the JSON.
    pub(crate) fn new(
        ty: ClientDataType,
        challenge: &[u8],
        origin: &str,
        android_package: Option<&str>,
        faults: &[Fault],
    ) -> Result<Self, Error> {
        let extra = Extra {
            android_package_name: android_package.map(str::to_owned),
        };
        let concerned = faults.iter().any(|fault| {
            matches!(
                fault,
                Fault::Type
                    | Fault::Challenge
                    | Fault::Origin(_)
                    | Fault::CrossOrigin
                    | Fault::TopOrigin(_)
                    | Fault::AndroidPackage(_)
                    | Fault::ClientData(_)
            )
        });
        let tampered = concerned
            .then(|| tampered(ty, challenge, origin, extra.clone(), faults))
            .transpose()?;
        Ok(Self { extra, tampered })
    }

    /// The JSON that the response must carry, where it is not the one that `passkey` made.
    pub(crate) fn tampered(&self) -> Option<&[u8]> {
        self.tampered.as_deref()
    }
}

/// `passkey` signs the hash given here, and writes its own JSON into the response.
impl ClientData<Extra> for &Collected {
    fn extra_client_data(&self) -> Extra {
        self.extra.clone()
    }

    fn client_data_hash(&self) -> Option<Vec<u8>> {
        self.tampered().map(|json| sha256(json).to_vec())
    }
}

fn tampered(
    ty: ClientDataType,
    challenge: &[u8],
    origin: &str,
    extra: Extra,
    faults: &[Fault],
) -> Result<Vec<u8>, Error> {
    let mut data = CollectedClientData {
        ty,
        challenge: encoding::base64url(challenge),
        origin: origin.to_owned(),
        cross_origin: None,
        extra_data: extra,
        unknown_keys: Default::default(),
    };
    for fault in faults {
        match fault {
            Fault::Type => {
                data.ty = match data.ty {
                    ClientDataType::Get => ClientDataType::Create,
                    _ => ClientDataType::Get,
                }
            }
            Fault::Challenge => {
                let mut other = challenge.to_vec();
                let first = other
                    .first_mut()
                    .ok_or_else(|| Error::Fault(format!("{fault} needs a challenge")))?;
                *first ^= 1;
                data.challenge = encoding::base64url(&other);
            }
            Fault::Origin(other) => data.origin.clone_from(other),
            Fault::CrossOrigin => data.cross_origin = Some(true),
            Fault::TopOrigin(top) => {
                data.unknown_keys
                    .insert("topOrigin".to_owned(), top.as_str().into());
            }
            Fault::AndroidPackage(package) => {
                data.extra_data.android_package_name = Some(package.clone());
            }
            _ => {}
        }
    }
    let mut json = serde_json::to_vec(&data).map_err(|error| Error::Fault(error.to_string()))?;
    for fault in faults {
        if let Fault::ClientData(rewrite) = fault {
            let text = std::str::from_utf8(&json)
                .map_err(|_| Error::Fault(format!("{fault} after one that is not UTF-8")))?;
            json = rewrite(text);
        }
    }
    Ok(json)
}
