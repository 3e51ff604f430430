// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.AttestationKind;
import android.security.passkeybackup.PrfState;
import android.security.passkeybackup.UnixTime;

/** A passkey of a vault. */
parcelable CredentialInfo {
    /** The WebAuthn credential id, 1 to 1023 bytes. */
    byte[] credentialId;
    /** COSE number of its signature algorithm. */
    int algorithm;
    /** A name for people, at most 64 bytes. May be empty. */
    @utf8InCpp String label;
    /** When it was enrolled; null if unknown. */
    @nullable UnixTime createdAt;
    /** When it last passed a ceremony; null if never or unknown. */
    @nullable UnixTime lastUsedAt;
    /** Its signature counter as last seen, 0 to 4294967295. Synced passkeys stay at 0. */
    long signCount;
    /** Whether it can be synced. */
    boolean backupEligible;
    /** Whether it was synced when last seen. */
    boolean backupState;
    /** What its registration proved. */
    AttestationKind attestation = AttestationKind.NONE;
    /** What its PRF extension can do. */
    PrfState prf = PrfState.UNSUPPORTED;
}
