// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/**
 * Why a call was refused or failed: the service-specific code of the errors of this package.
 *
 * Values are stable: none is ever given another meaning or used again. Later versions may add
 * values, so a client must expect ones that it does not know. The names are the same in every part
 * of the project. 0 is never used.
 *
 * The message that travels with a code is UTF-8 of at most 1024 bytes, without control characters
 * other than line feed, and is made of lines:
 *
 *     CHALLENGE_EXPIRED: the challenge is older than two minutes
 *     hint: begin the ceremony again
 *     retry_after_ms: 1500
 *
 * The first line is always there: the name of the code, a colon, a space and one line of text for
 * people. The others are optional, at most once each: "hint: " with what the caller can do, and
 * "retry_after_ms: " with a decimal number, after how many milliseconds the same call can succeed.
 * Lines that begin otherwise are to be ignored. No message contains a secret.
 */
@Backing(type="int")
enum ErrorCode {
    // Requests.

    /** The command line makes no sense. Used by tools only; the service never returns it. */
    USAGE = 1,

    /** An argument does not have the documented shape. */
    BAD_REQUEST = 2,

    /** An argument is over its documented limit. */
    TOO_LARGE = 3,

    /**
     * There is no such vault, credential, epoch or archive for this caller. What exists for
     * another caller gives the same answer.
     */
    NOT_FOUND = 4,

    /** The archive belongs to another package, or to one signed with another key. */
    WRONG_APP = 5,

    /** The caller may not use this service, or not this method. */
    PERMISSION_DENIED = 6,

    /**
     * The caller, or the service as a whole, has as many of these as it may. Carries
     * retry_after_ms where waiting helps.
     */
    QUOTA = 7,

    /** The operation was cancelled, or its client died. */
    CANCELLED = 8,

    /** Another daemon has the state folder open. Seen at start-up only. */
    STATE_IN_USE = 9,

    // Ceremonies.

    /**
     * This challenge was never issued, was used before, or was lost when the sealer or the service
     * restarted.
     */
    CHALLENGE_UNKNOWN = 22,

    /** The challenge is older than its lifetime. */
    CHALLENGE_EXPIRED = 23,

    /** The response answers another challenge than that of this ceremony. */
    CHALLENGE_MISMATCH = 24,

    /** The ceremony was begun for another operation, or with other arguments. */
    OPERATION_MISMATCH = 25,

    /** The client data is of the other type: creation instead of assertion or the reverse. */
    WRONG_TYPE = 26,

    /** The origin is none of those of the vault. */
    ORIGIN_MISMATCH = 27,

    /** The ceremony ran in a cross-origin frame. */
    CROSS_ORIGIN = 28,

    /** The Android package in the client data is not that of the caller. */
    PACKAGE_MISMATCH = 29,

    /** The authenticator data is for another relying party id. */
    RP_ID_MISMATCH = 30,

    /** The user-present flag is not set. */
    USER_NOT_PRESENT = 31,

    /** The user-verified flag is not set. */
    USER_NOT_VERIFIED = 32,

    /** Backup state without backup eligibility, or an eligibility that changed. */
    BACKUP_FLAGS_INVALID = 33,

    /** The credential is not one of the vault. */
    UNKNOWN_CREDENTIAL = 34,

    /** The credential is already one of the vault. */
    DUPLICATE_CREDENTIAL = 35,

    /** The user handle is not that of the vault. */
    USER_HANDLE_MISMATCH = 36,

    /** The signature does not verify. */
    SIGNATURE_INVALID = 37,

    /** The signature counter did not grow: the authenticator may have been cloned. */
    COUNTER_REGRESSION = 38,

    /** The key is of an algorithm that is not taken. */
    UNSUPPORTED_ALGORITHM = 39,

    /** The attestation is of a format that is not taken. */
    ATTESTATION_UNSUPPORTED = 40,

    /** The attestation does not verify. */
    ATTESTATION_INVALID = 41,

    /** The response is not the JSON that it must be. */
    MALFORMED_JSON = 42,

    /** The attestation object is not the CBOR that it must be. */
    MALFORMED_CBOR = 43,

    /** The authenticator data is cut short, too long or contradicts itself. */
    MALFORMED_AUTH_DATA = 44,

    /** The public key is not a valid COSE key. */
    MALFORMED_KEY = 45,

    /** The response carries no PRF result and the operation needs one. */
    PRF_MISSING = 46,

    /** The second PRF result gives another key than the first. */
    PRF_UNCONFIRMED = 47,

    /** The vault asks for a biometric proof and this device cannot give one. */
    BIOMETRIC_UNAVAILABLE = 48,

    /** The biometric proof does not verify. */
    BIOMETRIC_INVALID = 49,

    // Factors.

    /** A group of the recovery key has a wrong digit. The message names the group. */
    RECOVERY_TYPO = 70,

    /** The password is too easy to guess. */
    PASSWORD_WEAK = 71,

    /**
     * It is the last factor that works on a new device, and the flag that permits this is not set.
     */
    LAST_PORTABLE_FACTOR = 72,

    /** Too many wrong passwords. Carries retry_after_ms. */
    LOCKED_OUT = 73,

    /** The vault has as many factors or credentials as it can. */
    TOO_MANY_FACTORS = 74,

    // Archives.

    /** The file does not begin as an archive does. */
    NOT_AN_ARCHIVE = 80,

    /** The archive is of a version or suite that this service does not know. */
    UNSUPPORTED_VERSION = 81,

    /** The header of the archive does not verify. */
    HEADER_TAMPERED = 82,

    /** A segment of the archive does not verify: changed, moved, or of another archive. */
    SEGMENT_TAMPERED = 83,

    /** The archive ends early. */
    TRUNCATED = 84,

    /** The archive goes on after its end. */
    TRAILING_DATA = 85,

    /**
     * The secret does not open the archive: wrong secret or wrong archive, which cannot be told
     * apart.
     */
    CANNOT_OPEN = 86,

    /** The epoch of the archive is already known to this device. */
    ALREADY_IMPORTED = 87,

    /** The epoch of the archive was ended: nothing can open it on this device. */
    EPOCH_ENDED = 88,

    /**
     * The archive comes from a stronger kind of sealer, and the flag that permits this is not set.
     */
    WEAKER_SEALER = 89,

    // State of sealer, service and media.

    /** The sealer has lost the vault that the service knows. */
    RESET = 100,

    /** The sealer has an older state of the vault than the service has seen. */
    ROLLBACK = 101,

    /** The sealer's record of the vault, or the catalogue, is damaged. */
    CORRUPT = 102,

    /** The audit log does not verify. */
    AUDIT_TAMPERED = 103,

    /** The sealer does not answer. */
    TEE_UNAVAILABLE = 104,

    /** There is no space left on the medium that is written to. */
    NO_SPACE = 105,

    /** Reading or writing failed. */
    IO = 106,

    /** A defect of the service. */
    INTERNAL = 107,
}
