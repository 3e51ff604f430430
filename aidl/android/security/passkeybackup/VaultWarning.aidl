// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What the owner of a vault should know about it. Later versions may add values. */
@Backing(type="int")
enum VaultWarning {
    /** The sealer is not secure: see SealerKind.NONSECURE. */
    SEALER_NONSECURE = 1,
    /** The medium under the sealer does not show when an older state was put back. */
    NO_ROLLBACK_PROTECTION = 2,
    /** No factor is portable: a lost device is a lost backup. */
    NOT_PORTABLE = 3,
    /** A password is a factor: whoever has an archive can guess it offline. */
    PASSWORD_GUESSABLE = 4,
    /** Archives remain that only a retired epoch opens. */
    RETIRED_EPOCHS_IN_USE = 5,
    /** A portable factor was never proved since it was made. */
    FACTOR_NEVER_PROVED = 6,
    /** The sealer does not answer: what is shown is what the service last saw. */
    SEALER_UNAVAILABLE = 7,
    /** A portable factor was not proved for 90 days: a rehearsal proves it. */
    FACTOR_NOT_PROVED_LATELY = 8,
}
