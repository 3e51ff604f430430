// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** Where a sealer runs. */
@Backing(type="int")
enum SealerKind {
    /** In an ordinary process: whoever controls the normal world can read its keys. */
    NONSECURE = 1,
    /** In a trusted application under OP-TEE. */
    OPTEE = 2,
}
