// SPDX-License-Identifier: Apache-2.0

//! The trusted application through libteec, as anybody could speak to it: any login, any command,
//! any parameters.

use std::ffi::c_void;
use std::{mem, ptr};

use nix::unistd::{Uid, seteuid};
use optee_teec::raw;
use sealer_wire::tee;

/// The user that the trusted application is built for by default.
pub const HAL_UID: u32 = 2901;

/// Origin of an error that the trusted application itself gave.
pub const FROM_TA: u32 = raw::TEEC_ORIGIN_TRUSTED_APP;

/// Commands of a build for tests (`ta/optee/src/probe.rs`).
pub mod probe {
    pub const PANIC: u32 = 0x7072_0001;
    pub const NOTHING: u32 = 0x7072_0002;
    pub const FIGURES: u32 = 0x7072_0003;
    pub const VERIFY: u32 = 0x7072_0004;
    pub const HOLD: u32 = 0x7072_0005;
    pub const FORGETFUL: u32 = 0x7072_0006;
}

/// What a call ended with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    pub code: u32,
    pub origin: u32,
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#010x} from {}", self.code, self.origin)
    }
}

/// One of the four parameters of a call: `kind` is a `TEEC_` parameter type.
pub enum Parameter<'a> {
    None,
    Value(u32, u32, u32),
    Memory(u32, &'a mut [u8]),
    /// A memory reference to nowhere, of a size.
    Null(u32, usize),
}

/// A session.
pub struct Session {
    // On the heap: libteec keeps pointers to both.
    context: Box<raw::TEEC_Context>,
    session: Box<raw::TEEC_Session>,
}

impl Session {
    /// As the sealer HAL's user.
    pub fn hal() -> Session {
        Session::open(HAL_UID, raw::TEEC_LOGIN_USER, None, Parameter::None).expect("a session")
    }

    /// As any user with any login; `group` is what a group login names.
    pub fn open(
        uid: u32,
        login: u32,
        group: Option<u32>,
        parameter: Parameter<'_>,
    ) -> Result<Session, Failure> {
        // The kernel takes the effective uid of the moment when the session is opened.
        seteuid(Uid::from_raw(uid)).expect("this runs as root");
        let result = Self::open_as_is(login, group, parameter);
        seteuid(Uid::from_raw(0)).expect("the real uid is root's");
        result
    }

    fn open_as_is(
        login: u32,
        group: Option<u32>,
        parameter: Parameter<'_>,
    ) -> Result<Session, Failure> {
        // SAFETY: C structs of integers and pointers, for which all zeros is a value.
        let (mut context, mut session) = unsafe {
            (
                Box::new(mem::zeroed::<raw::TEEC_Context>()),
                Box::new(mem::zeroed::<raw::TEEC_Session>()),
            )
        };
        // SAFETY: `context` is ours and stays where it is.
        let code = unsafe { raw::TEEC_InitializeContext(ptr::null(), &mut *context) };
        if code != raw::TEEC_SUCCESS {
            return Err(Failure {
                code,
                origin: raw::TEEC_ORIGIN_API,
            });
        }
        let (low, mid, high, rest) = uuid();
        let uuid = raw::TEEC_UUID {
            timeLow: low,
            timeMid: mid,
            timeHiAndVersion: high,
            clockSeqAndNode: rest,
        };
        let group = group.as_ref().map_or(ptr::null(), ptr::from_ref);
        let mut operation =
            operation([parameter, Parameter::None, Parameter::None, Parameter::None]);
        let mut origin = 0;
        // SAFETY: every pointer is to a value that lives through the call; libteec reads `group` as
        // a gid for group logins only.
        let code = unsafe {
            raw::TEEC_OpenSession(
                &mut *context,
                &mut *session,
                &uuid,
                login,
                group.cast::<c_void>(),
                &mut operation,
                &mut origin,
            )
        };
        if code == raw::TEEC_SUCCESS {
            return Ok(Session { context, session });
        }
        // SAFETY: initialised above, and of no use to anybody now.
        unsafe { raw::TEEC_FinalizeContext(&mut *context) };
        Err(Failure { code, origin })
    }

