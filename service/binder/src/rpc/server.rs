// SPDX-License-Identifier: Apache-2.0

//! The server: a socket, an accept loop, and rsbinder's sessions.

use std::fs::{self, File, Permissions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Shutdown, SockFlag, SockType, UnixAddr, connect, shutdown, socket,
};
use rsbinder::rpc::{FileDescriptorTransportMode, RpcServer};

use super::transport::{Connections, Transport};
use super::{HANDSHAKE_TIMEOUT, STALLED_CLIENT_TIMEOUT, WIRE_VERSION};
use crate::{SpIBinder, StatusCode};

/// How long to wait after a connection could not be accepted, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often, and with which pause, to try for the lock on the socket's folder.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A server at a Unix socket that everybody may connect to. It runs until it is stopped or
/// dropped, on threads of its own: one that accepts, and one for each client, on which the
/// client's calls are handled one after the other. A handler that panics fails its call
/// (`UNKNOWN_ERROR`) and nothing else.
pub struct Server {
    shared: Arc<Shared>,
    path: PathBuf,
    /// Device and inode of the socket, to remove no other server's.
    identity: Option<(u64, u64)>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    listener: UnixListener,
    rpc: Arc<RpcServer>,
    connections: Arc<Connections>,
    stopping: AtomicBool,
}

impl Server {
    /// Serves `services`, each under its name, at `path`. When this returns the socket accepts.
    ///
    /// A socket that a dead server left at `path` is replaced. `AddrInUse` says that another
    /// server is listening there, `AlreadyExists` that something else has that name.
    pub fn start<'a>(
        path: impl Into<PathBuf>,
        services: impl IntoIterator<Item = (&'a str, SpIBinder)>,
    ) -> io::Result<Server> {
        let path = path.into();
        let rpc = new_rpc_server()?;
        for (name, binder) in services {
            rpc.add_service(name, binder)
                .map_err(|code| failed("cannot serve", name, code))?;
        }
        let listener = bind(&path)?;
        let identity = identity_of(&path);
        let shared = Arc::new(Shared {
            listener,
            rpc,
            connections: Arc::default(),
            stopping: AtomicBool::new(false),
        });
        let accepting = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("rpc-accept".to_owned())
                .spawn(move || shared.accept())?
        };
        Ok(Server {
            shared,
            path,
            identity,
            accepting: Some(accepting),
        })
    }

    /// Stops: no new clients, the sessions of all others end, their threads are waited for. Calls
    /// that are being handled are finished first, without an answer. Called from a handler it
    /// does not wait for that one.
    pub fn stop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let Some(accepting) = self.accepting.take() else {
            return;
        };
        // A listening socket that is shut down stops accepting, and wakes who waits for it.
        if let Err(error) = shutdown(self.shared.listener.as_raw_fd(), Shutdown::Both) {
            log::warn!("cannot shut the listening socket down: {error}");
        }
        if accepting.join().is_err() {
            log::error!("the accepting thread had panicked");
        }
        if self.identity.is_some() && identity_of(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
        self.shared.rpc.terminate();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn accept(&self) {
        while !self.stopping.load(Ordering::SeqCst) {
            match self.listener.accept() {
                Ok((stream, _)) => self.serve(stream),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if self.stopping.load(Ordering::SeqCst) => {}
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    fn serve(&self, stream: UnixStream) {
        match Transport::for_server(stream, &self.connections) {
            Ok(transport) => self.rpc.serve_connection(Box::new(transport)),
            Err(error) => log::warn!("refused a connection: {error}"),
        }
    }
}

/// A server of rsbinder's that is given connections and never accepts any itself: its own accept
/// loop looks for them two hundred times a second. It cannot be had without a socket of its own,
/// so that gets a name that nobody knows and is never served.
fn new_rpc_server() -> io::Result<Arc<RpcServer>> {
    let random = RandomState::new();
    let name = format!(
        "unused-{:016x}{:016x}",
        random.hash_one(1),
        random.hash_one(2)
    );
    let server = RpcServer::setup_unix_server_abstract(name.as_bytes())
        .map_err(|code| failed("cannot set up", "an RPC server", code))?;
    server.set_android13plus(WIRE_VERSION);
    server.set_supported_fd_modes(&[FileDescriptorTransportMode::Unix]);
    server.set_handshake_timeout(Some(HANDSHAKE_TIMEOUT));
    server.set_reply_timeout(Some(STALLED_CLIENT_TIMEOUT));
    Ok(server)
}

fn failed(what: &str, name: &str, code: rsbinder::StatusCode) -> io::Error {
    io::Error::other(format!("{what} {name}: {:?}", StatusCode::from(code)))
}

/// Binds a socket for everybody at `path`. The folder is locked meanwhile, so that of two servers
/// that find a dead server's socket one does not remove the other's new one.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let _locked = lock_folder(path)?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "not a socket"));
        }
        Ok(_) if is_listened_to(path)? => {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another server listens there",
            ));
        }
        Ok(_) => fs::remove_file(path)?,
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

fn lock_folder(path: &Path) -> io::Result<File> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = File::open(folder)?;
    for _ in 0..LOCK_ATTEMPTS {
        match folder.try_lock() {
            Ok(()) => return Ok(folder),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "another process holds the folder locked",
    ))
}

/// Whether a process accepts at the socket `path`, found out without waiting for it.
fn is_listened_to(path: &Path) -> io::Result<bool> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let probe = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(probe.as_raw_fd(), &UnixAddr::new(path)?) {
        // EAGAIN is a listener whose queue is full.
        Ok(()) | Err(Errno::EAGAIN) => Ok(true),
        Err(Errno::ECONNREFUSED) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn identity_of(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}
