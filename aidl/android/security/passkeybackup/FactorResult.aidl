// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.FactorInfo;

/** A factor that was enrolled. */
parcelable FactorResult {
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** The factor. */
    FactorInfo factor;
}
