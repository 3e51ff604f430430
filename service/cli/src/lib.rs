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
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
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
use std::process::{self, ExitCode};

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
    quiet_panics(json);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error, json),
    };
    match execute(&cli) {
        Ok(code) => code,
        Err(failure) => output::failure(&failure, cli.json),
    }
}

/// A defect is an error like others: its place is told and no message, which may have been made of
/// anything, and there is no abort, for which Android writes a tombstone with the user's secrets.
fn quiet_panics(json: bool) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let failure = Failure::internal(format!("a defect of pkb at {place}"));
        output::failure(&failure, json);
        process::exit(i32::from(failure.exit_status()));
    }));
}

fn execute(cli: &Cli) -> Result<ExitCode, Failure> {
    cli.check()?;
    let json = cli.json;
    let context = Context {
        socket: cli.socket(),
        #[cfg(feature = "demo")]
        json,
        interrupt: Interrupt::install(move || {
            output::failure(&Failure::cancelled(), json);
        })?,
    };
    let outcome = commands::run(&context, &cli.command);
    context.interrupt.close();
    Ok(output::report(&outcome?, json, cli.command.takes_stdout()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set in a process that is to panic.
    const PANICS: &str = "PKB_TEST_PANICS";

    #[test]
    fn a_defect_is_an_error_without_a_secret() {
        if env::var_os(PANICS).is_some() {
            quiet_panics(true);
            panic!("a secret");
        }
        let output = process::Command::new(env::current_exe().unwrap())
            .args(["a_defect_is_an_error_without_a_secret", "--nocapture"])
            .env(PANICS, "1")
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
    }
}
