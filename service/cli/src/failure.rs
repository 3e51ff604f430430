// SPDX-License-Identifier: Apache-2.0

//! Why a command did not do what it was asked for.

use std::io;
use std::path::Path;

use binder::Status;
use passkeybackup_status as status;
use sealer_wire::{Error, ErrorCode};

/// A refusal or failure, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub status::Failure);

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that this program found itself.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Failure {
        Failure(status::Failure {
            text: text.into(),
            ..Error::from(code).into()
        })
    }

    /// With another hint than the usual one of its code.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.0.hint = Some(hint.into());
        self
    }

    /// The command line makes no sense.
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure::new(ErrorCode::Usage, text)
    }

    /// The user interrupted.
    pub fn cancelled() -> Failure {
        Failure::new(ErrorCode::Cancelled, "interrupted")
    }

    /// Something could not be done with a file.
    pub fn io(what: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::stream(&format!("{what} {}", path.display()), error)
    }

    /// Something could not be done with a stream.
    pub fn stream(what: &str, error: &io::Error) -> Failure {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::NoSpace,
            _ => ErrorCode::Io,
        };
        Failure::new(code, format!("{what}: {error}"))
    }

    /// A defect, of this program or of the service.
    pub fn internal(text: impl Into<String>) -> Failure {
        Failure::new(ErrorCode::Internal, text)
    }

    /// Exit status of the program.
    pub fn exit_status(&self) -> u8 {
        if self.0.code == ErrorCode::Usage as i32 {
            2
        } else {
            1
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Failure {
        Failure(status::from_status(&status))
    }
}
