// SPDX-License-Identifier: Apache-2.0

//! The messages against their specification, `sealer.cddl`, and against the AIDL that shares their
//! numbers; and everything that a decoder must refuse.

mod cbor;
mod cddl;
mod contract;
mod recovery;
mod samples;
mod secrets;
mod strict;
