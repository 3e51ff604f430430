// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/**
 * A ceremony that was begun: what a passkey client needs, and the handle to go on with. It belongs
 * to the owner who began it and can be continued or finished once, until it expires. It does not
 * survive a restart of the service or of the sealer. It is not tied to a connection: another
 * process of the same owner can finish it.
 */
parcelable Ceremony {
    /** The handle, 16 bytes. It is not a secret and not the challenge. */
    byte[] token;
    /**
     * PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON of WebAuthn
     * Level 3, without a "publicKey" wrapper. At most 64 KiB.
     */
    @utf8InCpp String optionsJson;
    /** When it expires, in milliseconds since 1970, by the clock of the device. */
    long expiresAtMillis;
}
