// SPDX-License-Identifier: Apache-2.0

//! Errors under the platform's names: [`StatusCode`], [`ExceptionCode`], [`Status`].

use std::ffi::CStr;
use std::fmt::{self, Display, Formatter};

/// What a binder method returns.
pub type Result<T> = std::result::Result<T, Status>;

/// Low-level status of a transaction.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    non_camel_case_types,
    reason = "names of android/binder_status.h"
)]
#[repr(i32)]
pub enum StatusCode {
    OK = 0,
    UNKNOWN_ERROR = i32::MIN,
    NO_MEMORY = -12,
    INVALID_OPERATION = -38,
    BAD_VALUE = -22,
    BAD_TYPE = i32::MIN + 1,
    NAME_NOT_FOUND = -2,
    PERMISSION_DENIED = -1,
    NO_INIT = -19,
    ALREADY_EXISTS = -17,
    DEAD_OBJECT = -32,
    FAILED_TRANSACTION = i32::MIN + 2,
    UNKNOWN_TRANSACTION = -74,
    BAD_INDEX = -75,
    FDS_NOT_ALLOWED = i32::MIN + 7,
    UNEXPECTED_NULL = i32::MIN + 8,
    NOT_ENOUGH_DATA = -61,
    WOULD_BLOCK = -11,
    TIMED_OUT = -110,
}

impl std::error::Error for StatusCode {}

impl Display for StatusCode {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "StatusCode::{self:?}")
    }
}

/// Each pair once, for both directions.
const STATUS_CODES: [(StatusCode, rsbinder::StatusCode); 19] = [
    (StatusCode::OK, rsbinder::StatusCode::Ok),
    (StatusCode::UNKNOWN_ERROR, rsbinder::StatusCode::Unknown),
    (StatusCode::NO_MEMORY, rsbinder::StatusCode::NoMemory),
    (
        StatusCode::INVALID_OPERATION,
        rsbinder::StatusCode::InvalidOperation,
    ),
    (StatusCode::BAD_VALUE, rsbinder::StatusCode::BadValue),
    (StatusCode::BAD_TYPE, rsbinder::StatusCode::BadType),
    (
        StatusCode::NAME_NOT_FOUND,
        rsbinder::StatusCode::NameNotFound,
    ),
    (
        StatusCode::PERMISSION_DENIED,
        rsbinder::StatusCode::PermissionDenied,
    ),
    (StatusCode::NO_INIT, rsbinder::StatusCode::NoInit),
    (
        StatusCode::ALREADY_EXISTS,
        rsbinder::StatusCode::AlreadyExists,
    ),
    (StatusCode::DEAD_OBJECT, rsbinder::StatusCode::DeadObject),
    (
        StatusCode::FAILED_TRANSACTION,
        rsbinder::StatusCode::FailedTransaction,
    ),
    (
        StatusCode::UNKNOWN_TRANSACTION,
        rsbinder::StatusCode::UnknownTransaction,
    ),
    (StatusCode::BAD_INDEX, rsbinder::StatusCode::BadIndex),
    (
        StatusCode::FDS_NOT_ALLOWED,
        rsbinder::StatusCode::FdsNotAllowed,
    ),
    (
        StatusCode::UNEXPECTED_NULL,
        rsbinder::StatusCode::UnexpectedNull,
    ),
    (
        StatusCode::NOT_ENOUGH_DATA,
        rsbinder::StatusCode::NotEnoughData,
    ),
    (StatusCode::WOULD_BLOCK, rsbinder::StatusCode::WouldBlock),
    (StatusCode::TIMED_OUT, rsbinder::StatusCode::TimedOut),
];

impl From<rsbinder::StatusCode> for StatusCode {
    /// A code that the platform has no name for becomes `UNKNOWN_ERROR`, as it does there.
    fn from(code: rsbinder::StatusCode) -> Self {
        STATUS_CODES
            .iter()
            .find(|(_, theirs)| *theirs == code)
            .map_or(StatusCode::UNKNOWN_ERROR, |(ours, _)| *ours)
    }
}

impl From<StatusCode> for rsbinder::StatusCode {
    fn from(code: StatusCode) -> Self {
        STATUS_CODES
            .iter()
            .find(|(ours, _)| *ours == code)
            .map_or(rsbinder::StatusCode::Unknown, |(_, theirs)| *theirs)
    }
}

