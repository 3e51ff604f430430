// SPDX-License-Identifier: Apache-2.0

//! `pkb`, the command line client of the backup service: a binder client with no power of its own.
//!
//! What a command does, in this order: its arguments make sense ([`args`]), the files it names can
//! be used ([`files`]), the service is there ([`connect`]), the call is made and long work waited
//! for ([`operation`]), the file gets its name, the outcome is printed ([`output`]). An answer of a
//! passkey client is sent only when everything else is in order, because the service takes it once.
//!
//! Standard output has the result and nothing else; with `--json` that is exactly one object, also
//! for an error. Everything for the eye only goes to standard error. Exit status: 0 done, 1 refused
//! or failed, 2 usage.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        // `println!` and its like panic where nothing can be written.
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod args;
mod commands;
mod connect;
#[cfg(feature = "demo")]
mod demo;
mod failure;
mod files;
mod interrupt;
mod operation;
mod output;
mod socket;

use std::env;
use std::ffi::OsString;
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use failure::Failure;
use interrupt::Interrupt;

/// What all commands share.
struct Context {
    /// Where the service's socket is; `None` for kernel binder.
    socket: Option<PathBuf>,
    /// Whether standard output belongs to one object.
    #[cfg(feature = "demo")]
    json: bool,
    interrupt: Interrupt,
}

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    #[cfg(feature = "demo")]
    if let Some(code) = demo::device::main(&arguments) {
        return code;
    }
    let json = args::wants_json(&arguments);
    let interrupt = Interrupt::default();
    quiet_panics(&interrupt, json);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error, json),
    };
    match execute(&cli, interrupt) {
        Ok(code) => code,
        Err(failure) => output::failure(&failure, cli.json),
    }
}

/// A defect is an error like others: its place is told and no message, which may have been made of
/// anything, and there is no abort, for which Android writes a tombstone with the user's secrets.
/// Nor does it leave behind what a signal would not.
fn quiet_panics(interrupt: &Interrupt, json: bool) {
    let interrupt = interrupt.clone();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let failure = Failure::internal(format!("a defect of pkb at {place}"));
        interrupt.end(|| {
            output::failure(&failure, json);
            failure.exit_status()
        })
    }));
}

fn execute(cli: &Cli, interrupt: Interrupt) -> Result<ExitCode, Failure> {
    cli.check()?;
    let json = cli.json;
    interrupt.install(move || {
        output::failure(&Failure::cancelled(), json);
    })?;
    let context = Context {
        socket: cli.socket(),
        #[cfg(feature = "demo")]
        json,
        interrupt,
    };
    let outcome = commands::run(&context, &cli.command);
    context.interrupt.close();
    Ok(output::report(&outcome?, json, cli.command.takes_stdout()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// Set in a process that is to panic, to a folder for what it makes.
    const PANICS: &str = "PKB_TEST_PANICS";

    #[test]
    fn a_defect_is_an_error_without_a_secret() {
        if let Some(folder) = env::var_os(PANICS) {
            panics(PathBuf::from(folder));
        }
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args(["a_defect_is_an_error_without_a_secret", "--nocapture"])
            .env(PANICS, folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("INTERNAL"), "{said}");
        assert!(
            said.contains("a defect of pkb at service/cli/src/lib.rs"),
            "{said}"
        );
        assert!(!said.contains("a secret"), "{said}");
        assert!(!said.contains("cannot remove"), "{said}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(folder.path().join("result").is_file());
    }

    /// Panics with a temporary file, as of a restore, and a folder, as of the demonstration.
    fn panics(folder: PathBuf) {
        let interrupt = Interrupt::default();
        quiet_panics(&interrupt, true);
        // It has its own name already.
        fs::write(folder.join("result"), "kept").unwrap();
        let file = folder.join(".pkb-0.tmp");
        interrupt.remember(&file);
        fs::write(file, "decrypted").unwrap();
        let demo = folder.join("demo");
        interrupt.remember(&demo);
        fs::create_dir(&demo).unwrap();
        fs::write(demo.join("socket"), "").unwrap();
        panic!("a secret");
    }
}
