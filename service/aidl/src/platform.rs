// SPDX-License-Identifier: Apache-2.0

//! The interfaces in an Android tree: the crates of the `aidl_interface` modules under the paths that
//! the Cargo crate of this name has. A vendor module is built without the feature `service`, because
//! only the HAL's interface is stable towards the vendor partition.

/// The AIDL package `android`.
pub mod android {
    /// `android.hardware`.
    pub mod hardware {
        /// `android.hardware.security`.
        pub mod security {
            pub use android_hardware_security_sealer::aidl::android::hardware::security::sealer;
        }
    }

    /// `android.security`.
    #[cfg(feature = "service")]
    pub mod security {
        pub use android_security_passkeybackup::aidl::android::security::passkeybackup;
    }
}
