// SPDX-License-Identifier: Apache-2.0

//! What a process of some uid can do over kernel binder. Prints `ok`, or why not; ends with 0 if the
//! question could be asked.
//!
//!     binder-probe add NAME
//!     binder-probe find NAME
//!     binder-probe user-removed USER
//!     binder-probe package-removed UID PACKAGE
#![forbid(unsafe_code)]

use std::process::ExitCode;

use binder::{BinderFeatures, Interface, StatusCode, Strong};
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackupMaintenance::{
    BnPasskeyBackupMaintenance, IPasskeyBackupMaintenance,
};
use passkeybackup_status::{MAINTENANCE, from_status};

/// Something to register under a name that is not ours to give.
struct Impostor;

impl Interface for Impostor {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IPasskeyBackupMaintenance for Impostor {
    fn onUserRemoved(&self, _user_id: i32) -> binder::Result<()> {
        Ok(())
    }

    fn onPackageRemoved(&self, _uid: i32, _package_name: &str) -> binder::Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match words.as_slice() {
        ["add", name] => add(name),
        ["find", name] => find(name),
        ["user-removed", user] => user
            .parse()
            .map_err(|_| "USAGE".to_owned())
            .and_then(|user| tell(|service| service.onUserRemoved(user))),
        ["package-removed", uid, package] => uid
            .parse()
            .map_err(|_| "USAGE".to_owned())
            .and_then(|uid| tell(|service| service.onPackageRemoved(uid, package))),
        _ => {
            eprintln!("usage: see the source");
            return ExitCode::from(2);
        }
    };
    println!("{}", answer.err().unwrap_or_else(|| "ok".to_owned()));
    ExitCode::SUCCESS
}

fn add(name: &str) -> Result<(), String> {
    let impostor = BnPasskeyBackupMaintenance::new_binder(Impostor, BinderFeatures::default());
    binder::add_service(name, impostor.as_binder()).map_err(|code| format!("{code:?}"))
}

/// Whether there is anything of that name, of whatever interface.
fn find(name: &str) -> Result<(), String> {
    match binder::get_interface::<dyn IPasskeyBackupMaintenance>(name) {
        // Another interface than the one that was asked for is an answer all the same.
        Ok(_) | Err(StatusCode::BAD_TYPE) => Ok(()),
        Err(code) => Err(format!("{code:?}")),
    }
}

fn tell(
    call: impl FnOnce(&Strong<dyn IPasskeyBackupMaintenance>) -> binder::Result<()>,
) -> Result<(), String> {
    let service = binder::get_interface(MAINTENANCE).map_err(|code| format!("{code:?}"))?;
    call(&service).map_err(|status| from_status(&status).name)
}
