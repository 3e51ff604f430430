// SPDX-License-Identifier: Apache-2.0

//! The story itself.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sealer_wire::ErrorCode;
use test_authenticator::Fault;

use super::device::{Device, as_uid};
use super::sample::Sample;
use super::user::User;
use super::{Teller, same};
use crate::Context;
use crate::failure::{Failure, Result};
use crate::output::text::hex;

/// How many steps a whole story has.
pub const STEPS: usize = 18;

/// Somebody else on this machine.
const OTHER_UID: u32 = 54_321;

/// The file of an archive from which on there is only body: a byte of the last segment is flipped.
const BODY_BYTE_FROM_END: u64 = 100;

struct Scene<'a> {
    folder: &'a Path,
    device: Device,
    user: User,
    vault: Vec<u8>,
    archive: PathBuf,
    restored: PathBuf,
}

/// Tells it. Where something fails that everything after it needs, the story ends early.
pub fn tell(
    context: &Context,
    folder: &Path,
    dir: Option<&Path>,
    teller: &mut Teller,
) -> Result<()> {
    let sample = Sample::find(dir)?;
    teller.say("A device with a NONSECURE sealer: the same checks as in a trusted application,");
    teller.say("with keys in plain files. This shows what is refused, not what is secure.");
    teller.say("");
    let Some(device) = teller.step("start_device", "A device is switched on.", "ok", || {
        Device::new(folder.join("device"))
    }) else {
        return Ok(());
    };
    let mut user = User::new(&context.interrupt);
    let title = "The user enrols a passkey: a vault is made.";
    let enrolled = teller.step("enrol", title, "ok", || user.enrol(&device, "demo"));
    let Some(vault) = enrolled else {
        return Ok(());
    };
    let title = "The passkey is to open archives on a new device too: two assertions agree.";
    teller.step("enrol_prf", title, "ok", || user.enrol_prf(&device, &vault));
    let title = "The user writes 64 digits down, for the day when no passkey is left.";
    let digits = teller.step("recovery_key", title, "ok", || {
        user.recovery_key(&device, &vault)
    });
    let mut scene = Scene {
        folder,
        device,
        user,
        vault,
        archive: folder.join("archive.pkb"),
        restored: folder.join("restored.tar"),
    };
    let original = folder.join("original.tar");
    let title = format!(
        "At night, with nobody present, a backup is made of {}.",
        sample.description()
    );
    let backed_up = teller.step("backup", &title, "ok", || {
        let Scene {
            device,
            vault,
            archive,
            ..
        } = &scene;
        scene
            .user
            .back_up(device, vault, &sample, &original, archive)
    });
    if backed_up.is_none() {
        return Ok(());
    }
    let title = "The user restores it, with a fresh ceremony.";
    let used = teller.step("restore", title, "ok", || scene.restore(&[]));
    let Some(used) = used else {
        return Ok(());
    };
    teller.step("compare", "Every byte is compared.", "ok", || {
        compare(&original, &scene.restored)
    });
    thief(context, &scene, teller);
    let title = "The assertion is sent once more.";
    teller.step("replayed_assertion", title, "CHALLENGE_UNKNOWN", || {
        scene.finish(&used)
    });
    let title = "The assertion is sent as the answer to a new ceremony.";
    teller.step(
        "replayed_in_new_ceremony",
        title,
        "CHALLENGE_MISMATCH",
        || {
            let replayed = scene
                .user
                .begin_with(&scene.device, &scene.archive, &used)?;
            scene.finish(&replayed)
        },
    );
    let title = "A passkey asks for a touch and not for its user.";
    teller.step("no_user_verification", title, "USER_NOT_VERIFIED", || {
        scene.restore(&[Fault::NoUserVerification])
    });
    tampering(&mut scene, teller);
    foreigner(&scene, teller);
    rollback(&mut scene, teller);
    scene.device.stop()?;
    lost(context, &mut scene, &original, digits.as_deref(), teller);
    Ok(())
}

/// The first device is gone. What is left is the archive, in the cloud, and the user.
fn lost(
    context: &Context,
    scene: &mut Scene<'_>,
    original: &Path,
    digits: Option<&Vec<u8>>,
    teller: &mut Teller,
) {
    let title = "The device is lost. On a second one, the synced passkey opens the archive.";
    teller.step("second_device_by_passkey", title, "ok", || {
        let device = prepared(Device::new(scene.folder.join("second")))?;
        let (archive, restored) = (&scene.archive, scene.folder.join("second.tar"));
        scene.user.import_by_passkey(&device, archive)?;
        scene.user.restore(&device, archive, &restored, &[])?;
        compare(original, &restored)
    });
    let Some(digits) = digits else {
        return;
    };
    let title = "Somebody with other digits tries the same.";
    teller.step("other_digits", title, "CANNOT_OPEN", || {
        let device = prepared(Device::new(scene.folder.join("guess")))?;
        let mut guesser = User::new(&context.interrupt);
        let vault = prepared(guesser.enrol(&device, "guesser"))?;
        let other = prepared(guesser.recovery_key(&device, &vault))?;
        guesser.import_by_digits(&device, &scene.archive, &other)
    });
    let title = "The passkey is lost as well. On a third one, the digits open the archive.";
    teller.step("third_device_by_digits", title, "ok", || {
        let device = prepared(Device::new(scene.folder.join("third")))?;
        let (archive, restored) = (&scene.archive, scene.folder.join("third.tar"));
        let mut user = User::new(&context.interrupt);
        user.import_by_digits(&device, archive, digits)?;
        user.restore(&device, archive, &restored, &[])?;
        compare(original, &restored)
    });
}

