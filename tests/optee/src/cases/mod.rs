//! The tests, by the promise that they check.

mod identity;
mod malformed;

use crate::Case;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($case)), $module::$case)),+),+]
    };
}

pub const ALL: &[Case] = cases! {
    identity: the_hal_is_served, other_users_are_refused, other_logins_are_refused,
        a_session_takes_no_parameters;
    malformed: parameter_types, commands, sizes, no_memory, garbage, mutated_requests;
};