/// The kind of error that a method returned.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    non_camel_case_types,
    reason = "names of android/binder_status.h"
)]
#[repr(i32)]
pub enum ExceptionCode {
    NONE = 0,
    SECURITY = -1,
    BAD_PARCELABLE = -2,
    ILLEGAL_ARGUMENT = -3,
    NULL_POINTER = -4,
    ILLEGAL_STATE = -5,
    NETWORK_MAIN_THREAD = -6,
    UNSUPPORTED_OPERATION = -7,
    SERVICE_SPECIFIC = -8,
    PARCELABLE = -9,
    TRANSACTION_FAILED = -129,
}

impl ExceptionCode {
    /// The name that libbinder prints.
    fn name(self) -> &'static str {
        match self {
            ExceptionCode::NONE => "EX_NONE",
            ExceptionCode::SECURITY => "EX_SECURITY",
            ExceptionCode::BAD_PARCELABLE => "EX_BAD_PARCELABLE",
            ExceptionCode::ILLEGAL_ARGUMENT => "EX_ILLEGAL_ARGUMENT",
            ExceptionCode::NULL_POINTER => "EX_NULL_POINTER",
            ExceptionCode::ILLEGAL_STATE => "EX_ILLEGAL_STATE",
            ExceptionCode::NETWORK_MAIN_THREAD => "EX_NETWORK_MAIN_THREAD",
            ExceptionCode::UNSUPPORTED_OPERATION => "EX_UNSUPPORTED_OPERATION",
            ExceptionCode::SERVICE_SPECIFIC => "EX_SERVICE_SPECIFIC",
            ExceptionCode::PARCELABLE => "EX_PARCELABLE",
            ExceptionCode::TRANSACTION_FAILED => "EX_TRANSACTION_FAILED",
        }
    }
}

impl From<rsbinder::ExceptionCode> for ExceptionCode {
    fn from(code: rsbinder::ExceptionCode) -> Self {
        use rsbinder::ExceptionCode as Theirs;
        match code {
            // Reply headers precede a result that is read on its own; they are no error.
            Theirs::None | Theirs::HasNotedAppOpsReplyHeader | Theirs::HasReplyHeader => {
                ExceptionCode::NONE
            }
            Theirs::Security => ExceptionCode::SECURITY,
            Theirs::BadParcelable => ExceptionCode::BAD_PARCELABLE,
            Theirs::IllegalArgument => ExceptionCode::ILLEGAL_ARGUMENT,
            Theirs::NullPointer => ExceptionCode::NULL_POINTER,
            Theirs::IllegalState => ExceptionCode::ILLEGAL_STATE,
            Theirs::NetworkMainThread => ExceptionCode::NETWORK_MAIN_THREAD,
            Theirs::UnsupportedOperation => ExceptionCode::UNSUPPORTED_OPERATION,
            Theirs::ServiceSpecific => ExceptionCode::SERVICE_SPECIFIC,
            Theirs::Parcelable => ExceptionCode::PARCELABLE,
            Theirs::TransactionFailed | Theirs::JustError => ExceptionCode::TRANSACTION_FAILED,
        }
    }
}

impl From<ExceptionCode> for rsbinder::ExceptionCode {
    fn from(code: ExceptionCode) -> Self {
        match code {
            ExceptionCode::NONE => Self::None,
            ExceptionCode::SECURITY => Self::Security,
            ExceptionCode::BAD_PARCELABLE => Self::BadParcelable,
            ExceptionCode::ILLEGAL_ARGUMENT => Self::IllegalArgument,
            ExceptionCode::NULL_POINTER => Self::NullPointer,
            ExceptionCode::ILLEGAL_STATE => Self::IllegalState,
            ExceptionCode::NETWORK_MAIN_THREAD => Self::NetworkMainThread,
            ExceptionCode::UNSUPPORTED_OPERATION => Self::UnsupportedOperation,
            ExceptionCode::SERVICE_SPECIFIC => Self::ServiceSpecific,
            ExceptionCode::PARCELABLE => Self::Parcelable,
            ExceptionCode::TRANSACTION_FAILED => Self::TransactionFailed,
        }
    }
}

/// The outcome of a binder method: no error, an exception, a service-specific error or a failed
/// transaction.
pub struct Status(rsbinder::Status);

impl Status {
    /// No error.
    pub fn ok() -> Self {
        rsbinder::StatusCode::Ok.into()
    }

