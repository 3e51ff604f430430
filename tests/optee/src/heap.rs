// SPDX-License-Identifier: Apache-2.0

//! How much of its heap the trusted application needs, and whether it gives all of it back.
//!
//! No allocator of OP-TEE's tells. A build for tests takes a part of the heap away
//! ([`probe::HOLD`]): what still can be taken is free, and what cannot be done without is needed.

use sealer_wire::{ErrorCode, Operation, Request, Response, limits};

use crate::Device;
use crate::client::Client;
use crate::tee::{Session, probe};

/// Bytes of heap in all (`ta/optee/build.rs`).
pub const HEAP: u32 = 1024 * 1024;
/// Measured no finer than this.
const STEP: u32 = 1024;

/// Whether so many bytes can be taken away, which are until the next call.
fn hold(session: &mut Session, bytes: u32) -> bool {
    session
        .command(probe::HOLD, &bytes.to_le_bytes(), 1)
        .is_ok()
}

/// The largest number below [`HEAP`] for which it holds, in steps, if it holds for all smaller ones.
fn largest(mut holds: impl FnMut(u32) -> bool) -> u32 {
    let (mut yes, mut no) = (0, HEAP / STEP);
    while no - yes > 1 {
        let middle = yes.midpoint(no);
        *(if holds(middle * STEP) {
            &mut yes
        } else {
            &mut no
        }) = middle;
    }
    yes * STEP
}

/// Bytes of the largest block that can be had.
pub fn largest_free(session: &mut Session) -> u32 {
    let most = largest(|bytes| hold(session, bytes));
    assert!(hold(session, 0));
    most
}

/// Bytes of heap without which a request fails: the largest message, the most origins that one can
/// name, a backup with the most metadata.
pub fn needed() -> u32 {
    let mut device = Device::new();
    let client = Client::with_vault(&mut device, 10_902);
    let origins = Request::Begin {
        vault: client.vault(),
        operation: Operation::SetOrigins {
            origins: vec![String::new(); limits::MESSAGE - 300],
        },
    };
    let backup = Request::CreateBackup {
        vault: client.vault(),
        meta: vec![0; limits::META],
    };
    let encoded = |request: Request| request.to_bytes().expect("a request").to_vec();
    let requests = [
        vec![0x81; limits::MESSAGE],
        encoded(origins),
        encoded(backup),
    ];
    // What these requests leave for good must not come to lie beside what is held.
    for request in requests.iter().chain(&requests) {
        assert!(is_processed(&mut device.session, request));
    }
    let most = largest(|bytes| {
        let session = &mut device.session;
        let works = hold(session, bytes)
            && requests
                .iter()
                .all(|request| is_processed(session, request));
        if !hold(session, 0) {
            // Out of memory, it died.
            device = Device::new();
        }
        works
    });
    HEAP - most
}

/// Whether the request has an answer that is about the request.
fn is_processed(session: &mut Session, request: &[u8]) -> bool {
    session.request(request).is_ok_and(|response| {
        let response = Response::from_bytes(&response).expect("a response");
        !matches!(response.result, Err(error) if error.code == ErrorCode::Internal)
    })
}
