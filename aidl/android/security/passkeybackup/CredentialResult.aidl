// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.CredentialInfo;

/** A passkey that was added. */
parcelable CredentialResult {
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** The passkey. */
    CredentialInfo credential;
}
