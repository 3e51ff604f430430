// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What the archives of a vault would survive. */
parcelable Survives {
    /** The loss of this device. */
    boolean phoneLost;
    /** The deletion of the passkey, while this device remains. */
    boolean passkeyDeleted;
    /** Both at once. */
    boolean both;
}
