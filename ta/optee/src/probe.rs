// SPDX-License-Identifier: Apache-2.0

//! Commands for tests and measurements, in no shipped build.

use optee_utee::prelude::*;
use optee_utee::{ErrorKind, Result};

/// Panics, to show what a panic costs.
const COMMAND_PANIC: u32 = 0x7072_0001;

pub fn command(
    command: u32,
    _request: &ParameterMemrefInput<'_>,
    _response: &mut ParameterMemrefOutput<'_>,
) -> Result<()> {
    match command {
        #[allow(clippy::panic, reason = "what it is for")]
        COMMAND_PANIC => panic!(),
        _ => Err(ErrorKind::NotSupported.into()),
    }
}
