// SPDX-License-Identifier: Apache-2.0

package android.hardware.security.sealer;

import android.hardware.security.sealer.SealerKind;

/**
 * What the HAL service says about itself. It is a claim of this process, not of the sealer, which
 * speaks for itself in the response to the sealer-wire request "info". A client that finds the two
 * in disagreement must not use the service.
 */
@VintfStability
parcelable SealerHardwareInfo {
    /** Where the sealer runs. */
    SealerKind kind = SealerKind.NONSECURE;

    /** The sealer-wire version of the bytes that processRequest() carries. At least 1. */
    int wireVersion;

    /**
     * Name of the implementation for people and logs, at most 64 bytes of UTF-8. That of a
     * nonsecure implementation contains the word "nonsecure".
     */
    @utf8InCpp String implName;

    /** Who made the implementation, at most 64 bytes of UTF-8. */
    @utf8InCpp String implAuthor;
}
