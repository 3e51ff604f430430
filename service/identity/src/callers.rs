// SPDX-License-Identifier: Apache-2.0

//! From a uid to a caller. The format of the file is in the documentation of the crate.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use sealer_wire::{ErrorCode, Owner, Result, limits};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::origin::{self, Origin};
use crate::{check_rp_id, check_uid, error, user_of};

/// Largest callers file.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Writable by everybody.
const OTHER_WRITE: u32 = 0o002;

/// Who may call, and who they are.
#[derive(Clone, Debug)]
pub struct Callers {
    /// `None`: anybody, as `uid:<n>`.
    listed: Option<BTreeMap<u32, Caller>>,
}

/// A caller that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    owner: Owner,
    /// Origins that it may list; `None`: any web origin on the relying party id, and no app.
    origins: Option<Vec<String>>,
}

impl Callers {
    /// Anybody may call; the package of uid n is `uid:<n>`, the signer is zeros.
    pub const fn anybody() -> Callers {
        Callers { listed: None }
    }

    /// Reads a callers file. Errors: `IO` if it cannot be read, `TOO_LARGE`, `PERMISSION_DENIED` if
    /// somebody else could have written it, `BAD_REQUEST` with line or field; all with the path.
    pub fn from_file(path: &Path) -> Result<Callers> {
        let shown = path.display();
        let io = |e: std::io::Error| {
            error(
                ErrorCode::Io,
                format!("cannot read the callers file {shown}: {e}"),
            )
        };
        // Not to wait for a writer where the name is a pipe's.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(path)
            .map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if !about.is_file() {
            return Err(error(
                ErrorCode::Io,
                format!("the callers file {shown} is not a regular file"),
            ));
        }
        let ours = about.uid() == 0 || about.uid() == geteuid().as_raw();
        if !ours || about.mode() & OTHER_WRITE != 0 {
            return Err(error(
                ErrorCode::PermissionDenied,
                format!("the callers file {shown} can be written by others than its owner"),
            ));
        }
        let mut text = Vec::new();
        file.take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(io)?;
        Callers::parse(&text)
            .map_err(|e| error(e.code, format!("the callers file {shown}: {}", e.detail)))
    }

    /// Parses the text of a callers file. Errors: `TOO_LARGE`, `BAD_REQUEST` with line or field.
    pub fn parse(text: &[u8]) -> Result<Callers> {
        let bad = |why: String| error(ErrorCode::BadRequest, why);
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(error(ErrorCode::TooLarge, "it has more than 1 MiB"));
        }
        let text = std::str::from_utf8(text).map_err(|e| bad(format!("it is not UTF-8: {e}")))?;
        let file: File =
            serde_json::from_str(text).map_err(|e| bad(format!("it is malformed: {e}")))?;
        if file.version != 1 {
            return Err(bad(format!(
                "version is {}, this service knows 1",
                file.version
            )));
        }
        let mut listed = BTreeMap::new();
        for (index, entry) in file.callers.into_iter().enumerate() {
            let uid = entry.uid;
            let caller = entry
                .check()
                .map_err(|why| bad(format!("callers[{index}].{why}")))?;
            if listed.insert(uid, caller).is_some() {
                return Err(bad(format!(
                    "callers[{index}].uid: {uid} is there a second time"
                )));
            }
        }
        Ok(Callers {
            listed: Some(listed),
        })
    }

    /// The caller with this uid. Errors: `PERMISSION_DENIED`.
    pub fn identify(&self, uid: u32) -> Result<Caller> {
        check_uid(uid)?;
        let Some(listed) = &self.listed else {
            return Ok(Caller {
                owner: Owner {
                    user: user_of(uid),
                    uid,
                    package: format!("uid:{uid}"),
                    signer: [0; 32],
                },
                origins: None,
            });
        };
        listed.get(&uid).cloned().ok_or_else(|| {
            error(
                ErrorCode::PermissionDenied,
                format!("uid {uid} is not in the callers file"),
            )
        })
    }

    /// Whether this owner is still who calls from its uid. What belongs to one that is not must be
    /// erased before the service serves anybody, so that nobody inherits it.
    pub fn is_current(&self, owner: &Owner) -> bool {
        self.identify(owner.uid)
            .is_ok_and(|caller| caller.owner == *owner)
    }
}

