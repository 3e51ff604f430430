// SPDX-License-Identifier: Apache-2.0

//! The service as its clients see it: over its socket, with ceremonies of a passkey client.

mod common;

use std::io::{Seek, Write};
use std::os::unix::fs::FileExt;

use binder::ParcelFileDescriptor;
use common::{META, ORIGIN, RP, Rig, fd, file_with, random};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveState::ArchiveState, AuditEvent::AuditEvent, AuditVerification::AuditVerification,
    MacState::MacState, VaultParameters::VaultParameters, VaultState::VaultState,
    VaultWarning::VaultWarning,
};
use test_authenticator::{Authenticator, Fault};

#[test]
fn a_backup_comes_back_after_a_ceremony() {
    let rig = Rig::start();
    let client = rig.client();
    let mut user = Authenticator::new();
    let vault = client.create_vault(&mut user);
    for length in [0, 1, 1 << 20, (3 << 20) + 17] {
        let content = random(length);
        let (archive, info) = client.backup(&vault, &content);
        assert_eq!(info.plaintextBytes, length as i64);
        assert_eq!(info.archiveBytes, archive.metadata().unwrap().len() as i64);
        assert_eq!(info.state, ArchiveState::UNCONFIRMED);
        assert_eq!(info.meta, META);
        let confirmed = client.service.confirmArchive(&info.backupId).unwrap();
        assert_eq!(confirmed.state, ArchiveState::COMPLETE);

        let begun = client.service.beginRestore(&fd(&archive)).unwrap();
        assert_eq!(format!("{:?}", begun.archive), format!("{confirmed:?}"));
        let assertion = user.assert(&begun.ceremony.optionsJson, ORIGIN).unwrap();
        let (restored, result) = client
            .restore(&begun.ceremony.token, &assertion, &archive)
            .unwrap();
        assert_eq!(restored, content);
        assert_eq!(result.plaintextBytes, length as i64);
        assert_eq!(result.backupId, info.backupId);
        assert_eq!(result.meta, META);

        let structure = client.service.verifyStructure(&fd(&archive)).unwrap();
        assert_eq!((structure.mac, structure.full), (MacState::OK, false));
        let begun = client.service.beginVerify(&fd(&archive)).unwrap();
        let assertion = user.assert(&begun.ceremony.optionsJson, ORIGIN).unwrap();
        let verified = client
            .verify(&begun.ceremony.token, &assertion, &archive)
            .unwrap();
        assert_eq!((verified.mac, verified.full), (MacState::OK, true));
        assert_eq!(verified.segments, structure.segments);
    }
    let page = client.service.listArchives(&vault, 3, None, false).unwrap();
    assert_eq!(page.archives.len(), 3);
    let rest = client
        .service
        .listArchives(&vault, 3, page.nextPage.as_deref(), false)
        .unwrap();
    assert_eq!((rest.archives.len(), rest.nextPage), (1, None));
    let retired = client.service.listArchives(&vault, 3, None, true).unwrap();
    assert_eq!(retired.archives.len(), 0);
    client
        .service
        .forgetArchive(&rest.archives[0].backupId)
        .unwrap();
    let gone = client.service.forgetArchive(&rest.archives[0].backupId);
    assert_eq!(common::name(gone), "NOT_FOUND");
}

