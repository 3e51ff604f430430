// SPDX-License-Identifier: Apache-2.0

//! Archives under new keys, and a vault that comes back after the sealer has lost it, as an app
//! sees it through the interface.

mod common;

use common::{ORIGIN, Rig, fd, file_with, name, random, result};
use passkeybackup_aidl::android::security::passkeybackup::{
    ArchiveState::ArchiveState, AuditVerification::AuditVerification, ErrorCode::ErrorCode,
    OperationResult::OperationResult, VaultState::VaultState,
};
use std::fs::File;
use test_authenticator::Authenticator;

struct Scene {
    rig: Rig,
    user: Authenticator,
    vault: Vec<u8>,
}

impl Scene {
    fn new() -> Scene {
        let rig = Rig::start();
        let mut user = Authenticator::new();
        let vault = rig.client().create_vault(&mut user);
        Scene { rig, user, vault }
    }

    /// An archive that is in place.
    fn archive(&self, content: &[u8]) -> (File, Vec<u8>) {
        let client = self.rig.client();
        let (archive, info) = client.backup(&self.vault, content);
        client.service.confirmArchive(&info.backupId).unwrap();
        (archive, info.backupId)
    }

    /// The epochs of all archives of the catalogue, by their ids.
    fn epoch_of(&self, backup_id: &[u8]) -> i64 {
        let client = self.rig.client();
        let page = client.service.listArchives(&self.vault, 50, None, false);
        let archives = page.unwrap().archives;
        let mut found = archives.iter().filter(|one| one.backupId == backup_id);
        found.next().unwrap().epoch
    }

    fn pending(&self) -> Vec<Vec<u8>> {
        let client = self.rig.client();
        let page = client.service.listArchives(&self.vault, 50, None, true);
        let archives = page.unwrap().archives;
        archives.into_iter().map(|one| one.backupId).collect()
    }

    fn restore(&mut self, archive: &File) -> Vec<u8> {
        let client = self.rig.client();
        let begun = client.service.beginRestore(&fd(archive)).unwrap();
        let assertion = self.user.assert(&begun.ceremony.optionsJson, ORIGIN);
        client
            .restore(&begun.ceremony.token, &assertion.unwrap(), archive)
            .unwrap()
            .0
    }

    fn rotate(&mut self, inputs: &[&File], outputs: &[&File]) -> Result<OperationResult, String> {
        let client = self.rig.client();
        let begun = client.service.beginRotate(&self.vault).unwrap();
        let assertion = self.user.assert(&begun.optionsJson, ORIGIN).unwrap();
        let fds = |files: &[&File]| files.iter().map(|file| fd(file)).collect::<Vec<_>>();
        let started = client.service.finishRotate(
            &begun.token,
            assertion.as_bytes(),
            &fds(inputs),
            &fds(outputs),
            None,
        );
        let operation = started.map_err(|status| name::<()>(Err(status)))?;
        result(&operation).map_err(|status| name::<()>(Err(status)))
    }
}

#[test]
fn a_rotation_writes_the_archives_that_it_is_given_anew() {
    let mut scene = Scene::new();
    let content = random((2 << 20) + 3);
    let (one, one_id) = scene.archive(&content);
    let (_two, two_id) = scene.archive(b"two");
    let output = file_with(b"something that was there before");
    let done = scene.rotate(&[&one], &[&output]).unwrap();
    let OperationResult::Rotate(rotated) = done else {
        panic!("the result of another operation");
    };
    assert_eq!(rotated.vaultId, scene.vault);
    assert_eq!(rotated.epoch, 2);
    assert_eq!(rotated.rewrapped.len(), 1);
    assert_eq!(rotated.rewrapped[0].id, one_id);
    assert_eq!(rotated.pending, 1);

    // Until the new file is confirmed the old one may be the one that stays.
    assert_eq!(scene.epoch_of(&one_id), 1);
    assert_eq!(scene.pending().len(), 2);
    assert_eq!(scene.restore(&output), content);
    assert_eq!(scene.restore(&one), content);
    let client = scene.rig.client();
    let confirmed = client.service.confirmArchive(&one_id).unwrap();
    assert_eq!(
        (confirmed.epoch, confirmed.state),
        (2, ArchiveState::COMPLETE)
    );
    assert_eq!(scene.pending(), [two_id]);
}

