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

package android.hardware.security.sealer;
@PermissionManuallyEnforced @SensitiveData @VintfStability
interface ISealer {
  android.hardware.security.sealer.SealerHardwareInfo getHardwareInfo();
  byte[] processRequest(in byte[] request);
  const int MAX_MESSAGE_BYTES = 65536;
  const int ERROR_BAD_REQUEST = 2;
  const int ERROR_TOO_LARGE = 3;
  const int ERROR_PERMISSION_DENIED = 6;
  const int ERROR_TEE_UNAVAILABLE = 104;
  const int ERROR_INTERNAL = 107;
}
