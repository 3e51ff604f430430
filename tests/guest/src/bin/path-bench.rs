// SPDX-License-Identifier: Apache-2.0

//! What a client of the service waits for, over kernel binder: from the call to the result, without
//! the user's part. Prints lines of `name value unit`; to be run as an app's uid.
#![forbid(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use binder::{BinderFeatures, Interface, ParcelFileDescriptor, Strong};
use passkeybackup_aidl::android::security::passkeybackup::{
    IOperation::IOperation,
    IOperationCallback::{BnOperationCallback, IOperationCallback},
    IPasskeyBackup::IPasskeyBackup,
    OperationProgress::OperationProgress,
    OperationResult::OperationResult,
    VaultParameters::VaultParameters,
};
use passkeybackup_status::SERVICE;
use test_authenticator::Authenticator;

const ORIGIN: &str = "https://example.org";
const ROUNDS: u32 = 100;
const CONTENT: &[u8] = &[7; 1024];

/// Time in calls of the service.
#[derive(Default)]
struct Clock(Duration);

impl Clock {
    fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = call();
        self.0 += started.elapsed();
        result
    }

    fn print(&self, name: &str) {
        let ms = self.0.as_secs_f64() * 1000.0 / f64::from(ROUNDS);
        println!("{name:<44} {ms:>10.3} ms");
    }
}

/// Set when an operation has ended.
#[derive(Default)]
struct Ended(Mutex<bool>, Condvar);

struct Listener(Arc<Ended>);

impl Interface for Listener {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperationCallback for Listener {
    fn onProgress(&self, _progress: &OperationProgress) -> binder::Result<()> {
        Ok(())
    }

    fn onFinished(&self) -> binder::Result<()> {
        *self.0.0.lock().expect("nobody panicked") = true;
        self.0.1.notify_all();
        Ok(())
    }
}

/// An operation from its start to its result.
fn operation(
    start: impl FnOnce(
        Option<&Strong<dyn IOperationCallback>>,
    ) -> binder::Result<Strong<dyn IOperation>>,
) -> OperationResult {
    let ended = Arc::new(Ended::default());
    let listener = Listener(Arc::clone(&ended));
    let callback = BnOperationCallback::new_binder(listener, BinderFeatures::default());
    let operation = start(Some(&callback)).expect("an operation");
    let guard = ended.0.lock().expect("nobody panicked");
    let guard = ended.1.wait_while(guard, |ended| !*ended);
    drop(guard.expect("nobody panicked"));
    let result = operation.getResult().expect("a result");
    result.expect("it has ended")
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("path-bench-{}-{name}", std::process::id()))
}

fn read(name: &str) -> ParcelFileDescriptor {
    ParcelFileDescriptor::new(File::open(path(name)).expect("a file"))
}

fn write(name: &str) -> ParcelFileDescriptor {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path(name));
    ParcelFileDescriptor::new(file.expect("a file"))
}

fn main() {
    binder::ProcessState::start_thread_pool();
    let service: Strong<dyn IPasskeyBackup> = binder::get_interface(SERVICE).expect("the service");
    let mut user = Authenticator::new();

    let begun = service
        .beginCreateVault(&VaultParameters {
            rpId: "example.org".into(),
            origins: vec![ORIGIN.into()],
            userName: "Ada".into(),
            ..Default::default()
        })
        .expect("a ceremony");
    let answer = user
        .register(&begun.optionsJson, ORIGIN)
        .expect("a registration");
    let vault = service
        .finishCreateVault(&begun.token, answer.as_bytes())
        .expect("a vault");

    let mut clock = Clock::default();
    for _ in 0..ROUNDS {
        clock.time(|| service.getInfo()).expect("information");
    }
    clock.print("whole path: information");

    std::fs::write(path("plain"), CONTENT).expect("a file");
    let mut clock = Clock::default();
    for _ in 0..ROUNDS {
        let (input, output) = (read("plain"), write("archive"));
        let made = clock.time(|| {
            operation(|callback| service.backup(&vault.vaultId, &input, &output, b"null", callback))
        });
        let OperationResult::Archive(made) = made else {
            panic!("not an archive")
        };
        clock
            .time(|| service.confirmArchive(&made.backupId))
            .expect("a confirmation");
    }
    clock.print("whole path: backup of 1 KiB");

    let mut clock = Clock::default();
    for _ in 0..ROUNDS {
        let (archive, output) = (read("archive"), write("restored"));
        let begun = clock
            .time(|| service.beginRestore(&archive))
            .expect("a ceremony")
            .ceremony;
        let answer = user
            .assert(&begun.optionsJson, ORIGIN)
            .expect("an assertion");
        clock.time(|| {
            operation(|callback| {
                service.finishRestore(&begun.token, answer.as_bytes(), &archive, &output, callback)
            })
        });
        let restored = std::fs::read(path("restored")).expect("a file");
        assert_eq!(restored, CONTENT);
    }
    clock.print("whole path: restore of 1 KiB");
    for name in ["plain", "archive", "restored"] {
        std::fs::remove_file(path(name)).expect("a file");
    }
}
