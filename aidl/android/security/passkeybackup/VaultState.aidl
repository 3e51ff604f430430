// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** Whether the sealer still has what the service last saw of a vault. */
@Backing(type="int")
enum VaultState {
    /** It has. */
    OK = 1,
    /** The sealer no longer has the vault. An import of one of its archives is the way back. */
    RESET = 2,
    /** The sealer has an older state than the service has seen. */
    ROLLBACK = 3,
    /** The sealer's record is damaged. */
    CORRUPT = 4,
}
