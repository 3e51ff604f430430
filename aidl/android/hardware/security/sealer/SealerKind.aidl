// SPDX-License-Identifier: Apache-2.0

package android.hardware.security.sealer;

/** Where the sealer behind an ISealer runs. */
@VintfStability
@Backing(type="int")
enum SealerKind {
    /**
     * In an ordinary process with a file store. For emulators, hosts and tests: whoever controls
     * the normal world reads its keys.
     */
    NONSECURE = 1,
    /** In a trusted application under OP-TEE. */
    OPTEE = 2,
}
