// SPDX-License-Identifier: Apache-2.0

//! The command line.

mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sealer_wire::{Id, limits};

use crate::failure::{Failure, Result};
pub use values::{CredentialId, Meta, Place};
use values::{parse_credential, parse_id};

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
    /// Let a passkey open archives on a new device, by its PRF extension
    #[command(subcommand)]
    Prf(Prf),
    /// 64 digits that open archives on a new device
    #[command(subcommand)]
    Recovery(Recovery),
    /// A password that opens archives on a new device
    #[command(subcommand)]
    Password(Password),
    /// Make an archive; needs no ceremony
    Backup(Backup),
    /// Get back what an archive holds
    #[command(subcommand)]
    Restore(Restore),
    /// Check an archive: its structure with `verify F`, every byte with begin and finish
    Verify(Verify),
    /// The archives of a vault that the catalogue knows, newest first
    Archives(Archives),
    /// Bring a vault to this device, from nothing but one of its archives and its user
    #[command(subcommand)]
    Import(Import),
    /// Give a vault new keys
    #[command(subcommand)]
    Rotate(Rotate),
    /// Keys that only older archives need
    #[command(subcommand)]
    Epoch(Epoch),
    /// Write an archive anew under the factors of today, or forget it
    #[command(subcommand)]
    Archive(Archive),
    /// Prove that a passkey would open an archive on a new device
    #[command(subcommand)]
    Rehearse(Rehearse),
    /// What the service knows of archives
    #[command(subcommand)]
    Catalogue(Catalogue),
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
    /// Begin the assertion, by an enrolled passkey, that lets another one in
    BeginAdd {
        #[command(flatten)]
        of: OfVault,
        /// A name for the new passkey
        #[arg(long, value_name = "NAME", default_value = "")]
        label: String,
    },
    /// Begin the registration of the new passkey; takes the assertion
    ContinueAdd(Finish),
    /// Add the new passkey; takes the registration
    FinishAdd(Finish),
    /// Begin the assertion that removes a passkey and rotates
    BeginRemove {
        #[command(flatten)]
        of: OfVault,
        /// Credential id of the passkey that is to go
        // One in 64 begins with a hyphen.
        #[arg(value_name = "CRED", value_parser = parse_credential, allow_hyphen_values = true)]
        credential: CredentialId,
        /// It may be the last factor that opens archives on a new device
        #[arg(long)]
        allow_last_portable: bool,
    },
    /// Remove the passkey; takes the assertion
    FinishRemove(Finish),
}

/// The PRF extension of a passkey.
#[derive(Debug, Subcommand)]
pub enum Prf {
    /// Begin the first of two assertions
    Begin(OfVault),
    /// Begin the second; takes the first
    Confirm(Finish),
    /// Enrol the passkey; takes the second
    Finish(Finish),
}

/// The recovery key.
#[derive(Debug, Subcommand)]
pub enum Recovery {
    /// Begin the assertion that makes a recovery key, or replaces it
    BeginCreate(OfVault),
    /// Make the recovery key and show it, this once; takes the assertion
    FinishCreate {
        #[command(flatten)]
        finish: Finish,
        /// Show it as a QR code too; with --json on standard error
        #[arg(long)]
        qr: bool,
    },
}

/// The password.
#[derive(Debug, Subcommand)]
pub enum Password {
    /// Begin the assertion that sets a password, or replaces it
    BeginSet(OfVault),
    /// Set the password; takes the assertion
    FinishSet {
        #[command(flatten)]
        finish: Finish,
        #[command(flatten)]
        password: PasswordFile,
    },
}

/// A password in a file.
#[derive(Debug, Args)]
pub struct PasswordFile {
    /// The password: the file's content up to the end of its first line; - for standard input
    #[arg(long = "password-file", value_name = "F")]
    pub file: Place,
}

/// A recovery key in a file.
#[derive(Debug, Args)]
pub struct KeyFile {
    /// The recovery key: 64 digits, with or without hyphens, spaces and line breaks; - for standard
    /// input
    #[arg(long = "key-file", value_name = "K")]
    pub file: Place,
}

/// An import.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Begin the assertion by a passkey that opens the archive
    Begin(Imported),
    /// Begin the registration of a new passkey beside the recovery key
    BeginRecovery {
        #[command(flatten)]
        imported: Imported,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Begin the registration of a new passkey beside the password
    BeginPassword {
        #[command(flatten)]
        imported: Imported,
        #[command(flatten)]
        password: PasswordFile,
    },
    /// Import the vault; takes the assertion or registration
    Finish(Finish),
}

/// What is imported.
#[derive(Debug, Args)]
pub struct Imported {
    #[command(flatten)]
    pub of: OfArchive,
    /// The archive may come from a stronger kind of sealer than this device has
    #[arg(long)]
    pub allow_weaker_sealer: bool,
}

/// A rotation.
#[derive(Debug, Subcommand)]
pub enum Rotate {
    /// Begin the assertion that rotates a vault
    Begin(OfVault),
    /// Rotate the vault and write archives anew; takes the assertion
    Finish {
        #[command(flatten)]
        finish: Finish,
        /// Archive that gets the new keys at once, in place; may be repeated
        #[arg(long = "archive", value_name = "F", num_args = 1..)]
        archives: Vec<PathBuf>,
    },
}

/// Retired epochs.
#[derive(Debug, Subcommand)]
pub enum Epoch {
    /// Begin the assertion that ends a retired epoch for good
    BeginEnd {
        #[command(flatten)]
        of: OfVault,
        /// Number of the epoch
        #[arg(value_name = "E", value_parser = clap::value_parser!(i64).range(1..))]
        epoch: i64,
    },
    /// End the epoch; takes the assertion
    FinishEnd(Finish),
}

/// A rehearsal.
#[derive(Debug, Subcommand)]
pub enum Rehearse {
    /// Begin the assertion by a passkey that is to open the archive
    Begin(OfArchive),
    /// Begin the assertion beside the recovery key that is to open it
    BeginRecovery {
        #[command(flatten)]
        of: OfArchive,
        #[command(flatten)]
        key: KeyFile,
    },
    /// Begin the assertion beside the password that is to open it
    BeginPassword {
        #[command(flatten)]
        of: OfArchive,
        #[command(flatten)]
        password: PasswordFile,
    },
    /// Open the archive's header as a new device would, and forget it; takes the assertion
    Finish(Finish),
}

/// The catalogue.
#[derive(Debug, Subcommand)]
pub enum Catalogue {
    /// Enter the archives of a folder that the catalogue does not have
    Rebuild {
        /// The folder; those in it are not looked into
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
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

/// One archive.
#[derive(Debug, Subcommand)]
pub enum Archive {
    /// Write an archive anew in place: same content, keys and factors of today
    Refresh {
        /// The archive
        #[arg(value_name = "F")]
        archive: PathBuf,
    },
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
            return Err(Failure::usage("two things want standard input")
                .with_hint("name a file for one of them, such as --response FILE"));
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
            Command::Password(Password::FinishSet { finish, password }) => {
                vec![&finish.response, &password.file]
            }
            Command::Import(Import::BeginRecovery { imported, key }) => {
                vec![&imported.of.archive, &key.file]
            }
            Command::Rehearse(Rehearse::BeginRecovery { of, key }) => {
                vec![&of.archive, &key.file]
            }
            Command::Rehearse(Rehearse::BeginPassword { of, password }) => {
                vec![&of.archive, &password.file]
            }
            Command::Import(Import::BeginPassword { imported, password }) => {
                vec![&imported.of.archive, &password.file]
            }
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