    /// A service-specific error.
    pub fn new_service_specific_error(err: i32, message: Option<&CStr>) -> Status {
        let message = message.map(|message| message.to_string_lossy().into_owned());
        Status(rsbinder::Status::new_service_specific_error(err, message))
    }

    /// A service-specific error. A message with a NUL in it is left out, as the platform does.
    pub fn new_service_specific_error_str<T: AsRef<str>>(err: i32, message: Option<T>) -> Status {
        let message = message.and_then(without_nul);
        Status(rsbinder::Status::new_service_specific_error(err, message))
    }

    /// An exception.
    pub fn new_exception(exception: ExceptionCode, message: Option<&CStr>) -> Status {
        Self::new_exception_str(exception, message.map(CStr::to_string_lossy))
    }

    /// An exception. A message with a NUL in it is left out, as the platform does.
    pub fn new_exception_str<T: AsRef<str>>(
        exception: ExceptionCode,
        message: Option<T>,
    ) -> Status {
        match message.and_then(without_nul) {
            Some(message) => Status((exception.into(), message.as_str()).into()),
            None => exception.into(),
        }
    }

    /// Whether there was no error.
    pub fn is_ok(&self) -> bool {
        self.0.is_ok()
    }

    /// The error in words, in exactly the form that libbinder gives it. This is the only way to
    /// the message that the platform's crate has.
    pub fn get_description(&self) -> String {
        let exception = self.exception_code();
        if exception == ExceptionCode::NONE {
            return "No error".to_owned();
        }
        let detail = match exception {
            ExceptionCode::SERVICE_SPECIFIC => format!("{}: ", self.service_specific_error()),
            ExceptionCode::TRANSACTION_FAILED => format!("{:?}: ", self.transaction_error()),
            _ => String::new(),
        };
        let message = self.0.message().unwrap_or_default();
        format!(
            "Status({}, {}): '{detail}{message}'",
            exception as i32,
            exception.name()
        )
    }

    /// The kind of error.
    pub fn exception_code(&self) -> ExceptionCode {
        self.0.exception_code().into()
    }

    /// Why the transaction failed; `OK` if it did not.
    pub fn transaction_error(&self) -> StatusCode {
        self.0.transaction_error().into()
    }

    /// The service-specific code; 0 if the error is of another kind.
    pub fn service_specific_error(&self) -> i32 {
        self.0.service_specific_error()
    }

    /// Calls `op` if there was no error.
    pub fn and_then<T, F>(self, op: F) -> Result<T>
    where
        F: FnOnce() -> Result<T>,
    {
        if self.is_ok() { op() } else { Err(self) }
    }
}

fn without_nul<T: AsRef<str>>(message: T) -> Option<String> {
    let message = message.as_ref();
    (!message.contains('\0')).then(|| message.to_owned())
}

impl std::error::Error for Status {}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&self.get_description())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&self.get_description())
    }
}

impl PartialEq for Status {
    fn eq(&self, other: &Status) -> bool {
        self.get_description() == other.get_description()
    }
}

impl Eq for Status {}

impl From<StatusCode> for Status {
    fn from(code: StatusCode) -> Self {
        rsbinder::StatusCode::from(code).into()
    }
}

impl From<ExceptionCode> for Status {
    fn from(code: ExceptionCode) -> Self {
        Status(rsbinder::ExceptionCode::from(code).into())
    }
}

impl From<rsbinder::StatusCode> for Status {
    fn from(code: rsbinder::StatusCode) -> Self {
        Status(code.into())
    }
}

impl From<Status> for std::result::Result<(), Status> {
    fn from(status: Status) -> Self {
        if status.is_ok() { Ok(()) } else { Err(status) }
    }
}

impl rsbinder::Serialize for Status {
    fn serialize(&self, parcel: &mut rsbinder::Parcel) -> rsbinder::Result<()> {
        self.0.serialize(parcel)
    }
}

impl rsbinder::Deserialize for Status {
    fn deserialize(parcel: &mut rsbinder::Parcel) -> rsbinder::Result<Self> {
        parcel.read().map(Status)
    }
}

/// Turns an error of any kind into a [`Status`].
pub trait IntoBinderResult<T, E> {
    /// An exception, with the error's debug form as its message.
    fn or_binder_exception(self, exception: ExceptionCode) -> Result<T>;

