// SPDX-License-Identifier: Apache-2.0

//! One sample of every variant, and of every optional element in both forms.

use sealer_wire::header::{
    BODY_SUITE, Core, Envelope, Epoch, FORMAT_VERSION, KeyPart, PasswordParameters, Sealed,
    SignedKeyPart, WRAP_SUITE,
};
use sealer_wire::*;

/// A key that must never be printed.
pub const CANARY: [u8; 32] = [0xca; 32];

pub fn owner() -> Owner {
    Owner {
        user: 10,
        uid: 1_010_123,
        package: "com.example.app".into(),
        signer: [7; 32],
    }
}

pub fn vault(seen: Option<u64>) -> VaultRef {
    VaultRef {
        owner: owner(),
        vault_id: [1; 16],
        seen,
        audit_stored: 300,
    }
}

pub fn core() -> Core {
    Core {
        version: FORMAT_VERSION,
        body_suite: BODY_SUITE,
        wrap_suite: WRAP_SUITE,
        vault_id: [1; 16],
        backup_id: [2; 16],
        created_at: 1_800_000_000,
        meta: vec![3; 40],
    }
}

fn parameters() -> PasswordParameters {
    PasswordParameters {
        salt: [7; 16],
        memory_kib: 65_536,
        passes: 3,
        lanes: 1,
    }
}

pub fn key_part() -> KeyPart {
    let envelope = |kind, credential_id, password| Envelope {
        kem: 0x647a,
        kdf: 1,
        aead: 2,
        factor_id: [4; 16],
        kind,
        credential_id,
        enc: vec![5; 1120],
        ciphertext: vec![6; 80],
        password,
        prf_input: None,
    };
    let mut older = envelope(FactorKind::Passkey, Some(vec![30; 16]), None);
    older.prf_input = Some([31; 32]);
    KeyPart {
        rp_id: "example.org".into(),
        epoch: Epoch {
            number: 1,
            id: [8; 16],
            parent: [0; 16],
        },
        wrapped_dek: Sealed {
            nonce: [9; 12],
            ciphertext: vec![10; 48],
        },
        prf_input: [11; 32],
        envelopes: vec![
            envelope(FactorKind::Passkey, Some(vec![12; 64]), None),
            envelope(FactorKind::Recovery, None, None),
            envelope(FactorKind::Password, None, Some(parameters())),
            older,
        ],
        vault_state: Sealed {
            nonce: [13; 12],
            ciphertext: vec![14; 300],
        },
    }
}

pub fn signed(content: &KeyPart) -> SignedKeyPart {
    SignedKeyPart {
        content: encode(content).unwrap().to_vec(),
        mac: [15; 32],
    }
}

pub fn operations() -> Vec<Operation> {
    let core = core().encode().unwrap();
    let key_part = signed(&key_part()).encode().unwrap();
    vec![
        Operation::CreateVault {
            rp_id: "example.org".into(),
            origins: vec![
                "https://example.org".into(),
                "android:apk-key-hash:x".into(),
            ],
            user_name: "alex".into(),
            label: String::new(),
            require_biometric: false,
        },
        Operation::DeleteVault,
        Operation::SetOrigins {
            origins: vec!["https://example.org".into()],
        },
        Operation::Restore {
            core: core.clone(),
            key_part: key_part.clone(),
        },
        Operation::FullVerify {
            core: core.clone(),
            key_part: key_part.clone(),
        },
        Operation::AddCredential {
            label: "tablet".into(),
        },
        Operation::RemoveCredential {
            credential_id: vec![12; 64],
            allow_last_portable: false,
        },
        Operation::EnrolPrf,
        Operation::CreateRecoveryKey,
        Operation::SetPassword {
            parameters: parameters(),
        },
        Operation::Rotate,
        Operation::EndEpoch { epoch: 1 },
        Operation::Import {
            core: core.clone(),
            key_part: key_part.clone(),
            with: FactorKind::Recovery,
            label: "new phone".into(),
            allow_weaker_sealer: false,
        },
        Operation::Rehearse {
            core,
            key_part,
            with: FactorKind::Passkey,
        },
    ]
}

