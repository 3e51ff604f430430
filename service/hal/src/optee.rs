// SPDX-License-Identifier: Apache-2.0

//! The trusted application behind `ISealer`, through libteec.
//!
//! # Lifecycle
//!
//! One thread owns the connection and one session, and makes one call at a time: the trusted
//! application takes no more, and OP-TEE has few threads (two in many builds), which others need
//! as well. The session is opened by the first call that needs it, and again after the trusted
//! application has died or the session broke. A request during which that happened is not repeated:
//! it may have been carried out.
//!
//! # Time
//!
//! A call to the TEE cannot be taken back. Who waited too long gets an error and the thread goes on
//! waiting; meanwhile nobody else waits in vain: calls fail at once until the TEE answers again. A
//! request that nobody waits for any more when its turn comes is dropped.
//!
//! A call that does not end some seconds later ends this process, and init starts it again. That is
//! the way back after tee-supplicant died in the middle of a call: the kernel gives its device to the
//! next one only when no call waits for the old one, and a waiting call ends with its process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use binder::Strong;
use nix::unistd::geteuid;
use optee_teec::{
    ConnectionMethods, Context, ErrorKind, ErrorOrigin, Operation, ParamNone, ParamTmpRef, Session,
    Uuid,
};
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::ISealer, SealerKind::SealerKind,
};
use sealer_wire::{Error, ErrorCode, limits, tee};
use zeroize::{Zeroize, Zeroizing};

use crate::service::{Channel, new_binder};
use crate::watch::CallAtHand;

type Bytes = Zeroizing<Vec<u8>>;

/// Calls that wait for their turn; one more is refused at once.
const QUEUE: usize = 16;

/// How long a call may outlast those who waited for it.
const GRACE: Duration = Duration::from_secs(5);

struct Call {
    request: Bytes,
    answer: SyncSender<Result<Bytes, Error>>,
    /// Whoever changes it first decides: the caller that gives up, or the thread that begins.
    taken: Arc<AtomicBool>,
}

/// The trusted application behind `ISealer`.
pub struct TeeSealer {
    calls: SyncSender<Call>,
    at_hand: Arc<CallAtHand>,
    timeout: Duration,
}

impl TeeSealer {
    /// A sealer that answers or fails within about `timeout`, and ends this process if the TEE takes
    /// no notice of that. Nothing is opened yet.
    ///
    /// Errors: `INTERNAL`.
    pub fn start(timeout: Duration) -> Result<Strong<dyn ISealer>, Error> {
        let (calls, queue) = sync_channel(QUEUE);
        let at_hand = Arc::new(CallAtHand::default());
        let sealer = TeeSealer {
            calls,
            at_hand: Arc::clone(&at_hand),
            timeout,
        };
        let watched = Arc::clone(&at_hand);
        let spawned = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.into())
                .spawn(work)
                .map_err(|_| Error::new(ErrorCode::Internal, "no thread for the TEE session"))
        };
        spawned("tee-session", Box::new(move || serve(&queue, &at_hand)))?;
        spawned(
            "tee-watch",
            Box::new(move || watched.watch(timeout + GRACE)),
        )?;
        Ok(new_binder(sealer))
    }
}

impl Channel for TeeSealer {
    const KIND: SealerKind = SealerKind::OPTEE;
    const NAME: &'static str = "passkeybackup OP-TEE sealer";

    fn call(&self, request: Bytes) -> Result<Bytes, Error> {
        if self.at_hand.lasts(self.timeout) {
            return Err(unavailable(
                "an earlier call to the TEE has not returned; is tee-supplicant running?".into(),
            ));
        }
        let (answer, response) = sync_channel(1);
        let taken = Arc::new(AtomicBool::new(false));
        let call = Call {
            request,
            answer,
            taken: Arc::clone(&taken),
        };
        self.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many calls wait for the TEE".into()),
            TrySendError::Disconnected(_) => gone(),
        })?;
        match response.recv_timeout(self.timeout) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = self.timeout.as_secs();
                let what = if taken.swap(true, Ordering::SeqCst) {
                    "the TEE may carry the request out yet"
                } else {
                    "the request was not begun"
                };
                Err(unavailable(format!("no answer for {seconds} s; {what}")))
            }
        }
    }
}

/// Makes the calls until nobody can ask any more.
fn serve(queue: &Receiver<Call>, at_hand: &CallAtHand) {
    let mut connection = None;
    while let Ok(call) = queue.recv() {
        if call.taken.swap(true, Ordering::SeqCst) {
            continue;
        }
        let result = at_hand.during(|| invoke(&mut connection, &call.request));
        if let Err(error) = &result {
            log::error!("{error}");
        }
        if call.answer.send(result).is_err() {
            log::warn!("the TEE answered after its caller had given up");
        }
    }
}

