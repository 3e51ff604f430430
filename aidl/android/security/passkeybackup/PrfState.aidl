// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What the PRF extension of a passkey can do for its vault. */
@Backing(type="int")
enum PrfState {
    /** The authenticator did not say that it has the extension. */
    UNSUPPORTED = 1,
    /** The authenticator has it; it is not enrolled, so the passkey is not portable. */
    ENABLED = 2,
    /** It is enrolled and confirmed: the passkey opens archives on a new device. */
    ENROLLED = 3,
}
