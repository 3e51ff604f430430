// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.OperationProgress;

/**
 * Tells a client how its operation goes. Nothing but news travels here: the result is fetched from
 * IOperation. If this object dies, its operation is cancelled.
 */
@RequiresNoPermission
oneway interface IOperationCallback {
    /**
     * Called at most ten times a second while the operation runs.
     *
     * Error conditions: what it returns is ignored.
     *
     * @param progress how far the operation is.
     */
    void onProgress(in OperationProgress progress);

    /**
     * Called once, when the operation has ended, well or not: IOperation.getResult() now has the
     * answer.
     *
     * Error conditions: what it returns is ignored.
     */
    void onFinished();
}
