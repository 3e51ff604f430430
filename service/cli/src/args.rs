// SPDX-License-Identifier: Apache-2.0

//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use sealer_wire::{Id, limits};
use serde_json::value::RawValue;

use crate::failure::{Failure, Result};

/// Backups that only a passkey opens.
///
/// Ceremonies are two steps. "begin" prints options for a passkey client; "finish" takes the
/// client's answer, RegistrationResponseJSON or AuthenticationResponseJSON, from standard input or
/// --response FILE. A folder is backed up with: tar c DIR | pkb backup V --in - --out F
#[derive(Debug, Parser)]
#[command(name = "pkb", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Print exactly one JSON object on standard output, also for an error
    #[arg(long, global = true)]
    pub json: bool,
    /// The service's socket; without it the service is found over kernel binder
    #[arg(long, global = true, value_name = "PATH", env = "PKB_SOCKET")]
    socket: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What the service and its sealer are
    Info,
    /// Create, show and delete vaults
    #[command(subcommand)]
    Vault(Vault),
    /// Replace the origins that ceremonies of a vault may come from
    #[command(subcommand)]
    Origin(Origin),
    /// Passkeys of a vault
    #[command(subcommand)]
    Passkey(Passkey),
    /// Make an archive; needs no ceremony
    Backup(Backup),
    /// Get back what an archive holds
    #[command(subcommand)]
    Restore(Restore),
    /// Check an archive: its structure with `verify F`, every byte with begin and finish
    Verify(Verify),
    /// The archives of a vault that the catalogue knows, newest first
    Archives(Archives),
    /// Entries of the catalogue
    #[command(subcommand)]
    Archive(Archive),
    /// The audit log of a vault, newest first
    Audit(Audit),
    /// Show on this machine, with nothing running, what the service does and what it refuses
    #[cfg(feature = "demo")]
    Demo(Demo),
}

/// Vaults.
#[derive(Debug, Subcommand)]
pub enum Vault {
    /// Begin the registration that creates a vault with its first passkey
    BeginCreate {
        /// WebAuthn relying party id: a domain name
        #[arg(long, value_name = "ID")]
        rp_id: String,
        /// Origin that ceremonies may come from; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN", required = true, num_args = 1..)]
        origins: Vec<String>,
        /// The name that passkey clients show
        #[arg(long, value_name = "NAME")]
        user_name: String,
        /// Ask for a fresh biometric proof besides user verification
        #[arg(long)]
        require_biometric: bool,
    },
    /// Create the vault; takes the registration
    FinishCreate(Finish),
    /// Show a vault
    Show(OfVault),
    /// Show all vaults
    List,
    /// Begin the assertion that deletes a vault
    BeginDelete(OfVault),
    /// Delete the vault; takes the assertion
    FinishDelete(Finish),
}

/// Origins.
#[derive(Debug, Subcommand)]
pub enum Origin {
    /// Begin the assertion that replaces the origins of a vault
    BeginSet {
        #[command(flatten)]
        of: OfVault,
        /// Every origin that is to be allowed; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN", required = true, num_args = 1..)]
        origins: Vec<String>,
    },
    /// Replace the origins; takes the assertion
    FinishSet(Finish),
}

/// Passkeys.
#[derive(Debug, Subcommand)]
pub enum Passkey {
    /// The passkeys of a vault, oldest first
    List(OfVault),
}

/// A backup.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub of: OfVault,
    /// What to back up; - for standard input
    #[arg(long = "in", value_name = "F|-")]
    pub input: Place,
    /// The archive; - for standard output
    #[arg(long = "out", value_name = "F|-")]
    pub output: Place,
    /// The app's own metadata; it is readable in the archive
    #[arg(long, value_name = "JSON")]
    pub meta: Option<Meta>,
    /// Replace the archive if there is a file of that name
    #[arg(long)]
    pub force: bool,
}

/// A restore.
#[derive(Debug, Subcommand)]
pub enum Restore {
    /// Begin the assertion that opens one archive
    Begin(OfArchive),
    /// Restore the archive; takes the assertion
    Finish {
        #[command(flatten)]
        finish: Finish,
        #[command(flatten)]
        of: OfArchive,
        /// Where to; - for standard output, where the exit status decides
        #[arg(long = "out", value_name = "F|-")]
        output: Place,
        /// Replace the file if there is one of that name
        #[arg(long)]
        force: bool,
    },
}

/// A verification.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Verify {
    /// The archive; one whose name is begin or finish as ./begin or ./finish
    #[arg(value_name = "F", required = true)]
    pub archive: Option<Place>,
    /// Every byte instead
    #[command(subcommand)]
    pub ceremony: Option<FullVerify>,
}

