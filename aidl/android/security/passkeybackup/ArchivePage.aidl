// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ArchiveInfo;

/** A page of a list of archives. */
parcelable ArchivePage {
    /** The archives, newest first. */
    ArchiveInfo[] archives;
    /** What to ask for the next page with; null if this is the last one. At most 64 bytes. */
    @nullable @utf8InCpp String nextPage;
}
