// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What a new vault is to be. */
parcelable VaultParameters {
    /** The WebAuthn relying party id: a domain name in lower case, 1 to 253 bytes. */
    @utf8InCpp String rpId;
    /**
     * The origins that ceremonies may come from, at least one, each at most 256 bytes:
     * "https://..." under the relying party id, "http://localhost:PORT" for the relying party id
     * "localhost", or "android:apk-key-hash:..." of one of the caller's signing certificates.
     */
    @utf8InCpp String[] origins;
    /** The name that passkey clients show, 1 to 64 bytes. */
    @utf8InCpp String userName;
    /** Whether to ask for a fresh biometric proof besides user verification. */
    boolean requireBiometric;
    /** A name for the first passkey, at most 64 bytes. May be empty. */
    @utf8InCpp String credentialLabel;
}
