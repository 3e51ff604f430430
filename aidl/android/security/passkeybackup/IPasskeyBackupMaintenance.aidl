// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/**
 * What the system tells Passkey Backup. Only the system uid may call it; on a host without Android
 * only uid 0.
 *
 * Both calls destroy vaults: their keys are erased in the sealer, after which no archive of them
 * can be opened with this device. Archives, wherever they lie, stay readable to portable factors.
 * Both calls may be repeated. The service also makes sure of the same at start-up, so a call that
 * was missed is made up for.
 *
 * Every method can end with:
 * - PERMISSION_DENIED if the caller is anybody else
 * - TEE_UNAVAILABLE, IO or INTERNAL; the caller should call again
 */
@PermissionManuallyEnforced
interface IPasskeyBackupMaintenance {
    /**
     * A user was removed: destroys all vaults of all apps of this user.
     *
     * Error conditions:
     * - BAD_REQUEST if the number is negative
     *
     * @param userId the Android user.
     */
    void onUserRemoved(int userId);

    /**
     * An app was removed for a user, or its data were cleared: destroys its vaults. Where other
     * packages remain that share the uid, only those vaults go that belong to this package.
     *
     * Error conditions:
     * - BAD_REQUEST if the uid is negative or the name is empty or longer than 255 bytes
     *
     * @param uid the full uid, which names app and user.
     * @param packageName the package.
     */
    void onPackageRemoved(int uid, @utf8InCpp String packageName);
}
