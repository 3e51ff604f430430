// SPDX-License-Identifier: Apache-2.0

//! The sealer HAL service over the trusted application under OP-TEE: kernel binder only.

use std::process::ExitCode;
use std::time::Duration;

use binder::ProcessState;
use clap::Parser;
use sealer_hal::{
    AfterPanic, DEFAULT_INSTANCE, TeeSealer, no_core_dumps, quiet_panics, start_logger,
};
use sealer_wire::{Error, ErrorCode};

/// The sealer of Passkey Backup under OP-TEE as a HAL service. It must run as the user that the
/// trusted application was built for.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Seconds after which a call that the TEE has not answered fails. Where it lasts 5 seconds
    /// longer this service ends, for init to start it again.
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\nhint: {}", error.code.hint());
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Args) -> Result<(), Error> {
    no_core_dumps()?;
    quiet_panics(AfterPanic::Exit);
    start_logger("sealer-hal-optee")?;
    let sealer = TeeSealer::start(Duration::from_secs(args.timeout))?;
    binder::add_service(DEFAULT_INSTANCE, sealer.as_binder()).map_err(|status| Error {
        code: ErrorCode::Io,
        detail: format!("the service manager does not take {DEFAULT_INSTANCE}: {status}").into(),
        retry_after_ms: None,
    })?;
    log::info!("serving {DEFAULT_INSTANCE}");
    ProcessState::start_thread_pool();
    ProcessState::join_thread_pool();
    Err(Error::new(ErrorCode::Io, "the binder driver is gone"))
}
