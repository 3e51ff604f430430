// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What the medium under the sealer promises. */
@Backing(type="int")
enum StorageProtection {
    /** Nothing: files can be changed and put back. */
    NONE = 1,
    /** Changes show (a hash tree), but all of it can be put back to an older state. */
    REE_FS = 2,
    /** Changes and older states show (RPMB). */
    RPMB = 3,
}
