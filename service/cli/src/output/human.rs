// SPDX-License-Identifier: Apache-2.0

//! Reports for people: what it is, aligned, and what to do next.

mod changes;

use std::fmt::Write;

use serde_json::value::RawValue;

use super::json::{
    Archive, Archives, Audit, AuditEntry, BackedUp, Begun, Credential, Factor, Info, Report,
    Restored, Survives, Vault, Verified,
};
use super::text::{printable, size};
use crate::failure::Failure;

const NONSECURE: &str = "NONSECURE: whoever controls this machine can read every key. \
                         For tests, not for backups that matter.";

/// Text of a report, lines all ended.
pub fn report(report: &Report) -> String {
    let mut page = Page::default();
    match report {
        Report::Info(info) => page.info(info),
        Report::Begun(begun) => page.begun(begun),
        Report::Vault(vault) => page.vault(vault),
        Report::Vaults { vaults } => page.vaults(vaults),
        Report::Deleted { vault_id } => {
            page.line(&format!(
                "Vault {vault_id} is deleted and its keys are erased."
            ));
            page.line("Its archives open with a portable factor only.");
        }
        Report::Credentials { credentials } => page.credentials(credentials),
        Report::CredentialAdded {
            vault_id,
            credential,
        } => {
            page.row("vault", vault_id);
            page.credential(credential);
            page.line("It opens archives on a new device after: pkb prf begin V");
        }
        Report::Enrolled(enrolled) => page.enrolled(enrolled),
        Report::RecoveryCreated(made) => page.recovery_created(made),
        Report::Imported(imported) => page.imported(imported),
        Report::Rotated(rotated) => page.rotated(rotated),
        Report::Rehearsed(rehearsed) => page.rehearsed(rehearsed),
        Report::Rebuilt(rebuilt) => page.rebuilt(rebuilt),
        Report::BackedUp(done) => page.backed_up(done),
        Report::Restored(restored) => page.restored(restored),
        Report::Verified(verified) => page.verified(verified),
        Report::Archives(archives) => page.archives(archives),
        Report::Forgotten { backup_id } => {
            page.line(&format!("Archive {backup_id} is out of the catalogue."));
            page.line("Its file stays what it is and can still be restored.");
        }
        Report::Audit(audit) => page.audit(audit),
        #[cfg(feature = "demo")]
        Report::Demo(story) => page.line(&story.epilogue()),
    }
    page.0
}

pub use changes::qr;

