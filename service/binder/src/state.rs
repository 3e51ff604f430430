// SPDX-License-Identifier: Apache-2.0

//! Process and thread state under the platform's names: [`ProcessState`], [`ThreadState`].

use std::ffi::CStr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::StatusCode;

/// Threads that the kernel may add to the pool, unless the process says otherwise.
const DEFAULT_MAX_THREADS: u32 = rsbinder::DEFAULT_MAX_BINDER_THREADS;

static MAX_THREADS: AtomicU32 = AtomicU32::new(DEFAULT_MAX_THREADS);

/// Opens the binder device, once. The platform does that by itself at the first use.
pub(crate) fn open_driver() -> std::result::Result<(), StatusCode> {
    if rsbinder::ProcessState::is_initialized() {
        return Ok(());
    }
    let driver = [rsbinder::DEFAULT_BINDER_PATH, rsbinder::LEGACY_BINDER_PATH]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .ok_or(StatusCode::NO_INIT)?;
    match rsbinder::ProcessState::init(driver, MAX_THREADS.load(Ordering::SeqCst)) {
        Ok(_) => Ok(()),
        Err(error) => {
            log::error!("cannot use the binder driver {driver}: {error}");
            Err(StatusCode::NO_INIT)
        }
    }
}

/// Kernel binder of this process. RPC needs none of it.
pub struct ProcessState;

impl ProcessState {
    /// Starts the thread pool. Without a binder driver this logs an error and does nothing; what
    /// is asked of kernel binder afterwards gives `NO_INIT`.
    pub fn start_thread_pool() {
        match open_driver() {
            Ok(()) => rsbinder::ProcessState::start_thread_pool(),
            Err(error) => log::error!("no binder thread pool: {error:?}"),
        }
    }

    /// Sets how many threads the kernel may add to the pool. Only the setting before the first
    /// use of kernel binder counts.
    pub fn set_thread_pool_max_thread_count(num_threads: u32) {
        MAX_THREADS.store(num_threads, Ordering::SeqCst);
    }

    /// Makes this thread one of the pool. It returns only if there is no driver or it fails.
    pub fn join_thread_pool() {
        let joined = open_driver().and_then(|()| Ok(rsbinder::ProcessState::join_thread_pool()?));
        if let Err(error) = joined {
            log::error!("left the binder thread pool: {error:?}");
        }
    }
}

/// The call that this thread is handling.
pub struct ThreadState;

impl ThreadState {
    /// Uid of the caller: from the kernel's binder driver, or `SO_PEERCRED` of an RPC connection.
    /// Outside of a call it is the uid of this process.
    pub fn get_calling_uid() -> u32 {
        rsbinder::get_calling_uid()
    }

    /// Pid of the caller; 0 in a oneway call over kernel binder. Outside of a call it is the pid
    /// of this process. Never a base for decisions: pids are reused.
    pub fn get_calling_pid() -> i32 {
        rsbinder::get_calling_pid()
    }

    /// Whether this thread is handling a call.
    pub fn is_handling_transaction() -> bool {
        rsbinder::is_handling_transaction()
    }

    /// Calls `check_permission` with the SELinux context of the caller; with `None` if the service
    /// did not ask for it (`BinderFeatures::set_requesting_sid`) or the call came over RPC.
    pub fn with_calling_sid<T, F>(check_permission: F) -> T
    where
        for<'a> F: FnOnce(Option<&'a CStr>) -> T,
    {
        check_permission(rsbinder::get_calling_sid().as_deref())
    }
}
