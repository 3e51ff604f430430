// SPDX-License-Identifier: Apache-2.0

//! Numbers of users: `AID_USER_OFFSET` and the ranges of AOSP's `android_filesystem_config.h` and
//! `android.os.Process`.

use std::ops::RangeInclusive;

use sealer_wire::{ErrorCode, Result};

use crate::error;

const PER_USER: u32 = 100_000;
const SDK_SANDBOX: RangeInclusive<u32> = 20_000..=29_999;
const APP_ZYGOTE_ISOLATED: RangeInclusive<u32> = 90_000..=98_999;
const ISOLATED: RangeInclusive<u32> = 99_000..=99_999;

/// What the kernel reports for a uid that has no mapping in our user namespace.
const OVERFLOW: u32 = 65_534;
/// `(uid_t) -1`, which stands for no uid at all.
const NO_UID: u32 = u32::MAX;

/// The Android user that a uid belongs to.
pub const fn user_of(uid: u32) -> u32 {
    uid / PER_USER
}

/// Refuses the uids that never own anything, because they come and go and are given to another
/// app next time: `PERMISSION_DENIED`.
pub fn check_uid(uid: u32) -> Result<()> {
    let app = uid % PER_USER;
    let what = if uid == NO_UID || uid == OVERFLOW {
        "is not the uid of anybody in particular"
    } else if SDK_SANDBOX.contains(&app) {
        "is an SDK sandbox's"
    } else if ISOLATED.contains(&app) || APP_ZYGOTE_ISOLATED.contains(&app) {
        "is an isolated process's"
    } else {
        return Ok(());
    };
    Err(error(
        ErrorCode::PermissionDenied,
        format!("uid {uid} {what}"),
    ))
}
