// SPDX-License-Identifier: Apache-2.0

//! Google Tink (Python) against this crate, live. `tests/interop/run` sets it up and runs it;
//! `body/tests.rs` proves the same from recorded vectors wherever `cargo test` runs.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{CORE, FIRST, KEY_PART, NEXT, SEGMENT, open, plaintext, seal, segment_at};
use passkeybackup_archive::{Job, associated_data, write_header};

const SIZES: [usize; 10] = [
    0,
    1,
    4096,
    FIRST - 1,
    FIRST,
    FIRST + 1,
    FIRST + NEXT - 1,
    FIRST + NEXT,
    FIRST + NEXT + 1,
    7 * SEGMENT + 12_345,
];

struct Tink {
    python: PathBuf,
    script: PathBuf,
    folder: tempfile::TempDir,
}

impl Tink {
    fn new() -> Tink {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let venv = std::env::var_os("PKB_TINK_VENV")
            .map_or_else(|| root.join("target/tink-venv"), PathBuf::from);
        Tink {
            python: venv.join("bin/python"),
            script: root.join("tests/interop/tink_peer.py"),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What Tink makes of `input` with the key of the tests, or `None` where it refuses.
    fn run(&self, verb: &str, ad: &[u8], input: &[u8]) -> Option<Vec<u8>> {
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let (source, target) = (
            self.folder.path().join("in"),
            self.folder.path().join("out"),
        );
        std::fs::write(&source, input).unwrap();
        let status = Command::new(&self.python)
            .args([self.script.as_os_str(), verb.as_ref()])
            .args([hex(&[0x42; 32]), hex(ad)])
            .args([&source, &target])
            .status()
            .unwrap();
        match status.code() {
            Some(0) => Some(std::fs::read(&target).unwrap()),
            Some(3) => None,
            other => panic!("tink_peer.py failed: {other:?}"),
        }
    }
}

#[test]
#[ignore = "needs Python's tink: tests/interop/run"]
fn tink_opens_our_bodies() {
    let tink = Tink::new();
    for size in SIZES {
        let content = plaintext(size);
        let archive = seal(&content);
        let body = &archive[segment_at(0) - 40..];
        let opened = tink.run("open", &associated_data(CORE), body);
        assert!(opened.unwrap() == content, "{size} bytes");
    }
}

#[test]
#[ignore = "needs Python's tink: tests/interop/run"]
fn we_open_bodies_of_tink() {
    let tink = Tink::new();
    for size in SIZES {
        let content = plaintext(size);
        let body = tink.run("seal", &associated_data(CORE), &content).unwrap();
        let mut archive = Vec::new();
        write_header(&Job::new(), CORE, KEY_PART, &mut archive).unwrap();
        archive.extend_from_slice(&body);
        let (output, opened) = open(&archive);
        opened.unwrap();
        assert!(output == content, "{size} bytes");
    }
}

#[test]
#[ignore = "needs Python's tink: tests/interop/run"]
fn tink_refuses_what_we_refuse() {
    let tink = Tink::new();
    let content = plaintext(FIRST + NEXT + 1000);
    let archive = seal(&content);
    let body = &archive[segment_at(0) - 40..];
    let ad = associated_data(CORE);
    assert!(
        tink.run("open", &associated_data(b"another core"), body)
            .is_none()
    );
    assert!(tink.run("open", &ad, &body[..SEGMENT]).is_none());
    assert!(tink.run("open", &ad, &body[..body.len() - 1]).is_none());
    let mut changed = body.to_vec();
    changed[SEGMENT + 5] ^= 1;
    assert!(tink.run("open", &ad, &changed).is_none());
    let mut longer = body.to_vec();
    longer.push(0);
    assert!(tink.run("open", &ad, &longer).is_none());
    let mut swapped = body[..SEGMENT].to_vec();
    swapped.extend_from_slice(&body[2 * SEGMENT..]);
    swapped.extend_from_slice(&body[SEGMENT..2 * SEGMENT]);
    assert!(tink.run("open", &ad, &swapped).is_none());
}
