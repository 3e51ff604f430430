// SPDX-License-Identifier: Apache-2.0

//! The numbers and names that AIDL, `pkb --json` and `webauthn-check` share with this crate.

use sealer_wire::{
    AttestationKind, AuditEvent, ErrorCode, FactorKind, PrfState, SealerKind, StorageProtection,
    encode,
};

macro_rules! aidl {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../aidl/android/security/passkeybackup/",
            $name,
            ".aidl"
        ))
    };
}

/// The constants of an AIDL enum, in order.
fn constants(aidl: &str) -> Vec<(String, i64)> {
    let body = aidl.split_once('{').unwrap().1;
    body.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['*', '/']))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let value = value.trim().trim_end_matches(',');
            (name.trim().to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn error_codes_are_those_of_aidl() {
    let ours: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| (code.name().to_owned(), *code as i64))
        .collect();
    assert_eq!(ours, constants(aidl!("ErrorCode")));
}

#[test]
fn error_codes_have_the_names_that_were_designed() {
    let designed = "
        USAGE BAD_REQUEST TOO_LARGE NOT_FOUND WRONG_APP PERMISSION_DENIED QUOTA CANCELLED
        STATE_IN_USE
        CHALLENGE_UNKNOWN CHALLENGE_EXPIRED CHALLENGE_MISMATCH OPERATION_MISMATCH WRONG_TYPE
        ORIGIN_MISMATCH CROSS_ORIGIN PACKAGE_MISMATCH RP_ID_MISMATCH USER_NOT_PRESENT
        USER_NOT_VERIFIED BACKUP_FLAGS_INVALID UNKNOWN_CREDENTIAL DUPLICATE_CREDENTIAL
        USER_HANDLE_MISMATCH SIGNATURE_INVALID COUNTER_REGRESSION UNSUPPORTED_ALGORITHM
        ATTESTATION_UNSUPPORTED ATTESTATION_INVALID MALFORMED_JSON MALFORMED_CBOR
        MALFORMED_AUTH_DATA MALFORMED_KEY PRF_MISSING PRF_UNCONFIRMED BIOMETRIC_UNAVAILABLE
        BIOMETRIC_INVALID
        RECOVERY_TYPO PASSWORD_WEAK LAST_PORTABLE_FACTOR LOCKED_OUT TOO_MANY_FACTORS
        NOT_AN_ARCHIVE UNSUPPORTED_VERSION HEADER_TAMPERED SEGMENT_TAMPERED TRUNCATED TRAILING_DATA
        CANNOT_OPEN ALREADY_IMPORTED EPOCH_ENDED WEAKER_SEALER
        RESET ROLLBACK CORRUPT AUDIT_TAMPERED TEE_UNAVAILABLE NO_SPACE IO INTERNAL";
    let names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names, designed.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn error_codes_come_back_from_their_numbers() {
    for number in -300..300 {
        let code = ErrorCode::from_code(number);
        assert!(code.is_none_or(|code| code as i32 == number));
    }
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_code(*code as i32), Some(*code));
        assert!(!code.hint().is_empty());
    }
}

#[test]
fn audit_events_are_those_of_aidl() {
    let ours: Vec<_> = AuditEvent::ALL
        .iter()
        .map(|event| (event.name().to_uppercase(), i64::from(event.number())))
        .collect();
    assert_eq!(ours, constants(aidl!("AuditEvent")));
    for event in AuditEvent::ALL {
        assert_eq!(encode(event).unwrap()[0], event.number() as u8);
    }
}

#[test]
fn enums_of_the_views_have_the_numbers_of_aidl() {
    fn check<T: minicbor::Encode<()> + minicbor::CborLen<()>>(aidl: &str, ours: &[(&str, T)]) {
        let ours: Vec<_> = ours
            .iter()
            .map(|(name, value)| ((*name).to_owned(), i64::from(encode(value).unwrap()[0])))
            .collect();
        assert_eq!(ours, constants(aidl));
    }
    check(
        aidl!("SealerKind"),
        &[
            ("NONSECURE", SealerKind::Nonsecure),
            ("OPTEE", SealerKind::Optee),
        ],
    );
    check(
        aidl!("StorageProtection"),
        &[
            ("NONE", StorageProtection::None),
            ("REE_FS", StorageProtection::ReeFs),
            ("RPMB", StorageProtection::Rpmb),
        ],
    );
    check(
        aidl!("AttestationKind"),
        &[
            ("NONE", AttestationKind::None),
            ("SELF", AttestationKind::SelfAttested),
            ("X5C", AttestationKind::X5c),
            ("UNVERIFIED", AttestationKind::Unverified),
        ],
    );
    check(
        aidl!("PrfState"),
        &[
            ("UNSUPPORTED", PrfState::Unsupported),
            ("ENABLED", PrfState::Enabled),
            ("ENROLLED", PrfState::Enrolled),
        ],
    );
    check(
        aidl!("FactorKind"),
        &[
            ("PASSKEY", FactorKind::Passkey),
            ("RECOVERY", FactorKind::Recovery),
            ("PASSWORD", FactorKind::Password),
        ],
    );
}
