// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What an entry of the audit log is about. Later versions may add values. */
@Backing(type="int")
enum AuditEvent {
    /** The vault was created. */
    VAULT_CREATED = 1,
    /** The vault came to this device from an archive. */
    VAULT_IMPORTED = 2,
    /** The origins were replaced. */
    ORIGINS_SET = 3,
    /** A passkey was added. */
    CREDENTIAL_ADDED = 4,
    /** A passkey was removed. */
    CREDENTIAL_REMOVED = 5,
    /** The PRF extension of a passkey was enrolled. */
    PRF_ENROLLED = 6,
    /** A recovery key was made. */
    RECOVERY_CREATED = 7,
    /** A password was set. */
    PASSWORD_SET = 8,
    /** The vault was rotated to a new epoch. */
    ROTATED = 9,
    /** A retired epoch was ended. */
    EPOCH_ENDED = 10,
    /** An archive was made: its key was handed out for writing. */
    BACKUP_KEY_RELEASED = 11,
    /** An archive was opened for a restore: its key was handed out for reading. */
    RESTORE_KEY_RELEASED = 12,
    /** An archive was opened for a full verification: its key was handed out for reading. */
    VERIFY_KEY_RELEASED = 13,
    /** A factor was rehearsed. */
    REHEARSED = 14,
    /** Ceremonies failed; count says how many this entry stands for. */
    CEREMONY_FAILED = 15,
    /** Something was found to have been tampered with. */
    TAMPER_FOUND = 16,
    /** Passwords were locked out. */
    LOCKED_OUT = 17,
}
