// SPDX-License-Identifier: Apache-2.0

//! What the daemon wrote, opened by Google Tink, given the data key by a hook of test builds.
//!
//! Needs Python 3; `tests/interop/setup` fetches Tink once.

use std::fs;

use e2e::{Daemon, Layout, Setup, arg, content, daemon_with_test_hooks};
use interop::{python, set_up};
use sha2::{Digest, Sha256};

fn tink(arguments: &[&str]) -> Option<i32> {
    python("tink_peer.py", arguments)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn google_tink_opens_what_the_daemon_wrote() {
    set_up();
    let folder = e2e::Scratch::shared();
    let dek_file = folder.join("deks");
    let daemon = Daemon::with(Setup {
        program: Some(daemon_with_test_hooks().to_path_buf()),
        env: vec![("PKB_TEST_DEK_FILE".into(), dek_file.clone().into())],
        ..Setup::default()
    });
    let mut user = daemon.user();
    let vault = user.enrol();
    for size in [0, 1, (1 << 20) - 56, (1 << 20) - 55, 3_210_987] {
        let plain = content(size as u64, size);
        let archive = user.backup(&vault, &format!("{size}.pkb"), &plain);
        let bytes = fs::read(&archive.path).unwrap();
        let layout = Layout::of(&bytes);

        // By the written format alone: magic, core length and core are the associated data.
        let associated = hex(&Sha256::digest(&bytes[..layout.core.end]));
        let deks = fs::read_to_string(&dek_file).unwrap();
        let dek = deks
            .lines()
            .find_map(|line| line.strip_prefix(archive.id())?.strip_prefix(' '))
            .expect("the data key of this archive");
        let (body, opened) = (folder.join("body"), folder.join("opened"));
        fs::write(&body, &bytes[layout.key_part.end..]).unwrap();
        assert_eq!(
            tink(&["open", dek, &associated, arg(&body), arg(&opened)]),
            Some(0),
            "{size}"
        );
        assert!(fs::read(&opened).unwrap() == plain, "{size}");

        // Of another archive's core, or changed, Tink refuses it as we do.
        let other = hex(&Sha256::digest(b"another core"));
        assert_eq!(
            tink(&["open", dek, &other, arg(&body), arg(&opened)]),
            Some(3),
            "{size}"
        );
    }
}

#[test]
fn the_daemon_restores_what_google_tink_wrote() {
    set_up();
    let folder = e2e::Scratch::shared();
    let dek_file = folder.join("deks");
    let daemon = Daemon::with(Setup {
        program: Some(daemon_with_test_hooks().to_path_buf()),
        env: vec![("PKB_TEST_DEK_FILE".into(), dek_file.clone().into())],
        ..Setup::default()
    });
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "ours.pkb", &content(1, 2_000_000));
    let bytes = fs::read(&archive.path).unwrap();
    let layout = Layout::of(&bytes);
    let deks = fs::read_to_string(&dek_file).unwrap();
    let dek = deks.split_whitespace().nth(1).unwrap();
    let associated = hex(&Sha256::digest(&bytes[..layout.core.end]));

    let other = content(2, 2_000_000);
    let (plain, body) = (folder.join("plain"), folder.join("body"));
    fs::write(&plain, &other).unwrap();
    assert_eq!(
        tink(&["seal", dek, &associated, arg(&plain), arg(&body)]),
        Some(0)
    );
    let theirs = [&bytes[..layout.key_part.end], &fs::read(&body).unwrap()].concat();
    let path = user.put("theirs.pkb", &theirs);
    assert!(user.restore(&path).unwrap() == other);
}
