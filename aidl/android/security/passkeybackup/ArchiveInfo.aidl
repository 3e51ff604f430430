// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ArchiveState;

/** An archive. */
parcelable ArchiveInfo {
    /** Its id, 16 bytes. */
    byte[] backupId;
    /** The vault it belongs to, 16 bytes. */
    byte[] vaultId;
    /** Number of the epoch that its key is wrapped under. */
    long epoch;
    /** When it was made, in milliseconds since 1970. */
    long createdAtMillis;
    /** Length of what it holds, in bytes. */
    long plaintextBytes;
    /** Length of the file, in bytes. */
    long archiveBytes;
    /** The app's own metadata, as it was given. It is readable in the file. May be empty. */
    byte[] meta;
    /** What the catalogue knows of it. */
    ArchiveState state = ArchiveState.UNCONFIRMED;
}
