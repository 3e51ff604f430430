// SPDX-License-Identifier: Apache-2.0

package android.security.passkeybackup;

import android.security.passkeybackup.ArchiveCeremony;
import android.security.passkeybackup.ArchiveInfo;
import android.security.passkeybackup.ArchivePage;
import android.security.passkeybackup.AuditPage;
import android.security.passkeybackup.Ceremony;
import android.security.passkeybackup.CredentialResult;
import android.security.passkeybackup.FactorResult;
import android.security.passkeybackup.IOperation;
import android.security.passkeybackup.IOperationCallback;
import android.security.passkeybackup.ImportCeremony;
import android.security.passkeybackup.ImportResult;
import android.security.passkeybackup.RecoveryKeyResult;
import android.security.passkeybackup.RehearsalResult;
import android.security.passkeybackup.ServiceInfo;
import android.security.passkeybackup.VaultInfo;
import android.security.passkeybackup.VaultParameters;
import android.security.passkeybackup.VerifyResult;

/**
 * Backups of an app's data under keys that only a trusted application can use, and only for a user
 * who has just proved presence with a passkey.
 *
 * Caller. The owner of everything here is the calling app: Android user, uid, package and signing
 * certificate, taken from the calling uid and never from an argument. An app sees its own vaults
 * and archives only; what belongs to another gives NOT_FOUND, as what never existed does.
 *
 * Ids of vaults, archives and factors and ceremony tokens are 16 bytes. Times are milliseconds
 * since 1970-01-01T00:00:00Z. Limits that are not given here are in ServiceInfo.limits. Strings are
 * UTF-8 and their lengths are in bytes. Texts that a person typed contain no control characters.
 *
 * Ceremonies. A begin method returns options for a passkey client; the matching finish method
 * takes the client's answer, RegistrationResponseJSON or AuthenticationResponseJSON of WebAuthn
 * Level 3 as the very bytes that the client returned, at most ServiceInfo.limits.responseJsonBytes
 * long. What was asked for in the begin method is bound into the challenge. A token that was given
 * to a finish or continue method is used up, whether the call succeeds or not, with two exceptions:
 * PASSWORD_WEAK, TOO_LARGE or BAD_REQUEST, found before the answer of the passkey client was looked
 * at, leave the ceremony open, and so does a token of another caller, which is CHALLENGE_UNKNOWN.
 *
 * Archives are passed as descriptors. An archive that is read is a regular file, read from its
 * beginning whatever the position of the descriptor, which does not move; only finishRestore() and
 * finishVerify() also take a pipe or socket, read to its end. An output is a regular file, which is
 * emptied, written and fsynced, or a pipe or socket. Input and output of one call must not be the
 * same file. Descriptors of the caller can be closed as soon as the call has returned.
 * An archive is recorded as UNCONFIRMED; the client gives the file its final name, makes that
 * durable and calls confirmArchive(). What was written to a pipe before a failure is a prefix that
 * must be thrown away.
 *
 * Long work is an IOperation. It ends when its client dies.
 *
 * Errors are service-specific, with an ErrorCode and a message in the form described there. Every
 * method can end with:
 * - PERMISSION_DENIED if the caller is not to be served at all: unknown, isolated or sandboxed
 * - BAD_REQUEST or TOO_LARGE if an argument is not as described
 * - QUOTA if the caller has too much under way
 * - TEE_UNAVAILABLE, NO_SPACE, IO or INTERNAL
 * Every method that names a vault or needs its keys can end with:
 * - NOT_FOUND
 * - RESET, ROLLBACK or CORRUPT if the sealer no longer has what the service last saw
 * Every method that takes a ceremony token can end with:
 * - CHALLENGE_UNKNOWN, CHALLENGE_EXPIRED or OPERATION_MISMATCH
 * - every other error of the ceremony block of ErrorCode, each saying which check failed
 * Every method that reads an archive can end with:
 * - NOT_AN_ARCHIVE, UNSUPPORTED_VERSION, TRUNCATED, TRAILING_DATA or HEADER_TAMPERED
 * - NOT_FOUND if its vault is not one of the caller's (not so for an import)
 * - WRONG_APP if its vault was made by another app
 * These are not repeated below; "Error conditions" lists what else a method can end with.
 *
 * Passwords, recovery keys and PRF results pass through here, hence @SensitiveData: buffers are
 * cleared after use.
 */
