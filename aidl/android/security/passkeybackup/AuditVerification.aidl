// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** Whether an audit log is whole. */
@Backing(type="int")
enum AuditVerification {
    /** Nobody asked. */
    NOT_CHECKED = 1,
    /** Chain, authentication codes and head agree. */
    VERIFIED = 2,
    /** They do not: entries were changed, removed or added. */
    TAMPERED = 3,
}
