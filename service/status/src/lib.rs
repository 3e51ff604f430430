// SPDX-License-Identifier: Apache-2.0

//! Errors of the service on their way over binder, and the names that it is found under.
//!
//! [`to_status`] is the one place where an error becomes a [`Status`], [`from_status`] the one
//! where a client reads it again. The form of the message is documented on `ErrorCode.aidl`.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

use binder::{ExceptionCode, Status, StatusCode};
use sealer_wire::{Error, ErrorCode};

/// Under which the service manager, or the server at a socket, has `IPasskeyBackup`.
pub const SERVICE: &str = "android.security.passkeybackup";

/// Under which it has `IPasskeyBackupMaintenance`.
pub const MAINTENANCE: &str = "android.security.passkeybackup.maintenance";

/// Longest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024;

const HINT: &str = "hint: ";
const RETRY: &str = "retry_after_ms: ";

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number; one that this version does not know is kept.
    pub code: i32,
    /// The name of the number, as in `errors.md`.
    pub name: String,
    /// One line for people.
    pub text: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// After how many milliseconds the same call can succeed.
    pub retry_after_ms: Option<u64>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            code: error.code as i32,
            name: error.code.name().to_owned(),
            text: error.detail.into_owned(),
            hint: Some(error.code.hint().to_owned()),
            retry_after_ms: error.retry_after_ms,
        }
    }
}

impl From<Failure> for Error {
    /// A number that this version does not know becomes `INTERNAL`, with the name in the text.
    fn from(failure: Failure) -> Error {
        let known = ErrorCode::from_code(failure.code);
        Error {
            code: known.unwrap_or(ErrorCode::Internal),
            detail: match known {
                Some(_) => failure.text.into(),
                None => format!("{}: {}", failure.name, failure.text).into(),
            },
            retry_after_ms: failure.retry_after_ms,
        }
    }
}

/// The message of an error: the lines that `ErrorCode.aidl` documents.
pub fn message(error: &Error) -> String {
    let mut tail = format!("\n{HINT}{}", error.code.hint());
    if let Some(ms) = error.retry_after_ms {
        tail.push_str(&format!("\n{RETRY}{ms}"));
    }
    let mut line = format!("{}: {}", error.code.name(), one_line(&error.detail));
    let mut end = line.len().min(MAX_MESSAGE_BYTES.saturating_sub(tail.len()));
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line + &tail
}

/// An error as a service-specific status.
pub fn to_status(error: &Error) -> Status {
    Status::new_service_specific_error_str(error.code as i32, Some(message(error)))
}

/// Parses the message of an error. What is not of the documented form is kept as text.
pub fn parse_message(code: i32, message: &str) -> Failure {
    let known = ErrorCode::from_code(code);
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let (name, text) = match first.split_once(": ") {
        Some((name, text)) if is_name(name) => (name.to_owned(), text),
        _ => (known.map_or("UNKNOWN", ErrorCode::name).to_owned(), first),
    };
    let mut failure = Failure {
        code,
        name,
        text: text.to_owned(),
        hint: None,
        retry_after_ms: None,
    };
    for line in lines {
        if let Some(hint) = line.strip_prefix(HINT) {
            failure.hint.get_or_insert_with(|| hint.to_owned());
        } else if let Some(ms) = line.strip_prefix(RETRY) {
            failure.retry_after_ms = failure.retry_after_ms.or_else(|| ms.parse().ok());
        }
    }
    failure
}