#[test]
fn ceremonies_are_refused_each_for_its_own_reason() {
    let rig = Rig::start();
    let client = rig.client();
    let mut user = Authenticator::new();
    let vault = client.create_vault(&mut user);
    let (archive, _) = client.backup(&vault, b"content");
    let (other, _) = client.backup(&vault, b"another one");

    let mut refusals = Vec::new();
    for (fault, expected) in [
        (Fault::NoUserVerification, "USER_NOT_VERIFIED"),
        (Fault::NoUserPresence, "USER_NOT_PRESENT"),
        (
            Fault::Origin("https://evil.example".into()),
            "ORIGIN_MISMATCH",
        ),
        (Fault::Challenge, "CHALLENGE_MISMATCH"),
        (Fault::Signature, "SIGNATURE_INVALID"),
        (Fault::CredentialId, "UNKNOWN_CREDENTIAL"),
        (Fault::Type, "WRONG_TYPE"),
    ] {
        let begun = client.service.beginRestore(&fd(&archive)).unwrap().ceremony;
        let wrong = user
            .assert_with(&begun.optionsJson, ORIGIN, &[fault])
            .unwrap();
        let refused = client.restore(&begun.token, &wrong, &archive).unwrap_err();
        let code = refused.service_specific_error();
        assert_eq!(common::name::<()>(Err(refused)), expected);
        refusals.push((expected, code));
        let again = client.restore(&begun.token, &wrong, &archive);
        assert_eq!(common::name(again), "CHALLENGE_UNKNOWN", "it was used up");
    }

    let begun = client.service.beginRestore(&fd(&archive)).unwrap().ceremony;
    let assertion = user.assert(&begun.optionsJson, ORIGIN).unwrap();
    // Another archive, another operation, and too much of it: the ceremony stays open.
    let refused = client.restore(&begun.token, &assertion, &other);
    assert_eq!(common::name(refused), "OPERATION_MISMATCH");
    let refused = client.verify(&begun.token, &assertion, &archive);
    assert_eq!(common::name(refused), "OPERATION_MISMATCH");
    let refused = client
        .service
        .finishDeleteVault(&begun.token, assertion.as_bytes());
    assert_eq!(common::name(refused), "OPERATION_MISMATCH");
    let refused = client
        .service
        .finishCreateVault(&begun.token, assertion.as_bytes());
    assert_eq!(common::name(refused), "OPERATION_MISMATCH");
    let refused = client
        .service
        .finishSetOrigins(&begun.token, assertion.as_bytes());
    assert_eq!(common::name(refused), "OPERATION_MISMATCH");
    let refused = client.restore(&begun.token, &" ".repeat(17_000), &archive);
    assert_eq!(common::name(refused), "TOO_LARGE");
    let refused = client.restore(&[9; 16], &assertion, &archive);
    assert_eq!(common::name(refused), "CHALLENGE_UNKNOWN");
    let refused = client.restore(&[9; 15], &assertion, &archive);
    assert_eq!(common::name(refused), "BAD_REQUEST");
    client.restore(&begun.token, &assertion, &archive).unwrap();
    let refused = client.restore(&begun.token, &assertion, &archive);
    assert_eq!(common::name(refused), "CHALLENGE_UNKNOWN");

    let audit = client.service.getAudit(&vault, 100, None, true).unwrap();
    assert_eq!(audit.verification, AuditVerification::VERIFIED);
    for (name, code) in refusals {
        let logged = audit
            .entries
            .iter()
            .any(|entry| entry.event == AuditEvent::CEREMONY_FAILED && entry.result == code);
        assert!(logged, "{name}");
    }
    let last = audit.entries.last().unwrap();
    assert_eq!((last.seq, last.event), (1, AuditEvent::VAULT_CREATED));
}

#[test]
fn an_expired_ceremony_is_named_so() {
    let rig = Rig::with_ttl(Some(1));
    let client = rig.client();
    let begun = client
        .service
        .beginCreateVault(&common::parameters())
        .unwrap();
    let response = Authenticator::new()
        .register(&begun.optionsJson, ORIGIN)
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    for _ in 0..2 {
        let refused = client
            .service
            .finishCreateVault(&begun.token, response.as_bytes());
        assert_eq!(common::name(refused), "CHALLENGE_EXPIRED");
    }
}

#[test]
fn a_damaged_archive_is_refused_for_what_is_wrong_with_it() {
    let rig = Rig::start();
    let client = rig.client();
    let mut user = Authenticator::new();
    let vault = client.create_vault(&mut user);
    let (archive, info) = client.backup(&vault, &random(2_500_000));
    let whole = info.archiveBytes as u64;
    let header = whole
        - passkeybackup_archive::Structure::from_plaintext_bytes(2_500_000)
            .unwrap()
            .body_bytes;

    let mut damaged = |damage: &dyn Fn(&std::fs::File)| {
        let copy = common::copy(&archive);
        damage(&copy);
        let begun = match client.service.beginRestore(&fd(&copy)) {
            Ok(begun) => begun.ceremony,
            Err(status) => return common::name::<()>(Err(status)),
        };
        let assertion = user.assert(&begun.optionsJson, ORIGIN).unwrap();
        common::name(client.restore(&begun.token, &assertion, &copy))
    };
    let flip = |at: u64| {
        move |file: &std::fs::File| {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        }
    };
    let cut = |to: u64| move |file: &std::fs::File| file.set_len(to).unwrap();
    assert_eq!(damaged(&|_| {}), "OK");
    assert_eq!(damaged(&flip(0)), "NOT_AN_ARCHIVE");
    assert_eq!(damaged(&cut(3)), "NOT_AN_ARCHIVE");
    assert_eq!(damaged(&cut(100)), "TRUNCATED");
    assert_eq!(damaged(&flip(header - 1)), "HEADER_TAMPERED");
    assert_eq!(damaged(&flip(header + 100)), "SEGMENT_TAMPERED");
    assert_eq!(damaged(&cut(header + (1 << 20))), "TRUNCATED");
    assert_eq!(damaged(&cut(whole - 1)), "TRUNCATED");
    assert_eq!(
        damaged(&|mut file| {
            file.seek(std::io::SeekFrom::End(0)).unwrap();
            file.write_all(b"x").unwrap();
        }),
        "TRAILING_DATA"
    );
}

