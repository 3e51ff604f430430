// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.MacState;

/** An archive that was verified. */
parcelable VerifyResult {
    /** The archive, 16 bytes. */
    byte[] backupId;
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** Number of the epoch that its key is wrapped under. */
    long epoch;
    /** Whether its header was authenticated. */
    MacState mac = MacState.NOT_CHECKABLE;
    /** Whether every byte was authenticated, not the structure and the header only. */
    boolean full;
    /** Segments of its body. At least 1. */
    long segments;
}
