// SPDX-License-Identifier: Apache-2.0

//! An app and the person in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::geteuid;
use serde_json::Value;
use test_authenticator::{Authenticator, Settings};

use crate::{Pkb, Refusal, Scratch, Stdin, contract};

/// A uid that no other test of this process uses.
///
/// # Panics
/// Without root, or if `PKB_TEST_UIDS` is not `FIRST-LAST`.
pub fn next_uid() -> u32 {
    static RANGE: OnceLock<(u32, u32)> = OnceLock::new();
    static USED: AtomicU32 = AtomicU32::new(0);
    let (first, count) = *RANGE.get_or_init(|| {
        let given = std::env::var("PKB_TEST_UIDS");
        let text = given.as_deref().unwrap_or("10000-19999");
        let parsed = text.split_once('-').and_then(|(first, last)| {
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            Some((first, last.checked_sub(first)? + 1))
        });
        let (first, count) = parsed.unwrap_or_else(|| panic!("PKB_TEST_UIDS={text}"));
        // Tests of other processes, on a device that is shared, begin elsewhere.
        USED.store(
            std::process::id().wrapping_mul(61) % count,
            Ordering::SeqCst,
        );
        (first, count)
    });
    assert!(
        geteuid().is_root(),
        "these tests play apps of several uids: run them as root, or in a user namespace with \
         `unshare --map-root-user --map-auto cargo test …`"
    );
    first + USED.fetch_add(1, Ordering::SeqCst) % count
}

/// An app's uid, a passkey authenticator, and a folder of the app's own.
#[derive(Debug)]
pub struct User {
    /// `pkb` as this app.
    pub pkb: Pkb,
    /// The person's passkeys.
    pub passkeys: Authenticator,
    /// The relying party id of the vaults.
    pub rp_id: String,
    /// Where ceremonies take place.
    pub origin: String,
    files: Scratch,
}

/// An archive that was made.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The file.
    pub path: PathBuf,
    /// ARCH, as `backup` printed it.
    pub info: Value,
}

impl Archive {
    /// The path, as an argument.
    pub fn arg(&self) -> &str {
        arg(&self.path)
    }

    /// Its backup id.
    pub fn id(&self) -> &str {
        self.info["backup_id"].as_str().unwrap_or_default()
    }
}

/// A restore that was begun and answered, and waits for its finish.
#[derive(Clone, Debug)]
pub struct RestoreCeremony {
    /// The token.
    pub token: String,
    /// The passkey client's answer.
    pub response: String,
}

impl User {
    /// An app on the device behind this socket, or behind binder.
    pub fn new(socket: Option<&Path>, uid: u32) -> User {
        let files = Scratch::of_uid(uid);
        User {
            pkb: Pkb::new(socket, uid, files.path()),
            passkeys: Authenticator::new(),
            rp_id: "example.org".to_owned(),
            origin: "https://example.org".to_owned(),
            files,
        }
    }

    /// With an authenticator of another kind.
    pub fn with_settings(mut self, settings: Settings) -> User {
        self.passkeys = Authenticator::with_settings(settings);
        self
    }

