// SPDX-License-Identifier: Apache-2.0

//! A device: a daemon with the nonsecure sealer in a process of its own.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use passkeybackupd::{Config, Daemon, SealerChoice, Transport};
use sealer_wire::{Error, ErrorCode};

use crate::connect::{Connection, connect};
use crate::failure::{Failure, Result};
use crate::output;

/// The first argument of a process that is the daemon of the demonstration.
const DAEMON: &str = "demo-daemon";
/// This program, also for a process that could not reach its file by name.
const MYSELF: &str = "/proc/self/exe";
/// How long a daemon may take to start.
const START: Duration = Duration::from_secs(60);

/// The daemon's process, if that is what this one is: `pkb demo-daemon SOCKET STATE`.
pub fn main(arguments: &[OsString]) -> Option<ExitCode> {
    let [_, command, socket, state] = arguments else {
        return None;
    };
    if command != DAEMON {
        return None;
    }
    let served = serve(Config {
        sealer: SealerChoice::Nonsecure {
            challenge_ttl_ms: None,
        },
        transport: Transport::Socket(socket.into()),
        state: state.into(),
        callers: None,
    });
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(format_args!("pkb demo: the daemon: {error}"));
            ExitCode::FAILURE
        }
    })
}

fn serve(config: Config) -> std::result::Result<(), Error> {
    let failed = |_| Error::new(ErrorCode::Internal, "cannot wait for signals");
    // Nobody else would stop it.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(failed)?;
    let signals: SigSet = [Signal::SIGTERM].into_iter().collect();
    signals.thread_block().map_err(failed)?;
    let daemon = Daemon::start(&config)?;
    signals.wait().map_err(failed)?;
    daemon.stop();
    Ok(())
}

/// A device with its folder. Its daemon ends with it.
pub struct Device {
    folder: PathBuf,
    daemon: Option<Child>,
}

impl Device {
    /// A new device, switched on.
    pub fn new(folder: PathBuf) -> Result<Device> {
        DirBuilder::new()
            .mode(0o711)
            .create(&folder)
            .map_err(|e| Failure::io("cannot make the folder", &folder, &e))?;
        let mut device = Device {
            folder,
            daemon: None,
        };
        device.start()?;
        Ok(device)
    }

    /// Where its daemon is reached.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Where its sealer keeps its records.
    fn sealer(&self) -> PathBuf {
        self.folder.join("state/sealer")
    }

    /// A connection to its daemon.
    pub fn connect(&self) -> Result<Connection> {
        connect(Some(&self.socket()))
    }

    /// Switches it on.
    pub fn start(&mut self) -> Result<()> {
        let failed = |e| Failure::stream("cannot start the daemon", &e);
        let mut daemon = Command::new(MYSELF)
            .arg(DAEMON)
            .arg(self.socket())
            .arg(self.folder.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let start = Instant::now();
        let ready = loop {
            if self.connect().is_ok() {
                break Ok(());
            }
            match daemon.try_wait() {
                Ok(Some(status)) => {
                    break Err(Failure::internal(format!("the daemon ended: {status}")));
                }
                Ok(None) if start.elapsed() < START => sleep(Duration::from_millis(5)),
                Ok(None) => break Err(Failure::internal("the daemon does not start")),
                Err(error) => break Err(failed(error)),
            }
        };
        self.daemon = Some(daemon);
        ready
    }

    /// Switches it off, as its system does.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut daemon) = self.daemon.take() else {
            return Ok(());
        };
        let failed = |e| Failure::stream("cannot stop the daemon", &e);
        let pid = i32::try_from(daemon.id()).map_err(|e| Failure::internal(e.to_string()))?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|e| failed(e.into()))?;
        let status = daemon.wait().map_err(failed)?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::internal(format!("the daemon ended: {status}")))
        }
    }

    /// Copies the sealer's records away.
    pub fn save_sealer(&self, to: &Path) -> Result<()> {
        copy_folder(&self.sealer(), to)
    }

    /// Puts records of the sealer back.
    pub fn put_sealer_back(&self, from: &Path) -> Result<()> {
        let sealer = self.sealer();
        fs::remove_dir_all(&sealer).map_err(|e| Failure::io("cannot remove", &sealer, &e))?;
        copy_folder(from, &sealer)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Err(failure) = self.stop() {
            output::tell(format_args!("pkb demo: {}", failure.0.text));
        }
    }
}

/// Runs this program as another uid, and gives what it printed.
pub fn as_uid(uid: u32, socket: &Path, arguments: &[&str]) -> std::io::Result<Vec<u8>> {
    use std::os::unix::process::CommandExt;
    let output = Command::new(MYSELF)
        .arg("--json")
        .arg("--socket")
        .arg(socket)
        .args(arguments)
        .uid(uid)
        .gid(uid)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    Ok(output.stdout)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let failed = |e| Failure::io("cannot copy", from, &e);
    DirBuilder::new().mode(0o700).create(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}
