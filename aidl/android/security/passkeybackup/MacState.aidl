// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** Whether the header of an archive was authenticated. */
@Backing(type="int")
enum MacState {
    /** It was. */
    OK = 1,
    /** The vault is not on this device, so it cannot be. */
    NOT_CHECKABLE = 2,
}