@SensitiveData
@PermissionManuallyEnforced
interface IPasskeyBackup {
    /** Length of the ids of vaults, archives and factors and of ceremony tokens, in bytes. */
    const int ID_BYTES = 16;

    /** Most archives that one call takes. */
    const int MAX_ARCHIVES_PER_CALL = 16;

    // --- The service ---
    /**
     * What this service and its sealer are.
     *
     * Error conditions: none of its own. A sealer that does not answer is a null in the result,
     * not an error.
     * @return versions, sealer, algorithms and limits.
     */
    ServiceInfo getInfo();

    // --- Vaults ---
    /**
     * Begins a registration that creates a vault with its first passkey.
     *
     * Error conditions:
     * - BAD_REQUEST if the relying party id or an origin is not allowed for this caller
     * - QUOTA if the caller has as many vaults or open ceremonies as it may
     * - BIOMETRIC_UNAVAILABLE if a biometric proof is asked for and this device cannot give one
     * @param parameters what the vault is to be.
     * @return creation options, to be finished with finishCreateVault().
     */
    Ceremony beginCreateVault(in VaultParameters parameters);

    /**
     * Creates the vault that beginCreateVault() described.
     *
     * Error conditions: QUOTA if the caller has reached its number of vaults in the meantime.
     * @param token of beginCreateVault().
     * @param registration RegistrationResponseJSON.
     * @return the vault. Its passkey is not portable until its PRF extension is enrolled.
     */
    VaultInfo finishCreateVault(in byte[] token, in byte[] registration);

    /**
     * One vault. It is shown even if the sealer no longer has it, or does not answer: then state
     * and warnings say so.
     *
     * Error conditions: RESET, ROLLBACK, CORRUPT and TEE_UNAVAILABLE are part of the result, not
     * errors, as long as the service itself knows the vault.
     * @param vaultId 16 bytes.
     * @return the vault with its passkeys and factors.
     */
    VaultInfo getVault(in byte[] vaultId);

    /**
     * All vaults of the caller, oldest first, each as getVault() shows it.
     *
     * Error conditions: as of getVault().
     * @return the vaults, at most ServiceInfo.limits.vaultsPerOwner.
     */
    VaultInfo[] listVaults();

    /**
     * Begins an assertion that deletes a vault.
     *
     * Error conditions: none of its own.
     * @param vaultId 16 bytes.
     * @return request options, to be finished with finishDeleteVault().
     */
    Ceremony beginDeleteVault(in byte[] vaultId);

    /**
     * Deletes the vault: its keys are erased in the sealer and it leaves the catalogue. Archives of
     * it stay readable to portable factors.
     *
     * Error conditions: none of its own.
     * @param token of beginDeleteVault().
     * @param assertion AuthenticationResponseJSON.
     * @return id of the vault that is gone, 16 bytes.
     */
    byte[] finishDeleteVault(in byte[] token, in byte[] assertion);

    // --- Origins ---
    /**
     * Begins an assertion that replaces the origins of a vault.
     *
     * Error conditions: BAD_REQUEST if an origin is not allowed for this caller and relying party
     * id.
     * @param vaultId 16 bytes.
     * @param origins all origins that are to be allowed, as in VaultParameters.
     * @return request options, to be finished with finishSetOrigins().
     */
    Ceremony beginSetOrigins(in byte[] vaultId, in @utf8InCpp String[] origins);

    /**
     * Replaces the origins.
     *
     * Error conditions: none of its own.
     * @param token of beginSetOrigins().
     * @param assertion AuthenticationResponseJSON.
     * @return the vault.
     */
    VaultInfo finishSetOrigins(in byte[] token, in byte[] assertion);

    // --- Passkeys ---
    /**
     * Begins an assertion by an enrolled passkey, the first half of adding another one.
     *
     * Error conditions: TOO_MANY_FACTORS if the vault has as many passkeys as it can.
     * @param vaultId 16 bytes.
     * @param label a name for the new passkey, at most 64 bytes. May be empty.
     * @return request options, to be continued with continueAddCredential().
     */
    Ceremony beginAddCredential(in byte[] vaultId, @utf8InCpp String label);

    /**
     * Takes the assertion and begins the registration that is bound to it.
     *
     * Error conditions: none of its own.
     * @param token of beginAddCredential().
     * @param assertion AuthenticationResponseJSON of the enrolled passkey.
     * @return creation options, to be finished with finishAddCredential().
     */
    Ceremony continueAddCredential(in byte[] token, in byte[] assertion);

