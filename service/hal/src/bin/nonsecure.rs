// SPDX-License-Identifier: Apache-2.0

//! The sealer HAL service over the nonsecure sealer, for emulators: kernel binder only.

use std::path::PathBuf;
use std::process::ExitCode;

use binder::ProcessState;
use clap::Parser;
use sealer_hal::{
    AfterPanic, Config, LocalSealer, NONSECURE_INSTANCE, no_core_dumps, quiet_panics, start_logger,
};
use sealer_wire::{Error, ErrorCode};

/// The NONSECURE sealer of Passkey Backup as a HAL service. Whoever reads its folder has every key.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Folder of its records; made if it is not there.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
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
    start_logger("sealer-hal-nonsecure")?;
    let sealer = LocalSealer::start(&args.state, Config::default())?;
    binder::add_service(NONSECURE_INSTANCE, sealer.as_binder()).map_err(|status| Error {
        code: ErrorCode::Io,
        detail: format!("the service manager does not take {NONSECURE_INSTANCE}: {status}").into(),
        retry_after_ms: None,
    })?;
    log::info!("serving {NONSECURE_INSTANCE}, which is NONSECURE");
    ProcessState::start_thread_pool();
    ProcessState::join_thread_pool();
    Err(Error::new(ErrorCode::Io, "the binder driver is gone"))
}
