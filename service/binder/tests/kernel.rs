// SPDX-License-Identifier: Apache-2.0

//! Kernel binder on a host that has no driver: an error, not a crash.

use binder::{BinderFeatures, Interface, ProcessState, Result, StatusCode};
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackupMaintenance::{
    BnPasskeyBackupMaintenance, IPasskeyBackupMaintenance,
};

struct Maintenance;

impl Interface for Maintenance {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackupMaintenance for Maintenance {
    fn onUserRemoved(&self, _user_id: i32) -> Result<()> {
        Ok(())
    }

    fn onPackageRemoved(&self, _uid: i32, _package_name: &str) -> Result<()> {
        Ok(())
    }
}

fn there_is_a_driver() -> bool {
    ["/dev/binder", "/dev/binderfs/binder"]
        .iter()
        .any(|path| std::path::Path::new(path).exists())
}

#[test]
fn without_a_driver_everything_says_so() {
    if there_is_a_driver() {
        return;
    }
    ProcessState::set_thread_pool_max_thread_count(4);
    ProcessState::start_thread_pool();
    ProcessState::join_thread_pool();
    let service = BnPasskeyBackupMaintenance::new_binder(Maintenance, BinderFeatures::default());
    let added = binder::add_service("name", service.as_binder());
    assert_eq!(added.unwrap_err(), StatusCode::NO_INIT);
    let found = binder::get_interface::<dyn IPasskeyBackupMaintenance>("name");
    assert_eq!(found.unwrap_err(), StatusCode::NO_INIT);
    let found = binder::wait_for_interface::<dyn IPasskeyBackupMaintenance>("name");
    assert_eq!(found.unwrap_err(), StatusCode::NO_INIT);
    assert_eq!(
        binder::is_declared("name").unwrap_err(),
        StatusCode::NO_INIT
    );
    assert_eq!(
        binder::get_declared_instances("name").unwrap_err(),
        StatusCode::NO_INIT
    );
}

/// What daemon and sealer do when they share a process: no transport, no driver.
#[test]
fn a_local_object_is_called_directly() {
    let service = BnPasskeyBackupMaintenance::new_binder(Maintenance, BinderFeatures::default());
    service.onUserRemoved(10).unwrap();
    let again = service
        .as_binder()
        .into_interface::<dyn IPasskeyBackupMaintenance>()
        .unwrap();
    again.onPackageRemoved(10_001, "org.example").unwrap();
}
