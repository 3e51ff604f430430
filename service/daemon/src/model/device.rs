// SPDX-License-Identifier: Apache-2.0

//! A device: a catalogue on a disk, a sealer on a medium, and the way between them.

use std::path::Path;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use binder::{BinderFeatures, Interface, Status};
use passkeybackup_aidl::android::hardware::security::sealer::{
    ISealer::{BnSealer, ERROR_TEE_UNAVAILABLE, ISealer},
    SealerHardwareInfo::SealerHardwareInfo,
    SealerKind::SealerKind as HardwareKind,
};
use passkeybackup_catalogue::StateDir;
use passkeybackup_identity::Callers;
use sealer_core::{Config, Platform, Sealer};
use sealer_wire::{Result, SealerKind, Secret32, StorageProtection, WIRE_VERSION};

use super::medium::Medium;
use crate::hal::Hal;
use crate::service::Service;
use crate::startup;

/// Where the power goes on the way between daemon and sealer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Before the sealer gets the request.
    Request,
    /// After the sealer is done.
    Answer,
}

/// Calls until the power goes there.
type Armed = Arc<Mutex<Option<(usize, Lost)>>>;

struct Board {
    medium: Medium,
    started: Instant,
}

impl Platform for Board {
    type Store = Medium;

    fn random(&mut self, out: &mut [u8]) -> Result<()> {
        getrandom::fill(out).expect("random numbers");
        Ok(())
    }

    fn monotonic_ms(&mut self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap()
    }

    fn unix_time(&mut self) -> u64 {
        1_800_000_000
    }

    fn store(&mut self) -> &mut Medium {
        &mut self.medium
    }

    fn kind(&self) -> SealerKind {
        SealerKind::Nonsecure
    }

    fn revision(&self) -> String {
        "model".into()
    }

    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }

    fn auth_token_key(&self) -> Option<Secret32> {
        None
    }
}

/// The HAL of a device that can lose its power.
struct Way {
    sealer: Mutex<Sealer<Board>>,
    medium: Medium,
    armed: Armed,
}

impl Interface for Way {}

fn gone() -> Status {
    Status::new_service_specific_error_str(ERROR_TEE_UNAVAILABLE, Some("the power is gone"))
}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl ISealer for Way {
    fn getHardwareInfo(&self) -> binder::Result<SealerHardwareInfo> {
        Ok(SealerHardwareInfo {
            kind: HardwareKind::NONSECURE,
            wireVersion: i32::from(WIRE_VERSION),
            implName: "model".into(),
            implAuthor: "model".into(),
        })
    }

    fn processRequest(&self, request: &[u8]) -> binder::Result<Vec<u8>> {
        let lost = {
            let mut armed = self.armed.lock().unwrap();
            match &mut *armed {
                Some((0, lost)) => {
                    let lost = *lost;
                    *armed = None;
                    Some(lost)
                }
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        if lost == Some(Lost::Request) {
            self.medium.switch_off();
        }
        if self.medium.is_off() {
            return Err(gone());
        }
        let answer = self.sealer.lock().unwrap().process(request);
        if lost == Some(Lost::Answer) {
            self.medium.switch_off();
        }
        // An answer that the sealer gave when its storage was dead never leaves the device.
        if self.medium.is_off() {
            return Err(gone());
        }
        Ok(answer.to_vec())
    }
}

/// A device.
pub struct Device {
    folder: tempfile::TempDir,
    pub medium: Medium,
    armed: Armed,
    service: Option<Service>,
}

impl Device {
    /// A new one, switched on.
    pub fn new() -> Device {
        let mut device = Device {
            folder: folder(),
            medium: Medium::default(),
            armed: Armed::default(),
            service: None,
        };
        device.start();
        device
    }

    /// The service.
    pub fn service(&self) -> &Service {
        self.service.as_ref().expect("it is switched on")
    }

    /// The power will go on the way of the `after`th call from now.
    pub fn arm(&self, after: usize, lost: Lost) {
        *self.armed.lock().unwrap() = Some((after, lost));
    }

    /// No fault waits any more. If the power is gone, or was to go now, the device starts anew.
    /// Returns whether there was a fault.
    pub fn calm(&mut self, off: bool) -> bool {
        *self.armed.lock().unwrap() = None;
        let off = off || self.medium.is_off();
        let met = self.medium.calm();
        if off {
            self.service = None;
            self.start();
        }
        met || off
    }

    fn start(&mut self) {
        let board = Board {
            medium: self.medium.clone(),
            started: Instant::now(),
        };
        let way = Way {
            sealer: Mutex::new(Sealer::new(board, Config::default())),
            medium: self.medium.clone(),
            armed: Arc::clone(&self.armed),
        };
        let hal = || Hal::local(BnSealer::new_binder(way, BinderFeatures::default()));
        let state = open(self.folder.path());
        let core = startup::assemble(hal, &state, Callers::anybody());
        self.service = Some(Service(core.expect("what is left can be started")));
    }
}

/// The last thread of an operation may hold the folder for a moment after its client heard the end.
fn open(folder: &Path) -> StateDir {
    let path = folder.join("state");
    for _ in 0..2000 {
        match StateDir::open(&path) {
            Ok(state) => return state,
            Err(error) if error.code == sealer_wire::ErrorCode::StateInUse => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the state folder stays in use");
}

/// On a disk of memory where there is one: every transaction is synced.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}
