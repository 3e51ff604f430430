// SPDX-License-Identifier: Apache-2.0

//! What is printed: for people ([`human`]) or for programs ([`json`]).

mod human;
pub mod json;
pub mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::failure::Failure;
use json::Report;

/// Prints an outcome. `to_stderr` where standard output has data.
pub fn report(report: &Report, json: bool, to_stderr: bool) -> ExitCode {
    for warning in report.warnings() {
        eprintln!("pkb: warning: {warning}");
    }
    if let (true, Report::RecoveryCreated(made)) = (json, report)
        && made.qr
    {
        eprintln!("{}", human::qr(&made.recovery_key));
    }
    let printed = if json {
        json::object(report).and_then(|object| print(&object))
    } else if to_stderr {
        io::stderr().write_all(human::report(report).as_bytes())
    } else {
        print(human::report(report).trim_end())
    };
    match printed {
        Ok(()) => ExitCode::from(report.exit_status()),
        Err(error) => {
            eprintln!("pkb: cannot print the result: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints why there is no outcome.
pub fn failure(failure: &Failure, json: bool) -> ExitCode {
    if json {
        let printed = json::object(&json::ErrorObject::from(failure)).and_then(|o| print(&o));
        if let Err(error) = printed {
            eprintln!("pkb: cannot print the error: {error}");
        }
    } else {
        eprint!("{}", human::failure(failure));
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
            eprintln!("{rest}");
        }
        let what: Vec<&str> = what.lines().map(str::trim).collect();
        return failure(&Failure::usage(what.join(" ")), true);
    }
    if let Err(error) = error.print() {
        eprintln!("pkb: cannot print the usage: {error}");
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
