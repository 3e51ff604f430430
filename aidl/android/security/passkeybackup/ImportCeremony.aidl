// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.Ceremony;
import android.security.passkeybackup.FactorKind;

/**
 * A ceremony that brings a vault to this device. Nothing in the header of the archive could be
 * authenticated yet: what is shown here is what the person must agree to before it is finished.
 */
parcelable ImportCeremony {
    /** The ceremony. */
    Ceremony ceremony;
    /** The vault, 16 bytes. */
    byte[] vaultId;
    /** Number of the epoch that the archive is of. */
    long epoch;
    /** When the archive was made, in milliseconds since 1970. */
    long createdAtMillis;
    /** The WebAuthn relying party id. */
    @utf8InCpp String rpId;
    /** The kinds of the factors that open the archive, in the order of its header. */
    FactorKind[] factors;
}