    /// A name in the app's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// Writes a file that the app can read.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file in the app's folder");
        path
    }

    /// The names in the app's folder.
    pub fn listing(&self) -> Vec<String> {
        let entries = fs::read_dir(self.files.path()).expect("the app's folder");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.expect("a file"))).collect();
        names.sort();
        names
    }

    /// `vault begin-create` with this user's relying party and origin.
    pub fn begin_enrol(&self) -> Result<Value, Refusal> {
        self.pkb.json(&[
            "vault",
            "begin-create",
            "--rp-id",
            &self.rp_id,
            "--origin",
            &self.origin,
            "--user-name",
            "Ada",
        ])
    }

    /// Enrols with a new passkey, or says why not.
    pub fn try_enrol(&mut self) -> Result<Value, Refusal> {
        let begun = self.begin_enrol()?;
        contract::creation(&begun);
        let response = self.register(&begun);
        let vault = self.finish(&["vault", "finish-create"], &begun, &response)?;
        contract::vault(&vault);
        Ok(vault)
    }

    /// Enrols with a new passkey; the id of the new vault.
    ///
    /// # Panics
    /// If it is refused.
    pub fn enrol(&mut self) -> String {
        let vault = self
            .try_enrol()
            .unwrap_or_else(|refusal| panic!("enrolling: {refusal}"));
        vault["vault_id"].as_str().expect("an id").to_owned()
    }

    /// The answer of the passkey client to a begun registration.
    ///
    /// # Panics
    /// If the client refuses the options.
    pub fn register(&mut self, begun: &Value) -> String {
        let origin = self.origin.clone();
        self.passkeys
            .register(&begun.to_string(), &origin)
            .expect("a registration")
    }

    /// The answer of the passkey client to a begun assertion.
    ///
    /// # Panics
    /// If the client refuses the options.
    pub fn assert(&mut self, begun: &Value) -> String {
        let origin = self.origin.clone();
        self.passkeys
            .assert(&begun.to_string(), &origin)
            .expect("an assertion")
    }

    /// A finish command, with the answer on stdin.
    pub fn finish(&self, command: &[&str], begun: &Value, answer: &str) -> Result<Value, Refusal> {
        let token = begun["ceremony"].as_str().expect("a token");
        self.finish_token(command, token, answer)
    }

    /// As [`finish`](Self::finish), with the token alone.
    pub fn finish_token(
        &self,
        command: &[&str],
        token: &str,
        answer: &str,
    ) -> Result<Value, Refusal> {
        let arguments: Vec<&str> = command
            .iter()
            .copied()
            .chain(["--ceremony", token])
            .collect();
        self.pkb
            .json_from(&arguments, Stdin::Bytes(answer.as_bytes()))
    }

    /// Backs up bytes into an archive of this name, or says why not.
    pub fn try_backup(&self, vault: &str, name: &str, bytes: &[u8]) -> Result<Archive, Refusal> {
        let input = self.put(&format!("{name}.plain"), bytes);
        let path = self.path(name);
        let info = self
            .pkb
            .json(&["backup", vault, "--in", arg(&input), "--out", arg(&path)])?;
        contract::archive(&info);
        Ok(Archive { path, info })
    }

    /// Backs up bytes into an archive of this name.
    ///
    /// # Panics
    /// If it is refused, or does not say what it made.
    pub fn backup(&self, vault: &str, name: &str, bytes: &[u8]) -> Archive {
        let archive = self
            .try_backup(vault, name, bytes)
            .unwrap_or_else(|refusal| panic!("backing up {name}: {refusal}"));
        assert_eq!(archive.info["vault_id"], vault);
        assert_eq!(archive.info["plaintext_bytes"], bytes.len());
        assert_eq!(archive.info["state"], "complete");
        let length = fs::metadata(&archive.path).expect("the archive").len();
        assert_eq!(archive.info["archive_bytes"], length);
        archive
    }

    /// `restore begin`.
    pub fn begin_restore(&self, archive: &Path) -> Result<Value, Refusal> {
        let begun = self.pkb.json(&["restore", "begin", "--in", arg(archive)])?;
        contract::restore_request(&begun);
        Ok(begun)
    }

    /// `restore begin` and the answer to it.
    pub fn ready_to_restore(&mut self, archive: &Path) -> Result<RestoreCeremony, Refusal> {
        let begun = self.begin_restore(archive)?;
        let response = self.assert(&begun);
        let token = begun["ceremony"].as_str().expect("a token").to_owned();
        Ok(RestoreCeremony { token, response })
    }

    /// `restore finish` into a file.
    pub fn finish_restore(
        &self,
        ready: &RestoreCeremony,
        archive: &Path,
        out: &Path,
    ) -> Result<Value, Refusal> {
        let command = ["restore", "finish", "--in", arg(archive), "--out", arg(out)];
        let restored = self.finish_token(&command, &ready.token, &ready.response)?;
        contract::restored(&restored);
        Ok(restored)
    }

    /// Restores an archive after a fresh ceremony; its bytes, or why not. What is refused leaves
    /// no file.
    ///
    /// # Panics
    /// If a refused restore leaves a file, or one that was done says another length.
    pub fn restore(&mut self, archive: &Path) -> Result<Vec<u8>, Refusal> {
        let ready = self.ready_to_restore(archive)?;
        let out = self.path("restored");
        let before = self.listing();
        match self.finish_restore(&ready, archive, &out) {
            Ok(restored) => {
                let bytes = fs::read(&out).expect("the restored file");
                fs::remove_file(&out).expect("the restored file");
                assert_eq!(restored["plaintext_bytes"], bytes.len());
                Ok(bytes)
            }
            Err(refusal) => {
                assert_eq!(self.listing(), before, "a refused restore leaves nothing");
                Err(refusal)
            }
        }
    }
}

/// A path as an argument.
///
/// # Panics
/// If it is not UTF-8.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