impl Caller {
    /// A caller that a package manager knows, and the origins that it may list besides that of its
    /// own signing certificate. Errors: `PERMISSION_DENIED` for a uid that owns nothing,
    /// `BAD_REQUEST` for the rest.
    pub fn new(
        uid: u32,
        package: String,
        signer: [u8; 32],
        origins: Vec<String>,
    ) -> Result<Caller> {
        check_uid(uid)?;
        let entry = Entry {
            uid,
            package,
            signer: Signer(signer),
            origins,
        };
        entry
            .check()
            .map_err(|why| error(ErrorCode::BadRequest, why))
    }

    /// Who it is.
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Checks a relying party id and the origins that this caller wants to list with it. Errors:
    /// `BAD_REQUEST` if one is malformed, elsewhere, there twice or not this caller's to list, and
    /// if there is none; `TOO_LARGE` for too many or one too long.
    pub fn check_origins(&self, rp_id: &str, origins: &[String]) -> Result<()> {
        check_rp_id(rp_id)?;
        if origins.is_empty() {
            return Err(error(ErrorCode::BadRequest, "no origin is given"));
        }
        if origins.len() > limits::ORIGINS {
            return Err(error(
                ErrorCode::TooLarge,
                format!("more than {} origins", limits::ORIGINS),
            ));
        }
        for (index, text) in origins.iter().enumerate() {
            let parsed = origin::parse(text)?;
            let why = if origins.iter().take(index).any(|earlier| earlier == text) {
                "is there twice"
            } else if !origin::is_on(parsed, rp_id) {
                "is not on the relying party id"
            } else if !self.may_list(text, parsed) {
                "may not be listed by this caller"
            } else {
                continue;
            };
            return Err(error(
                ErrorCode::BadRequest,
                format!("the origin {text} {why}"),
            ));
        }
        Ok(())
    }

    fn may_list(&self, text: &str, parsed: Origin<'_>) -> bool {
        match (&self.origins, parsed) {
            (None, Origin::App(_)) => false,
            (None, _) => true,
            (Some(_), Origin::App(hash)) if hash == self.owner.signer => true,
            (Some(origins), _) => origins.iter().any(|listed| listed == text),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    callers: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    uid: u32,
    package: String,
    signer: Signer,
    origins: Vec<String>,
}

impl Entry {
    /// The caller, or the field that is wrong and why.
    fn check(self) -> std::result::Result<Caller, String> {
        check_uid(self.uid).map_err(|e| format!("uid: {}", e.detail))?;
        if !is_package(&self.package) {
            return Err("package: not a package name".into());
        }
        for (index, text) in self.origins.iter().enumerate() {
            origin::parse(text).map_err(|e| format!("origins[{index}]: {}", e.detail))?;
            if self
                .origins
                .iter()
                .take(index)
                .any(|earlier| earlier == text)
            {
                return Err(format!("origins[{index}]: there twice"));
            }
        }
        Ok(Caller {
            owner: Owner {
                user: user_of(self.uid),
                uid: self.uid,
                package: self.package,
                signer: self.signer.0,
            },
            origins: Some(self.origins),
        })
    }
}

/// Letters, digits and `_` in labels that begin with a letter, joined by dots. Without a colon, so
/// that it is never the `uid:<n>` of a caller without a package.
fn is_package(name: &str) -> bool {
    let label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphabetic())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    name.len() <= limits::PACKAGE && name.split('.').all(label)
}

struct Signer([u8; 32]);

impl<'de> Deserialize<'de> for Signer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        from_hex(&text)
            .map(Signer)
            .ok_or_else(|| D::Error::custom("signer: not 64 hexadecimal digits"))
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16)?;
            *byte = (*byte << 4) | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}
