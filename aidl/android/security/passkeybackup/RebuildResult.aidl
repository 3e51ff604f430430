// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.RefusedArchive;

/** What a rebuild of the catalogue did. */
parcelable RebuildResult {
    /** Archives that were not in the catalogue and now are. */
    int added;
    /** Archives that were there already. */
    int known;
    /** Archives that were not taken. */
    RefusedArchive[] refused;
}
