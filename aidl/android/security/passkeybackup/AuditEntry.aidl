// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.AuditEvent;
import android.security.passkeybackup.UnixTime;

/** An entry of the audit log of a vault. */
parcelable AuditEntry {
    /** Its number, ascending without gaps from 1. */
    long seq;
    /** When it happened; null if unknown. */
    @nullable UnixTime time;
    /** What happened. */
    AuditEvent event = AuditEvent.TAMPER_FOUND;
    /** 0 if it was done, else the ErrorCode that it ended with. */
    int result;
    /** How many like it the entry stands for. At least 1. */
    long count;
    /** The archive it is about, 16 bytes; null if none. */
    @nullable byte[] backupId;
    /** The passkey it is about; null if none. */
    @nullable byte[] credentialId;
}
