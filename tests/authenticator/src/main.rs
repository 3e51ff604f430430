// SPDX-License-Identifier: Apache-2.0

//! `pkb-authenticator`: the user's passkey between `pkb … begin` and `pkb … finish`.
//!
//! Reads options from stdin, bare or as `pkb … begin` prints them, and writes the response to
//! stdout. The store file keeps passkeys and settings between calls, private keys in clear.
//! Exit status: 0 done, 1 refused or failed, 2 usage.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use test_authenticator::{Algorithm, Attestation, Authenticator, Backup, Counter, Fault, Prf};

/// A software passkey for tests: options on stdin, response on stdout
#[derive(Parser)]
#[command(version, after_help = faults_help())]
struct Cli {
    /// The file with the passkeys; `register` makes it where it is missing
    #[arg(long)]
    store: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    command: Command,
}

/// Each stays as it is in the store file where it is not given
#[derive(Args)]
struct SettingsArgs {
    /// synced, eligible or device-bound
    #[arg(long)]
    backup: Option<Backup>,
    /// none or counting
    #[arg(long)]
    counter: Option<Counter>,
    /// When PRF outputs are given: none, assertion or creation
    #[arg(long)]
    prf: Option<Prf>,
    /// none or packed-self
    #[arg(long)]
    attestation: Option<Attestation>,
    /// any, es256 or eddsa
    #[arg(long)]
    algorithm: Option<Algorithm>,
    /// `androidPackageName` in the client data
    #[arg(long)]
    android_package: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a passkey
    Register(CeremonyArgs),
    /// Use a passkey
    Assert(CeremonyArgs),
}

#[derive(Args)]
struct CeremonyArgs {
    /// Where the request comes from: https://…, http://localhost:… or android:apk-key-hash:…
    #[arg(long)]
    origin: String,
    /// What is wrong with the response
    #[arg(long = "fault", value_name = "NAME[=VALUE]", num_args = 1..)]
    faults: Vec<Fault>,
}

fn faults_help() -> String {
    format!(
        "Faults (those with = take a value, or have one): {}",
        Fault::NAMES.join(", ")
    )
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pkb-authenticator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    let mut authenticator = match fs::read(&cli.store) {
        Ok(bytes) => Authenticator::import(&bytes)?,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && matches!(cli.command, Command::Register(_)) =>
        {
            Authenticator::new()
        }
        Err(error) => return Err(format!("{}: {error}", cli.store.display()).into()),
    };
    cli.settings.apply(&mut authenticator);

    let mut options = String::new();
    io::stdin().read_to_string(&mut options)?;
    let response = match &cli.command {
        Command::Register(with) => {
            authenticator.register_with(&options, &with.origin, &with.faults)?
        }
        Command::Assert(with) => authenticator.assert_with(&options, &with.origin, &with.faults)?,
    };

    replace(&cli.store, &authenticator.export()?)?;
    writeln!(io::stdout(), "{response}")?;
    Ok(())
}

impl SettingsArgs {
    fn apply(self, authenticator: &mut Authenticator) {
        let settings = authenticator.settings_mut();
        settings.backup = self.backup.unwrap_or(settings.backup);
        settings.counter = self.counter.unwrap_or(settings.counter);
        settings.prf = self.prf.unwrap_or(settings.prf);
        settings.attestation = self.attestation.unwrap_or(settings.attestation);
        settings.algorithm = self.algorithm.unwrap_or(settings.algorithm);
        if self.android_package.is_some() {
            settings.android_package = self.android_package;
        }
    }
}

/// Writes a file for its owner alone, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?
        .write_all(bytes)?;
    fs::rename(temporary, path)
}
