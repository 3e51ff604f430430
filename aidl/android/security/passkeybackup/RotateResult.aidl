// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.BackupId;

/** A vault that was rotated. */
parcelable RotateResult {
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** Number of the new epoch. */
    long epoch;
    /** The archives that were written anew under it, in the order in which they were given. */
    BackupId[] rewrapped;
    /**
     * How many archives of the catalogue are still under retired epochs, not counting those that
     * were written anew here. listArchives() with retiredEpochsOnly names them, and these too until
     * their new files are confirmed.
     */
    long pending;
}