/// Text of a failure, lines all ended.
pub fn failure(failure: &Failure) -> String {
    let failure = &failure.0;
    let mut page = Page::default();
    page.line(&format!(
        "pkb: {}: {}",
        failure.name,
        printable(&failure.text)
    ));
    if let Some(hint) = &failure.hint {
        page.line(&format!("  hint: {}", printable(hint)));
    }
    if let Some(ms) = failure.retry_after_ms {
        page.line(&format!("  try again in {} s", ms.div_ceil(1000)));
    }
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A named value.
    fn row(&mut self, name: &str, value: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{name:<16}{}", printable(value));
    }

    fn info(&mut self, info: &Info) {
        self.row("service", &format!("passkeybackupd {}", info.version));
        self.row("interface", &format!("version {}", info.api_version));
        self.row("reached over", info.transport);
        match &info.sealer {
            None => self.row(
                "sealer",
                "does not answer: nothing can be sealed or opened now",
            ),
            Some(sealer) => {
                self.row("sealer", sealer.kind.unwrap_or("of an unknown kind"));
                if sealer.kind == Some("nonsecure") {
                    self.row("", NONSECURE);
                }
                self.row("revision", &sealer.revision);
                self.row("wire version", &sealer.wire_version.to_string());
                let protection = match sealer.storage_protection {
                    Some("none") => "none: files can be changed and put back",
                    Some("ree-fs") => {
                        "ree-fs: changes show, an older state that is put back does not"
                    }
                    Some("rpmb") => "rpmb: changes and older states show",
                    _ => "unknown",
                };
                self.row("storage", protection);
            }
        }
        let algorithms: Vec<String> = info.algorithms.iter().map(|alg| algorithm(*alg)).collect();
        self.row("algorithms", &algorithms.join(", "));
        let limits = &info.limits;
        self.row(
            "limits",
            &format!(
                "{} vaults, {} passkeys a vault, {} origins a vault",
                limits.vaults_per_owner, limits.credentials_per_vault, limits.origins_per_vault
            ),
        );
        self.row(
            "",
            &format!(
                "{} open ceremonies of {} s, {} operations at a time",
                limits.ceremonies_per_owner,
                limits.ceremony_lifetime_ms / 1000,
                limits.operations_per_owner
            ),
        );
        self.row(
            "",
            &format!("{} in an archive", size(limits.plaintext_bytes)),
        );
    }

    fn begun(&mut self, begun: &Begun) {
        self.row("ceremony", &begun.ceremony);
        self.row("expires at", or_unknown(begun.expires_at.as_deref()));
        if let Some(archive) = &begun.archive {
            self.line("");
            self.line("About this archive:");
            self.archive(archive);
        }
        if let Some(import) = &begun.import {
            self.import_begun(import);
        }
        self.line("");
        self.line("Give these options to a passkey client:");
        self.line("");
        self.line(&pretty(&begun.options));
        self.line("");
        self.line("Then hand its answer over, before the ceremony expires:");
        self.line("");
        self.line(&format!("  {}", printable(&begun.finish)));
    }

    fn vaults(&mut self, vaults: &[Vault]) {
        if vaults.is_empty() {
            self.line("No vaults. The first one is made with:");
            self.line("  pkb vault begin-create --rp-id ID --origin ORIGIN --user-name NAME");
        }
        for (index, vault) in vaults.iter().enumerate() {
            if index > 0 {
                self.line("");
            }
            self.vault(vault);
        }
    }

    fn vault(&mut self, vault: &Vault) {
        self.row("vault", &vault.vault_id);
        let state = match vault.state {
            Some("ok") => "ok",
            Some("reset") => {
                "RESET: the sealer has lost it; an import of one of its archives brings it back"
            }
            Some("rollback") => {
                "ROLLBACK: the sealer has an older state of it than was seen before"
            }
            Some("corrupt") => "CORRUPT: the sealer's record of it is damaged",
            _ => "unknown",
        };
        self.row("state", state);
        self.row("user", &vault.user_name);
        self.row("relying party", &vault.rp_id);
        for (index, origin) in vault.origins.iter().enumerate() {
            self.row(if index == 0 { "origins" } else { "" }, origin);
        }
        self.row("created at", or_unknown(vault.created_at.as_deref()));
        let mut epoch = vault.epoch.to_string();
        if !vault.retired_epochs.is_empty() {
            let retired: Vec<String> = vault.retired_epochs.iter().map(i64::to_string).collect();
            let _ = write!(epoch, " (retired: {})", retired.join(", "));
        }
        self.row("epoch", &epoch);
        if vault.require_biometric {
            self.row("biometric", "asked for besides user verification");
        }
        for credential in &vault.credentials {
            self.credential(credential);
        }
        for factor in &vault.factors {
            self.factor(factor);
        }
        self.survives(vault.survives.as_ref());
        for warning in &vault.warnings {
            self.row("WARNING", explained(warning));
        }
    }

    fn survives(&mut self, survives: Option<&Survives>) {
        let Some(survives) = survives else {
            self.row("would survive", "unknown");
            return;
        };
        let yes = |yes| if yes { "yes" } else { "NO" };
        self.row(
            "would survive",
            &format!(
                "loss of the phone: {}, deletion of the passkey: {}, both: {}",
                yes(survives.phone_lost),
                yes(survives.passkey_deleted),
                yes(survives.both)
            ),
        );
    }

    fn credentials(&mut self, credentials: &[Credential]) {
        if credentials.is_empty() {
            self.line("No passkeys are known.");
        }
        for (index, credential) in credentials.iter().enumerate() {
            if index > 0 {
                self.line("");
            }
            self.credential(credential);
        }
    }

    fn credential(&mut self, credential: &Credential) {
        self.row("passkey", &credential.credential_id);
        let mut about = algorithm(credential.alg);
        if !credential.label.is_empty() {
            about = format!("\"{}\", {about}", credential.label);
        }
        let synced = match (credential.backup_eligible, credential.backup_state) {
            (_, true) => "synced",
            (true, false) => "can be synced, is not",
            (false, false) => "bound to its authenticator",
        };
        let _ = write!(
            about,
            ", {synced}, attestation {}, PRF {}",
            credential.attestation.unwrap_or("unknown"),
            credential.prf.unwrap_or("unknown")
        );
        self.row("", &about);
        let last = credential.last_used_at.as_deref().unwrap_or("never");
        let created = or_unknown(credential.created_at.as_deref());
        self.row(
            "",
            &format!(
                "enrolled {created}, last used {last}, counter {}",
                credential.sign_count
            ),
        );
    }

    fn factor(&mut self, factor: &Factor) {
        self.row("factor", &factor.factor_id);
        let portable = if factor.portable {
            "opens archives on a new device"
        } else {
            "works on this device only"
        };
        let proved = factor.last_proved_at.as_deref().unwrap_or("never");
        let kind = factor.kind.unwrap_or("of an unknown kind");
        self.row("", &format!("{kind}, {portable}, last proved {proved}"));
    }

    fn archive(&mut self, archive: &Archive) {
        self.row("archive", &archive.backup_id);
        self.row(
            "vault",
            &format!("{}, epoch {}", archive.vault_id, archive.epoch),
        );
        self.row("made at", or_unknown(archive.created_at.as_deref()));
        self.row("holds", &size(archive.plaintext_bytes));
        self.row("file", &size(archive.archive_bytes));
        self.meta(archive.meta.as_deref());
        let state = match archive.state {
            Some("complete") => "complete",
            Some("unconfirmed") => "unconfirmed: nobody has said yet that the file is in place",
            _ => "unknown",
        };
        self.row("state", state);
    }

    fn meta(&mut self, meta: Option<&RawValue>) {
        if let Some(meta) = meta {
            self.row("metadata", meta.get());
        }
    }

    fn backed_up(&mut self, done: &BackedUp) {
        self.archive(&done.archive);
        self.line("");
        if done.archive.state == Some("unconfirmed") {
            self.line("Once the file is where it belongs, check it with:");
        } else {
            self.line("It is restored with:");
        }
        self.line(&format!("  {}", printable(&done.next)));
    }

    fn restored(&mut self, restored: &Restored) {
        self.row("archive", &restored.backup_id);
        self.row("vault", &restored.vault_id);
        self.row("restored", &size(restored.plaintext_bytes));
        self.meta(restored.meta.as_deref());
        self.line("Every byte was authenticated, and so was the end.");
    }

    fn verified(&mut self, verified: &Verified) {
        self.row("archive", &verified.backup_id);
        self.row(
            "vault",
            &format!("{}, epoch {}", verified.vault_id, verified.epoch),
        );
        let header = match verified.mac {
            Some("ok") => "authentic",
            Some("not_checkable") => "NOT CHECKED: its vault is not on this device",
            _ => "unknown",
        };
        self.row("header", header);
        let body = if verified.full {
            "every byte authenticated"
        } else {
            "structure and length are right; its bytes were not authenticated"
        };
        self.row("body", &format!("{} segments, {body}", verified.segments));
        if !verified.full && verified.mac == Some("ok") {
            self.line("");
            self.line("Every byte is checked with:");
            self.line("  pkb verify begin --in F");
        }
    }

    fn archives(&mut self, archives: &Archives) {
        if archives.archives.is_empty() {
            self.line("No archives are known.");
        }
        for (index, archive) in archives.archives.iter().enumerate() {
            if index > 0 {
                self.line("");
            }
            self.archive(archive);
        }
        self.next(archives.next_page.as_deref());
    }

    fn audit(&mut self, audit: &Audit) {
        if audit.verified == Some(true) {
            self.line("The whole log is as the sealer wrote it.");
        } else {
            self.line("The log was not verified; --verify does that.");
        }
        self.line("");
        for entry in &audit.entries {
            self.entry(entry);
        }
        self.next(audit.next_page.as_deref());
    }

    fn entry(&mut self, entry: &AuditEntry) {
        let mut line = format!(
            "{:>6}  {:<24}  {:<22}  {}",
            entry.seq,
            or_unknown(entry.time.as_deref()),
            entry.event.unwrap_or("of a later version"),
            entry.result.unwrap_or("an error of a later version"),
        );
        if entry.count > 1 {
            let _ = write!(line, " ({} times)", entry.count);
        }
        if let Some(id) = &entry.backup_id {
            let _ = write!(line, "  archive {id}");
        }
        if let Some(id) = &entry.credential_id {
            let _ = write!(line, "  passkey {id}");
        }
        self.line(&printable(&line));
    }

    fn next(&mut self, page: Option<&str>) {
        if let Some(page) = page {
            self.line("");
            self.line(&format!("There are more: --page {}", printable(page)));
        }
    }
}

