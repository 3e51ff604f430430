// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ArchiveInfo;
import android.security.passkeybackup.Ceremony;

/** A ceremony about one archive. */
parcelable ArchiveCeremony {
    /** The ceremony. */
    Ceremony ceremony;
    /** The archive as its header has it. */
    ArchiveInfo archive;
}
