// SPDX-License-Identifier: Apache-2.0

//! What the service and its clients rely on: identity, descriptors, errors, callbacks, deaths.

mod common;

use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use binder::rpc::Client;
use binder::{
    BinderFeatures, DeathRecipient, ExceptionCode, IBinder, Interface, ParcelFileDescriptor,
    Result, StatusCode, Strong, ThreadState,
};
use common::service::ENDLESS;
use common::{Rig, SERVICE, eventually, file_with};
use passkeybackup_aidl::android::hardware::security::sealer::ISealer::ISealer;
use passkeybackup_aidl::android::security::passkeybackup::{
    ErrorCode::ErrorCode, IOperationCallback::BnOperationCallback,
    IOperationCallback::IOperationCallback, IPasskeyBackup::IPasskeyBackup,
    OperationProgress::OperationProgress, OperationResult::OperationResult, VaultState::VaultState,
};

const SOCKET_VARIABLE: &str = "PKB_TEST_SOCKET";
const OTHER_UID: u32 = 12_345;

#[derive(Clone, Default)]
struct Progress {
    calls: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl Interface for Progress {}

#[allow(non_snake_case, reason = "names of the AIDL")]
impl IOperationCallback for Progress {
    fn onProgress(&self, progress: &OperationProgress) -> Result<()> {
        assert!(progress.doneBytes > 0);
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn onFinished(&self) -> Result<()> {
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn callback(progress: &Progress) -> Strong<dyn IOperationCallback> {
    BnOperationCallback::new_binder(progress.clone(), BinderFeatures::default())
}

fn descriptor(content: &[u8]) -> ParcelFileDescriptor {
    ParcelFileDescriptor::new(file_with(content))
}

/// An operation that runs until it is cancelled.
fn endless(
    service: &Strong<dyn IPasskeyBackup>,
    callback: Option<&Strong<dyn IOperationCallback>>,
) -> Strong<dyn passkeybackup_aidl::android::security::passkeybackup::IOperation::IOperation> {
    service
        .backup(
            &[1; 16],
            &descriptor(b"x"),
            &descriptor(b""),
            ENDLESS,
            callback,
        )
        .unwrap()
}

#[test]
fn the_caller_is_known_by_its_peer_credentials() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let mine = format!(
        "uid {} pid {} sid false",
        ThreadState::get_calling_uid(),
        std::process::id()
    );
    assert_eq!(service.getInfo().unwrap().version, mine);
    assert!(!ThreadState::is_handling_transaction());
}

/// The same with a process of another uid, which only root can start.
#[test]
fn another_uid_is_seen_as_that_uid() {
    if env::var_os(SOCKET_VARIABLE).is_some() || ThreadState::get_calling_uid() != 0 {
        return;
    }
    let rig = Rig::start();
    let folder = rig.socket.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("child");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(&program)
        .args(["--exact", "as_another_uid", "--ignored"])
        .env(SOCKET_VARIABLE, &rig.socket)
        .current_dir(folder)
        .uid(OTHER_UID)
        .gid(OTHER_UID)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1 passed"),
        "{output:?}"
    );
}

#[test]
#[ignore = "the child of another_uid_is_seen_as_that_uid"]
fn as_another_uid() {
    let Some(socket) = env::var_os(SOCKET_VARIABLE) else {
        return;
    };
    let client = Client::connect(&socket).unwrap();
    let service: Strong<dyn IPasskeyBackup> = client.get_interface(SERVICE).unwrap();
    let expected = format!("uid {OTHER_UID} pid {} sid false", std::process::id());
    assert_eq!(service.getInfo().unwrap().version, expected);
}

#[test]
fn a_service_specific_error_arrives_with_code_and_message() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let status = service.finishCreateVault(&[0; 16], b"{}").unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::SERVICE_SPECIFIC);
    assert_eq!(
        status.service_specific_error(),
        ErrorCode::CHALLENGE_EXPIRED.0
    );
    assert_eq!(status.transaction_error(), StatusCode::OK);
    let expected = "Status(-8, EX_SERVICE_SPECIFIC): '23: CHALLENGE_EXPIRED: zu spät ✗\n\
                    hint: begin again\nretry_after_ms: 1500'";
    assert_eq!(status.get_description(), expected);
}

