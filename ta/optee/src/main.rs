// SPDX-License-Identifier: Apache-2.0

//! The sealer as a trusted application of OP-TEE.
//!
//! This package gives [`sealer_core`] what it needs of the TEE ([`platform`], [`store`]) and
//! carries its messages; it decides nothing about keys. What it does decide is who may speak to it:
//! [`client`]. `sealer_wire::tee` says how.
//!
//! One instance serves all sessions and stays when the last one is closed. OP-TEE enters it with
//! one thread at a time. What is in RAM is worth nothing to an attacker who loses it: after a panic
//! a fresh instance has the same records, with their counters and limits, and no challenge.
//!
//! Nothing of the normal world is ever used where it lies: a request is bounded, copied once and
//! then parsed; a response is copied out when it is complete.
#![no_std]
#![no_main]

extern crate alloc;

mod client;
mod names;
mod objects;
mod platform;
#[cfg(feature = "probe")]
mod probe;
mod runtime;
mod store;

use alloc::vec::Vec;
use core::cell::RefCell;

use optee_utee::prelude::*;
use optee_utee::{ErrorKind, Result};
use sealer_core::{Config, Sealer};
use sealer_wire::{limits, tee};
use zeroize::Zeroizing;

use platform::TeePlatform;

/// What a session is opened with.
type NoParameters = (ParameterNone, ParameterNone, ParameterNone, ParameterNone);

/// What a command is invoked with: request and room for the response.
type Parameters<'a> = (
    ParameterMemrefInput<'a>,
    ParameterMemrefOutput<'a>,
    ParameterNone,
    ParameterNone,
);

/// The sealer of this instance; made by the first request.
struct Instance(RefCell<Option<Sealer<TeePlatform>>>);

// SAFETY: OP-TEE enters a single-instance trusted application with one thread at a time.
unsafe impl Sync for Instance {}

static INSTANCE: Instance = Instance(RefCell::new(None));

#[ta_create]
fn create() -> Result<()> {
    Ok(())
}

#[ta_open_session]
fn open_session(_parameters: &mut NoParameters) -> Result<()> {
    client::check()
}

#[ta_close_session]
fn close_session() {}

#[ta_destroy]
fn destroy() {}

#[ta_invoke_command]
fn invoke_command(command: u32, parameters: &mut Parameters<'_>) -> Result<()> {
    let (request, response, _, _) = parameters;
    match command {
        tee::COMMAND_REQUEST => process(request, response),
        #[cfg(feature = "probe")]
        command => probe::command(command, request, response),
        #[cfg(not(feature = "probe"))]
        _ => Err(ErrorKind::NotSupported.into()),
    }
}

/// Has the sealer answer one request.
fn process(
    request: &ParameterMemrefInput<'_>,
    response: &mut ParameterMemrefOutput<'_>,
) -> Result<()> {
    // Before anything is done: an answer that was not delivered could not be asked for again.
    if response.buffer_len() < limits::MESSAGE {
        // SAFETY: beside SHORT_BUFFER this size tells the client what is needed, as GlobalPlatform
        // defines it; nobody takes it for the length of something written.
        unsafe { response.set_updated_size_unchecked(limits::MESSAGE) };
        return Err(ErrorKind::ShortBuffer.into());
    }
    let request = copy_in(request)?;
    let mut instance = INSTANCE
        .0
        .try_borrow_mut()
        .map_err(|_| ErrorKind::BadState)?;
    let sealer =
        instance.get_or_insert_with(|| Sealer::new(TeePlatform::default(), Config::default()));
    let answer = sealer.process(&request);
    if answer.is_empty() {
        return Err(ErrorKind::OutOfMemory.into());
    }
    response.set_output(&*answer)
}

/// The request in memory of our own.
fn copy_in(memref: &ParameterMemrefInput<'_>) -> Result<Zeroizing<Vec<u8>>> {
    let length = memref.buffer_len();
    if length == 0 {
        return Err(ErrorKind::BadParameters.into());
    }
    if length > limits::MESSAGE {
        return Err(ErrorKind::ExcessData.into());
    }
    let mut bytes = Zeroizing::new(Vec::new());
    bytes
        .try_reserve_exact(length)
        .map_err(|_| ErrorKind::OutOfMemory)?;
    bytes.resize(length, 0);
    if memref.read_at(0, &mut bytes)? != length {
        return Err(ErrorKind::BadParameters.into());
    }
    Ok(bytes)
}

#[cfg(not(feature = "lint"))]
#[allow(missing_docs, reason = "generated: the header that OP-TEE reads")]
mod header {
    include!(concat!(env!("OUT_DIR"), "/user_ta_header.rs"));
}
