// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.VaultInfo;

/** A vault that came to this device. */
parcelable ImportResult {
    /** The vault. */
    VaultInfo vault;
    /** The factor that opened the archive, 16 bytes. */
    byte[] factorId;
}
