// SPDX-License-Identifier: Apache-2.0

//! How the sealer is reached where it is a trusted application: what its binary and its clients
//! must agree on.
//!
//! A client opens a session with the login of the sealer HAL's user (`TEEC_LOGIN_USER`) and no
//! parameters. It invokes [`COMMAND_REQUEST`] with the request as the first parameter (memory
//! reference, input, 1 to [`crate::limits::MESSAGE`] bytes), room for the response as the second
//! (memory reference, output, at least [`crate::limits::MESSAGE`] bytes), and none else. Refusals
//! of the sealer are responses; a TEE code other than success means that there is no response:
//!
//! - `BAD_PARAMETERS`: not these parameters; nothing was done
//! - `EXCESS_DATA`: the request is longer than the limit; nothing was done
//! - `SHORT_BUFFER`: the room is too small, its size becomes the size needed; nothing was done
//! - `NOT_SUPPORTED`: no such command
//! - `OUT_OF_MEMORY`: not even a refusal found room; the request may have been carried out
//! - `ACCESS_DENIED`, when the session is opened: the client is not the sealer HAL's user

/// UUID of the trusted application.
pub const TA_UUID: &str = "42f10ae3-b636-4aa9-997c-8bdd11f9a7b7";

/// The command that carries a request.
pub const COMMAND_REQUEST: u32 = 1;
