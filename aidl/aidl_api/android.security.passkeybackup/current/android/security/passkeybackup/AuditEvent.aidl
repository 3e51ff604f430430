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
enum AuditEvent {
  VAULT_CREATED = 1,
  VAULT_IMPORTED = 2,
  ORIGINS_SET = 3,
  CREDENTIAL_ADDED = 4,
  CREDENTIAL_REMOVED = 5,
  PRF_ENROLLED = 6,
  RECOVERY_CREATED = 7,
  PASSWORD_SET = 8,
  ROTATED = 9,
  EPOCH_ENDED = 10,
  BACKUP_KEY_RELEASED = 11,
  RESTORE_KEY_RELEASED = 12,
  VERIFY_KEY_RELEASED = 13,
  REHEARSED = 14,
  CEREMONY_FAILED = 15,
  TAMPER_FOUND = 16,
  LOCKED_OUT = 17,
}
