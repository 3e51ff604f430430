// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.FactorInfo;

/** A recovery key that was made. */
parcelable RecoveryKeyResult {
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** The factor. */
    FactorInfo factor;
    /**
     * The recovery key: ASCII, eight groups of eight hexadecimal digits with a hyphen between
     * groups. It is shown once and kept nowhere. Bytes, so that a client can clear them.
     */
    byte[] recoveryKey;
}
