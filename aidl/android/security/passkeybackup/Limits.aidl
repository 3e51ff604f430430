// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** Limits of this service. All are inclusive. */
parcelable Limits {
    /** Vaults of one owner. */
    int vaultsPerOwner;
    /** Passkeys of one vault. */
    int credentialsPerVault;
    /** Factors of one vault that work on a new device. */
    int envelopesPerVault;
    /** Origins of one vault. */
    int originsPerVault;
    /** Ceremonies of one owner that were begun and are not finished. */
    int ceremoniesPerOwner;
    /** How long a ceremony can be finished, in milliseconds. */
    long ceremonyLifetimeMillis;
    /** Operations of one owner that run at the same time. */
    int operationsPerOwner;
    /** Length of the JSON that a passkey client returns, in bytes. */
    int responseJsonBytes;
    /** Length of the app's own metadata in an archive, in bytes. */
    int metaBytes;
    /** Entries of one page of a list. */
    int pageEntries;
    /** Archives that one call can take. */
    int archivesPerCall;
    /** Length of the plaintext of one archive, in bytes. */
    long plaintextBytes;
}
