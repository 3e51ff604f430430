// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.FactorKind;
import android.security.passkeybackup.UnixTime;

/** A factor of a vault. */
parcelable FactorInfo {
    /** Its id, 16 bytes. */
    byte[] factorId;
    /** What it is. */
    FactorKind kind = FactorKind.PASSKEY;
    /** Whether it opens archives on a new device. */
    boolean portable;
    /** When it was last used or rehearsed; null if never or unknown. */
    @nullable UnixTime lastProvedAt;
}
