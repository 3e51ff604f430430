// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.OperationProgress;
import android.security.passkeybackup.OperationResult;

/**
 * Long work, as a session: it runs while the client holds this object, and is cancelled when the
 * client lets go of it, dies or closes its connection. No method blocks.
 *
 * An operation that was cancelled or failed leaves the catalogue as it was. What it wrote to its
 * output must be thrown away.
 */
@SensitiveData
@RequiresNoPermission
interface IOperation {
    /**
     * How far the operation is.
     *
     * Error conditions: none of its own.
     *
     * @return bytes done and to do, and whether it has ended.
     */
    OperationProgress getProgress();

    /**
     * The result of the operation, once it has ended. Every later call gives the same answer.
     *
     * Error conditions:
     * - the error that the operation ended with, as the method that started it describes
     * - CANCELLED if it was cancelled
     *
     * @return the result, or null while the operation runs.
     */
    @nullable OperationResult getResult();

    /**
     * Asks the operation to stop. It returns at once; the operation ends soon after, with
     * CANCELLED, unless it ended before. May be called more than once.
     *
     * Error conditions: none of its own.
     */
    void cancel();
}
