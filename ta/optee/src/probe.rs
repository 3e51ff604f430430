// SPDX-License-Identifier: Apache-2.0

//! Commands for tests and measurements, in no shipped build.
//!
//! Each takes a request and room for a response, as [`sealer_wire::tee::COMMAND_REQUEST`] does.
//!
//! | command | does |
//! |---|---|
//! | [`PANIC`] | panics |
//! | [`NOTHING`] | nothing |
//! | [`FIGURES`] | answers with four numbers of 32 bits, least significant byte first |
//! | [`VERIFY`] | verifies an assertion a number of times |
//! | [`HOLD`] | holds so many bytes of heap (32 bits, likewise) in place of what it held |
//! | [`FORGETFUL`] | from now on keeps its records in RAM, of which there are none yet |

mod store;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ptr;

use optee_utee::prelude::*;
use optee_utee::{ErrorKind, Result, trace_println};
use sealer_core::webauthn::{Credential, Policy, PublicKey, parse_assertion, verify_assertion};

use crate::copy_in;
pub use store::MeasuredStore;

/// By this a release build knows a binary that must not be signed (`emulator/qemu/inside/sign-ta`).
const MARK: &str = "passkey-backup: this build is for tests";

const PANIC: u32 = 0x7072_0001;
const NOTHING: u32 = 0x7072_0002;
const FIGURES: u32 = 0x7072_0003;
const VERIFY: u32 = 0x7072_0004;
const HOLD: u32 = 0x7072_0005;
const FORGETFUL: u32 = 0x7072_0006;

pub fn command(
    command: u32,
    request: &ParameterMemrefInput<'_>,
    response: &mut ParameterMemrefOutput<'_>,
) -> Result<()> {
    match command {
        #[allow(clippy::panic, reason = "what it is for")]
        PANIC => {
            trace_println!("{}", MARK);
            panic!()
        }
        NOTHING => Ok(()),
        FIGURES => response.set_output(figures()),
        VERIFY => verify(&copy_in(request)?).ok_or(ErrorKind::BadFormat.into()),
        HOLD => hold(request),
        FORGETFUL => {
            store::forget();
            Ok(())
        }
        _ => Err(ErrorKind::NotSupported.into()),
    }
}

/// Bytes of stack, as in `build.rs`.
const STACK: usize = 128 * 1024;
/// What OP-TEE's library adds to it (`optee_utee_build`'s default).
const FRAMEWORK_STACK: usize = 2048;
const PAGE: usize = 4096;

/// Storage: calls, those that change something, milliseconds in all of them; bytes of stack that
/// were ever in use.
fn figures() -> [u8; 16] {
    let [calls, changes, ms] = store::figures();
    let numbers = [calls, changes, ms, stack_used()];
    let mut bytes = [0; 16];
    for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// Heap in use for nothing.
struct Held(RefCell<Vec<u8>>);

// SAFETY: OP-TEE enters a single-instance trusted application with one thread at a time.
unsafe impl Sync for Held {}

static HELD: Held = Held(RefCell::new(Vec::new()));

/// What the requests that follow can do without shows how much of the heap they need: no allocator
/// of OP-TEE's tells.
fn hold(request: &ParameterMemrefInput<'_>) -> Result<()> {
    // Not on the heap, where it would lie between what is held and what is free.
    let mut bytes = [0; 4];
    if request.read_at(0, &mut bytes)? != bytes.len() {
        return Err(ErrorKind::BadParameters.into());
    }
    let bytes = usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| ErrorKind::BadParameters)?;
    let mut held = HELD.0.try_borrow_mut().map_err(|_| ErrorKind::BadState)?;
    *held = Vec::new();
    held.try_reserve_exact(bytes)
        .map_err(|_| ErrorKind::OutOfMemory.into())
}

/// The stack grows down, from a page boundary that is not far above this function's frame.
fn stack_used() -> u32 {
    let here = 0_u8;
    let size = (STACK + FRAMEWORK_STACK).next_multiple_of(PAGE);
    let end = (ptr::addr_of!(here) as usize).next_multiple_of(PAGE);
    let start = end - size;
    let untouched = (start..end)
        .take_while(|place| {
            // SAFETY: the stack is one mapping of `size` bytes that ends at `end`, as this
            // function is called from the entry point with less than a page in between.
            unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u8>(*place)) == 0 }
        })
        .count();
    (size - untouched) as u32
}

/// The request: how often (32 bits, least significant byte first); then, each after its length
/// (likewise): rp id, origin, credential id, public key (COSE), challenge, response. The credential
/// is backup eligible and has no counter.
fn verify(request: &[u8]) -> Option<()> {
    let mut rest = request;
    let rounds = number(&mut rest)?;
    let rp_id = text(&mut rest)?;
    let origins = [text(&mut rest)?];
    let id = field(&mut rest)?;
    let public_key = PublicKey::from_cose(field(&mut rest)?).ok()?;
    let challenge = field(&mut rest)?;
    let response = field(&mut rest)?;

    let policy = Policy {
        rp_id: &rp_id,
        origins: &origins,
        package: None,
        accept_unverified_attestation: false,
    };
    let credential = Credential {
        id,
        public_key: &public_key,
        sign_count: 0,
        backup_eligible: true,
        user_handle: None,
    };
    for _ in 0..rounds {
        let parsed = parse_assertion(response).ok()?;
        verify_assertion(&policy, challenge, &credential, parsed).ok()?;
    }
    Some(())
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes))
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    core::str::from_utf8(field(rest)?)
        .ok()
        .map(ToString::to_string)
}
