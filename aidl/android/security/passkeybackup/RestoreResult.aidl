// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** An archive that was restored. */
parcelable RestoreResult {
    /** The archive, 16 bytes. */
    byte[] backupId;
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** Bytes written. All of them were authenticated, and so was their end. */
    long plaintextBytes;
    /** The app's own metadata, as it was given. */
    byte[] meta;
}