    /**
     * Adds the passkey.
     *
     * Error conditions: TOO_MANY_FACTORS if the vault has as many passkeys as it can.
     * @param token of continueAddCredential().
     * @param registration RegistrationResponseJSON of the new passkey.
     * @return the vault's id and the passkey.
     */
    CredentialResult finishAddCredential(in byte[] token, in byte[] registration);

    /**
     * Begins an assertion that removes a passkey. Any enrolled passkey can give it.
     *
     * Error conditions:
     * - LAST_PORTABLE_FACTOR if it is the last portable factor and allowLastPortable is false
     * - BAD_REQUEST if it is the last passkey of the vault
     * @param vaultId 16 bytes.
     * @param credentialId the passkey that is to go.
     * @param allowLastPortable whether it may be the last factor that works on a new device.
     * @return request options, to be finished with finishRemoveCredential().
     */
    Ceremony beginRemoveCredential(
            in byte[] vaultId, in byte[] credentialId, boolean allowLastPortable);

    /**
     * Removes the passkey and rotates the vault. Archives made before stay readable to whoever
     * holds the passkey and a copy of their old header.
     *
     * Error conditions: LAST_PORTABLE_FACTOR as in beginRemoveCredential().
     * @param token of beginRemoveCredential().
     * @param assertion AuthenticationResponseJSON.
     * @return the vault, in a new epoch.
     */
    VaultInfo finishRemoveCredential(in byte[] token, in byte[] assertion);

    // --- Factors that work on a new device ---
    /**
     * Begins the first of two assertions that enrol the PRF extension of a passkey.
     *
     * Error conditions: TOO_MANY_FACTORS if the vault has as many portable factors as it can.
     * @param vaultId 16 bytes.
     * @return request options, to be continued with confirmPrf().
     */
    Ceremony beginPrf(in byte[] vaultId);

    /**
     * Takes the first assertion and begins the second.
     *
     * Error conditions: PRF_MISSING if the answer carries no PRF result.
     * @param token of beginPrf().
     * @param assertion AuthenticationResponseJSON with clientExtensionResults.prf.results.first.
     * @return request options for the same passkey, to be finished with finishPrf().
     */
    Ceremony confirmPrf(in byte[] token, in byte[] assertion);

    /**
     * Enrols the PRF extension: the passkey is portable from now on.
     *
     * Error conditions:
     * - PRF_MISSING if the answer carries no PRF result
     * - PRF_UNCONFIRMED if it gives another key than the first one
     * @param token of confirmPrf().
     * @param assertion AuthenticationResponseJSON with clientExtensionResults.prf.results.first.
     * @return the vault's id and the factor.
     */
    FactorResult finishPrf(in byte[] token, in byte[] assertion);

    /**
     * Begins an assertion that makes a recovery key. One that exists is replaced.
     *
     * Error conditions: TOO_MANY_FACTORS if the vault has as many portable factors as it can.
     * @param vaultId 16 bytes.
     * @return request options, to be finished with finishCreateRecoveryKey().
     */
    Ceremony beginCreateRecoveryKey(in byte[] vaultId);

    /**
     * Makes the recovery key. If it replaces one, the vault is rotated.
     *
     * Error conditions: none of its own.
     * @param token of beginCreateRecoveryKey().
     * @param assertion AuthenticationResponseJSON.
     * @return the vault's id, the factor, and the recovery key: this is the only time.
     */
    RecoveryKeyResult finishCreateRecoveryKey(in byte[] token, in byte[] assertion);

    /**
     * Begins an assertion that sets a password. One that exists is replaced.
     *
     * Error conditions: TOO_MANY_FACTORS if the vault has as many portable factors as it can.
     * @param vaultId 16 bytes.
     * @return request options, to be finished with finishSetPassword().
     */
    Ceremony beginSetPassword(in byte[] vaultId);

    /**
     * Sets the password. If it replaces one, the vault is rotated.
     *
     * Error conditions: PASSWORD_WEAK if the password is too easy to guess.
     * @param token of beginSetPassword().
     * @param assertion AuthenticationResponseJSON.
     * @param password UTF-8, 1 to 1024 bytes.
     * @return the vault's id and the factor.
     */
    FactorResult finishSetPassword(in byte[] token, in byte[] assertion, in byte[] password);

