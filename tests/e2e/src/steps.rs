// SPDX-License-Identifier: Apache-2.0

//! What a person does about factors, and on a new device: whole ceremonies.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_authenticator::Authenticator;

use crate::{Archive, Device, Refusal, User, arg, contract};

impl User {
    /// The same app and person on another device: the passkeys are synced, files are not.
    pub fn on(&self, device: &Device) -> User {
        let mut other = device.same_app(self);
        other.passkeys = self.passkeys.clone();
        other.rp_id.clone_from(&self.rp_id);
        other.origin.clone_from(&self.origin);
        other
    }

    /// The same app and person with no passkey left.
    pub fn without_passkeys(mut self) -> User {
        self.passkeys = Authenticator::with_settings(self.passkeys.settings().clone());
        self
    }

    /// Fetches an archive of another device, as from the cloud.
    pub fn fetch(&self, archive: &Archive) -> PathBuf {
        let name = archive.path.file_name().expect("a file").to_string_lossy();
        self.put(&name, &fs::read(&archive.path).expect("the archive"))
    }

    /// A ceremony of one assertion, from beginning to end.
    pub fn assertion(&mut self, begin: &[&str], finish: &[&str]) -> Result<Value, Refusal> {
        let begun = self.pkb.json(begin)?;
        contract::request(&begun);
        let answer = self.assert(&begun);
        self.finish(finish, &begun, &answer)
    }

    /// `vault show`.
    pub fn show(&self, vault: &str) -> Value {
        let shown = self
            .pkb
            .json(&["vault", "show", vault])
            .unwrap_or_else(|refusal| panic!("showing a vault: {refusal}"));
        contract::vault(&shown);
        shown
    }

    /// `prf begin`, `confirm`, `finish`: the new factor.
    pub fn enrol_prf(&mut self, vault: &str) -> Result<Value, Refusal> {
        let begun = self.pkb.json(&["prf", "begin", vault])?;
        contract::prf_request(&begun);
        let answer = self.assert(&begun);
        let again = self.finish(&["prf", "confirm"], &begun, &answer)?;
        contract::prf_request(&again);
        let answer = self.assert(&again);
        let enrolled = self.finish(&["prf", "finish"], &again, &answer)?;
        contract::enrolled(&enrolled);
        Ok(enrolled["factor"].clone())
    }

    /// `recovery begin-create`, `finish-create`: the recovery key.
    pub fn make_recovery_key(&mut self, vault: &str) -> Result<String, Refusal> {
        let made = self.assertion(
            &["recovery", "begin-create", vault],
            &["recovery", "finish-create"],
        )?;
        contract::recovery(&made);
        Ok(made["recovery_key"].as_str().expect("a key").to_owned())
    }

    /// `password begin-set`, `finish-set`: the factor.
    pub fn set_password(&mut self, vault: &str, password: &str) -> Result<Value, Refusal> {
        let file = self.put("password", password.as_bytes());
        let set = self.assertion(
            &["password", "begin-set", vault],
            &["password", "finish-set", "--password-file", arg(&file)],
        )?;
        contract::enrolled(&set);
        Ok(set["factor"].clone())
    }

    /// `passkey begin-add`, `continue-add`, `finish-add`, the new passkey in another authenticator:
    /// CRED.
    pub fn add_passkey(
        &mut self,
        vault: &str,
        label: &str,
        other: &mut Authenticator,
    ) -> Result<Value, Refusal> {
        let begun = self
            .pkb
            .json(&["passkey", "begin-add", vault, "--label", label])?;
        contract::request(&begun);
        let answer = self.assert(&begun);
        let next = self.finish(&["passkey", "continue-add"], &begun, &answer)?;
        contract::creation(&next);
        let registration = other
            .register(&next.to_string(), &self.origin)
            .expect("a registration");
        let added = self.finish(&["passkey", "finish-add"], &next, &registration)?;
        contract::keys(&added, &["vault_id", "credential"]);
        contract::credential(&added["credential"]);
        Ok(added["credential"].clone())
    }

    /// `passkey begin-remove`, `finish-remove`: VAULT.
    pub fn remove_passkey(&mut self, vault: &str, credential: &str) -> Result<Value, Refusal> {
        let removed = self.assertion(
            &["passkey", "begin-remove", vault, credential],
            &["passkey", "finish-remove"],
        )?;
        contract::vault(&removed);
        Ok(removed)
    }

    /// `rotate begin`, `finish`, with these archives.
    pub fn rotate(&mut self, vault: &str, archives: &[&Path]) -> Result<Value, Refusal> {
        let mut finish = vec!["rotate", "finish"];
        for archive in archives {
            finish.extend(["--archive", arg(archive)]);
        }
        let rotated = self.assertion(&["rotate", "begin", vault], &finish)?;
        contract::rotated(&rotated);
        Ok(rotated)
    }

    /// `import begin`, `finish`: by a passkey.
    pub fn import(&mut self, archive: &Path) -> Result<Value, Refusal> {
        self.import_with(&["import", "begin", "--in", arg(archive)], true)
    }

    /// `import begin-recovery`, `finish`: by a recovery key and a new passkey.
    pub fn import_with_key(&mut self, archive: &Path, key: &str) -> Result<Value, Refusal> {
        let file = self.put("key", key.as_bytes());
        let begin = [
            "import",
            "begin-recovery",
            "--in",
            arg(archive),
            "--key-file",
            arg(&file),
        ];
        self.import_with(&begin, false)
    }

    /// `import begin-password`, `finish`: by a password and a new passkey.
    pub fn import_with_password(
        &mut self,
        archive: &Path,
        password: &str,
    ) -> Result<Value, Refusal> {
        let file = self.put("password", password.as_bytes());
        let begin = [
            "import",
            "begin-password",
            "--in",
            arg(archive),
            "--password-file",
            arg(&file),
        ];
        self.import_with(&begin, false)
    }

    /// An import that begins with this command.
    pub fn import_with(&mut self, begin: &[&str], asserts: bool) -> Result<Value, Refusal> {
        let begun = self.pkb.json(begin)?;
        contract::import_begun(&begun);
        let answer = if asserts {
            self.assert(&begun)
        } else {
            self.register(&begun)
        };
        let imported = self.finish(&["import", "finish"], &begun, &answer)?;
        contract::keys(&imported, &["vault", "factor_id"]);
        contract::vault(&imported["vault"]);
        Ok(imported)
    }
}
