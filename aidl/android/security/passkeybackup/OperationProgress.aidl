// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** How far an operation is. */
parcelable OperationProgress {
    /** Bytes done. It never falls. */
    long doneBytes;
    /** Bytes to do; -1 if unknown, as for input from a pipe. */
    long totalBytes = -1;
    /** Whether it has ended, well or not. */
    boolean finished;
}
