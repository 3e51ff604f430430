// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What is known of where a passkey came from. */
@Backing(type="int")
enum AttestationKind {
    /** Nothing: the client sent no attestation. */
    NONE = 1,
    /** Self attestation, verified. */
    SELF = 2,
    /** Signed by a certificate, verified; the certificate leads to no trust anchor. */
    X5C = 3,
    /** An attestation of a format that is not verified, which the policy of the vault takes. */
    UNVERIFIED = 4,
}
