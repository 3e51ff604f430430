// SPDX-License-Identifier: Apache-2.0

//! What every process does first that keys pass through.

use std::panic;
use std::process;

use log::{LevelFilter, Log, Metadata, Record};
use nix::sys::resource::{Resource, setrlimit};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sealer_wire::{Error, ErrorCode};

/// Sees to it that the memory of this process is in no core dump and under no debugger of its uid.
///
/// Errors: `INTERNAL`.
pub fn no_core_dumps() -> Result<(), Error> {
    // nix has the second for Linux only, and that is not Android to it.
    if setrlimit(Resource::RLIMIT_CORE, 0, 0).is_ok()
        && set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Internal,
        "cannot turn core dumps off",
    ))
}

/// What follows a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterPanic {
    /// The process ends, with status 101, for init to start it again.
    Exit,
    /// The thread unwinds, and whoever waits for it deals with that; where panics abort, as
    /// [`Exit`](Self::Exit).
    Unwind,
}

/// Sees to it that a panic leaves the place where it was in the log, and nothing else: no message,
/// which may have been made of anything, and no abort, for which Android writes a tombstone with
/// memory of this process in it.
pub fn quiet_panics(after: AfterPanic) {
    let exits = after == AfterPanic::Exit || cfg!(panic = "abort");
    panic::set_hook(Box::new(move |info| {
        match info.location() {
            Some(place) => log::error!("panicked at {place}"),
            None => log::error!("panicked"),
        }
        if exits {
            process::exit(101);
        }
    }));
}

/// Starts the logger: to stderr, where `RUST_LOG` sets levels, by default `info`.
///
/// Errors: `INTERNAL` if there is one already.
#[cfg(not(target_os = "android"))]
pub fn start_logger(_tag: &'static str) -> Result<(), Error> {
    let logger =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).build();
    let most = logger.filter();
    install(logger, most)
}

/// Starts the logger: to logd under `tag`, at level `info`. No property of the device makes it say
/// more.
///
/// Errors: `INTERNAL` if there is one already.
#[cfg(target_os = "android")]
pub fn start_logger(tag: &'static str) -> Result<(), Error> {
    let config = android_logger::Config::default()
        .with_tag(tag)
        .with_max_level(LevelFilter::Info);
    install(
        android_logger::AndroidLogger::new(config),
        LevelFilter::Info,
    )
}

fn install(logger: impl Log + 'static, most: LevelFilter) -> Result<(), Error> {
    log::set_boxed_logger(Box::new(Guarded(logger)))
        .map_err(|_| Error::new(ErrorCode::Internal, "there is a logger already"))?;
    log::set_max_level(most);
    Ok(())
}

/// A logger that never gets what rsbinder says below level info: that has whole parcels in it,
/// secrets and all. No setting turns this off.
pub struct Guarded<L>(pub L);

impl<L: Log> Log for Guarded<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let quiet = is_rsbinder(metadata.target()) && metadata.level() > LevelFilter::Info;
        !quiet && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let module = record.module_path().unwrap_or_default();
        let quiet = is_rsbinder(module) && record.level() > LevelFilter::Info;
        if !quiet && self.enabled(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

fn is_rsbinder(target: &str) -> bool {
    target
        .strip_prefix("rsbinder")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Log for Count {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn flush(&self) {}
    }

    /// Set in a process that is to panic after all that a service does first.
    const PANICS: &str = "SEALER_HAL_TEST_PANICS";

    #[test]
    fn a_panic_tells_its_place_only_and_writes_no_tombstone() {
        match std::env::var(PANICS).as_deref() {
            Ok(after) => {
                start_logger("test").unwrap();
                quiet_panics(if after == "exit" {
                    AfterPanic::Exit
                } else {
                    AfterPanic::Unwind
                });
                let thread = std::thread::spawn(|| panic!("a secret"));
                assert!(thread.join().is_err());
                eprintln!("went on");
                process::exit(0);
            }
            Err(_) => {
                let (status, said) = run_again("exit");
                assert_eq!(status, Some(101), "{said}");
                assert!(!said.contains("went on"), "{said}");
                let (status, said) = run_again("unwind");
                assert_eq!(status, Some(0), "{said}");
                assert!(said.contains("went on"), "{said}");
            }
        }
    }

    /// This test in a process of its own: its exit status, and what it said.
    fn run_again(after: &str) -> (Option<i32>, String) {
        let output = process::Command::new(std::env::current_exe().unwrap())
            .args(["a_panic_tells_its_place_only", "--nocapture"])
            .env(PANICS, after)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("panicked at service/hal/src/process.rs"),
            "{said}"
        );
        assert!(!said.contains("a secret"), "{said}");
        (output.status.code(), said)
    }

    #[test]
    fn parcels_are_never_logged() {
        let logger = Guarded(Count::default());
        let say = |target: &str, module: &str, level: Level| {
            let before = logger.0.0.load(Ordering::SeqCst);
            logger.log(
                &Record::builder()
                    .target(target)
                    .module_path(Some(module))
                    .level(level)
                    .args(format_args!("x"))
                    .build(),
            );
            logger.0.0.load(Ordering::SeqCst) > before
        };
        for target in ["rsbinder", "rsbinder::parcel"] {
            assert!(say(target, target, Level::Info));
            assert!(!say(target, target, Level::Debug));
            assert!(!say(target, target, Level::Trace));
            assert!(!say("other", target, Level::Trace));
        }
        assert!(say("passkeybackupd", "passkeybackupd", Level::Trace));
        assert!(say("rsbinderless", "rsbinderless", Level::Trace));
    }
}
