// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** A point in time. As a nullable field it can be unknown. */
parcelable UnixTime {
    /** Milliseconds since 1970-01-01T00:00:00Z. */
    long millis;
}
