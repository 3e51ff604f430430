// SPDX-License-Identifier: Apache-2.0

//! One daemon process with everything in it: the nonsecure sealer, binder RPC on a socket.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{Pkb, Scratch, User, daemon_program};

const PATIENCE: Duration = Duration::from_secs(60);

/// How a daemon is to be started.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The program; `None` is the daemon as shipped.
    pub program: Option<PathBuf>,
    /// The state folder; `None` is one of the daemon's own.
    pub state: Option<PathBuf>,
    /// `--callers`.
    pub callers: Option<PathBuf>,
    /// `--challenge-ttl-ms`.
    pub challenge_ttl_ms: Option<u64>,
    /// Further environment.
    pub env: Vec<(OsString, OsString)>,
}

/// A daemon process, a state folder and a socket. Killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    scratch: Scratch,
    setup: Setup,
    process: Option<Child>,
}

/// A daemon that ended instead of listening.
#[derive(Debug)]
pub struct StartFailure {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said in this attempt.
    pub log: String,
}

impl Daemon {
    /// A daemon with a new state folder, ready to be called.
    pub fn start() -> Daemon {
        Daemon::with(Setup::default())
    }

    /// A daemon that is started as said, ready to be called.
    ///
    /// # Panics
    /// If it does not start.
    pub fn with(setup: Setup) -> Daemon {
        let mut daemon = Daemon::stopped(setup);
        daemon
            .start_again()
            .unwrap_or_else(|failure| panic!("{failure:?}"));
        daemon
    }

    /// One that has not been started.
    pub fn stopped(setup: Setup) -> Daemon {
        Daemon {
            scratch: Scratch::shared(),
            setup,
            process: None,
        }
    }

    /// Starts it, with the state that is there, and waits until it accepts.
    ///
    /// # Panics
    /// If it runs already, or neither accepts nor ends.
    pub fn start_again(&mut self) -> Result<(), StartFailure> {
        assert!(self.process.is_none(), "the daemon runs already");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path());
        let log = log.expect("a log file");
        let before = self.log().len();
        let mut child = self
            .command(log)
            .spawn()
            .expect("the daemon can be executed");
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                let log = self.log().split_off(before);
                return Err(StartFailure { status, log });
            }
            if UnixStream::connect(self.socket()).is_ok() {
                self.process = Some(child);
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!(
                    "the daemon is not ready after {PATIENCE:?}:\n{}",
                    self.log()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn command(&self, log: File) -> Command {
        let program = self
            .setup
            .program
            .as_deref()
            .unwrap_or_else(|| daemon_program());
        let mut command = Command::new(program);
        command
            .args(["--sealer", "nonsecure", "--socket"])
            .arg(self.socket())
            .arg("--state")
            .arg(self.state())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second descriptor of the log"))
            .stderr(log)
            .env_remove("RUST_LOG")
            .env("RUST_BACKTRACE", "1")
            .envs(self.setup.env.iter().map(|(name, value)| (name, value)));
        if let Some(callers) = &self.setup.callers {
            command.arg("--callers").arg(callers);
        }
        if let Some(ttl) = self.setup.challenge_ttl_ms {
            command.arg("--challenge-ttl-ms").arg(ttl.to_string());
        }
        command
    }

    /// Ends it as a service manager does, and checks that it ends well.
    ///
    /// # Panics
    /// If it does not end, or not with status 0.
    pub fn stop(&mut self) {
        let mut child = self.process.take().expect("a running daemon");
        let pid = Pid::from_raw(child.id().try_into().expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("a signal to a child of ours");
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                break status;
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("SIGTERM did not end the daemon:\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert!(status.success(), "after SIGTERM: {status}\n{}", self.log());
    }

    /// Ends it with SIGKILL.
    ///
    /// # Panics
    /// If it ended by itself before, which no daemon may.
    pub fn kill(&mut self) {
        let mut child = self.process.take().expect("a running daemon");
        let early = child.try_wait().expect("a child of ours");
        assert!(
            early.is_none(),
            "the daemon ended by itself: {early:?}\n{}",
            self.log()
        );
        child.kill().expect("a signal to a child of ours");
        child.wait().expect("a child of ours");
    }

    /// Stops it and starts it again.
    ///
    /// # Panics
    /// If either fails.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again()
            .unwrap_or_else(|failure| panic!("{failure:?}"));
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it does not run.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("a running daemon").id()
    }

    /// A number in kibibytes from `/proc/PID/status`, such as `VmRSS` or `VmHWM`.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn memory_kib(&self, field: &str) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("its status");
        status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or_else(|| panic!("{field} in {status}"))
    }

    /// How many entries `/proc/PID/fd` or `/proc/PID/task` has.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn count(&self, what: &str) -> usize {
        fs::read_dir(format!("/proc/{}/{what}", self.pid()))
            .expect("a folder of /proc")
            .count()
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.scratch.join("socket")
    }

    /// Its state folder.
    pub fn state(&self) -> PathBuf {
        self.setup
            .state
            .clone()
            .unwrap_or_else(|| self.scratch.join("state"))
    }

    /// How it is started the next time.
    pub const fn setup_mut(&mut self) -> &mut Setup {
        &mut self.setup
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.join("log")
    }

    /// Everything that it wrote to stdout and stderr since the first start.
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// `pkb` for a uid.
    pub fn pkb(&self, uid: u32, folder: &Path) -> Pkb {
        Pkb::new(Some(&self.socket()), uid, folder)
    }

    /// An app with a uid that no other test uses.
    pub fn user(&self) -> User {
        self.user_with_uid(crate::next_uid())
    }

    /// An app with this uid.
    pub fn user_with_uid(&self, uid: u32) -> User {
        User::new(Some(&self.socket()), uid)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(8000);
            let from = (from..log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(from);
            eprintln!("---- the daemon said:\n{}----", &log[from..]);
        }
    }
}
