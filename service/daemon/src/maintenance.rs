// SPDX-License-Identifier: Apache-2.0

//! `IPasskeyBackupMaintenance`: apps and users that are removed take their vaults with them.

use std::sync::Arc;

use binder::{Interface, ThreadState};
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackupMaintenance::IPasskeyBackupMaintenance;
use passkeybackup_identity::user_of;
use passkeybackup_status::to_status;
use sealer_wire::{Error, ErrorCode, Owner, Result, limits};

use crate::erasing;
use crate::service::{Core, log_refusal};

/// Android's `AID_SYSTEM`.
const SYSTEM: u32 = 1000;
/// The one who maintains a plain host.
const ROOT: u32 = 0;

/// The service that the system calls.
pub struct Maintenance(pub Arc<Core>);

impl Interface for Maintenance {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackupMaintenance for Maintenance {
    fn onUserRemoved(&self, userId: i32) -> binder::Result<()> {
        self.serve("onUserRemoved", |core| user_removed(core, userId))
    }

    fn onPackageRemoved(&self, uid: i32, packageName: &str) -> binder::Result<()> {
        self.serve("onPackageRemoved", |core| {
            package_removed(core, uid, packageName)
        })
    }
}

impl Maintenance {
    fn serve(&self, method: &str, call: impl FnOnce(&Core) -> Result<()>) -> binder::Result<()> {
        check_system(ThreadState::get_calling_uid())
            .and_then(|()| call(&self.0))
            .map_err(|error| {
                log_refusal(method, &error);
                to_status(&error)
            })
    }
}

fn check_system(uid: u32) -> Result<()> {
    let system = if cfg!(target_os = "android") {
        uid == SYSTEM
    } else {
        uid == SYSTEM || uid == ROOT
    };
    if system {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::PermissionDenied,
        "only the system may call this",
    ))
}

fn user_removed(core: &Core, user: i32) -> Result<()> {
    let user = u32::try_from(user)
        .map_err(|_| Error::new(ErrorCode::BadRequest, "a user number is not negative"))?;
    end_work(core, |owner| owner.user == user);
    let erased = erasing::erase(&core.catalogue, &core.sealer, user, None)?;
    log::info!("user {user} was removed, and {erased} vaults with it");
    Ok(())
}

/// The sealer erases all vaults of a uid or none, and a uid has one owner: packages that share it
/// share their vaults, under the name that the callers file or package manager gives for the uid.
/// So nothing is erased if the package is not the one that owns.
fn package_removed(core: &Core, uid: i32, package: &str) -> Result<()> {
    let uid = u32::try_from(uid)
        .map_err(|_| Error::new(ErrorCode::BadRequest, "a uid is not negative"))?;
    if package.is_empty() || package.len() > limits::PACKAGE {
        return Err(Error::new(
            ErrorCode::BadRequest,
            "a package name has 1 to 255 bytes",
        ));
    }
    let mut owners = core.catalogue.read(|view| view.owners())?;
    owners.retain(|owner| owner.uid == uid);
    if let Ok(caller) = core.callers.identify(uid) {
        owners.push(caller.owner().clone());
    }
    if !owners.is_empty() && owners.iter().all(|owner| owner.package != package) {
        log::info!("a package of uid {uid} was removed; its vaults are of another one");
        return Ok(());
    }
    end_work(core, |owner| owner.uid == uid);
    let erased = erasing::erase(&core.catalogue, &core.sealer, user_of(uid), Some(uid))?;
    log::info!("a package of uid {uid} was removed, and {erased} vaults with it");
    Ok(())
}

fn end_work(core: &Core, gone: impl Fn(&Owner) -> bool) {
    core.operations.cancel(&gone);
    core.ceremonies.forget(&gone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_system_may_call() {
        assert!(check_system(1000).is_ok());
        assert!(check_system(0).is_ok(), "tests run on plain hosts");
        for uid in [1, 2000, 10_000, 101_000] {
            let refused = check_system(uid).map_err(|e| e.code);
            assert_eq!(refused, Err(ErrorCode::PermissionDenied));
        }
    }
}