fn compare(original: &Path, restored: &Path) -> Result<()> {
    if same(original, restored)? {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Corrupt,
        "what came back is not what went in",
    ))
}

impl Scene<'_> {
    fn restore(&mut self, faults: &[Fault]) -> Result<super::user::Used> {
        let (archive, restored) = (&self.archive, &self.restored);
        self.user.restore(&self.device, archive, restored, faults)
    }

    fn finish(&self, with: &super::user::Used) -> Result<()> {
        let (archive, restored) = (&self.archive, &self.restored);
        self.user.finish(&self.device, archive, restored, with)
    }
}

/// On a device of their own, with a vault and a passkey of their own.
fn thief(context: &Context, scene: &Scene<'_>, teller: &mut Teller) {
    let title = "A thief has the archive, another device and another passkey.";
    teller.step("thief_with_archive", title, "NOT_FOUND", || {
        let device = prepared(Device::new(scene.folder.join("thief")))?;
        let mut thief = User::new(&context.interrupt);
        prepared(thief.enrol(&device, "thief"))?;
        thief.restore(&device, &scene.archive, &scene.folder.join("stolen"), &[])
    });
}

/// What only prepares a step must not pass for its outcome.
fn prepared<T>(outcome: Result<T>) -> Result<T> {
    outcome.map_err(|failure| {
        Failure::internal(format!(
            "cannot prepare: {}: {}",
            failure.0.name, failure.0.text
        ))
    })
}

fn tampering(scene: &mut Scene<'_>, teller: &mut Teller) {
    let title = "A byte of the archive's body is flipped.";
    teller.step("flipped_body_byte", title, "SEGMENT_TAMPERED", || {
        let length = prepared(length(&scene.archive))?;
        flipped(scene, length.saturating_sub(BODY_BYTE_FROM_END))
    });
    let title = "A byte of the archive's header is flipped.";
    teller.step("flipped_header_byte", title, "HEADER_TAMPERED", || {
        let end = prepared(header_end(&scene.archive))?;
        flipped(scene, end - 1)
    });
}

/// Tries to restore with one bit of the archive changed, and changes it back.
fn flipped(scene: &mut Scene<'_>, position: u64) -> Result<()> {
    prepared(flip(&scene.archive, position))?;
    let outcome = scene.restore(&[]);
    prepared(flip(&scene.archive, position))?;
    outcome.map(|_| ())
}

fn flip(path: &Path, position: u64) -> Result<()> {
    let failed = |e| Failure::io("cannot change", path, &e);
    let file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(failed)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, position).map_err(failed)?;
    file.write_all_at(&byte.map(|byte| byte ^ 1), position)
        .map_err(failed)
}

fn length(path: &Path) -> Result<u64> {
    path.metadata()
        .map(|about| about.len())
        .map_err(|e| Failure::io("cannot read", path, &e))
}

/// Where the header ends: "PKB1", then core and key part, each behind its length.
fn header_end(path: &Path) -> Result<u64> {
    let read = || -> io::Result<u64> {
        let mut file = File::open(path)?;
        let mut word = [0; 4];
        file.read_exact(&mut word)?;
        let mut end = 4;
        for _ in 0..2 {
            file.read_exact(&mut word)?;
            let part = u64::from(u32::from_be_bytes(word));
            io::copy(&mut (&file).take(part), &mut io::sink())?;
            end += 4 + part;
        }
        Ok(end)
    };
    read().map_err(|e| Failure::io("cannot read", path, &e))
}

/// A real process of another uid asks for the vault by its id.
fn foreigner(scene: &Scene<'_>, teller: &mut Teller) {
    let name = "foreign_uid";
    let title = format!("Uid {OTHER_UID} asks for the vault by its id.");
    if !nix::unistd::geteuid().is_root() {
        teller.skip(name, &title, "only root can start a process of another uid");
        return;
    }
    let socket = scene.device.socket();
    let why = match as_uid(OTHER_UID, &socket, &["info"]) {
        Ok(printed) => refusal(&printed).map(|(_, text)| text),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = why {
        let why = format!("no process of another uid reaches the service here: {why}");
        teller.skip(name, &title, &why);
        return;
    }
    teller.step(name, &title, "NOT_FOUND", || {
        let printed = as_uid(OTHER_UID, &socket, &["vault", "show", &hex(&scene.vault)])
            .map_err(|e| Failure::stream("cannot start a process", &e))?;
        match refusal(&printed) {
            Some((code, text)) => Err(Failure::new(code, text)),
            None => Ok(()),
        }
    });
}

/// The error in what another `pkb` printed.
fn refusal(printed: &[u8]) -> Option<(ErrorCode, String)> {
    let value: serde_json::Value = serde_json::from_slice(printed).ok()?;
    let error = value.get("error")?;
    let code = i32::try_from(error.get("code")?.as_i64()?).ok()?;
    let text = error.get("message")?.as_str()?.to_owned();
    Some((ErrorCode::from_code(code)?, text))
}

/// Somebody with the device in their hands puts yesterday's records of the sealer back.
fn rollback(scene: &mut Scene<'_>, teller: &mut Teller) {
    let title = "The sealer's records are put back to an older state.";
    teller.step("rolled_back_vault", title, "ROLLBACK", || {
        let saved = scene.folder.join("saved");
        prepared(scene.device.stop())?;
        prepared(scene.device.save_sealer(&saved))?;
        prepared(scene.device.start())?;
        prepared(scene.restore(&[]))?;
        prepared(scene.device.stop())?;
        prepared(scene.device.put_sealer_back(&saved))?;
        prepared(scene.device.start())?;
        scene.restore(&[])
    });
}
