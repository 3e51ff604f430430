// SPDX-License-Identifier: Apache-2.0

//! Things that the tests put into a catalogue.
#![allow(dead_code)] // each test program uses some

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use minicbor::bytes::ByteVec;
use passkeybackup_catalogue::{Archive, ArchiveState, Catalogue, Id, Owner, StateDir};
use sealer_wire::{
    AttestationKind, CredentialView, ErrorCode, FactorKind, FactorView, PrfState, SealedAuditEntry,
    VaultView,
};

pub fn open(dir: &Path) -> Catalogue {
    Catalogue::open(&state_dir(dir)).expect("the catalogue opens")
}

/// A folder that nobody has open any more. A child that another test of this program is just
/// starting has a copy of every lock until it becomes its own program.
pub fn state_dir(dir: &Path) -> StateDir {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match StateDir::open(dir) {
            Err(e) if e.code == ErrorCode::StateInUse && Instant::now() < until => {
                thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.expect("the state folder opens"),
        }
    }
}

pub fn owner(n: u32) -> Owner {
    Owner {
        user: 0,
        uid: 10_000 + n,
        package: format!("org.example.app{n}"),
        signer: [7; 32],
    }
}

pub fn id(n: u64) -> Id {
    let mut id = [0x5a; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    id
}

pub fn view(vault_id: Id) -> VaultView {
    VaultView {
        vault_id,
        epoch: 3,
        retired_epochs: vec![1, 2],
        rp_id: "example.org".into(),
        origins: vec![
            "https://example.org".into(),
            "https://a.example.org:8443".into(),
        ],
        user_name: "Zoë".into(),
        require_biometric: true,
        created_at: 1_700_000_000,
        credentials: vec![
            CredentialView {
                credential_id: vec![1; 1023],
                alg: -7,
                label: "phone".into(),
                created_at: 1_700_000_000,
                last_used_at: None,
                sign_count: u32::MAX,
                backup_eligible: true,
                backup_state: false,
                attestation: AttestationKind::Unverified,
                prf: PrfState::Enrolled,
            },
            CredentialView {
                credential_id: vec![0],
                alg: -257,
                label: String::new(),
                created_at: 1_700_000_001,
                last_used_at: Some(1_700_000_005),
                sign_count: 0,
                backup_eligible: false,
                backup_state: false,
                attestation: AttestationKind::SelfAttested,
                prf: PrfState::Unsupported,
            },
        ],
        factors: vec![FactorView {
            factor_id: [4; 16],
            kind: FactorKind::Recovery,
            portable: true,
            last_proved_at: Some(1_700_000_009),
        }],
    }
}

pub fn archive(vault_id: Id, n: u64) -> Archive {
    Archive {
        backup_id: id(n),
        vault_id,
        epoch: 3,
        created_at: 1_700_000_000 + n,
        plaintext_bytes: n,
        archive_bytes: n + 2000,
        meta: format!("{{\"n\":{n}}}").into_bytes(),
        state: ArchiveState::Unconfirmed,
    }
}

/// An entry that begins as the sealer's do.
pub fn entry(seq: u64) -> SealedAuditEntry {
    let entry = minicbor::to_vec((seq, 1_700_000_000_u64, ByteVec::from(vec![9; 16])));
    SealedAuditEntry {
        entry: entry.expect("a buffer takes everything"),
        mac: [seq as u8; 32],
    }
}

/// A vault with some of everything.
pub fn furnish(catalogue: &Catalogue, owner: &Owner, vault_id: Id, archives: u64) {
    catalogue
        .with_transaction(|t| {
            t.put_vault(owner, &view(vault_id), 5)?;
            for n in 0..archives {
                t.add_archive(owner, &archive(vault_id, n))?;
            }
            t.append_audit(owner, &vault_id, &[entry(1), entry(2), entry(3)])?;
            Ok(())
        })
        .expect("the vault is stored");
}
