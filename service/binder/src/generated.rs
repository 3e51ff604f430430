// SPDX-License-Identifier: Apache-2.0

//! What code from rsbinder's AIDL compiler refers to. The build script of `passkeybackup-aidl`
//! replaces `rsbinder::` by this module, so that the interfaces speak in this crate's [`Status`]
//! and [`Interface`] instead of rsbinder's. Nothing else is to use it.

pub use rsbinder::{
    Binder, Deserialize, DeserializeArray, DeserializeOption, FIRST_CALL_TRANSACTION,
    FLAG_CLEAR_BUF, FLAG_ONEWAY, FLAG_PRIVATE_LOCAL, FromIBinder, Interface as NativeInterface,
    NON_NULL_PARCELABLE_FLAG, NULL_PARCELABLE_FLAG, Parcel, ParcelFileDescriptor, Parcelable,
    ParcelableMetadata, Proxy, Remotable, Result, SIBinder, Serialize, SerializeArray,
    SerializeOption, Stability, StatusCode, Strong, TransactionCode, declare_binder_enum,
    impl_deserialize_for_parcelable, impl_serialize_for_parcelable,
};

pub use crate::declare_binder_interface;
pub use crate::{Interface, Result as BinderResult, Status};

use std::ffi::{CStr, CString};
use std::io::Write;

/// Fills in the descriptor of an object that came over RPC, which does not carry it.
pub fn stamp_descriptor(binder: &SIBinder, descriptor: &str) {
    rsbinder::__rpc_stamp_descriptor(binder, descriptor);
}

/// Passes a dump on to the service, with its arguments as the platform gives them.
pub fn dump(service: &dyn Interface, writer: &mut dyn Write, args: &[String]) -> Result<()> {
    let args: Vec<CString> = args
        .iter()
        .map(|arg| CString::new(arg.as_str()).map_err(|_| StatusCode::BadValue))
        .collect::<Result<_>>()?;
    let args: Vec<&CStr> = args.iter().map(CString::as_c_str).collect();
    service.dump(writer, &args).map_err(StatusCode::from)
}

/// The Rust types of one AIDL interface: its service (`BnX`) and its proxy (`BpX`).
///
/// It takes the place of rsbinder's macro of this name and differs from it in what the platform's
/// does differently: `BnX::new_binder` takes [`BinderFeatures`](crate::BinderFeatures), and the
/// interface's supertrait is this crate's [`Interface`].
#[doc(hidden)]
#[macro_export]
macro_rules! declare_binder_interface {
    {
        $interface:ident[$descriptor:literal] {
            native: { $native:ident($on_transact:ident), },
            proxy: $proxy:ident,
        }
    } => {
        $crate::declare_binder_interface! {
            $interface[$descriptor] {
                native: { $native($on_transact), },
                proxy: $proxy,
                stability: $crate::generated::Stability::default(),
            }
        }
    };
    {
        $interface:ident[$descriptor:literal] {
            native: { $native:ident($on_transact:ident), },
            proxy: $proxy:ident,
            stability: $stability:expr,
        }
    } => {
        /// The service side of the interface.
        pub struct $native(Box<dyn $interface + Send + Sync + 'static>);

        impl $native {
            /// Makes a binder object of a service.
            pub fn new_binder<T: $interface + Sync + Send + 'static>(
                inner: T,
                features: $crate::BinderFeatures,
            ) -> $crate::Strong<dyn $interface> {
                let binder = $crate::generated::Binder::new_with_stability_and_features(
                    $native(Box::new(inner)),
                    $stability,
                    features.into(),
                );
                $crate::Strong::new(Box::new(binder))
            }
        }

        impl $crate::generated::Remotable for $native {
            fn descriptor() -> &'static str {
                $descriptor
            }

            fn on_transact(
                &self,
                code: $crate::generated::TransactionCode,
                reader: &mut $crate::generated::Parcel,
                reply: &mut $crate::generated::Parcel,
            ) -> $crate::generated::Result<()> {
                $on_transact(&*self.0, code, reader, reply)
            }

            fn on_dump(
                &self,
                writer: &mut dyn ::std::io::Write,
                args: &[String],
            ) -> $crate::generated::Result<()> {
                $crate::generated::dump(&*self.0, writer, args)
            }
        }

        /// The client side of the interface.
        pub struct $proxy {
            binder: $crate::SpIBinder,
        }

        impl $crate::Interface for $proxy {
            fn as_binder(&self) -> $crate::SpIBinder {
                self.binder.clone()
            }
        }

        impl $crate::generated::NativeInterface for $proxy {
            fn as_binder(&self) -> $crate::SpIBinder {
                self.binder.clone()
            }
        }

        impl $crate::generated::Proxy for $proxy {
            fn descriptor() -> &'static str {
                $descriptor
            }

            fn from_binder(binder: $crate::SpIBinder) -> Option<Self> {
                $crate::generated::stamp_descriptor(&binder, $descriptor);
                let fits = binder.descriptor() == $descriptor && binder.as_remote().is_some();
                fits.then_some(Self { binder })
            }
        }

        impl $crate::generated::NativeInterface for dyn $interface {
            fn as_binder(&self) -> $crate::SpIBinder {
                $crate::Interface::as_binder(self)
            }
        }

        impl $crate::generated::FromIBinder for dyn $interface {
            fn try_from(
                binder: $crate::SpIBinder,
            ) -> $crate::generated::Result<$crate::Strong<dyn $interface>> {
                match <$proxy as $crate::generated::Proxy>::from_binder(binder.clone()) {
                    Some(proxy) => Ok($crate::Strong::new(Box::new(proxy))),
                    None => $crate::generated::Binder::<$native>::try_from(binder)
                        .map(|native| $crate::Strong::<dyn $interface>::new(Box::new(native))),
                }
            }
        }

        impl $crate::generated::Serialize for dyn $interface {
            fn serialize(
                &self,
                parcel: &mut $crate::generated::Parcel,
            ) -> $crate::generated::Result<()> {
                parcel.write(&$crate::Interface::as_binder(self))
            }
        }

        impl $crate::generated::SerializeOption for dyn $interface {
            fn serialize_option(
                this: Option<&Self>,
                parcel: &mut $crate::generated::Parcel,
            ) -> $crate::generated::Result<()> {
                parcel.write(&this.map($crate::Interface::as_binder))
            }
        }

        impl ::std::fmt::Debug for dyn $interface {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(stringify!($interface))
            }
        }
    };
}