    /// Invokes a command. The numbers returned are the sizes of the memory references afterwards.
    pub fn invoke(
        &mut self,
        command: u32,
        parameters: [Parameter<'_>; 4],
    ) -> (Result<(), Failure>, [usize; 4]) {
        let kinds = parameters.each_ref().map(kind);
        let mut operation = operation(parameters);
        let mut origin = 0;
        // SAFETY: the session is open; the operation's buffers are borrowed by `parameters`, whose
        // lifetime includes this call.
        let code = unsafe {
            raw::TEEC_InvokeCommand(&mut *self.session, command, &mut operation, &mut origin)
        };
        let mut sizes = [0; 4];
        for ((size, parameter), kind) in sizes.iter_mut().zip(&operation.params).zip(kinds) {
            if kind >= raw::TEEC_MEMREF_TEMP_INPUT {
                // SAFETY: a parameter of this kind was set as a memory reference.
                *size = unsafe { parameter.tmpref.size };
            }
        }
        let result = match code {
            raw::TEEC_SUCCESS => Ok(()),
            code => Err(Failure { code, origin }),
        };
        (result, sizes)
    }

    /// Sends a request with room for any response.
    pub fn request(&mut self, request: &[u8]) -> Result<Vec<u8>, Failure> {
        self.command(tee::COMMAND_REQUEST, request, sealer_wire::limits::MESSAGE)
    }

    /// Invokes a command that takes a request and has a response of at most `room` bytes.
    pub fn command(
        &mut self,
        command: u32,
        request: &[u8],
        room: usize,
    ) -> Result<Vec<u8>, Failure> {
        let (mut request, mut room) = (request.to_vec(), vec![0; room]);
        let (result, sizes) = self.invoke(
            command,
            [
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_INPUT, &mut request),
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_OUTPUT, &mut room),
                Parameter::None,
                Parameter::None,
            ],
        );
        result?;
        room.truncate(sizes[1]);
        Ok(room)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: both are open, and nobody has them after this.
        unsafe {
            raw::TEEC_CloseSession(&mut *self.session);
            raw::TEEC_FinalizeContext(&mut *self.context);
        }
    }
}

fn kind(parameter: &Parameter<'_>) -> u32 {
    match parameter {
        Parameter::None => raw::TEEC_NONE,
        Parameter::Value(kind, ..) | Parameter::Memory(kind, _) | Parameter::Null(kind, _) => *kind,
    }
}

fn operation(mut parameters: [Parameter<'_>; 4]) -> raw::TEEC_Operation {
    let [a, b, c, d] = parameters.each_ref().map(kind);
    // SAFETY: a C struct of integers and pointers, for which all zeros is a value.
    let mut operation: raw::TEEC_Operation = unsafe { mem::zeroed() };
    operation.paramTypes = raw::TEEC_PARAM_TYPES(a, b, c, d);
    for (raw, parameter) in operation.params.iter_mut().zip(&mut parameters) {
        match parameter {
            Parameter::None => {}
            Parameter::Value(_, a, b) => raw.value = raw::TEEC_Value { a: *a, b: *b },
            Parameter::Memory(_, bytes) => {
                raw.tmpref = raw::TEEC_TempMemoryReference {
                    buffer: bytes.as_mut_ptr().cast(),
                    size: bytes.len(),
                }
            }
            Parameter::Null(_, size) => {
                raw.tmpref = raw::TEEC_TempMemoryReference {
                    buffer: ptr::null_mut(),
                    size: *size,
                }
            }
        }
    }
    operation
}

/// The fields of [`tee::TA_UUID`].
fn uuid() -> (u32, u16, u16, [u8; 8]) {
    let digits = tee::TA_UUID.replace('-', "");
    let value = u128::from_str_radix(&digits, 16).expect("a UUID");
    let bytes = value.to_be_bytes();
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    (
        u32::from_be_bytes([a, b, c, d]),
        u16::from_be_bytes([e, f]),
        u16::from_be_bytes([g, h]),
        rest,
    )
}
