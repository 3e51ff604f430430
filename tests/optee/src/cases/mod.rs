// SPDX-License-Identifier: Apache-2.0

//! The tests, by the promise that they check.

mod identity;
mod malformed;
mod memory;
pub mod panicked;

use crate::Case;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($case)), $module::$case)),+),+]
    };
}

/// Tests of the trusted application as it is shipped.
pub const SHIPPED: &[Case] = cases! {
    identity: the_hal_is_served, other_users_are_refused, other_logins_are_refused,
        a_session_takes_no_parameters;
    malformed: parameter_types, commands, sizes, no_memory, garbage, mutated_requests;
};

/// Tests of a build with commands for tests, which end the trusted application.
pub const PROBE: &[Case] = cases! {
    panicked: sessions_end_and_new_ones_work, no_limit_is_forgotten, nothing_stays_open;
    memory: all_of_it_is_given_back;
};
