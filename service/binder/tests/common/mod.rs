// SPDX-License-Identifier: Apache-2.0

//! A server with a service of the real interface, and a few helpers.

#![allow(dead_code, reason = "not every test file uses all of it")]

pub mod service;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use binder::rpc::{Client, Server};
use binder::{BinderFeatures, Interface, Strong};
use passkeybackup_aidl::android::security::passkeybackup::IPasskeyBackup::{
    BnPasskeyBackup, IPasskeyBackup,
};
use service::{Seen, TestService};

pub const SERVICE: &str = "android.security.passkeybackup";

/// A running server with the test service, and its socket.
pub struct Rig {
    pub server: Server,
    pub seen: Arc<Seen>,
    pub socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub fn start() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let seen = Arc::new(Seen::default());
        let service = TestService(Arc::clone(&seen));
        let binder = BnPasskeyBackup::new_binder(service, BinderFeatures::default());
        let server = Server::start(&socket, [(SERVICE, binder.as_binder())]).unwrap();
        Rig {
            server,
            seen,
            socket,
            _folder: folder,
        }
    }

    pub fn connect(&self) -> (Client, Strong<dyn IPasskeyBackup>) {
        let client = Client::connect(&self.socket).unwrap();
        let service = client.get_interface(SERVICE).unwrap();
        (client, service)
    }

    /// Calls over a new connection and checks the answer.
    pub fn assert_serving(&self) {
        let (_client, service) = self.connect();
        assert!(service.getInfo().unwrap().version.starts_with("uid "));
    }
}

/// Waits for something that happens soon, or fails.
pub fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "did not happen: {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// A file with `content`, opened for reading and writing, at its beginning.
pub fn file_with(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file
}