#[test]
fn a_new_file_that_nobody_confirmed_is_forgotten_with_the_service() {
    let mut scene = Scene::new();
    let (archive, id) = scene.archive(b"content");
    scene.rotate(&[], &[]).unwrap();
    let output = file_with(b"");
    let refresh = |scene: &Scene| {
        let client = scene.rig.client();
        let service = &client.service;
        let operation = service.refreshArchive(&fd(&archive), &fd(&output), None);
        match result(&operation.unwrap()).unwrap() {
            OperationResult::Archive(refreshed) => refreshed,
            _ => panic!("the result of another operation"),
        }
    };
    let refreshed = refresh(&scene);
    assert_eq!(
        (refreshed.epoch, refreshed.state),
        (2, ArchiveState::UNCONFIRMED)
    );
    scene.rig.restart();
    let confirmed = scene.rig.client().service.confirmArchive(&id).unwrap();
    assert_eq!(
        confirmed.epoch, 1,
        "what nobody knows any more is not claimed"
    );
    assert_eq!(scene.pending(), std::slice::from_ref(&id));
    refresh(&scene);
    scene.rig.client().service.confirmArchive(&id).unwrap();
    assert_eq!(scene.pending(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_rotation_that_cannot_be_is_refused_whole() {
    let mut scene = Scene::new();
    let (archive, _) = scene.archive(b"content");
    let output = file_with(b"");
    let other = {
        let other = scene.rig.client().create_vault(&mut scene.user);
        scene.rig.client().backup(&other, b"theirs").0
    };
    assert_eq!(scene.rotate(&[&archive], &[]).unwrap_err(), "BAD_REQUEST");
    assert_eq!(
        scene.rotate(&[&archive], &[&archive]).unwrap_err(),
        "BAD_REQUEST"
    );
    assert_eq!(
        scene.rotate(&[&other], &[&output]).unwrap_err(),
        "BAD_REQUEST"
    );
    let many = vec![&archive; 17];
    assert_eq!(scene.rotate(&many, &many).unwrap_err(), "BAD_REQUEST");
    let vault = scene.rig.client().service.getVault(&scene.vault).unwrap();
    assert_eq!(vault.epoch, 1);
    // A token of another operation rotates nothing.
    let client = scene.rig.client();
    let begun = client.service.beginRestore(&fd(&archive)).unwrap();
    let assertion = scene
        .user
        .assert(&begun.ceremony.optionsJson, ORIGIN)
        .unwrap();
    let service = &client.service;
    let token = &begun.ceremony.token;
    let refused = service.finishRotate(token, assertion.as_bytes(), &[], &[], None);
    assert_eq!(name(refused), "OPERATION_MISMATCH");
}

#[test]
fn a_rebuild_takes_what_is_good_and_names_what_is_not() {
    let scene = Scene::new();
    let (one, one_id) = scene.archive(b"one");
    let (two, _) = scene.archive(b"two");
    let client = scene.rig.client();
    client.service.forgetArchive(&one_id).unwrap();
    let files = [fd(&file_with(b"no archive")), fd(&one), fd(&two)];
    let operation = client.service.rebuildCatalogue(&files, None).unwrap();
    let OperationResult::Rebuild(rebuilt) = result(&operation).unwrap() else {
        panic!("the result of another operation");
    };
    assert_eq!((rebuilt.added, rebuilt.known), (1, 1));
    assert_eq!(rebuilt.refused.len(), 1);
    assert_eq!(rebuilt.refused[0].index, 0);
    assert_eq!(rebuilt.refused[0].error, ErrorCode::NOT_AN_ARCHIVE);
    assert!(rebuilt.refused[0].message.contains("NOT_AN_ARCHIVE"));
    assert_eq!(
        name(client.service.rebuildCatalogue(&[], None)),
        "BAD_REQUEST"
    );
}

#[test]
fn an_import_is_the_way_back_when_the_sealer_has_lost_the_vault() {
    let mut scene = Scene::new();
    let client = scene.rig.client();
    let service = &client.service;
    let begun = service.beginCreateRecoveryKey(&scene.vault).unwrap();
    let assertion = scene.user.assert(&begun.optionsJson, ORIGIN).unwrap();
    let made = service.finishCreateRecoveryKey(&begun.token, assertion.as_bytes());
    let key = made.unwrap().recoveryKey;
    let (archive, id) = scene.archive(b"content");
    drop(client);
    scene.rig.stop();
    std::fs::remove_dir_all(scene.rig.state().join("sealer")).unwrap();
    scene.rig.run();

    let client = scene.rig.client();
    let lost = client.service.getVault(&scene.vault).unwrap();
    assert_eq!(lost.state, VaultState::RESET);
    let begun = client
        .service
        .beginImportWithRecoveryKey(&fd(&archive), &key, false)
        .unwrap();
    let mut user = Authenticator::new();
    let registration = user.register(&begun.ceremony.optionsJson, ORIGIN).unwrap();
    let imported = client
        .service
        .finishImport(&begun.ceremony.token, registration.as_bytes())
        .unwrap();
    assert_eq!(imported.vault.state, VaultState::OK);
    // From here on all is well again: no rollback is suspected, the new log verifies.
    scene.user = user;
    assert_eq!(scene.restore(&archive), b"content");
    let vault = client.service.getVault(&scene.vault).unwrap();
    assert_eq!(vault.state, VaultState::OK);
    assert_eq!(scene.pending(), [id]);
    let log = client
        .service
        .getAudit(&scene.vault, 50, None, true)
        .unwrap();
    assert_eq!(log.verification, AuditVerification::VERIFIED);
    scene.rig.restart();
    let vault = scene.rig.client().service.getVault(&scene.vault).unwrap();
    assert_eq!(vault.state, VaultState::OK);
}
