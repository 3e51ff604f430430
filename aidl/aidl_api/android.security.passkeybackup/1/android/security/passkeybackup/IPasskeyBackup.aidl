// SPDX-License-Identifier: Apache-2.0
///////////////////////////////////////////////////////////////////////////////
// THIS FILE IS IMMUTABLE. DO NOT EDIT IN ANY CASE.                          //
///////////////////////////////////////////////////////////////////////////////

// This file is a snapshot of an AIDL file. Do not edit it manually. There are
// two cases:
// 1). this is a frozen version file - do not edit this in any case.
// 2). this is a 'current' file. If you make a backwards compatible change to
//     the interface (from the latest frozen version), the build system will
//     prompt you to update this file with `m <name>-update-api`.
//
// You must not make a backward incompatible change to any AIDL file built
// with the aidl_interface module type with versions property set. The module
// type is used to build AIDL files in a way that they can be used across
// independently updatable components of the system. If a device is shipped
// with such a backward incompatible change, it has a high risk of breaking
// later when a module using the interface is updated, e.g., Mainline modules.

package android.security.passkeybackup;
@PermissionManuallyEnforced @SensitiveData
interface IPasskeyBackup {
  android.security.passkeybackup.ServiceInfo getInfo();
  android.security.passkeybackup.Ceremony beginCreateVault(in android.security.passkeybackup.VaultParameters parameters);
  android.security.passkeybackup.VaultInfo finishCreateVault(in byte[] token, in byte[] registration);
  android.security.passkeybackup.VaultInfo getVault(in byte[] vaultId);
  android.security.passkeybackup.VaultInfo[] listVaults();
  android.security.passkeybackup.Ceremony beginDeleteVault(in byte[] vaultId);
  byte[] finishDeleteVault(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginSetOrigins(in byte[] vaultId, in @utf8InCpp String[] origins);
  android.security.passkeybackup.VaultInfo finishSetOrigins(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginAddCredential(in byte[] vaultId, @utf8InCpp String label);
  android.security.passkeybackup.Ceremony continueAddCredential(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.CredentialResult finishAddCredential(in byte[] token, in byte[] registration);
  android.security.passkeybackup.Ceremony beginRemoveCredential(in byte[] vaultId, in byte[] credentialId, boolean allowLastPortable);
  android.security.passkeybackup.VaultInfo finishRemoveCredential(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginPrf(in byte[] vaultId);
  android.security.passkeybackup.Ceremony confirmPrf(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.FactorResult finishPrf(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginCreateRecoveryKey(in byte[] vaultId);
  android.security.passkeybackup.RecoveryKeyResult finishCreateRecoveryKey(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginSetPassword(in byte[] vaultId);
  android.security.passkeybackup.FactorResult finishSetPassword(in byte[] token, in byte[] assertion, in byte[] password);
  android.security.passkeybackup.IOperation backup(in byte[] vaultId, in ParcelFileDescriptor input, in ParcelFileDescriptor output, in byte[] meta, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.ArchiveInfo confirmArchive(in byte[] backupId);
  android.security.passkeybackup.ArchivePage listArchives(in byte[] vaultId, int limit, @nullable @utf8InCpp String page, boolean retiredEpochsOnly);
  void forgetArchive(in byte[] backupId);
  android.security.passkeybackup.IOperation refreshArchive(in ParcelFileDescriptor input, in ParcelFileDescriptor output, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.IOperation rebuildCatalogue(in ParcelFileDescriptor[] archives, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.ArchiveCeremony beginRestore(in ParcelFileDescriptor archive);
  android.security.passkeybackup.IOperation finishRestore(in byte[] token, in byte[] assertion, in ParcelFileDescriptor archive, in ParcelFileDescriptor output, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.VerifyResult verifyStructure(in ParcelFileDescriptor archive);
  android.security.passkeybackup.ArchiveCeremony beginVerify(in ParcelFileDescriptor archive);
  android.security.passkeybackup.IOperation finishVerify(in byte[] token, in byte[] assertion, in ParcelFileDescriptor archive, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.ImportCeremony beginImport(in ParcelFileDescriptor archive, boolean allowWeakerSealer);
  android.security.passkeybackup.ImportCeremony beginImportWithRecoveryKey(in ParcelFileDescriptor archive, in byte[] recoveryKey, boolean allowWeakerSealer);
  android.security.passkeybackup.ImportCeremony beginImportWithPassword(in ParcelFileDescriptor archive, in byte[] password, boolean allowWeakerSealer);
  android.security.passkeybackup.ImportResult finishImport(in byte[] token, in byte[] response);
  android.security.passkeybackup.Ceremony beginRotate(in byte[] vaultId);
  android.security.passkeybackup.IOperation finishRotate(in byte[] token, in byte[] assertion, in ParcelFileDescriptor[] inputs, in ParcelFileDescriptor[] outputs, @nullable android.security.passkeybackup.IOperationCallback callback);
  android.security.passkeybackup.Ceremony beginEndEpoch(in byte[] vaultId, long epoch);
  android.security.passkeybackup.VaultInfo finishEndEpoch(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.Ceremony beginRehearsal(in ParcelFileDescriptor archive);
  android.security.passkeybackup.Ceremony beginRehearsalWithRecoveryKey(in ParcelFileDescriptor archive, in byte[] recoveryKey);
  android.security.passkeybackup.Ceremony beginRehearsalWithPassword(in ParcelFileDescriptor archive, in byte[] password);
  android.security.passkeybackup.RehearsalResult finishRehearsal(in byte[] token, in byte[] assertion);
  android.security.passkeybackup.AuditPage getAudit(in byte[] vaultId, int limit, @nullable @utf8InCpp String page, boolean verify);
  const int ID_BYTES = 16;
  const int MAX_ARCHIVES_PER_CALL = 16;
}
