// SPDX-License-Identifier: Apache-2.0

//! What a passkey client is asked: the options of WebAuthn Level 3, sections 5.4 and 5.5, in their
//! JSON form (5.1.8 and 5.1.9). Binary members are base64url without padding.

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{Begun, PrfInputs};
use serde_json::{Map, Value, json};

/// PublicKeyCredentialCreationOptionsJSON. `algorithms` are COSE numbers, most wanted first.
pub fn creation(begun: &Begun, algorithms: &[i32]) -> String {
    let parameters: Vec<Value> = algorithms
        .iter()
        .map(|algorithm| json!({"type": "public-key", "alg": algorithm}))
        .collect();
    json!({
        "rp": {"id": begun.rp_id, "name": begun.rp_id},
        "user": {
            "id": base64url(&begun.vault_id),
            "name": begun.user_name,
            "displayName": begun.user_name,
        },
        "challenge": base64url(&begun.challenge),
        "pubKeyCredParams": parameters,
        "timeout": begun.ttl_ms,
        "excludeCredentials": descriptors(begun),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"prf": {}},
    })
    .to_string()
}

/// PublicKeyCredentialRequestOptionsJSON, with the inputs of the PRF extension (section 10.1.4)
/// where its results are needed.
pub fn request(begun: &Begun) -> String {
    let mut options = json!({
        "challenge": base64url(&begun.challenge),
        "timeout": begun.ttl_ms,
        "rpId": begun.rp_id,
        "allowCredentials": descriptors(begun),
        "userVerification": "required",
    });
    if let (Some(prf), Some(members)) = (&begun.prf, options.as_object_mut()) {
        members.insert("extensions".into(), json!({"prf": prf_inputs(prf)}));
    }
    options.to_string()
}

/// AuthenticationExtensionsPRFInputsJSON.
fn prf_inputs(inputs: &PrfInputs) -> Value {
    let values = |first: &[u8; 32]| match &inputs.second {
        Some(second) => json!({"first": base64url(first), "second": base64url(second)}),
        None => json!({"first": base64url(first)}),
    };
    let by_credential: Map<String, Value> = inputs
        .by_credential
        .iter()
        .map(|input| (base64url(&input.credential_id), values(&input.first)))
        .collect();
    let mut prf = json!({"eval": values(&inputs.first)});
    if let (false, Some(members)) = (by_credential.is_empty(), prf.as_object_mut()) {
        members.insert("evalByCredential".into(), by_credential.into());
    }
    prf
}

fn descriptors(begun: &Begun) -> Vec<Value> {
    begun
        .credential_ids
        .iter()
        .map(|id| json!({"type": "public-key", "id": base64url(id)}))
        .collect()
}

fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealer_wire::PrfInput;

    fn begun() -> Begun {
        Begun {
            token: [1; 16],
            challenge: [0xfb; 32],
            ttl_ms: 120_000,
            vault_id: [0xff; 16],
            rp_id: "example.org".into(),
            user_name: "a \"name\" ✓".into(),
            credential_ids: vec![vec![7, 8, 9].into()],
            auth_token_challenge: None,
            prf: None,
        }
    }

    #[test]
    fn creation_options_are_those_of_webauthn() {
        let options: Value = serde_json::from_str(&creation(&begun(), &[-7, -8, -257])).unwrap();
        assert_eq!(
            options,
            json!({
                "rp": {"id": "example.org", "name": "example.org"},
                "user": {
                    "id": "_____________________w",
                    "name": "a \"name\" ✓",
                    "displayName": "a \"name\" ✓"
                },
                "challenge": "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
                "pubKeyCredParams": [
                    {"type": "public-key", "alg": -7},
                    {"type": "public-key", "alg": -8},
                    {"type": "public-key", "alg": -257}
                ],
                "timeout": 120_000,
                "excludeCredentials": [{"type": "public-key", "id": "BwgJ"}],
                "authenticatorSelection": {
                    "residentKey": "required",
                    "requireResidentKey": true,
                    "userVerification": "required"
                },
                "attestation": "none",
                "extensions": {"prf": {}}
            })
        );
    }

    #[test]
    fn request_options_are_those_of_webauthn() {
        let options: Value = serde_json::from_str(&request(&begun())).unwrap();
        assert_eq!(
            options,
            json!({
                "challenge": "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
                "timeout": 120_000,
                "rpId": "example.org",
                "allowCredentials": [{"type": "public-key", "id": "BwgJ"}],
                "userVerification": "required"
            })
        );
    }

    #[test]
    fn prf_inputs_are_those_of_webauthn() {
        let mut begun = begun();
        begun.prf = Some(PrfInputs {
            first: [0; 32],
            by_credential: vec![],
            second: None,
        });
        let zeros = "A".repeat(43);
        let extensions = |begun: &Begun| {
            let options: Value = serde_json::from_str(&request(begun)).unwrap();
            options["extensions"].clone()
        };
        assert_eq!(
            extensions(&begun),
            json!({"prf": {"eval": {"first": zeros}}})
        );
        begun.prf = Some(PrfInputs {
            first: [0; 32],
            by_credential: vec![PrfInput {
                credential_id: vec![7, 8, 9],
                first: [0xff; 32],
            }],
            second: Some([0; 32]),
        });
        let ones = "_".repeat(42) + "8";
        assert_eq!(
            extensions(&begun),
            json!({"prf": {
                "eval": {"first": zeros, "second": zeros},
                "evalByCredential": {"BwgJ": {"first": ones, "second": zeros}}
            }})
        );
    }
}