    /// An exception, with the message that `op` makes of the error.
    fn or_binder_exception_with<M: AsRef<str>, O: FnOnce(E) -> M>(
        self,
        exception: ExceptionCode,
        op: O,
    ) -> Result<T>;

    /// A service-specific error, with the error's debug form as its message.
    fn or_service_specific_exception(self, error_code: i32) -> Result<T>;

    /// A service-specific error, with the message that `op` makes of the error.
    fn or_service_specific_exception_with<M: AsRef<str>, O: FnOnce(E) -> M>(
        self,
        error_code: i32,
        op: O,
    ) -> Result<T>;
}

impl<T, E: fmt::Debug> IntoBinderResult<T, E> for std::result::Result<T, E> {
    fn or_binder_exception(self, exception: ExceptionCode) -> Result<T> {
        self.or_binder_exception_with(exception, |error| format!("{error:?}"))
    }

    fn or_binder_exception_with<M: AsRef<str>, O: FnOnce(E) -> M>(
        self,
        exception: ExceptionCode,
        op: O,
    ) -> Result<T> {
        self.map_err(|error| Status::new_exception_str(exception, Some(op(error))))
    }

    fn or_service_specific_exception(self, error_code: i32) -> Result<T> {
        self.or_service_specific_exception_with(error_code, |error| format!("{error:?}"))
    }

    fn or_service_specific_exception_with<M: AsRef<str>, O: FnOnce(E) -> M>(
        self,
        error_code: i32,
        op: O,
    ) -> Result<T> {
        self.map_err(|error| Status::new_service_specific_error_str(error_code, Some(op(error))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The very cases and strings of the platform crate's own tests.
    #[test]
    fn descriptions_are_those_of_libbinder() {
        let status = Status::new_service_specific_error_str(-42, Some("message"));
        assert_eq!(status.exception_code(), ExceptionCode::SERVICE_SPECIFIC);
        assert_eq!(status.service_specific_error(), -42);
        assert_eq!(
            status.get_description(),
            "Status(-8, EX_SERVICE_SPECIFIC): '-42: message'"
        );

        let status = Status::new_exception_str(ExceptionCode::ILLEGAL_STATE, Some("message"));
        assert_eq!(status.service_specific_error(), 0);
        assert_eq!(
            status.get_description(),
            "Status(-5, EX_ILLEGAL_STATE): 'message'"
        );

        let status = Status::new_exception_str(ExceptionCode::ILLEGAL_STATE, Some("one\0two"));
        assert_eq!(status.get_description(), "Status(-5, EX_ILLEGAL_STATE): ''");

        let status = Status::from(StatusCode::DEAD_OBJECT);
        assert_eq!(status.exception_code(), ExceptionCode::TRANSACTION_FAILED);
        assert_eq!(status.transaction_error(), StatusCode::DEAD_OBJECT);
        assert_eq!(
            status.get_description(),
            "Status(-129, EX_TRANSACTION_FAILED): 'DEAD_OBJECT: '"
        );
        assert_eq!(Status::ok().get_description(), "No error");
        assert!(Status::from(StatusCode::OK).is_ok());
    }

    #[test]
    fn status_codes_map_both_ways_and_have_the_platform_numbers() {
        for (ours, theirs) in STATUS_CODES {
            assert_eq!(StatusCode::from(theirs), ours);
            assert_eq!(rsbinder::StatusCode::from(ours), theirs);
            assert_eq!(ours as i32, i32::from(theirs));
        }
        let unnamed = rsbinder::StatusCode::Errno(-28);
        assert_eq!(StatusCode::from(unnamed), StatusCode::UNKNOWN_ERROR);
    }

    #[test]
    fn messages_take_part_in_equality() {
        let one = Status::new_service_specific_error_str(1, Some("one"));
        let two = Status::new_service_specific_error_str(1, Some("two"));
        assert_ne!(one, two);
        assert_eq!(one, Status::new_service_specific_error(1, Some(c"one")));
    }

    #[test]
    fn results_convert() {
        let result: std::result::Result<(), &str> = Err("why");
        let status = result.or_service_specific_exception(7).unwrap_err();
        assert_eq!(
            status.get_description(),
            "Status(-8, EX_SERVICE_SPECIFIC): '7: \"why\"'"
        );
        let status = result
            .or_binder_exception(ExceptionCode::SECURITY)
            .unwrap_err();
        assert_eq!(
            status.get_description(),
            "Status(-1, EX_SECURITY): '\"why\"'"
        );
    }
}
