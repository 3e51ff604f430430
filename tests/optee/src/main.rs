// SPDX-License-Identifier: Apache-2.0

//! Tests of the trusted application that need no daemon. This program runs as root in the QEMU guest
//! and speaks to the trusted application as anybody could, through libteec; it opens sessions as
//! the sealer HAL's user and as others.
//!
//!     optee-tests [NAME...]             the named tests of what is shipped, or all
//!     optee-tests --probe [NAME...]     the named tests of a build with commands for tests, or all
//!     optee-tests --panic               ends the trusted application, if it is such a build
//!     optee-tests --bench [--aim]       prints what it measured, of such a build; fails if a gated
//!                                       restore misses its aim
//!
//! Ends with the line `test result: ok. N passed; N failed` and fails if a test did.

mod bench;
mod cases;
#[path = "../../../ta/core/tests/sealer_conformance/support/client.rs"]
#[allow(dead_code, reason = "the conformance suite uses all of it")]
mod client;
mod device;
mod heap;
mod random;
mod tee;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Instant;

use device::Device;
use nix::unistd::{Gid, setgroups};

/// The group of `/dev/tee0` in the guest, which users need to get at the TEE at all.
const TEE_GROUP: u32 = 900;

type Case = (&'static str, fn());

fn main() -> ExitCode {
    let groups = [TEE_GROUP, tee::HAL_UID].map(Gid::from_raw);
    setgroups(&groups).expect("this runs as root");
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    match wanted.first().map(String::as_str) {
        Some("--panic") => {
            cases::panicked::end(&mut tee::Session::hal());
            ExitCode::SUCCESS
        }
        Some("--bench") => bench::run(wanted.get(1).is_some_and(|word| word == "--aim")),
        Some("--probe") => {
            wanted.remove(0);
            run(cases::PROBE, &wanted)
        }
        _ => run(cases::SHIPPED, &wanted),
    }
}

fn run(cases: &[Case], wanted: &[String]) -> ExitCode {
    let unknown = |name: &&String| cases.iter().all(|(known, _)| known != name);
    if let Some(unknown) = wanted.iter().find(unknown) {
        eprintln!("no test '{unknown}'");
        return ExitCode::from(2);
    }

    let (mut passed, mut failed) = (0, 0);
    for (name, case) in cases {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let started = Instant::now();
        let ok = catch_unwind(case).is_ok();
        let result = if ok { "ok" } else { "FAILED" };
        println!("test {name} ... {result} ({:.1?})", started.elapsed());
        *(if ok { &mut passed } else { &mut failed }) += 1;
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {result}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