/// Makes one call; opens the session first if there is none, and drops it if it broke.
fn invoke(connection: &mut Option<Session>, request: &[u8]) -> Result<Bytes, Error> {
    let session = match connection {
        Some(session) => session,
        None => connection.insert(open()?),
    };
    let mut room = Zeroizing::new(vec![0; limits::MESSAGE]);
    let result = {
        let mut operation = Operation::new(
            0,
            ParamTmpRef::new_input(request),
            ParamTmpRef::new_output(&mut room),
            ParamNone,
            ParamNone,
        );
        session
            .invoke_command(tee::COMMAND_REQUEST, &mut operation)
            .map(|()| operation.parameters().1.updated_size())
    };
    match result {
        Ok(length) if length > 0 && length <= room.len() => {
            let mut response = Zeroizing::new(Vec::with_capacity(length));
            response.extend(room.iter().take(length));
            room.zeroize();
            Ok(response)
        }
        Ok(_) => Err(Error::new(
            ErrorCode::Internal,
            "the trusted application gave a response of no possible length",
        )),
        Err(error) => {
            // Whatever it was, a fresh session is the better start.
            *connection = None;
            Err(call_failed(&error))
        }
    }
}

/// Opens a session as this process's user.
fn open() -> Result<Session, Error> {
    let mut context = Context::new().map_err(|error| {
        unavailable(format!(
            "the TEE's device cannot be opened: is there one, and may uid {} use it? ({error})",
            geteuid()
        ))
    })?;
    let uuid = Uuid::parse_str(tee::TA_UUID).map_err(|_| {
        Error::new(
            ErrorCode::Internal,
            "the UUID of the trusted application is none",
        )
    })?;
    let mut open = || context.open_session_with_login(uuid.clone(), ConnectionMethods::LoginUser);
    // OP-TEE looks for a trusted application in its storage, too, and up to 4.10 its first use after a
    // restart of tee-supplicant may fail (`ta/optee/src/objects.rs`). Nothing was done yet.
    let opened = match open() {
        Err(error)
            if error.kind() == ErrorKind::Generic && error.origin() == Some(ErrorOrigin::TEE) =>
        {
            open()
        }
        result => result,
    };
    let session = opened.map_err(|error| open_failed(&error))?;
    log::info!("session with trusted application {} opened", tee::TA_UUID);
    Ok(session)
}

fn open_failed(error: &optee_teec::Error) -> Error {
    let uuid = tee::TA_UUID;
    let what = match error.kind() {
        ErrorKind::AccessDenied if error.origin() == Some(ErrorOrigin::TA) => {
            return Error {
                code: ErrorCode::PermissionDenied,
                detail: format!(
                    "the trusted application does not take uid {} for the sealer HAL; it is built \
                     for another one (SEALER_HAL_UID)",
                    geteuid()
                )
                .into(),
                retry_after_ms: None,
            };
        }
        ErrorKind::ItemNotFound => format!("trusted application {uuid} is not installed"),
        ErrorKind::Security => format!("the TEE does not accept the signature of {uuid}"),
        ErrorKind::Communication => "tee-supplicant does not run or failed".to_owned(),
        ErrorKind::OutOfMemory | ErrorKind::Busy => "the TEE has no room for a session".to_owned(),
        ErrorKind::TargetDead => "the trusted application died as it started".to_owned(),
        _ => "no session could be opened".to_owned(),
    };
    unavailable(format!("{what} ({error})"))
}

fn call_failed(error: &optee_teec::Error) -> Error {
    match error.kind() {
        ErrorKind::TargetDead => unavailable(
            "the trusted application died; the request may have been carried out".into(),
        ),
        ErrorKind::OutOfMemory | ErrorKind::Busy | ErrorKind::Communication => {
            unavailable(format!("the TEE did not answer ({error})"))
        }
        _ => Error {
            code: ErrorCode::Internal,
            detail: format!("the trusted application does not take the call ({error})").into(),
            retry_after_ms: None,
        },
    }
}

fn gone() -> Error {
    Error::new(
        ErrorCode::Internal,
        "the thread of the TEE session has ended",
    )
}

fn unavailable(detail: String) -> Error {
    Error {
        code: ErrorCode::TeeUnavailable,
        detail: detail.into(),
        retry_after_ms: None,
    }
}
