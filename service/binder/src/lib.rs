// SPDX-License-Identifier: Apache-2.0

//! The names of the platform's `binder` crate (`libbinder_rs`) on top of `rsbinder`.
//!
//! Daemon, sealer service and tools are written against the platform's crate. An Android tree links
//! that one; Cargo builds link this one, so that the same sources build on both. Whatever differs
//! between the two is adapted here and only here. This crate has nothing that the platform's has
//! not, except [`rpc`], and lacks much that the platform's has: what nobody here uses.
//!
//! The interfaces come from `passkeybackup-aidl`, whose build script points the code that rsbinder's
//! AIDL compiler generates at [`generated`] instead of at rsbinder. That is what makes them
//! speak in this crate's [`Status`] and take [`BinderFeatures`] in `BnX::new_binder`.
//!
//! # A service and a client
//!
//! ```no_run
//! use binder::{BinderFeatures, Interface, Result, Status, Strong, ThreadState};
//! use passkeybackup_aidl::android::security::passkeybackup::{
//!     ErrorCode::ErrorCode,
//!     IPasskeyBackupMaintenance::{BnPasskeyBackupMaintenance, IPasskeyBackupMaintenance},
//! };
//!
//! struct Maintenance;
//!
//! impl Interface for Maintenance {}
//!
//! #[allow(non_snake_case, reason = "names of the AIDL")]
//! impl IPasskeyBackupMaintenance for Maintenance {
//!     fn onUserRemoved(&self, _user_id: i32) -> Result<()> {
//!         if ThreadState::get_calling_uid() != 1000 {
//!             let message = "PERMISSION_DENIED: only the system may call this";
//!             let code = ErrorCode::PERMISSION_DENIED.0;
//!             return Err(Status::new_service_specific_error_str(code, Some(message)));
//!         }
//!         Ok(())
//!     }
//!
//!     fn onPackageRemoved(&self, _uid: i32, _package: &str) -> Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! const NAME: &str = "android.security.passkeybackup.maintenance";
//! let service = BnPasskeyBackupMaintenance::new_binder(Maintenance, BinderFeatures::default());
//!
//! // Kernel binder.
//! binder::ProcessState::start_thread_pool();
//! binder::add_service(NAME, service.as_binder())?;
//! let client: Strong<dyn IPasskeyBackupMaintenance> = binder::wait_for_interface(NAME)?;
//! client.onUserRemoved(10)?;
//!
//! // RPC.
//! let _server = binder::rpc::Server::start("/run/socket", [(NAME, service.as_binder())])?;
//! let connection = binder::rpc::Client::connect("/run/socket")?;
//! let client: Strong<dyn IPasskeyBackupMaintenance> = connection.get_interface(NAME)?;
//! client.onUserRemoved(10)?;
//! # Ok(())
//! # }
//! ```
//!
//! # What source for both stacks has to keep to
//!
//! - **Descriptors.** `ParcelFileDescriptor::new(file)`, and `File::from(pfd.as_ref().try_clone()?)`
//!   for a copy to work with: `as_ref()` gives a `File` on Android 14 and an `OwnedFd` later and
//!   here. rsbinder's `try_clone`, `AsFd`, `Read` and `Write` are not there on the platform.
//! - **Messages** of errors are read out of [`Status::get_description`], which is the same on both:
//!   `Status(-8, EX_SERVICE_SPECIFIC): '23: message'`.
//! - **Names of services** are constants of the source: what gives an interface's descriptor is
//!   named differently.
//! - **Generated types** have `Debug` and `Default` and no `Clone`; enums are open newtypes, and
//!   any number can arrive in one.
//! - **Death** is told to a [`DeathRecipient`] as long as that is kept.
//! - **`dump`** has the form that the AIDL compiler of Android 14 and the crate of Android 15 have.
//! - **Panics** in a handler become `UNKNOWN_ERROR` here and end the process on the platform.
//! - **No driver**: the platform ends the process; here functions return `NO_INIT`, and
//!   [`ProcessState`] logs an error.
//!
//! # Traps of rsbinder
//!
//! - On a host with glibc it speaks to the service manager in the numbers of Android 16 only: an
//!   older service manager accepts `add_service` and registers nothing.
//! - Over RPC the calls of one client are handled one after the other, on one thread. A handler
//!   must not block for long, and the end of the connection shows only after it.
//! - Over RPC a proxy does not know its descriptor: a wrong interface shows at the first call.
//! - Over RPC an error on any connection of a client ends them all.
//! - Over RPC a call without answer to a client (`oneway`) needs the callback connection that
//!   [`rpc::Client`] opens; towards a client without one it fails with `WOULD_BLOCK`.
//! - It does not clear the buffers of interfaces that are `@SensitiveData`. Over kernel binder the
//!   kernel does; over RPC secrets stay in freed memory until that is used again.
//! - Over kernel binder it logs whole parcels at level trace, secrets and all: a logger must not let
//!   anything of the target `rsbinder` through below level info.
//! - The calling uid is known on the thread of the handler only. A thread that the handler starts
//!   sees the uid of its own process.

#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod generated;
mod interface;
#[cfg(target_os = "linux")]
pub mod rpc;
mod service_manager;
mod state;
mod status;

pub use interface::{BinderFeatures, DeathRecipient, IBinder, Interface};
pub use rsbinder::{
    FromIBinder, ParcelFileDescriptor, SIBinder as SpIBinder, Strong, WIBinder as WpIBinder, Weak,
};
pub use service_manager::{
    add_service, get_declared_instances, get_interface, is_declared, wait_for_interface,
};
pub use state::{ProcessState, ThreadState};
pub use status::{ExceptionCode, IntoBinderResult, Result, Status, StatusCode};
