// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ErrorCode;

/** An archive of a rebuild that was not taken. */
parcelable RefusedArchive {
    /** Which of the files that were given, from 0. */
    int index;
    /** Why. */
    ErrorCode error = ErrorCode.INTERNAL;
    /** The same in words, in the form that ErrorCode describes. */
    @utf8InCpp String message;
}