#[test]
fn a_failed_transaction_arrives_as_its_status_code() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let status = service.beginPrf(&[1; 16]).unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::TRANSACTION_FAILED);
    assert_eq!(status.transaction_error(), StatusCode::UNKNOWN_TRANSACTION);
}

#[test]
fn what_is_unknown_stays_unknown() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let vaults = service.listVaults().unwrap();
    assert_eq!(vaults[0].vaultId, [7; 16]);
    assert_eq!(vaults[0].origins, ["https://example.org"]);
    assert_eq!(
        vaults[0].createdAt.as_ref().unwrap().millis,
        1_700_000_000_123
    );
    assert_eq!(vaults[0].state, VaultState::OK);
    assert!(vaults[1].createdAt.is_none());
    assert!(vaults[1].survives.is_none());
    assert_eq!(vaults[1].state, VaultState::CORRUPT);
}

#[test]
fn an_unknown_service_has_no_name_and_a_wrong_interface_is_refused_at_the_call() {
    let rig = Rig::start();
    let (client, service) = rig.connect();
    let missing = client.get_interface::<dyn IPasskeyBackup>("no.such.service");
    assert_eq!(missing.unwrap_err(), StatusCode::NAME_NOT_FOUND);

    // A name that this connection has not used as another interface yet.
    let other = Client::connect(&rig.socket).unwrap();
    let wrong: Strong<dyn ISealer> = other.get_interface(SERVICE).unwrap();
    assert!(wrong.processRequest(&[1]).is_err());
    service.getInfo().unwrap();
}