pub fn entries() -> Vec<AuditEntry> {
    let entry = |event, backup_id, credential_id| AuditEntry {
        seq: 70_000,
        time: 1_800_000_000,
        event,
        result: 31,
        count: 1,
        backup_id,
        credential_id,
    };
    let mut entries: Vec<_> = AuditEvent::ALL
        .iter()
        .map(|event| entry(*event, None, None))
        .collect();
    entries.push(entry(AuditEvent::BackupKeyReleased, Some([1; 16]), None));
    entries.push(entry(AuditEvent::OriginsSet, None, Some(vec![2; 20])));
    entries.push(entry(
        AuditEvent::RestoreKeyReleased,
        Some([1; 16]),
        Some(vec![2; 1023]),
    ));
    entries
}

fn sealed_entries(count: usize) -> Vec<SealedAuditEntry> {
    entries()
        .iter()
        .rev()
        .cycle()
        .take(count)
        .map(|entry| SealedAuditEntry {
            entry: encode(entry).unwrap().to_vec(),
            mac: [16; 32],
        })
        .collect()
}

fn mark() -> AuditMark {
    AuditMark {
        seq: 31,
        chain: [17; 32],
        mac: [18; 32],
    }
}

pub fn recovery_key() -> RecoveryKey {
    let filled: core::result::Result<_, ()> = RecoveryKey::try_fill(|out| {
        out.copy_from_slice(&CANARY[..28]);
        Ok(())
    });
    filled.unwrap()
}

fn recovery_secret() -> FactorSecret {
    FactorSecret::Recovery(recovery_key())
}

pub fn requests() -> Vec<Request> {
    let core = core().encode().unwrap();
    let key_part = signed(&key_part()).encode().unwrap();
    let mut all = vec![
        Request::GetInfo,
        Request::ListVaults { owner: owner() },
        Request::ShowVault { vault: vault(None) },
        Request::ShowVault {
            vault: vault(Some(5)),
        },
        Request::CreateBackup {
            vault: vault(None),
            meta: vec![],
        },
        Request::CreateBackup {
            vault: vault(None),
            meta: vec![1; limits::META],
        },
        Request::CheckHeader {
            vault: vault(None),
            core: core.clone(),
            key_part: key_part.clone(),
        },
        Request::Refresh {
            vault: vault(None),
            core,
            key_part,
        },
        Request::VerifyAudit {
            vault: vault(None),
            after: None,
            entries: vec![],
        },
        Request::VerifyAudit {
            vault: vault(None),
            after: Some(mark()),
            entries: sealed_entries(limits::AUDIT_BATCH),
        },
        Request::RemoveVaults {
            user: 0,
            uid: Some(10_100),
        },
        Request::RemoveVaults {
            user: 10,
            uid: None,
        },
    ];
    for operation in operations() {
        all.push(Request::Begin {
            vault: vault(Some(1)),
            operation: operation.clone(),
        });
        let response = || b"{\"id\":\"secret PRF output\"}".to_vec().into();
        let token = || Some(vec![0; 69].into());
        for (auth_token, secret) in [
            (None, None),
            (token(), None),
            (None, Some(recovery_secret())),
            (
                token(),
                Some(FactorSecret::Password(Secret32::new(&CANARY))),
            ),
        ] {
            all.push(Request::Finish {
                vault: vault(Some(1)),
                token: [19; 16],
                operation: operation.clone(),
                response: response(),
                auth_token,
                secret,
            });
        }
        for auth_token in [None, token()] {
            all.push(Request::Continue {
                vault: vault(Some(1)),
                token: [19; 16],
                operation: operation.clone(),
                response: response(),
                auth_token,
            });
        }
    }
    all
}

fn vault_view() -> VaultView {
    let credential = |attestation, prf, last_used_at| CredentialView {
        credential_id: vec![20; 32],
        alg: -257,
        label: "phone".into(),
        created_at: 1_800_000_000,
        last_used_at,
        sign_count: 70_000,
        backup_eligible: true,
        backup_state: false,
        attestation,
        prf,
    };
    let factor = |kind, last_proved_at| FactorView {
        factor_id: [21; 16],
        kind,
        portable: true,
        last_proved_at,
    };
    VaultView {
        vault_id: [1; 16],
        epoch: 3,
        retired_epochs: vec![1, 2],
        rp_id: "example.org".into(),
        origins: vec!["https://example.org".into()],
        user_name: "alex".into(),
        require_biometric: true,
        created_at: 1_800_000_000,
        credentials: vec![
            credential(AttestationKind::None, PrfState::Unsupported, None),
            credential(AttestationKind::SelfAttested, PrfState::Enabled, Some(1)),
            credential(AttestationKind::X5c, PrfState::Enrolled, Some(1)),
            credential(AttestationKind::Unverified, PrfState::Enrolled, Some(1)),
        ],
        factors: vec![
            factor(FactorKind::Passkey, None),
            factor(FactorKind::Recovery, Some(9)),
            factor(FactorKind::Password, Some(9)),
        ],
    }
}

