// SPDX-License-Identifier: Apache-2.0

//! The sealer through its one door, `Sealer::process`, on a platform whose storage, clocks, random
//! numbers and biometric key the tests control. The passkeys are those of `test-authenticator`.
//!
//! Each module holds one promise of the design: what ceremonies do, what gates refuse, what a
//! header must be, what a cut leaves behind, what the log shows, what never prints.

mod attempts;
mod audit;
mod biometric;
mod ceremonies;
mod cuts;
mod epochs;
mod factor_cuts;
mod factors;
mod fuzz;
mod gates;
mod headers;
mod imported_headers;
mod imports;
mod known_answers;
mod model;
mod quotas;
mod secrets;
mod sizes;
mod states;
mod support;
