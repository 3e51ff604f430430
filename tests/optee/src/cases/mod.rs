//! The tests, by the promise that they check.

mod identity;

use crate::Case;

pub const ALL: &[Case] = &[
    ("identity::the_hal_is_served", identity::the_hal_is_served),
    (
        "identity::other_users_are_refused",
        identity::other_users_are_refused,
    ),
    (
        "identity::other_logins_are_refused",
        identity::other_logins_are_refused,
    ),
    (
        "identity::a_session_takes_no_parameters",
        identity::a_session_takes_no_parameters,
    ),
];
