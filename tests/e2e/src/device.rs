// SPDX-License-Identifier: Apache-2.0

//! What the portable suite runs against.

use crate::{Daemon, User, next_uid};

/// Something that runs the service.
#[derive(Debug)]
pub enum Device {
    /// A daemon of this test's own.
    Own(Box<Daemon>),
    /// The one of the target, found through the service manager, shared by all tests.
    Shared,
}

impl Device {
    /// The device that `PKB_TARGET` names.
    ///
    /// # Panics
    /// If there is no such target, or the daemon does not start.
    pub fn new() -> Device {
        match std::env::var("PKB_TARGET").as_deref() {
            Err(_) | Ok("rpc") => Device::Own(Box::new(Daemon::start())),
            Ok("binder" | "optee") => Device::Shared,
            Ok(other) => panic!("PKB_TARGET={other} is none of rpc, binder, optee"),
        }
    }

    /// Another device, with a state and a sealer of its own: a daemon of this test with the nonsecure
    /// sealer, on every target.
    pub fn another() -> Device {
        Device::Own(Box::new(Daemon::start()))
    }

    /// `rpc` or `binder`, as `pkb info` is to say.
    pub const fn transport(&self) -> &'static str {
        match self {
            Device::Own(_) => "rpc",
            Device::Shared => "binder",
        }
    }

    /// `nonsecure` or `optee`, as `pkb info` is to say.
    pub fn sealer(&self) -> &'static str {
        match std::env::var("PKB_TARGET").as_deref() {
            Ok("optee") => "optee",
            _ => "nonsecure",
        }
    }

    /// An app with a uid that no other test uses.
    pub fn user(&self) -> User {
        match self {
            Device::Own(daemon) => daemon.user(),
            Device::Shared => User::new(None, next_uid()),
        }
    }

    /// Another app of the same uid, with files of its own.
    pub fn same_app(&self, user: &User) -> User {
        match self {
            Device::Own(daemon) => daemon.user_with_uid(user.pkb.uid()),
            Device::Shared => User::new(None, user.pkb.uid()),
        }
    }
}

impl Default for Device {
    fn default() -> Self {
        Device::new()
    }
}
