// SPDX-License-Identifier: Apache-2.0

//! What a program without an operating system has to bring along.

use core::ffi::c_ulong;
use core::panic::PanicInfo;

use optee_utee::{raw, trace_println};

/// What the TEE reports of a panic of ours, beside where it was.
const PANIC_CODE: u32 = 0;

/// Ends this instance. Only the place is logged: a message could hold what was being processed.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(place) = info.location() {
        trace_println!("panicked at {}:{}", place.file(), place.line());
    }
    // SAFETY: takes any code.
    unsafe { raw::TEE_Panic(PANIC_CODE) };
    loop {}
}

/// Processor features beyond those that this was built for, of which some crates ask the system:
/// none.
#[unsafe(no_mangle)]
extern "C" fn getauxval(_kind: c_ulong) -> c_ulong {
    0
}
