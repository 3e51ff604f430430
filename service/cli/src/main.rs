// SPDX-License-Identifier: Apache-2.0

//! `pkb`: see the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    pkb::main()
}