/// What went wrong in a call to the service.
pub fn from_status(status: &Status) -> Failure {
    let description = status.get_description();
    let transport = |code: ErrorCode, text: &str| Failure {
        text: format!("{text} ({description})"),
        ..Error::from(code).into()
    };
    match status.exception_code() {
        ExceptionCode::SERVICE_SPECIFIC => {
            let code = status.service_specific_error();
            parse_message(code, quoted(&description, code).unwrap_or(&description))
        }
        ExceptionCode::UNSUPPORTED_OPERATION => transport(
            ErrorCode::UnsupportedVersion,
            "this version of the service cannot do that yet",
        ),
        ExceptionCode::SECURITY => transport(
            ErrorCode::PermissionDenied,
            "the service refuses this caller",
        ),
        ExceptionCode::TRANSACTION_FAILED => match status.transaction_error() {
            StatusCode::DEAD_OBJECT => Failure {
                hint: Some("see that passkeybackupd runs, then repeat the command".to_owned()),
                ..transport(ErrorCode::Io, "the service ended during the call")
            },
            StatusCode::PERMISSION_DENIED => transport(
                ErrorCode::PermissionDenied,
                "the service refuses this caller",
            ),
            StatusCode::UNKNOWN_TRANSACTION => transport(
                ErrorCode::UnsupportedVersion,
                "this version of the service has no such method",
            ),
            StatusCode::UNEXPECTED_NULL
            | StatusCode::BAD_VALUE
            | StatusCode::FAILED_TRANSACTION => {
                transport(ErrorCode::BadRequest, "the call could not be carried")
            }
            _ => transport(ErrorCode::Internal, "the call failed"),
        },
        ExceptionCode::BAD_PARCELABLE
        | ExceptionCode::ILLEGAL_ARGUMENT
        | ExceptionCode::NULL_POINTER => {
            transport(ErrorCode::BadRequest, "the service refuses an argument")
        }
        _ => transport(ErrorCode::Internal, "the call failed"),
    }
}

/// The message in `Status(-8, EX_SERVICE_SPECIFIC): 'CODE: MESSAGE'`.
fn quoted(description: &str, code: i32) -> Option<&str> {
    let (_, rest) = description.split_once("): '")?;
    rest.strip_prefix(&format!("{code}: "))?.strip_suffix('\'')
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_as_it_went() {
        for &code in ErrorCode::ALL {
            for retry_after_ms in [None, Some(1500)] {
                let error = Error {
                    code,
                    detail: "zu spät: 'really' ✗".into(),
                    retry_after_ms,
                };
                let failure = from_status(&to_status(&error));
                assert_eq!(failure, Failure::from(error.clone()));
                assert_eq!(Error::from(failure), error);
            }
        }
    }

    #[test]
    fn a_message_keeps_to_its_form_whatever_the_text() {
        let error = Error {
            code: ErrorCode::ChallengeExpired,
            detail: format!("line\nretry_after_ms: 7\0 {}", "ä".repeat(2000)).into(),
            retry_after_ms: Some(u64::MAX),
        };
        let message = message(&error);
        assert!(message.len() <= MAX_MESSAGE_BYTES);
        assert!(!message.contains('\0'));
        let failure = from_status(&to_status(&error));
        assert_eq!(failure.retry_after_ms, Some(u64::MAX));
        assert_eq!(
            failure.hint.as_deref(),
            Some(ErrorCode::ChallengeExpired.hint())
        );
        assert!(failure.text.starts_with("line retry_after_ms: 7"));
    }

    #[test]
    fn a_code_of_a_later_version_is_kept() {
        let status = Status::new_service_specific_error_str(
            4711,
            Some("LATER_CODE: text\nlater: line\nretry_after_ms: x\nhint: a\nhint: b"),
        );
        let failure = from_status(&status);
        assert_eq!(failure.code, 4711);
        assert_eq!(failure.name, "LATER_CODE");
        assert_eq!(failure.hint.as_deref(), Some("a"));
        assert_eq!(failure.retry_after_ms, None);
        let error = Error::from(failure);
        assert_eq!(error.code, ErrorCode::Internal);
        assert_eq!(error.detail, "LATER_CODE: text");
    }

    #[test]
    fn what_no_service_said_has_a_name_too() {
        for (status, code) in [
            (Status::from(StatusCode::DEAD_OBJECT), ErrorCode::Io),
            (
                Status::from(StatusCode::PERMISSION_DENIED),
                ErrorCode::PermissionDenied,
            ),
            (
                Status::from(ExceptionCode::UNSUPPORTED_OPERATION),
                ErrorCode::UnsupportedVersion,
            ),
            (
                Status::from(ExceptionCode::ILLEGAL_STATE),
                ErrorCode::Internal,
            ),
            (
                Status::new_service_specific_error(2, None),
                ErrorCode::BadRequest,
            ),
        ] {
            assert_eq!(Error::from(from_status(&status)).code, code, "{status}");
        }
    }
}