fn or_unknown(value: Option<&str>) -> &str {
    value.unwrap_or("unknown")
}

fn algorithm(number: i32) -> String {
    let name = match number {
        -7 => "ES256",
        -8 => "EdDSA",
        -35 => "ES384",
        -36 => "ES512",
        -257 => "RS256",
        _ => return format!("algorithm {number}"),
    };
    name.to_owned()
}

fn explained(warning: &str) -> &str {
    match warning {
        "sealer_nonsecure" => NONSECURE,
        "no_rollback_protection" => "an older state of the sealer's storage can be put back unseen",
        "not_portable" => "NOT PORTABLE: if this device is lost, so are the backups",
        "password_guessable" => "whoever has an archive can guess the password offline",
        "retired_epochs_in_use" => "archives remain that only a retired epoch opens",
        "factor_never_proved" => "a portable factor was never tried since it was made",
        "factor_not_proved_lately" => {
            "a portable factor was not proved for 90 days: pkb rehearse begin --in F"
        }
        "sealer_unavailable" => "the sealer does not answer: this is what was last seen",
        other => other,
    }
}

fn pretty(options: &RawValue) -> String {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(options.get());
    parsed
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| options.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use passkeybackup_aidl::android::security::passkeybackup as aidl;

    #[test]
    fn a_nonsecure_sealer_is_named_loudly() {
        let info = aidl::ServiceInfo::ServiceInfo {
            sealer: Some(Default::default()),
            ..Default::default()
        };
        let info = Info::new(info, crate::connect::Transport::Rpc);
        assert!(report(&Report::Info(info)).contains("NONSECURE"));
        let vault = aidl::VaultInfo::VaultInfo {
            warnings: vec![aidl::VaultWarning::VaultWarning::SEALER_NONSECURE],
            ..Default::default()
        };
        let text = report(&Report::Vault(Box::new(vault.into())));
        assert!(text.contains("WARNING         NONSECURE"), "{text}");
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let mut expired = Failure::new(sealer_wire::ErrorCode::ChallengeExpired, "too\x1b late");
        expired.0.retry_after_ms = Some(1500);
        assert_eq!(
            failure(&expired),
            "pkb: CHALLENGE_EXPIRED: too\u{fffd} late\n  hint: begin again and answer sooner\n  \
             try again in 2 s\n"
        );
    }

    #[test]
    fn what_was_begun_says_how_to_finish_it() {
        let ceremony = aidl::Ceremony::Ceremony {
            token: vec![1; 16],
            optionsJson: "{}".into(),
            expiresAtMillis: 0,
        };
        let begun = Begun::new(ceremony, "pkb vault finish-create".into()).unwrap();
        assert!(report(&Report::Begun(Box::new(begun))).ends_with("  pkb vault finish-create\n"));
    }
}
