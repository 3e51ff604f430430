// SPDX-License-Identifier: Apache-2.0

//! The one error vocabulary of the project.
//!
//! One variant per check that can fail. The names and codes are the contract of AIDL
//! (`ErrorCode`), of `pkb --json` and of `webauthn-check`; a code never changes once released.

use alloc::borrow::Cow;
use core::fmt;

macro_rules! codes {
    ($( $(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $hint:literal; )*) => {
        /// What failed. See the module documentation for the stability promise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i32)]
        pub enum ErrorCode {
            $( $(#[$doc])* $variant = $code, )*
        }

        impl ErrorCode {
            /// Every code, in ascending order.
            pub const ALL: &'static [ErrorCode] = &[ $( ErrorCode::$variant, )* ];

            /// The name of the contract, for example `CHALLENGE_EXPIRED`.
            pub const fn name(self) -> &'static str {
                match self { $( ErrorCode::$variant => $name, )* }
            }

            /// What the person or program that got this error can do about it.
            pub const fn hint(self) -> &'static str {
                match self { $( ErrorCode::$variant => $hint, )* }
            }

            /// The variant of a numeric code; `None` for a number that this version does not know.
            pub const fn from_code(code: i32) -> Option<ErrorCode> {
                match code { $( $code => Some(ErrorCode::$variant), )* _ => None }
            }
        }
    };
}

codes! {
    // Request
    /// The command line or the combination of arguments makes no sense.
    Usage = 1, "USAGE", "see `pkb --help`";
    /// A request, an argument or a message is not of the documented shape.
    BadRequest = 2, "BAD_REQUEST", "correct the argument that the message names";
    /// Input above a documented limit; nothing of it was parsed.
    TooLarge = 3, "TOO_LARGE", "stay below the limit that the message names";
    /// Unknown, or somebody else's: the two are never told apart.
    NotFound = 4, "NOT_FOUND", "check the id, and that you are the app that owns it";
    /// The vault state names another package or signer than the caller's.
    WrongApp = 5, "WRONG_APP", "open the archive with the app that made it";
    /// The caller's uid may not do this.
    PermissionDenied = 6, "PERMISSION_DENIED", "call from an allowed uid";
    /// A limit on the number of things is reached.
    Quota = 7, "QUOTA", "finish, let expire or remove some of what the message names";
    /// The caller cancelled, or went away.
    Cancelled = 8, "CANCELLED", "start again when you want the result";
    /// Another process uses this state folder.
    StateInUse = 9, "STATE_IN_USE", "stop the other process or choose another state folder";

    // Ceremony
    /// Never issued, used already, or lost when the sealer or the service restarted.
    ChallengeUnknown = 22, "CHALLENGE_UNKNOWN", "begin the ceremony again";
    /// Older than its life time.
    ChallengeExpired = 23, "CHALLENGE_EXPIRED", "begin again and answer sooner";
    /// The response was made for another challenge.
    ChallengeMismatch = 24, "CHALLENGE_MISMATCH", "answer with the options that this begin returned";
    /// The challenge belongs to another operation, or to other parameters of it.
    OperationMismatch = 25, "OPERATION_MISMATCH", "finish with the operation and parameters that were begun";
    /// `clientData.type`, or the response's `type`, is not the one of this ceremony.
    WrongType = 26, "WRONG_TYPE", "answer a registration with create() and an assertion with get()";
    /// The origin is none of the vault's.
    OriginMismatch = 27, "ORIGIN_MISMATCH", "use an origin that the vault lists";
    /// The ceremony ran in a cross-origin frame.
    CrossOrigin = 28, "CROSS_ORIGIN", "run the ceremony at top level";
    /// `androidPackageName` is not the vault's package.
    PackageMismatch = 29, "PACKAGE_MISMATCH", "run the ceremony in the app that owns the vault";
    /// The authenticator data are for another relying party.
    RpIdMismatch = 30, "RP_ID_MISMATCH", "use the relying party id of the vault";
    /// The user-present flag is not set.
    UserNotPresent = 31, "USER_NOT_PRESENT", "the authenticator must test for user presence";
    /// The user-verified flag is not set.
    UserNotVerified = 32, "USER_NOT_VERIFIED", "use an authenticator that verifies its user";
    /// Backup state without eligibility, or eligibility that changed.
    BackupFlagsInvalid = 33, "BACKUP_FLAGS_INVALID", "the authenticator breaks WebAuthn's rules; use another one";
    /// The credential is none of the vault's.
    UnknownCredential = 34, "UNKNOWN_CREDENTIAL", "use a passkey that this vault knows";
    /// The credential is registered already.
    DuplicateCredential = 35, "DUPLICATE_CREDENTIAL", "this passkey is enrolled already";
    /// The user handle is not the vault's.
    UserHandleMismatch = 36, "USER_HANDLE_MISMATCH", "use a passkey that was made for this vault";
    /// The signature does not verify.
    SignatureInvalid = 37, "SIGNATURE_INVALID", "run the ceremony again; if it recurs the response was changed on its way";
    /// The sign counter did not grow: a copy of the authenticator may exist.
    CounterRegression = 38, "COUNTER_REGRESSION", "this passkey may have been cloned; replace it";
    /// The key's algorithm is none of the supported.
    UnsupportedAlgorithm = 39, "UNSUPPORTED_ALGORITHM", "use ES256, ES384, ES512, EdDSA (Ed25519) or RS256";
    /// The attestation format is not verified here and the policy does not take it unverified.
    AttestationUnsupported = 40, "ATTESTATION_UNSUPPORTED", "ask for attestation \"none\"";
    /// The attestation statement does not verify.
    AttestationInvalid = 41, "ATTESTATION_INVALID", "the authenticator's attestation is broken; ask for attestation \"none\"";
    /// Not the JSON that WebAuthn defines, or not strict JSON.
    MalformedJson = 42, "MALFORMED_JSON", "send the client's response unchanged";
    /// Not canonical CBOR, or bytes left over.
    MalformedCbor = 43, "MALFORMED_CBOR", "the authenticator's response is broken";
    /// The authenticator data have the wrong length or contradictory flags.
    MalformedAuthData = 44, "MALFORMED_AUTH_DATA", "the authenticator's response is broken";
    /// The public key is not a valid key of its algorithm.
    MalformedKey = 45, "MALFORMED_KEY", "the authenticator's key is broken";
    /// The response carries no PRF result where one is needed.
    PrfMissing = 46, "PRF_MISSING", "use a passkey provider that supports the PRF extension";
    /// The second assertion did not confirm the first one's PRF result.
    PrfUnconfirmed = 47, "PRF_UNCONFIRMED", "enrol the PRF factor again";
    /// The vault asks for biometrics, but this sealer has no agreed key for hardware auth tokens.
    BiometricUnavailable = 48, "BIOMETRIC_UNAVAILABLE", "this device cannot prove biometrics to the sealer";
    /// The hardware auth token does not verify, or is not a fingerprint or face of this user.
    BiometricInvalid = 49, "BIOMETRIC_INVALID", "authenticate again with the enrolled biometric";

    // Factors
    /// A recovery key's check digit does not match; the message names the group.
    RecoveryTypo = 70, "RECOVERY_TYPO", "compare the group that the message names";
    /// The password can be guessed.
    PasswordWeak = 71, "PASSWORD_WEAK", "choose a longer or less common password";
    /// The last factor that opens an archive on a new device would go.
    LastPortableFactor = 72, "LAST_PORTABLE_FACTOR", "add another portable factor first, or pass the explicit flag";
    /// Too many wrong attempts.
    LockedOut = 73, "LOCKED_OUT", "wait for the time that the message names";
    /// No room for another factor.
    TooManyFactors = 74, "TOO_MANY_FACTORS", "remove a factor first";

    // Archive
    /// The file does not begin like an archive.
    NotAnArchive = 80, "NOT_AN_ARCHIVE", "choose a .pkb file";
    /// A later format version or unknown suite.
    UnsupportedVersion = 81, "UNSUPPORTED_VERSION", "update this software";
    /// Core or key part was changed, or they do not belong together.
    HeaderTampered = 82, "HEADER_TAMPERED", "fetch the archive again; this copy was changed";
    /// A body segment does not authenticate.
    SegmentTampered = 83, "SEGMENT_TAMPERED", "fetch the archive again; this copy was changed";
    /// The archive ends too early.
    Truncated = 84, "TRUNCATED", "fetch the archive again; this copy is incomplete";
    /// Bytes follow the last segment.
    TrailingData = 85, "TRAILING_DATA", "fetch the archive again; something was appended to this copy";
    /// Import: the secret or the archive is the wrong one, not to be told apart.
    CannotOpen = 86, "CANNOT_OPEN", "check the passkey, recovery key or password, and that it is the right archive";
    /// This device has the archive's vault and epoch already.
    AlreadyImported = 87, "ALREADY_IMPORTED", "restore with the vault that is here";
    /// The archive's epoch was ended by its owner.
    EpochEnded = 88, "EPOCH_ENDED", "import the archive with a portable factor of its time";
    /// The archive comes from a stronger kind of sealer.
    WeakerSealer = 89, "WEAKER_SEALER", "import on a device with a TEE, or allow the weaker sealer explicitly";

    // State
    /// The sealer lost a vault that the service knows.
    Reset = 100, "RESET", "import the vault from one of its archives";
    /// The sealer's state is older than the service has seen.
    Rollback = 101, "ROLLBACK", "the sealer's storage was put back; import the vault from one of its archives";
    /// A stored record does not authenticate or parse.
    Corrupt = 102, "CORRUPT", "the storage was damaged; import the vault from one of its archives";
    /// The audit log does not verify.
    AuditTampered = 103, "AUDIT_TAMPERED", "somebody changed the log; do not trust its entries";
    /// The trusted application cannot be reached.
    TeeUnavailable = 104, "TEE_UNAVAILABLE", "try again; if it recurs restart the sealer service";
    /// No room on the medium.
    NoSpace = 105, "NO_SPACE", "free some space and repeat";
    /// Reading or writing failed.
    Io = 106, "IO", "check the file, the medium and its permissions";
    /// A defect of this software.
    Internal = 107, "INTERNAL", "please report this with the log";
}

/// A refusal: what failed, a sentence for people, and for lock-outs the time left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which check failed.
    pub code: ErrorCode,
    /// What was wrong, without secrets and without the input itself.
    pub detail: Cow<'static, str>,
    /// Milliseconds after which a retry can succeed, where time is what is missing.
    pub retry_after_ms: Option<u64>,
}

impl Error {
    /// An error with a fixed sentence.
    pub const fn new(code: ErrorCode, detail: &'static str) -> Self {
        Error {
            code,
            detail: Cow::Borrowed(detail),
            retry_after_ms: None,
        }
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Error::new(code, code.hint())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl core::error::Error for Error {}

/// Shorthand for results of this project.
pub type Result<T> = core::result::Result<T, Error>;
