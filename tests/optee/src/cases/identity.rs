// SPDX-License-Identifier: Apache-2.0

//! Who may open a session, and what is behind it.

use optee_teec::raw;
use sealer_wire::{Reply, Request, SealerKind, StorageProtection, WIRE_VERSION};

use crate::Device;
use crate::client::Client;
use crate::tee::{FROM_TA, Failure, HAL_UID, Parameter, Session};

pub fn the_hal_is_served() {
    let mut device = Device::new();
    let Ok(Reply::Info(info)) = device.call(Request::GetInfo).result else {
        panic!("no info")
    };
    assert_eq!(info.kind, SealerKind::Optee);
    assert_eq!(info.storage_protection, StorageProtection::ReeFs);
    assert_eq!(info.wire_version, WIRE_VERSION);
    let (ours, system) = info.revision.split_once(" on OP-TEE ").expect("a revision");
    assert!(!ours.contains("test"), "{}", info.revision);
    assert!(system.contains(char::is_numeric), "{}", info.revision);

    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    assert_eq!(client.restore(&mut device, &backup), Ok(backup.dek));
    assert_eq!(client.list(&mut device).unwrap(), [client.vault_id]);
}

const DENIED: Failure = Failure {
    code: raw::TEEC_ERROR_ACCESS_DENIED,
    origin: FROM_TA,
};

/// The session's failure.
fn refusal(uid: u32, login: u32, group: Option<u32>) -> Option<Failure> {
    Session::open(uid, login, group, Parameter::None).err()
}

pub fn other_users_are_refused() {
    for uid in [
        0,
        1,
        900,
        1000,
        HAL_UID - 1,
        HAL_UID + 1,
        10_100,
        0x2901,
        u32::MAX - 1,
    ] {
        assert_eq!(
            refusal(uid, raw::TEEC_LOGIN_USER, None),
            Some(DENIED),
            "uid {uid}"
        );
    }
    assert_eq!(refusal(HAL_UID, raw::TEEC_LOGIN_USER, None), None);
}

pub fn other_logins_are_refused() {
    assert_eq!(refusal(HAL_UID, raw::TEEC_LOGIN_PUBLIC, None), Some(DENIED));
    // A group of the same number, of which this process is a member.
    assert_eq!(
        refusal(HAL_UID, raw::TEEC_LOGIN_GROUP, Some(HAL_UID)),
        Some(DENIED)
    );
    // These the kernel's driver does not offer, and the numbers in between are nothing.
    for login in 3..16 {
        assert!(
            refusal(HAL_UID, login, Some(HAL_UID)).is_some(),
            "login {login}"
        );
    }
    // Logins of the kernel itself.
    assert!(refusal(HAL_UID, 0x8000_0000, None).is_some());
}

pub fn a_session_takes_no_parameters() {
    let mut bytes = [0; 8];
    for parameter in [
        Parameter::Value(raw::TEEC_VALUE_INPUT, 1, 2),
        Parameter::Memory(raw::TEEC_MEMREF_TEMP_INOUT, &mut bytes),
    ] {
        let refused = Session::open(HAL_UID, raw::TEEC_LOGIN_USER, None, parameter).err();
        let wanted = Failure {
            code: raw::TEEC_ERROR_BAD_PARAMETERS,
            origin: FROM_TA,
        };
        assert_eq!(refused, Some(wanted));
    }
}