/// A verification of every byte.
#[derive(Debug, Subcommand)]
pub enum FullVerify {
    /// Begin the assertion that opens one archive to authenticate every byte
    Begin(OfArchive),
    /// Verify every byte; takes the assertion
    Finish {
        #[command(flatten)]
        finish: Finish,
        #[command(flatten)]
        of: OfArchive,
    },
}

/// A page of archives.
#[derive(Debug, Args)]
pub struct Archives {
    #[command(flatten)]
    pub of: OfVault,
    #[command(flatten)]
    pub page: Page,
}

/// Entries of the catalogue.
#[derive(Debug, Subcommand)]
pub enum Archive {
    /// Remove an archive from the catalogue; the file stays
    Forget {
        /// Id of the archive
        #[arg(value_name = "ID", value_parser = parse_id)]
        id: Id,
    },
}

/// An audit log.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    pub of: OfVault,
    #[command(flatten)]
    pub page: Page,
    /// Let the sealer verify the whole log
    #[arg(long)]
    pub verify: bool,
}

/// The demonstration.
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct Demo {
    /// What to back up; without it some real folder of this machine
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// A command about one vault.
#[derive(Debug, Args)]
pub struct OfVault {
    /// Id of the vault
    #[arg(value_name = "V", value_parser = parse_id)]
    pub vault: Id,
}

/// A command about one archive.
#[derive(Debug, Args)]
pub struct OfArchive {
    /// The archive
    #[arg(long = "in", value_name = "F")]
    pub archive: Place,
}

/// The second step of a ceremony.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Finish {
    /// The ceremony that was begun
    #[arg(long, value_name = "T", value_parser = parse_id)]
    pub ceremony: Id,
    /// The passkey client's answer; without it standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub response: Place,
}

/// Part of a list.
#[derive(Debug, Args)]
pub struct Page {
    /// Most entries to show; as many as the service allows if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub limit: Option<i32>,
    /// What the page before printed as its next
    #[arg(long, value_name = "P")]
    pub page: Option<String>,
}

/// A file, or a standard stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard input or output.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// The name of the file, `-` for a standard stream.
    pub fn path(&self) -> &Path {
        match self {
            Place::Standard => Path::new("-"),
            Place::File(path) => path,
        }
    }
}

impl From<OsString> for Place {
    fn from(text: OsString) -> Place {
        if text == OsStr::new("-") {
            Place::Standard
        } else {
            Place::File(text.into())
        }
    }
}

/// The app's own metadata: JSON.
#[derive(Clone, Debug)]
pub struct Meta(pub Box<RawValue>);

impl FromStr for Meta {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> std::result::Result<Meta, serde_json::Error> {
        serde_json::from_str(text).map(Meta)
    }
}

fn parse_id(text: &str) -> std::result::Result<Id, &'static str> {
    const WRONG: &str = "not an id: 32 hexadecimal digits";
    let digits = text.as_bytes();
    let mut id = Id::default();
    if digits.len() != 2 * id.len() {
        return Err(WRONG);
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16).ok_or(WRONG)?;
            *byte = (*byte << 4) | u8::try_from(value).map_err(|_| WRONG)?;
        }
    }
    Ok(id)
}

/// Whether `--json` is there, for errors in what else is.
pub fn wants_json(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

impl Cli {
    /// Where the service is; an empty name is none.
    pub fn socket(&self) -> Option<PathBuf> {
        self.socket
            .clone()
            .filter(|path| !path.as_os_str().is_empty())
    }

    /// What clap cannot check.
    pub fn check(&self) -> Result<()> {
        if self.json && self.command.takes_stdout() {
            return Err(Failure::usage(
                "--json and --out - both want standard output",
            ));
        }
        if self.command.uses_of_stdin() > 1 {
            return Err(
                Failure::usage("the archive and the response both want standard input")
                    .with_hint("give the response with --response FILE"),
            );
        }
        if let Command::Backup(Backup {
            meta: Some(meta), ..
        }) = &self.command
            && meta.0.get().len() > limits::META
        {
            let text = format!("--meta has more than {} bytes", limits::META);
            return Err(Failure::new(sealer_wire::ErrorCode::TooLarge, text));
        }
        Ok(())
    }
}

impl Command {
    /// Whether standard output gets data, and so nothing else.
    pub fn takes_stdout(&self) -> bool {
        matches!(
            self,
            Command::Backup(Backup {
                output: Place::Standard,
                ..
            }) | Command::Restore(Restore::Finish {
                output: Place::Standard,
                ..
            })
        )
    }

    fn uses_of_stdin(&self) -> usize {
        let places = match self {
            Command::Restore(Restore::Finish { finish, of, .. })
            | Command::Verify(Verify {
                ceremony: Some(FullVerify::Finish { finish, of }),
                ..
            }) => vec![&finish.response, &of.archive],
            _ => Vec::new(),
        };
        places
            .into_iter()
            .filter(|place| **place == Place::Standard)
            .count()
    }
}

#[cfg(test)]
mod tests;
