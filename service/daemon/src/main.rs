// SPDX-License-Identifier: Apache-2.0

//! `passkeybackupd`: the process around the service. See `passkeybackupd::startup` for the order.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod args;

use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::Parser;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use passkeybackupd::{Config, Prepared};
use sealer_wire::{Error, ErrorCode};

fn main() -> ExitCode {
    // Where panics unwind, an operation that panics is that operation's failure. As Soong builds it,
    // the process ends.
    sealer_hal::quiet_panics(sealer_hal::AfterPanic::Unwind);
    let prepared =
        sealer_hal::no_core_dumps().and_then(|()| sealer_hal::start_logger("passkeybackupd"));
    let config = args::Args::parse()
        .config()
        .unwrap_or_else(|usage| usage.exit());
    match prepared.and_then(|()| run(&config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\nhint: {}", error.code.hint());
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> Result<(), Error> {
    // Blocked before there is any other thread, so that they all have it and none is interrupted.
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    let failed = |_| Error::new(ErrorCode::Internal, "cannot wait for signals");
    signals.thread_block().map_err(failed)?;
    let serving = Arc::new(AtomicBool::new(false));
    let signal = {
        let serving = Arc::clone(&serving);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let signal = signals.wait();
                // Preparing may wait for the sealer as long as it takes. Nobody is served yet, and
                // nothing is lost by an end at any moment.
                if !serving.load(Ordering::SeqCst) {
                    process::exit(0);
                }
                signal
            })
            .map_err(|_| Error::new(ErrorCode::Internal, "no thread for signals"))?
    };
    let prepared = Prepared::new(config)?;
    serving.store(true, Ordering::SeqCst);
    let daemon = prepared.serve()?;
    let signal = signal
        .join()
        .unwrap_or(Err(Errno::UnknownErrno))
        .map_err(failed)?;
    log::info!("stopping: {signal}");
    daemon.stop();
    Ok(())
}
