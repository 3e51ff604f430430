// SPDX-License-Identifier: Apache-2.0

//! The real `pkb`, as a script uses it.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::getuid;
use serde_json::Value;

use crate::contract;
use crate::programs::{pkb_for_any_uid, pkb_program};

/// No command of a test takes longer than this, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// `pkb`, run as one uid against one device.
#[derive(Clone, Debug)]
pub struct Pkb {
    socket: Option<PathBuf>,
    uid: u32,
    folder: PathBuf,
}

/// What a run of `pkb` left.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said to people.
    pub stderr: String,
}

/// What `pkb` reads from.
#[derive(Debug)]
pub enum Stdin<'a> {
    /// A pipe with these bytes.
    Bytes(&'a [u8]),
    /// This very file or folder.
    File(File),
}

/// The `error` object of a run that was refused or failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Exit status: 1, or 2 for a command line that makes no sense.
    pub status: i32,
    /// The name, as in `errors.md`.
    pub name: String,
    /// The whole object, as printed.
    pub object: Value,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}: {}", self.status, self.object)
    }
}

impl Pkb {
    /// `pkb` for an app's uid. `socket` is `None` where binder leads to the service.
    pub fn new(socket: Option<&Path>, uid: u32, folder: &Path) -> Pkb {
        Pkb {
            socket: socket.map(Path::to_path_buf),
            uid,
            folder: folder.to_path_buf(),
        }
    }

    /// The uid that it runs as.
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The command, for those who want to hold the process itself.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let foreign = self.uid != getuid().as_raw();
        let mut command = Command::new(if foreign {
            pkb_for_any_uid()
        } else {
            pkb_program()
        });
        command
            .args(arguments)
            .env_remove("PKB_SOCKET")
            .env_remove("RUST_LOG")
            .env("RUST_BACKTRACE", "0")
            .current_dir(&self.folder);
        if let Some(socket) = &self.socket {
            command.env("PKB_SOCKET", socket);
        }
        if foreign {
            // Also gives up every supplementary group.
            command.uid(self.uid).gid(self.uid);
        }
        command
    }

    /// Runs it as given, without `--json`.
    ///
    /// # Panics
    /// If it cannot be started or does not end.
    pub fn run(&self, arguments: &[&str], stdin: Stdin<'_>) -> Run {
        let mut command = self.command(arguments);
        let (stdin, bytes) = match stdin {
            Stdin::Bytes(bytes) => (Stdio::piped(), Some(bytes.to_vec())),
            Stdin::File(file) => (file.into(), None),
        };
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("pkb as uid {} (root needed?): {error}", self.uid));
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), bytes) {
            // A client that refuses early does not read everything.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let stdout = drain(child.stdout.take().expect("a pipe"));
        let stderr = drain(child.stderr.take().expect("a pipe"));
        let status = wait(&mut child, arguments);
        Run {
            status,
            stdout: stdout.join().expect("what pkb printed"),
            stderr: String::from_utf8_lossy(&stderr.join().expect("what pkb said")).into_owned(),
        }
    }

    /// Runs `pkb --json` with an empty stdin.
    pub fn json(&self, arguments: &[&str]) -> Result<Value, Refusal> {
        self.json_from(arguments, Stdin::Bytes(b""))
    }

    /// Runs `pkb --json` and holds what it printed to the contract: exactly one object, of the
    /// shape of an error exactly if the exit status is not 0.
    ///
    /// # Panics
    /// If it does not keep the contract.
    pub fn json_from(&self, arguments: &[&str], stdin: Stdin<'_>) -> Result<Value, Refusal> {
        let with_json: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        let run = self.run(&with_json, stdin);
        self.judge(arguments, &run)
    }

    /// What [`json_from`](Self::json_from) makes of a run with `--json`.
    ///
    /// # Panics
    /// If it does not keep the contract.
    pub fn judge(&self, arguments: &[&str], run: &Run) -> Result<Value, Refusal> {
        let broken = |why: &str| -> ! {
            panic!(
                "pkb {arguments:?} as {}: {why}\n{}, stdout: {}\nstderr: {}",
                self.uid,
                run.status,
                String::from_utf8_lossy(&run.stdout),
                run.stderr
            )
        };
        let object: Value = match serde_json::from_slice(&run.stdout) {
            Ok(Value::Object(object)) => Value::Object(object),
            _ => broken("stdout is not exactly one JSON object"),
        };
        match (run.status.code(), object.get("error")) {
            (Some(0), None) => Ok(object),
            (Some(status @ (1 | 2)), Some(error)) => {
                contract::error(&object);
                let name = error["name"].as_str().unwrap_or_default().to_owned();
                if (status == 2) != (name == "USAGE") {
                    broken("exit status 2 is for USAGE, and only for it");
                }
                Err(Refusal {
                    status,
                    name,
                    object,
                })
            }
            (Some(_), _) => broken("exit status and JSON do not agree"),
            (None, _) => broken(&format!("killed by signal {:?}", run.status.signal())),
        }
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

fn wait(child: &mut Child, arguments: &[&str]) -> ExitStatus {
    let started = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("pkb {arguments:?} did not end within {PATIENCE:?}");
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
