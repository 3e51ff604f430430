// SPDX-License-Identifier: Apache-2.0

//! What is printed: for people ([`human`]) or for programs ([`json`]).

mod human;
pub mod json;
pub mod text;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::failure::Failure;
use json::Report;

/// Prints something for the eye, on standard error. That it may not be writable changes no outcome;
/// `eprintln!` would panic, and in the panic hook that is an abort.
pub fn tell(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an outcome. `to_stderr` where standard output has data.
pub fn report(report: &Report, json: bool, to_stderr: bool) -> ExitCode {
    for warning in report.warnings() {
        tell(format_args!("pkb: warning: {warning}"));
    }
    if let (true, Report::RecoveryCreated(made)) = (json, report)
        && made.qr
    {
        tell(human::qr(&made.recovery_key));
    }
    let printed = if json {
        json::object(report).and_then(|object| print(&object))
    } else if to_stderr {
        // The data is out already, and complete: it stays a success.
        tell(human::report(report).trim_end());
        Ok(())
    } else {
        print(human::report(report).trim_end())
    };
    match printed {
        Ok(()) => ExitCode::from(report.exit_status()),
        Err(error) => {
            tell(format_args!("pkb: cannot print the result: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints why there is no outcome.
pub fn failure(failure: &Failure, json: bool) -> ExitCode {
    if json {
        let printed = json::object(&json::ErrorObject::from(failure)).and_then(|o| print(&o));
        if let Err(error) = printed {
            tell(format_args!("pkb: cannot print the error: {error}"));
        }
    } else {
        tell(human::failure(failure).trim_end());
    }
    ExitCode::from(failure.exit_status())
}

/// Prints what clap says: help, version or what is wrong with the command line.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.to_string();
        let text = text.trim_start_matches("error: ").trim_end();
        // The rest of clap's text is usage and tips, which are for people.
        let (what, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        if !rest.is_empty() {
            tell(rest);
        }
        let what: Vec<&str> = what.lines().map(str::trim).collect();
        return failure(&Failure::usage(what.join(" ")), true);
    }
    if let Err(error) = error.print() {
        tell(format_args!("pkb: cannot print the usage: {error}"));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
