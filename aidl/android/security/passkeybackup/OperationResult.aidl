// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ArchiveInfo;
import android.security.passkeybackup.RebuildResult;
import android.security.passkeybackup.RestoreResult;
import android.security.passkeybackup.RotateResult;
import android.security.passkeybackup.VerifyResult;

/** What an operation that ended well has to say: which, depends on the method that started it. */
union OperationResult {
    /** Of backup() and refreshArchive(). */
    ArchiveInfo archive;
    /** Of finishRestore(). */
    RestoreResult restore;
    /** Of finishVerify(). */
    VerifyResult verify;
    /** Of finishRotate(). */
    RotateResult rotate;
    /** Of rebuildCatalogue(). */
    RebuildResult rebuild;
}
