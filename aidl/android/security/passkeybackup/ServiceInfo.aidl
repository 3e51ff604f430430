// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.Limits;
import android.security.passkeybackup.SealerInfo;

/** What this service is. */
parcelable ServiceInfo {
    /** Version of the service's build, for people. */
    @utf8InCpp String version;
    /** Version of this interface. At least 1. */
    int apiVersion;
    /** The sealer behind it; null if the sealer does not answer. */
    @nullable SealerInfo sealer;
    /** COSE numbers of the signature algorithms that are taken, most wanted first. */
    int[] algorithms;
    /** Limits of this service. */
    Limits limits;
}
