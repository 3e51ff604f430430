// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.CredentialInfo;
import android.security.passkeybackup.FactorInfo;
import android.security.passkeybackup.Survives;
import android.security.passkeybackup.UnixTime;
import android.security.passkeybackup.VaultState;
import android.security.passkeybackup.VaultWarning;

/** A vault. */
parcelable VaultInfo {
    /** Its id, 16 bytes. */
    byte[] vaultId;
    /** Number of the current epoch. At least 1. */
    long epoch;
    /** Numbers of the retired epochs that still open archives, ascending. */
    long[] retiredEpochs;
    /** The WebAuthn relying party id. */
    @utf8InCpp String rpId;
    /** The origins that ceremonies may come from. */
    @utf8InCpp String[] origins;
    /** The name that passkey clients show. */
    @utf8InCpp String userName;
    /** Whether a fresh biometric proof is asked for besides user verification. */
    boolean requireBiometric;
    /** When it was made; null if unknown. */
    @nullable UnixTime createdAt;
    /** Whether the sealer still has it. */
    VaultState state = VaultState.CORRUPT;
    /** Its passkeys, oldest first. */
    CredentialInfo[] credentials;
    /** Its factors, oldest first. */
    FactorInfo[] factors;
    /** What its archives would survive; null unless state is OK. */
    @nullable Survives survives;
    /** What its owner should know, in no order, without repetition. */
    VaultWarning[] warnings;
}
