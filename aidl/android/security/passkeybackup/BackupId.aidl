// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** The id of an archive. */
parcelable BackupId {
    /** 16 bytes. */
    byte[] id;
}