#[test]
fn descriptors_are_read_and_written_on_the_other_side() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let mut output = file_with(b"");
    let operation = service
        .backup(
            &[1; 16],
            &descriptor(b"content"),
            &ParcelFileDescriptor::new(output.try_clone().unwrap()),
            b"meta",
            None,
        )
        .unwrap();
    let mut written = String::new();
    output.rewind().unwrap();
    output.read_to_string(&mut written).unwrap();
    assert_eq!(written, "content");

    eventually("the operation ends", || {
        operation.getProgress().unwrap().finished
    });
    match operation.getResult().unwrap() {
        Some(OperationResult::Archive(archive)) => {
            assert_eq!(
                (archive.plaintextBytes, archive.meta),
                (7, b"meta".to_vec())
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let feeder = std::thread::spawn(move || {
        for _ in 0..100 {
            writer.write_all(&[5; 10_000]).unwrap();
        }
    });
    let reader = ParcelFileDescriptor::new(std::os::fd::OwnedFd::from(reader));
    let operation = service
        .backup(&[1; 16], &reader, &descriptor(b""), b"", None)
        .unwrap();
    feeder.join().unwrap();
    eventually("the operation ends", || {
        operation.getProgress().unwrap().finished
    });
    match operation.getResult().unwrap() {
        Some(OperationResult::Archive(archive)) => assert_eq!(archive.plaintextBytes, 1_000_000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn as_many_descriptors_as_a_rotation_takes_arrive_in_order() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let archives: Vec<ParcelFileDescriptor> = (0..64)
        .map(|index| descriptor(index.to_string().as_bytes()))
        .collect();
    let operation = service.rebuildCatalogue(&archives, None).unwrap();
    eventually("the operation ends", || {
        operation.getProgress().unwrap().finished
    });
    match operation.getResult().unwrap() {
        Some(OperationResult::Rebuild(result)) => assert_eq!(result.added, 64),
        other => panic!("{other:?}"),
    }

    let mut archives = archives;
    archives.push(descriptor(b"64"));
    assert!(service.rebuildCatalogue(&archives, None).is_err());
}

#[test]
fn callbacks_reach_the_client_and_the_result_is_fetched() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let progress = Progress::default();
    let callback = callback(&progress);
    let operation = service
        .backup(
            &[1; 16],
            &descriptor(b"x"),
            &descriptor(b""),
            b"",
            Some(&callback),
        )
        .unwrap();
    eventually("onFinished", || {
        progress.finished.load(Ordering::SeqCst) == 1
    });
    assert_eq!(progress.calls.load(Ordering::SeqCst), 3);
    assert!(operation.getResult().unwrap().is_some());
}

#[test]
fn cancel_ends_an_operation_while_callbacks_arrive() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let progress = Progress::default();
    let callback = callback(&progress);
    let operation = endless(&service, Some(&callback));
    eventually("progress", || progress.calls.load(Ordering::SeqCst) > 3);
    assert!(operation.getResult().unwrap().is_none());
    operation.cancel().unwrap();
    eventually("onFinished", || {
        progress.finished.load(Ordering::SeqCst) == 1
    });
    let status = operation.getResult().unwrap_err();
    assert_eq!(status.service_specific_error(), ErrorCode::CANCELLED.0);
}

#[test]
fn letting_go_of_an_operation_ends_it() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let operation = endless(&service, None);
    assert_eq!(rig.seen.workers.load(Ordering::SeqCst), 1);
    drop(operation);
    eventually("the object is dropped", || {
        rig.seen.operations.load(Ordering::SeqCst) == 0
    });
    eventually("its work ends", || {
        rig.seen.workers.load(Ordering::SeqCst) == 0
    });
    service.getInfo().unwrap();
}

#[test]
fn a_client_that_goes_takes_its_operations_with_it() {
    let rig = Rig::start();
    let (client, service) = rig.connect();
    let progress = Progress::default();
    let callback = callback(&progress);
    let with_callback = endless(&service, Some(&callback));
    let without = endless(&service, None);
    assert_eq!(rig.seen.operations.load(Ordering::SeqCst), 2);
    drop(client);
    eventually("the death is noticed", || {
        rig.seen.deaths.load(Ordering::SeqCst) == 1
    });
    eventually("the objects are dropped", || {
        rig.seen.operations.load(Ordering::SeqCst) == 0
    });
    eventually("their work ends", || {
        rig.seen.workers.load(Ordering::SeqCst) == 0
    });
    let status = with_callback.getProgress().unwrap_err();
    assert_eq!(status.transaction_error(), StatusCode::DEAD_OBJECT);
    drop(without);
    rig.assert_serving();
}

/// The same with a process that is killed.
#[test]
fn a_killed_client_takes_its_operations_with_it() {
    if env::var_os(SOCKET_VARIABLE).is_some() {
        return;
    }
    let rig = Rig::start();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "hold_an_operation", "--ignored"])
        .env(SOCKET_VARIABLE, &rig.socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the child's operation", || {
        rig.seen.workers.load(Ordering::SeqCst) == 1
    });
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the death is noticed", || {
        rig.seen.deaths.load(Ordering::SeqCst) == 1
    });
    eventually("the object is dropped", || {
        rig.seen.operations.load(Ordering::SeqCst) == 0
    });
    eventually("its work ends", || {
        rig.seen.workers.load(Ordering::SeqCst) == 0
    });
    rig.assert_serving();
}

#[test]
#[ignore = "the child of a_killed_client_takes_its_operations_with_it"]
fn hold_an_operation() {
    let Some(socket) = env::var_os(SOCKET_VARIABLE) else {
        return;
    };
    let client = Client::connect(&socket).unwrap();
    let service: Strong<dyn IPasskeyBackup> = client.get_interface(SERVICE).unwrap();
    let callback = callback(&Progress::default());
    let _operation = endless(&service, Some(&callback));
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_client_is_told_that_the_server_died() {
    let mut rig = Rig::start();
    let (_client, service) = rig.connect();
    let deaths = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&deaths);
    let mut recipient = DeathRecipient::new(move || {
        told.fetch_add(1, Ordering::SeqCst);
    });
    let mut binder = service.as_binder();
    binder.ping_binder().unwrap();
    binder.link_to_death(&mut recipient).unwrap();
    rig.server.stop();
    eventually("the news", || deaths.load(Ordering::SeqCst) == 1);
    let status = service.getInfo().unwrap_err();
    assert_eq!(status.transaction_error(), StatusCode::DEAD_OBJECT);
    assert!(!rig.socket.exists());
}

#[test]
fn a_local_object_has_no_death() {
    let callback = callback(&Progress::default());
    let mut recipient = DeathRecipient::new(|| {});
    let result = callback.as_binder().link_to_death(&mut recipient);
    assert_eq!(result.unwrap_err(), StatusCode::INVALID_OPERATION);
}