#[test]
fn descriptors_that_do_not_fit_are_refused() {
    let rig = Rig::start();
    let client = rig.client();
    let vault = client.create_vault(&mut Authenticator::new());
    let file = file_with(b"content");
    let refused = client
        .service
        .backup(&vault, &fd(&file), &fd(&file), META, None);
    assert_eq!(common::name(refused), "BAD_REQUEST");
    let output = file_with(b"");
    let refused = client
        .service
        .backup(&vault, &fd(&file), &fd(&output), &[0; 4097], None);
    assert_eq!(common::name(refused), "TOO_LARGE");
    let refused = client
        .service
        .backup(&[7; 16], &fd(&file), &fd(&output), META, None);
    assert_eq!(common::name(refused), "NOT_FOUND");
    let (pipe, _in) = std::io::pipe().unwrap();
    let pipe = ParcelFileDescriptor::new(std::os::fd::OwnedFd::from(pipe));
    assert_eq!(
        common::name(client.service.beginRestore(&pipe)),
        "BAD_REQUEST"
    );
}

#[test]
fn an_operation_ends_with_its_session() {
    let rig = Rig::start();
    let client = rig.client();
    let vault = client.create_vault(&mut Authenticator::new());
    let (pipe, pipe_in) = std::io::pipe().unwrap();
    let pipe = ParcelFileDescriptor::new(std::os::fd::OwnedFd::from(pipe));
    let start = || {
        let output = file_with(b"");
        client
            .service
            .backup(&vault, &pipe, &fd(&output), META, None)
    };
    let held: Vec<_> = (0..4).map(|_| start().unwrap()).collect();
    assert_eq!(common::name(start()), "QUOTA");
    held[0].cancel().unwrap();
    assert_eq!(common::name(common::result(&held[0])), "CANCELLED");
    drop(held);
    common::eventually(|| start().is_ok());
    drop(pipe_in);
    let page = client
        .service
        .listArchives(&vault, 10, None, false)
        .unwrap();
    assert_eq!(page.archives.len(), 0);
}

#[test]
fn a_vault_shows_what_it_is_and_goes_when_it_is_deleted() {
    let rig = Rig::start();
    let client = rig.client();
    let mut user = Authenticator::new();
    let vault = client.create_vault(&mut user);
    let shown = client.service.getVault(&vault).unwrap();
    assert_eq!(shown.state, VaultState::OK);
    assert_eq!(shown.rpId, RP);
    assert_eq!(shown.credentials.len(), 1);
    assert_eq!(shown.credentials[0].label, "first");
    assert!(!shown.survives.unwrap().phoneLost);
    assert!(shown.warnings.contains(&VaultWarning::SEALER_NONSECURE));
    assert!(shown.warnings.contains(&VaultWarning::NOT_PORTABLE));

    let origins = vec![ORIGIN.to_owned(), "https://www.example.org".to_owned()];
    let begun = client.service.beginSetOrigins(&vault, &origins).unwrap();
    let assertion = user.assert(&begun.optionsJson, ORIGIN).unwrap();
    let changed = client
        .service
        .finishSetOrigins(&begun.token, assertion.as_bytes())
        .unwrap();
    assert_eq!(changed.origins, origins);
    let elsewhere = vec!["https://example.com".to_owned()];
    let refused = client.service.beginSetOrigins(&vault, &elsewhere);
    assert_eq!(common::name(refused), "BAD_REQUEST");

    let (archive, _) = client.backup(&vault, b"content");
    let begun = client.service.beginDeleteVault(&vault).unwrap();
    let assertion = user.assert(&begun.optionsJson, ORIGIN).unwrap();
    let gone = client
        .service
        .finishDeleteVault(&begun.token, assertion.as_bytes())
        .unwrap();
    assert_eq!(gone, vault);
    assert_eq!(client.service.listVaults().unwrap().len(), 0);
    assert_eq!(common::name(client.service.getVault(&vault)), "NOT_FOUND");
    assert_eq!(
        common::name(client.service.beginRestore(&fd(&archive))),
        "NOT_FOUND"
    );
    let found = client.service.verifyStructure(&fd(&archive)).unwrap();
    assert_eq!(found.mac, MacState::NOT_CHECKABLE);
}