fn begun(auth_token_challenge: Option<u64>, prf: Option<PrfInputs>) -> Reply {
    Reply::Begun(Begun {
        token: [19; 16],
        challenge: [22; 32],
        ttl_ms: 120_000,
        vault_id: [1; 16],
        rp_id: "example.org".into(),
        user_name: "alex".into(),
        credential_ids: vec![vec![20; 32].into()],
        auth_token_challenge,
        prf,
    })
}

pub fn replies() -> Vec<Reply> {
    let info = |kind, storage_protection| {
        Reply::Info(Info {
            kind,
            revision: "test".into(),
            wire_version: WIRE_VERSION,
            storage_protection,
            algorithms: vec![-7, -8, -35, -36, -257],
            challenge_ttl_ms: 120_000,
        })
    };
    let prf = |second| {
        Some(PrfInputs {
            first: [23; 32],
            by_credential: vec![PrfInput {
                credential_id: vec![20; 32],
                first: [24; 32],
            }],
            second,
        })
    };
    vec![
        info(SealerKind::Nonsecure, StorageProtection::None),
        info(SealerKind::Optee, StorageProtection::ReeFs),
        info(SealerKind::Optee, StorageProtection::Rpmb),
        Reply::Vaults(vec![]),
        Reply::Vaults(vec![[1; 16].into(), [2; 16].into()]),
        Reply::Vault(vault_view()),
        begun(None, None),
        begun(Some(u64::MAX), None),
        begun(None, prf(None)),
        begun(Some(1), prf(Some([25; 32]))),
        Reply::Deleted,
        Reply::Released(Secret32::new(&CANARY)),
        Reply::BackupCreated {
            core: core().encode().unwrap(),
            key_part: signed(&key_part()).encode().unwrap(),
            dek: Secret32::new(&CANARY),
        },
        Reply::HeaderAuthentic,
        Reply::AuditVerified {
            mark: None,
            head: true,
        },
        Reply::AuditVerified {
            mark: Some(mark()),
            head: false,
        },
        Reply::Removed {
            vaults: vec![[1; 16].into(); limits::REMOVED_VAULTS],
            more: true,
        },
        Reply::CredentialAdded {
            vault: vault_view(),
            credential_id: vec![20; 32],
        },
        Reply::Enrolled {
            vault: vault_view(),
            factor_id: [21; 16],
        },
        Reply::RecoveryCreated {
            vault: vault_view(),
            factor_id: [21; 16],
            key: recovery_key(),
        },
        Reply::Imported {
            vault: vault_view(),
            factor_id: [21; 16],
        },
        Reply::Rehearsed {
            vault: vault_view(),
            backup_id: [2; 16],
            factor_id: [21; 16],
        },
        Reply::Refreshed {
            key_part: signed(&key_part()).encode().unwrap(),
        },
    ]
}

pub fn responses() -> Vec<Response> {
    let record = |entries| {
        Some(RecordUpdate {
            vault_id: [1; 16],
            seq: 9,
            audit: sealed_entries(entries),
        })
    };
    let mut all: Vec<_> = replies()
        .into_iter()
        .map(|reply| Response {
            result: Ok(reply),
            record: None,
        })
        .collect();
    all.extend(replies().into_iter().map(|reply| Response {
        result: Ok(reply),
        record: record(1),
    }));
    for code in ErrorCode::ALL {
        let mut error = Error::from(*code);
        all.push(Response {
            result: Err(error.clone()),
            record: None,
        });
        error.retry_after_ms = Some(1);
        all.push(Response {
            result: Err(error),
            record: record(0),
        });
    }
    all.push(Response {
        result: Err(ErrorCode::Quota.into()),
        record: record(8),
    });
    all
}

/// Every message, encoded.
pub fn messages() -> Vec<Vec<u8>> {
    let requests = requests().into_iter().map(Request::to_bytes);
    let responses = responses().into_iter().map(Response::to_bytes);
    requests
        .chain(responses)
        .map(|bytes| bytes.unwrap().to_vec())
        .collect()
}
