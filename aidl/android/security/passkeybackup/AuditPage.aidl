// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.AuditEntry;
import android.security.passkeybackup.AuditVerification;

/** A page of an audit log. */
parcelable AuditPage {
    /** The entries, newest first. */
    AuditEntry[] entries;
    /** Whether the whole log, not this page alone, is as the sealer wrote it. */
    AuditVerification verification = AuditVerification.NOT_CHECKED;
    /** What to ask for the next page with; null if this is the last one. At most 64 bytes. */
    @nullable @utf8InCpp String nextPage;
}