    // --- Backup ---
    /**
     * Makes an archive. No ceremony: this can run at night with nobody present.
     *
     * Error conditions, of the operation:
     * - NO_SPACE or IO if the input cannot be read to its end or the output cannot be written
     * - TOO_LARGE if the input is longer than ServiceInfo.limits.plaintextBytes
     * @param vaultId 16 bytes.
     * @param input what to back up: a regular file, read from its beginning, or a pipe or socket,
     *         read to its end.
     * @param output where the archive goes.
     * @param meta the app's own metadata, at most 4096 bytes; it is readable in the file. May be
     *         empty.
     * @param callback gets news; may be null, then the client asks IOperation.
     * @return the operation; its result is an ArchiveInfo.
     */
    IOperation backup(in byte[] vaultId, in ParcelFileDescriptor input,
            in ParcelFileDescriptor output, in byte[] meta, @nullable IOperationCallback callback);

    /**
     * Tells that the file of an archive has its final name and is durable. May be repeated.
     *
     * Error conditions: none of its own.
     * @param backupId 16 bytes.
     * @return the archive, now COMPLETE.
     */
    ArchiveInfo confirmArchive(in byte[] backupId);

    /**
     * Archives of a vault, newest first, by pages. The time it takes does not grow with their
     * number.
     *
     * Error conditions: RESET, ROLLBACK, CORRUPT and TEE_UNAVAILABLE do not occur: this reads the
     * catalogue only.
     * @param vaultId 16 bytes.
     * @param limit most entries to return, 1 to ServiceInfo.limits.pageEntries.
     * @param page null for the first page, else nextPage of the one before.
     * @param retiredEpochsOnly whether to leave out archives of the current epoch.
     * @return a page.
     */
    ArchivePage listArchives(in byte[] vaultId, int limit, @nullable @utf8InCpp String page,
            boolean retiredEpochsOnly);

    /**
     * Removes an archive from the catalogue. The file stays what it is, and rebuildCatalogue() can
     * take it back.
     *
     * Error conditions: none of its own.
     * @param backupId 16 bytes.
     */
    void forgetArchive(in byte[] backupId);

    /**
     * Writes an archive anew under the current epoch and factors: new header, same body.
     *
     * Error conditions, of the operation:
     * - EPOCH_ENDED if the epoch of the archive was ended
     * @param input the archive.
     * @param output where the new file goes.
     * @param callback gets news; may be null.
     * @return the operation; its result is an ArchiveInfo.
     */
    IOperation refreshArchive(in ParcelFileDescriptor input, in ParcelFileDescriptor output,
            @nullable IOperationCallback callback);

    /**
     * Enters archives into the catalogue that it does not have, as after its loss. Archives that
     * cannot be taken do not stop the others.
     *
     * Error conditions: what is wrong with one archive is part of the result, not an error.
     * @param archives 1 to MAX_ARCHIVES_PER_CALL archives.
     * @param callback gets news; may be null.
     * @return the operation; its result is a RebuildResult.
     */
    IOperation rebuildCatalogue(
            in ParcelFileDescriptor[] archives, @nullable IOperationCallback callback);

    // --- Restore and verify ---
    /**
     * Begins an assertion that opens one archive.
     *
     * Error conditions: EPOCH_ENDED if the epoch of the archive was ended.
     * @param archive the archive.
     * @return request options, to be finished with finishRestore(), and the archive.
     */
    ArchiveCeremony beginRestore(in ParcelFileDescriptor archive);

    /**
     * Restores the archive. Only authenticated bytes are written. The ceremony is checked before
     * the call returns, everything else in the operation.
     *
     * Error conditions:
     * - OPERATION_MISMATCH if the archive is not the one that the ceremony was begun for
     * - EPOCH_ENDED if the epoch of the archive was ended
     * and of the operation:
     * - SEGMENT_TAMPERED, TRUNCATED or TRAILING_DATA
     * @param token of beginRestore().
     * @param assertion AuthenticationResponseJSON.
     * @param archive the archive.
     * @param output where the plaintext goes.
     * @param callback gets news; may be null.
     * @return the operation; its result is a RestoreResult.
     */
    IOperation finishRestore(in byte[] token, in byte[] assertion,
            in ParcelFileDescriptor archive, in ParcelFileDescriptor output,
            @nullable IOperationCallback callback);

