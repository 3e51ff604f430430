// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** A factor that was proved against an archive. */
parcelable RehearsalResult {
    /** The archive, 16 bytes. */
    byte[] backupId;
    /** The factor that opens it, 16 bytes. */
    byte[] factorId;
}