#[test]
fn what_was_there_is_there_after_a_restart() {
    let mut rig = Rig::start();
    let mut user = Authenticator::new();
    let client = rig.client();
    let vault = client.create_vault(&mut user);
    let (archive, _) = client.backup(&vault, b"content");
    let begun = client.service.beginRestore(&fd(&archive)).unwrap().ceremony;
    let lost = user.assert(&begun.optionsJson, ORIGIN).unwrap();
    drop(client);
    rig.restart();
    let client = rig.client();
    let refused = client.restore(&begun.token, &lost, &archive);
    assert_eq!(common::name(refused), "CHALLENGE_UNKNOWN");
    let begun = client.service.beginRestore(&fd(&archive)).unwrap().ceremony;
    let assertion = user.assert(&begun.optionsJson, ORIGIN).unwrap();
    let (restored, _) = client.restore(&begun.token, &assertion, &archive).unwrap();
    assert_eq!(restored, b"content");
    assert_eq!(client.service.listVaults().unwrap().len(), 1);
}

#[test]
fn a_vault_that_the_sealer_lost_is_shown_as_lost() {
    let mut rig = Rig::start();
    let client = rig.client();
    let vault = client.create_vault(&mut Authenticator::new());
    let (archive, _) = client.backup(&vault, b"content");
    drop(client);
    rig.stop();
    std::fs::remove_dir_all(rig.state().join("sealer")).unwrap();
    rig.run();
    let client = rig.client();
    let shown = client.service.getVault(&vault).unwrap();
    assert_eq!(shown.state, VaultState::RESET);
    assert_eq!(shown.rpId, RP);
    assert!(shown.survives.is_none());
    assert_eq!(client.service.listVaults().unwrap().len(), 1);
    assert_eq!(
        common::name(client.service.beginRestore(&fd(&archive))),
        "RESET"
    );
    let found = client.service.verifyStructure(&fd(&archive)).unwrap();
    assert_eq!(found.mac, MacState::NOT_CHECKABLE);
    let audit = client.service.getAudit(&vault, 10, None, false).unwrap();
    assert_eq!(audit.entries.len(), 2);
}

#[test]
fn a_catalogue_that_was_lost_finds_its_vaults_again() {
    let mut rig = Rig::start();
    let client = rig.client();
    let vault = client.create_vault(&mut Authenticator::new());
    drop(client);
    rig.stop();
    for entry in std::fs::read_dir(rig.state()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .to_string_lossy()
            .contains(passkeybackup_catalogue::FILE)
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    rig.run();
    let client = rig.client();
    let (_, info) = client.backup(&vault, b"content");
    assert_eq!(info.vaultId, vault);
    let vaults = client.service.listVaults().unwrap();
    assert_eq!(vaults.len(), 1);
    let audit = client.service.getAudit(&vault, 10, None, true).unwrap();
    assert_ne!(audit.verification, AuditVerification::NOT_CHECKED);
}

#[test]
fn a_second_daemon_does_not_get_the_state() {
    let rig = Rig::start();
    let second = passkeybackupd::Daemon::start(&rig.config());
    let refused = second.err().map(|error| error.code.name());
    assert_eq!(refused, Some("STATE_IN_USE"));
}

#[test]
fn parameters_are_checked() {
    let rig = Rig::start();
    let client = rig.client();
    for parameters in [
        VaultParameters {
            origins: vec![],
            ..common::parameters()
        },
        VaultParameters {
            rpId: "org".into(),
            ..common::parameters()
        },
        VaultParameters {
            userName: String::new(),
            ..common::parameters()
        },
    ] {
        let refused = client.service.beginCreateVault(&parameters);
        assert_eq!(common::name(refused), "BAD_REQUEST");
    }
    let refused = client.service.beginCreateVault(&VaultParameters {
        requireBiometric: true,
        ..common::parameters()
    });
    assert_eq!(common::name(refused), "BIOMETRIC_UNAVAILABLE");
    let info = client.service.getInfo().unwrap();
    assert_eq!(info.limits.operationsPerOwner, 4);
    assert!(info.algorithms.contains(&-7));
    assert!(info.sealer.unwrap().revision.contains("nonsecure"));
}