    /**
     * Checks what can be checked without opening the archive: its structure, its length and, if
     * the vault is on this device, its header. It works for archives of vaults that are not.
     *
     * Error conditions: NOT_FOUND does not occur.
     * @param archive the archive.
     * @return what was found, with full = false.
     */
    VerifyResult verifyStructure(in ParcelFileDescriptor archive);

    /**
     * Begins an assertion that opens one archive, to authenticate every byte of it.
     *
     * Error conditions: EPOCH_ENDED if the epoch of the archive was ended.
     * @param archive the archive.
     * @return request options, to be finished with finishVerify(), and the archive.
     */
    ArchiveCeremony beginVerify(in ParcelFileDescriptor archive);

    /**
     * Authenticates every byte of the archive and writes nothing. The ceremony is checked before
     * the call returns, everything else in the operation.
     *
     * Error conditions: as of finishRestore().
     * @param token of beginVerify().
     * @param assertion AuthenticationResponseJSON.
     * @param archive the archive.
     * @param callback gets news; may be null.
     * @return the operation; its result is a VerifyResult with full = true.
     */
    IOperation finishVerify(in byte[] token, in byte[] assertion,
            in ParcelFileDescriptor archive, @nullable IOperationCallback callback);

    // --- Import: a vault comes to this device ---
    /**
     * Begins an assertion that imports a vault with a passkey whose PRF extension is enrolled. The
     * header of the archive is not trusted: nothing is stored yet.
     *
     * Error conditions:
     * - CANNOT_OPEN if the archive has no passkey among its factors
     * - ALREADY_IMPORTED if its epoch is known to this device
     * - QUOTA if the caller has as many vaults as it may
     * @param archive the archive.
     * @param allowWeakerSealer whether the archive may come from a stronger kind of sealer.
     * @return request options, to be finished with finishImport(), and what the header says.
     */
    ImportCeremony beginImport(in ParcelFileDescriptor archive, boolean allowWeakerSealer);

    /**
     * Begins a registration of a new passkey that imports a vault with a recovery key.
     *
     * Error conditions:
     * - RECOVERY_TYPO if a group has a wrong digit; nothing was tried
     * - CANNOT_OPEN if the archive has no recovery key among its factors
     * - ALREADY_IMPORTED or QUOTA as in beginImport()
     * @param archive the archive.
     * @param recoveryKey ASCII, at most 256 bytes: 64 hexadecimal digits in any case; spaces, line
     *         breaks and hyphens are ignored.
     * @param allowWeakerSealer as in beginImport().
     * @return creation options, to be finished with finishImport(), and what the header says.
     */
    ImportCeremony beginImportWithRecoveryKey(
            in ParcelFileDescriptor archive, in byte[] recoveryKey, boolean allowWeakerSealer);

    /**
     * Begins a registration of a new passkey that imports a vault with a password.
     *
     * Error conditions:
     * - LOCKED_OUT after too many wrong passwords
     * - CANNOT_OPEN if the archive has no password among its factors
     * - ALREADY_IMPORTED or QUOTA as in beginImport()
     * @param archive the archive.
     * @param password UTF-8, 1 to 1024 bytes.
     * @param allowWeakerSealer as in beginImport().
     * @return creation options, to be finished with finishImport(), and what the header says.
     */
    ImportCeremony beginImportWithPassword(
            in ParcelFileDescriptor archive, in byte[] password, boolean allowWeakerSealer);

    /**
     * Imports the vault, with all its passkeys and factors and in a new epoch, as one of the
     * caller's. An older archive of a vault that is on this device adds its epoch as a retired one.
     *
     * Error conditions:
     * - CANNOT_OPEN if the secret does not open the archive: wrong secret or wrong archive
     * - PRF_MISSING if a passkey was to open it and the answer carries no PRF result
     * - WRONG_APP if the vault was made by another app
     * - WEAKER_SEALER if it comes from a stronger kind of sealer and that was not allowed
     * - ALREADY_IMPORTED, LOCKED_OUT or QUOTA as in the begin methods
     * @param token of one of the three begin methods.
     * @param response AuthenticationResponseJSON after beginImport(), else
     *         RegistrationResponseJSON.
     * @return the vault and the factor that opened the archive.
     */
    ImportResult finishImport(in byte[] token, in byte[] response);

    // --- Epochs ---
    /**
     * Begins an assertion that rotates a vault to a new epoch.
     *
     * Error conditions: none of its own.
     * @param vaultId 16 bytes.
     * @return request options, to be finished with finishRotate().
     */
    Ceremony beginRotate(in byte[] vaultId);

