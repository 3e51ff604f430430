// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** A way to open archives on a new device. */
@Backing(type="int")
enum FactorKind {
    /** A passkey. It is portable when its PRF extension is enrolled. */
    PASSKEY = 1,
    /** A recovery key, written down. */
    RECOVERY = 2,
    /** A password. Whoever has an archive can guess it offline. */
    PASSWORD = 3,
}
