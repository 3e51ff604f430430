// SPDX-License-Identifier: Apache-2.0

//! What is secret does not print.

use sealer_wire::{FactorSecret, Request, Secret32};

use crate::samples::{self, CANARY};

/// Ways in which 32 equal bytes may show.
const TRACES: [&str; 4] = ["202, 202", "caca", "CACA", "0xca"];

#[test]
fn replies_print_no_data_key_and_no_recovery_key() {
    for response in samples::responses() {
        for text in [format!("{response:?}"), format!("{response:#?}")] {
            assert!(!TRACES.iter().any(|trace| text.contains(trace)), "{text}");
        }
    }
    let secret = Secret32::new(&CANARY);
    assert_eq!(format!("{secret:?}"), "Secret32(..)");
    assert_eq!(secret.duplicate().expose(), &CANARY);
}

#[test]
fn requests_print_no_client_response_and_no_auth_token() {
    let request = Request::Finish {
        vault: samples::vault(None),
        token: [1; 16],
        operation: sealer_wire::Operation::DeleteVault,
        response: CANARY.to_vec().into(),
        auth_token: Some([CANARY.as_slice(), &[0xca; 37]].concat().into()),
        secret: Some(FactorSecret::Password(Secret32::new(&CANARY))),
    };
    for text in [format!("{request:?}"), format!("{request:#?}")] {
        assert!(!TRACES.iter().any(|trace| text.contains(trace)), "{text}");
        assert!(
            text.contains("[32 bytes]") && text.contains("[69 bytes]"),
            "{text}"
        );
    }
}

#[test]
fn a_recovery_key_prints_nothing() {
    let key = samples::recovery_key();
    assert_eq!(format!("{key:?}"), "RecoveryKey(..)");
    assert_eq!(
        format!("{:?}", FactorSecret::Recovery(key)),
        "Recovery(RecoveryKey(..))"
    );
}

#[test]
fn requests_print_what_helps_to_find_them() {
    for request in samples::requests() {
        let text = format!("{request:?}");
        assert!(text.len() > "Get".len());
        assert!(!text.contains("PRF output"), "{text}");
    }
}