    /**
     * Rotates the vault, then writes the given archives anew under the new epoch. The rotation is
     * done when the call returns; archives can also be refreshed later, so an operation that was
     * interrupted is resumed with refreshArchive().
     *
     * Error conditions:
     * - BAD_REQUEST if there are not as many outputs as inputs
     * and of the operation:
     * - EPOCH_ENDED if the epoch of an archive was ended
     * @param token of beginRotate().
     * @param assertion AuthenticationResponseJSON.
     * @param inputs 0 to MAX_ARCHIVES_PER_CALL archives of the vault.
     * @param outputs where the new files go, one for each input.
     * @param callback gets news; may be null.
     * @return the operation; its result is a RotateResult.
     */
    IOperation finishRotate(in byte[] token, in byte[] assertion,
            in ParcelFileDescriptor[] inputs, in ParcelFileDescriptor[] outputs,
            @nullable IOperationCallback callback);

    /**
     * Begins an assertion that ends a retired epoch for good.
     *
     * Error conditions: NOT_FOUND if the vault has no such retired epoch.
     * @param vaultId 16 bytes.
     * @param epoch its number, one of VaultInfo.retiredEpochs.
     * @return request options, to be finished with finishEndEpoch().
     */
    Ceremony beginEndEpoch(in byte[] vaultId, long epoch);

    /**
     * Ends the epoch: its key is erased, and archives still under it no longer open on this device.
     *
     * Error conditions: EPOCH_ENDED if that has happened in the meantime.
     * @param token of beginEndEpoch().
     * @param assertion AuthenticationResponseJSON.
     * @return the vault.
     */
    VaultInfo finishEndEpoch(in byte[] token, in byte[] assertion);

    // --- Rehearsal ---
    /**
     * Begins an assertion that proves that a passkey would open an archive on a new device. Nothing
     * is restored or changed.
     *
     * Error conditions: CANNOT_OPEN if the archive has no passkey among its factors.
     * @param archive the archive.
     * @return request options, to be finished with finishRehearsal().
     */
    Ceremony beginRehearsal(in ParcelFileDescriptor archive);

    /**
     * Begins an assertion beside which a recovery key proves that it would open an archive on a new
     * device. Nothing is restored or changed.
     *
     * Error conditions:
     * - RECOVERY_TYPO if a group has a wrong digit; nothing was tried
     * - CANNOT_OPEN if the archive has no recovery key among its factors
     * @param archive the archive.
     * @param recoveryKey as in beginImportWithRecoveryKey().
     * @return request options, to be finished with finishRehearsal().
     */
    Ceremony beginRehearsalWithRecoveryKey(
            in ParcelFileDescriptor archive, in byte[] recoveryKey);

    /**
     * Begins an assertion beside which a password proves that it would open an archive on a new
     * device. Nothing is restored or changed but the count of wrong passwords.
     *
     * Error conditions:
     * - LOCKED_OUT after too many wrong passwords
     * - CANNOT_OPEN if the archive has no password among its factors
     * @param archive the archive.
     * @param password UTF-8, 1 to 1024 bytes.
     * @return request options, to be finished with finishRehearsal().
     */
    Ceremony beginRehearsalWithPassword(in ParcelFileDescriptor archive, in byte[] password);

    /**
     * Opens the header of the archive as a new device would, and forgets it.
     *
     * Error conditions:
     * - CANNOT_OPEN if the factor does not open the archive
     * - PRF_MISSING if a passkey was to open it and the answer carries no PRF result
     * - LOCKED_OUT as in beginRehearsalWithPassword()
     * @param token of one of the three begin methods.
     * @param assertion AuthenticationResponseJSON; after beginRehearsal() with
     *         clientExtensionResults.prf.results.first.
     * @return the archive and the factor.
     */
    RehearsalResult finishRehearsal(in byte[] token, in byte[] assertion);

    // --- Audit ---
    /**
     * The audit log of a vault, newest first, by pages.
     *
     * Error conditions: a log that does not verify is part of the result, not an error.
     * @param vaultId 16 bytes.
     * @param limit most entries to return, 1 to ServiceInfo.limits.pageEntries.
     * @param page null for the first page, else nextPage of the one before.
     * @param verify whether the sealer is to verify the whole log.
     * @return a page.
     */
    AuditPage getAudit(in byte[] vaultId, int limit, @nullable @utf8InCpp String page,
            boolean verify);
}
