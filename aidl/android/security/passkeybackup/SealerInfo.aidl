// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.SealerKind;
import android.security.passkeybackup.StorageProtection;

/** What the sealer says about itself. */
parcelable SealerInfo {
    /** Where it runs. */
    SealerKind kind = SealerKind.NONSECURE;
    /** Name and revision of its build, for people. At most 64 bytes. */
    @utf8InCpp String revision;
    /** The sealer-wire version that it speaks. At least 1. */
    int wireVersion;
    /** What the medium under it promises. */
    StorageProtection storageProtection = StorageProtection.NONE;
}
