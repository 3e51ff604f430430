// SPDX-License-Identifier: Apache-2.0

//! What was done to a vault, for people.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use super::{Page, or_unknown};
use crate::output::json::{
    Enrolled, ImportBegun, Imported, Rebuilt, RecoveryCreated, Rehearsed, Rotated,
};

/// Archives of before a rotation: what it cannot change, said wherever one happens.
const OLD_COPIES: &str =
    "Copies of archives made before stay readable to whoever holds such a copy and the old secret.";

impl Page {
    pub fn enrolled(&mut self, enrolled: &Enrolled) {
        self.row("vault", &enrolled.vault_id);
        self.factor(&enrolled.factor);
        self.line("");
        self.line("Archives made from now on open with it on a new device.");
        self.line("Older ones do after: pkb archive refresh F");
    }

    pub fn recovery_created(&mut self, made: &RecoveryCreated) {
        self.row("vault", &made.vault_id);
        self.factor(&made.factor);
        self.line("");
        self.line("The recovery key, shown this once and kept nowhere:");
        self.line("");
        let mut groups = made.recovery_key.split('-');
        for number in [1, 5] {
            let four: Vec<&str> = groups.by_ref().take(4).collect();
            self.line(&format!("  {number}  {}", four.join(" - ")));
        }
        self.line("");
        if made.qr {
            self.line(&qr(&made.recovery_key));
            self.line("");
        }
        self.line("Write it down and keep it away from this device. Whoever has it and an archive");
        self.line("can read the archive. The last digit of each group finds slips of the pen.");
        self.line("If it took the place of another one, the vault was rotated:");
        self.line(OLD_COPIES);
    }

    pub fn import_begun(&mut self, begun: &ImportBegun) {
        self.line("");
        self.line("The archive says of itself, and nobody can know yet whether it is true:");
        self.row("vault", &begun.vault_id);
        self.row("relying party", &begun.rp_id);
        self.row("made at", or_unknown(begun.created_at.as_deref()));
        self.row("epoch", &begun.epoch.to_string());
        let factors: Vec<&str> = begun
            .factors
            .iter()
            .map(|kind| kind.unwrap_or("unknown"))
            .collect();
        self.row("opens with", &factors.join(", "));
        self.line("Is it your newest archive? An older one brings the factors of its day back.");
    }

    pub fn imported(&mut self, imported: &Imported) {
        self.line("The vault is on this device now, with new keys for new backups.");
        self.row("opened by", &imported.factor_id);
        self.line("");
        self.vault(&imported.vault);
    }

    pub fn rotated(&mut self, rotated: &Rotated) {
        self.row("vault", &rotated.vault_id);
        self.row("epoch", &rotated.epoch.to_string());
        for id in &rotated.rewrapped {
            self.row("new keys", id);
        }
        for id in &rotated.pending {
            self.row("old keys", id);
        }
        if !rotated.pending.is_empty() {
            self.line("");
            self.line("Give the archives with old keys the new ones, before their epoch is ended:");
            self.line("  pkb archive refresh F");
        }
        self.line(OLD_COPIES);
    }

    pub fn rehearsed(&mut self, rehearsed: &Rehearsed) {
        self.row("archive", &rehearsed.backup_id);
        self.row("factor", &rehearsed.factor_id);
        self.line("This factor would open this archive on a new device.");
    }

    pub fn rebuilt(&mut self, rebuilt: &Rebuilt) {
        self.row("added", &rebuilt.added.to_string());
        self.row("known", &rebuilt.known.to_string());
        for refused in &rebuilt.refused {
            self.row("refused", &format!("{}: {}", refused.path, refused.message));
        }
    }
}

/// A QR code of the recovery key, in characters. Capital letters and digits make it small.
pub fn qr(key: &str) -> String {
    match QrCode::with_error_correction_level(key.to_ascii_uppercase(), EcLevel::M) {
        Ok(code) => code
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build(),
        // 71 characters fit; should that change, the digits are there.
        Err(_) => "(no QR code could be made)".to_owned(),
    }
}
