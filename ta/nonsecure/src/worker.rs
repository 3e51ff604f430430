// SPDX-License-Identifier: Apache-2.0

//! The thread that owns the core.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use sealer_core::{Config, Sealer};
use sealer_wire::{Error, ErrorCode};
use zeroize::Zeroizing;

use crate::FileStore;
use crate::platform::HostPlatform;

type Bytes = Zeroizing<Vec<u8>>;

struct Call {
    request: Bytes,
    answer: Sender<Bytes>,
}

/// A running nonsecure sealer. Dropping it ends its thread after the request at hand.
pub struct Nonsecure {
    calls: Option<Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

impl Nonsecure {
    /// Starts a sealer on a folder, which is made if it is not there.
    ///
    /// Errors: `STATE_IN_USE`, `IO`, `NO_SPACE`.
    pub fn start(folder: &Path, config: Config) -> Result<Nonsecure, Error> {
        log::warn!(
            "this sealer is NONSECURE: whoever reads {} has every key",
            folder.display()
        );
        let store = FileStore::open(folder)?;
        Self::spawn(move |queue| serve(store, config, queue))
    }

    fn spawn(serve: impl FnOnce(&Receiver<Call>) + Send + 'static) -> Result<Nonsecure, Error> {
        let (calls, queue) = channel();
        let thread = thread::Builder::new()
            .name("nonsecure-sealer".into())
            .spawn(move || serve(&queue))
            .map_err(|_| Error::new(ErrorCode::Internal, "no thread for the nonsecure sealer"))?;
        Ok(Nonsecure {
            calls: Some(calls),
            thread: Some(thread),
        })
    }

    /// Processes one encoded request; refusals are responses.
    ///
    /// Errors: `TEE_UNAVAILABLE` if the core could not answer at all.
    pub fn call(&self, request: Bytes) -> Result<Bytes, Error> {
        let gone = || {
            Error::new(
                ErrorCode::TeeUnavailable,
                "the nonsecure sealer gave no answer",
            )
        };
        let (answer, response) = channel();
        let calls = self.calls.as_ref().ok_or_else(gone)?;
        calls.send(Call { request, answer }).map_err(|_| gone())?;
        let response = response.recv().map_err(|_| gone())?;
        if response.is_empty() {
            Err(gone())
        } else {
            Ok(response)
        }
    }
}

impl Drop for Nonsecure {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the nonsecure sealer's thread ended by a panic");
        }
    }
}

/// Serves until the queue closes. A panic of the core costs the call at hand and the challenges, or
/// the process, where its panic hook ends that.
fn serve(mut store: FileStore, config: Config, queue: &Receiver<Call>) {
    loop {
        let mut sealer = Sealer::new(HostPlatform::new(&mut store), config);
        match serve_until_panic(queue, |request| sealer.process(request)) {
            Ok(()) => return,
            Err(Panicked) => {
                log::error!("the nonsecure sealer's core panicked and starts again");
            }
        }
    }
}

/// The core panicked; its state is broken and must not be used again.
struct Panicked;

fn serve_until_panic(
    queue: &Receiver<Call>,
    mut process: impl FnMut(&[u8]) -> Bytes,
) -> Result<(), Panicked> {
    while let Ok(call) = queue.recv() {
        let response = catch_unwind(AssertUnwindSafe(|| process(&call.request)));
        let response = response.map_err(|_| Panicked)?;
        if call.answer.send(response).is_err() {
            log::debug!("a caller of the nonsecure sealer did not wait for its answer");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
