// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

/** What the catalogue knows of an archive. */
@Backing(type="int")
enum ArchiveState {
    /** The client said that the file is in place, or the service has just read it there. */
    COMPLETE = 1,
    /** The file was written in full; the client has not yet said that it is in place. */
    UNCONFIRMED = 2,
}
