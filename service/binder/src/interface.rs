// SPDX-License-Identifier: Apache-2.0

//! Objects and their life under the platform's names: [`Interface`], [`IBinder`],
//! [`DeathRecipient`], [`BinderFeatures`].

use std::ffi::CStr;
use std::io::Write;
use std::sync::{Arc, Weak};

use crate::{SpIBinder, StatusCode};

/// What every object behind a binder interface implements; for a service the empty
/// `impl Interface for Service {}` is enough.
pub trait Interface: Send + Sync {
    /// This object as an untyped binder. Only a binder has it; a service that was not wrapped by
    /// `BnX::new_binder` is none, and asking it is a defect that panics, as on the platform.
    fn as_binder(&self) -> SpIBinder {
        struct NotABinder;
        impl rsbinder::Interface for NotABinder {}
        rsbinder::Interface::as_binder(&NotABinder)
    }

    /// Writes the state of the object for people (`dumpsys`). Kernel binder only.
    fn dump(
        &self,
        _writer: &mut dyn Write,
        _args: &[&CStr],
    ) -> std::result::Result<(), StatusCode> {
        Ok(())
    }
}

impl<T: rsbinder::Remotable + 'static> Interface for rsbinder::Binder<T> {
    fn as_binder(&self) -> SpIBinder {
        rsbinder::Interface::as_binder(self)
    }
}

impl<I: rsbinder::FromIBinder + ?Sized> Interface for rsbinder::Strong<I> {
    fn as_binder(&self) -> SpIBinder {
        rsbinder::Interface::as_binder(self)
    }
}

/// What a binder service asks of the kernel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BinderFeatures {
    /// Whether callers come with their SELinux context, see `ThreadState::with_calling_sid`.
    pub set_requesting_sid: bool,
    #[doc(hidden)]
    pub _non_exhaustive: (),
}

impl From<BinderFeatures> for rsbinder::BinderFeatures {
    fn from(features: BinderFeatures) -> Self {
        let mut theirs = rsbinder::BinderFeatures::default();
        theirs.set_requesting_sid = features.set_requesting_sid;
        theirs
    }
}

/// What can be done with any binder object.
pub trait IBinder {
    /// Asks that `recipient` be told when the process of this object dies or its connection ends.
    ///
    /// It works for objects of other processes only; `INVALID_OPERATION` says that this one is
    /// local, or that the RPC session has no callback connections to notice the end with.
    fn link_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), StatusCode>;

    /// Takes that back.
    fn unlink_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), StatusCode>;

    /// Asks the object whether it is there.
    fn ping_binder(&mut self) -> std::result::Result<(), StatusCode>;
}

impl IBinder for SpIBinder {
    fn link_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), StatusCode> {
        Ok(rsbinder::IBinder::link_to_death(&**self, recipient.weak())?)
    }

    fn unlink_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), StatusCode> {
        Ok(rsbinder::IBinder::unlink_to_death(
            &**self,
            recipient.weak(),
        )?)
    }

    fn ping_binder(&mut self) -> std::result::Result<(), StatusCode> {
        Ok(rsbinder::IBinder::ping_binder(&**self)?)
    }
}

/// Gets the news that an object died. The news stops coming when this is dropped, so whoever
/// waits for it keeps it.
pub struct DeathRecipient(Arc<Callback>);

struct Callback(Box<dyn Fn() + Send + Sync>);

impl rsbinder::DeathRecipient for Callback {
    fn binder_died(&self, _who: &rsbinder::WIBinder) {
        (self.0)();
    }
}

impl DeathRecipient {
    /// A recipient that calls `callback`, on a thread of its own choice.
    pub fn new<F>(callback: F) -> DeathRecipient
    where
        F: Fn() + Send + Sync + 'static,
    {
        DeathRecipient(Arc::new(Callback(Box::new(callback))))
    }

    fn weak(&self) -> Weak<dyn rsbinder::DeathRecipient> {
        let weak: Weak<Callback> = Arc::downgrade(&self.0);
        weak
    }
}
