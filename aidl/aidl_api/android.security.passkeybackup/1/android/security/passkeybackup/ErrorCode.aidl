// SPDX-License-Identifier: Apache-2.0
///////////////////////////////////////////////////////////////////////////////
// THIS FILE IS IMMUTABLE. DO NOT EDIT IN ANY CASE.                          //
///////////////////////////////////////////////////////////////////////////////

// This file is a snapshot of an AIDL file. Do not edit it manually. There are
// two cases:
// 1). this is a frozen version file - do not edit this in any case.
// 2). this is a 'current' file. If you make a backwards compatible change to
//     the interface (from the latest frozen version), the build system will
//     prompt you to update this file with `m <name>-update-api`.
//
// You must not make a backward incompatible change to any AIDL file built
// with the aidl_interface module type with versions property set. The module
// type is used to build AIDL files in a way that they can be used across
// independently updatable components of the system. If a device is shipped
// with such a backward incompatible change, it has a high risk of breaking
// later when a module using the interface is updated, e.g., Mainline modules.

package android.security.passkeybackup;
@Backing(type="int")
enum ErrorCode {
  USAGE = 1,
  BAD_REQUEST = 2,
  TOO_LARGE = 3,
  NOT_FOUND = 4,
  WRONG_APP = 5,
  PERMISSION_DENIED = 6,
  QUOTA = 7,
  CANCELLED = 8,
  STATE_IN_USE = 9,
  CHALLENGE_UNKNOWN = 22,
  CHALLENGE_EXPIRED = 23,
  CHALLENGE_MISMATCH = 24,
  OPERATION_MISMATCH = 25,
  WRONG_TYPE = 26,
  ORIGIN_MISMATCH = 27,
  CROSS_ORIGIN = 28,
  PACKAGE_MISMATCH = 29,
  RP_ID_MISMATCH = 30,
  USER_NOT_PRESENT = 31,
  USER_NOT_VERIFIED = 32,
  BACKUP_FLAGS_INVALID = 33,
  UNKNOWN_CREDENTIAL = 34,
  DUPLICATE_CREDENTIAL = 35,
  USER_HANDLE_MISMATCH = 36,
  SIGNATURE_INVALID = 37,
  COUNTER_REGRESSION = 38,
  UNSUPPORTED_ALGORITHM = 39,
  ATTESTATION_UNSUPPORTED = 40,
  ATTESTATION_INVALID = 41,
  MALFORMED_JSON = 42,
  MALFORMED_CBOR = 43,
  MALFORMED_AUTH_DATA = 44,
  MALFORMED_KEY = 45,
  PRF_MISSING = 46,
  PRF_UNCONFIRMED = 47,
  BIOMETRIC_UNAVAILABLE = 48,
  BIOMETRIC_INVALID = 49,
  RECOVERY_TYPO = 70,
  PASSWORD_WEAK = 71,
  LAST_PORTABLE_FACTOR = 72,
  LOCKED_OUT = 73,
  TOO_MANY_FACTORS = 74,
  NOT_AN_ARCHIVE = 80,
  UNSUPPORTED_VERSION = 81,
  HEADER_TAMPERED = 82,
  SEGMENT_TAMPERED = 83,
  TRUNCATED = 84,
  TRAILING_DATA = 85,
  CANNOT_OPEN = 86,
  ALREADY_IMPORTED = 87,
  EPOCH_ENDED = 88,
  WEAKER_SEALER = 89,
  RESET = 100,
  ROLLBACK = 101,
  CORRUPT = 102,
  AUDIT_TAMPERED = 103,
  TEE_UNAVAILABLE = 104,
  NO_SPACE = 105,
  IO = 106,
  INTERNAL = 107,
}
