// SPDX-License-Identifier: Apache-2.0

//! Empty: this package has a `Cargo.lock` with `rsb_hub` in it, and nothing of its own.
#![forbid(unsafe_code)]
