// SPDX-License-Identifier: Apache-2.0

//! The user, who thinks of losing the device, and then on the next one.

use std::path::Path;

use passkeybackup_aidl::android::security::passkeybackup::ImportCeremony::ImportCeremony;
use zeroize::Zeroizing;

use super::device::Device;
use super::user::{User, failed};
use crate::args::Place;
use crate::failure::Result;
use crate::files::Input;

impl User {
    /// Lets the passkey open archives on a new device: two assertions.
    pub fn enrol_prf(&mut self, device: &Device, vault: &[u8]) -> Result<()> {
        let connection = device.connect()?;
        let service = connection.service();
        let first = service.beginPrf(vault)?;
        let assertion = self.assert(&first, &[])?;
        let second = service.confirmPrf(&first.token, &assertion)?;
        let assertion = self.assert(&second, &[])?;
        service.finishPrf(&second.token, &assertion)?;
        Ok(())
    }

    /// Writes the recovery key down.
    pub fn recovery_key(&mut self, device: &Device, vault: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let connection = device.connect()?;
        let service = connection.service();
        let ceremony = service.beginCreateRecoveryKey(vault)?;
        let assertion = self.assert(&ceremony, &[])?;
        let made = service.finishCreateRecoveryKey(&ceremony.token, &assertion)?;
        Ok(Zeroizing::new(made.recoveryKey))
    }

    /// Brings the vault of an archive to a device, by the synced passkey.
    pub fn import_by_passkey(&mut self, device: &Device, archive: &Path) -> Result<()> {
        let connection = device.connect()?;
        let service = connection.service();
        let archive = Input::archive(&Place::File(archive.into()))?;
        let ImportCeremony { ceremony, .. } = service.beginImport(archive.descriptor(), false)?;
        let assertion = self.assert(&ceremony, &[])?;
        service.finishImport(&ceremony.token, &assertion)?;
        Ok(())
    }

    /// The same by the digits, together with a new passkey.
    pub fn import_by_digits(&mut self, device: &Device, archive: &Path, key: &[u8]) -> Result<()> {
        let connection = device.connect()?;
        let service = connection.service();
        let archive = Input::archive(&Place::File(archive.into()))?;
        let ImportCeremony { ceremony, .. } =
            service.beginImportWithRecoveryKey(archive.descriptor(), key, false)?;
        let registration = self.register(&ceremony).map_err(failed)?;
        service.finishImport(&ceremony.token, registration.as_bytes())?;
        Ok(())
    }
}
