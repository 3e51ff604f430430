//! The trusted application ended by a panic, which a build for tests has a command for: what is in
//! RAM is lost, and nothing that limits an attacker was there.

use std::process::Command;
use std::thread;
use std::time::Duration;

use optee_teec::raw;
use sealer_wire::{ErrorCode, Operation, Request, limits};
use test_authenticator::{Counter, Fault, Settings};

use crate::Device;
use crate::client::Client;
use crate::tee::{Failure, HAL_UID, Parameter, Session, probe};

/// Has the trusted application panic.
pub fn end(session: &mut Session) {
    let result = session.command(probe::PANIC, &[0], 1);
    assert_eq!(code(result), Some(raw::TEEC_ERROR_TARGET_DEAD));
}

fn code<T>(result: Result<T, Failure>) -> Option<u32> {
    result.err().map(|failure| failure.code)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, sealer_wire::Error>) -> ErrorCode {
    result.expect_err("a refusal").code
}

pub fn sessions_end_and_new_ones_work() {
    let info = Request::GetInfo.to_bytes().unwrap();
    for _ in 0..3 {
        let mut sessions = [(); 3].map(|()| Session::hal());
        end(&mut sessions[1]);
        for session in &mut sessions {
            let answer = session.request(&info);
            assert_eq!(code(answer), Some(raw::TEEC_ERROR_TARGET_DEAD));
        }
        assert!(Session::hal().request(&info).is_ok());
    }
    // Who is no client of it is none of the new instance either.
    let stranger = Session::open(10_100, raw::TEEC_LOGIN_USER, None, Parameter::None);
    assert_eq!(code(stranger), Some(raw::TEEC_ERROR_ACCESS_DENIED));
}

pub fn no_limit_is_forgotten() {
    let mut device = Device::new();
    let mut client = Client::new(10_300);
    client.authenticator = test_authenticator::Authenticator::with_settings(Settings {
        counter: Counter::Counting,
        ..Settings::default()
    });
    client.create(&mut device).unwrap();
    let backup = client.backup(&mut device);
    for _ in 0..3 {
        client.restore(&mut device, &backup).unwrap();
    }
    // As many vaults as an owner may have.
    let mut others: Vec<Client> = (1..limits::VAULTS_PER_OWNER)
        .map(|_| Client::with_vault(&mut device, 10_300))
        .collect();
    // A ceremony that has been used, one that has not, and failures that count.
    let operation = backup.restore();
    let used = client.begin(&mut device, &operation).unwrap();
    let answer = client.answer(&operation, &used, &[]);
    client
        .finish(&mut device, &used, &operation, &answer)
        .unwrap();
    let open = client.begin(&mut device, &operation).unwrap();
    let open_answer = client.answer(&operation, &open, &[]);
    for _ in 0..limits::AUDIT_FAILURES_PER_WINDOW + 2 {
        let failed = client.run(&mut device, &operation, &[Fault::Signature]);
        assert_eq!(refusal(failed), ErrorCode::SignatureInvalid);
    }
    let logged = client.log.len();

    end(&mut device.session);
    let mut device = Device::new();

    // Challenges are gone, so nothing that was seen before is of use.
    for (begun, answer) in [(&used, &answer), (&open, &open_answer)] {
        let again = client.finish(&mut device, begun, &operation, answer);
        assert_eq!(refusal(again), ErrorCode::ChallengeUnknown);
    }
    // The counter of the passkey still counts.
    for fault in [Fault::CounterReset, Fault::CounterRegress] {
        let regressed = client.run(&mut device, &operation, &[fault]);
        assert_eq!(refusal(regressed), ErrorCode::CounterRegression);
    }
    // The owner is still at the limit.
    let create = client.create_vault();
    assert_eq!(
        refusal(client.begin(&mut device, &create)),
        ErrorCode::Quota
    );
    // Failures still are one entry together, and the log is whole.
    for _ in 0..4 {
        let failed = client.run(&mut device, &operation, &[Fault::Signature]);
        assert_eq!(refusal(failed), ErrorCode::SignatureInvalid);
    }
    client.drain_log(&mut device);
    assert_eq!(client.log.len(), logged, "further failures are coalesced");
    let log = client.log.clone();
    assert_eq!(client.verify_log(&mut device, &log), Ok(true));
    // And who is honest gets what is theirs.
    assert_eq!(client.restore(&mut device, &backup), Ok(backup.dek));
    for other in &mut others {
        other.show(&mut device).unwrap();
        other
            .run(&mut device, &Operation::DeleteVault, &[])
            .unwrap();
    }
}

/// A session with an instance that may be ending.
fn reopened() -> Device {
    loop {
        match Session::open(HAL_UID, raw::TEEC_LOGIN_USER, None, Parameter::None) {
            Ok(session) => return Device::with(session),
            Err(failure) => assert_eq!(failure.code, raw::TEEC_ERROR_TARGET_DEAD),
        }
    }
}

/// Instances end while others' requests are carried out: what was acknowledged is there.
pub fn a_panic_in_the_middle_of_work() {
    let mut client = Client::with_vault(&mut Device::new(), 10_301);
    let (mut made, mut cut) = (Vec::new(), 0);
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let mut device = reopened();
            while made.len() < 40 {
                let request = Request::CreateBackup {
                    vault: client.vault(),
                    meta: vec![7; 100],
                };
                match device.try_call(request) {
                    Ok(response) => made.push(response.result.expect("a backup")),
                    Err(failure) => {
                        assert_eq!(failure.code, raw::TEEC_ERROR_TARGET_DEAD);
                        cut += 1;
                        device = reopened();
                    }
                }
            }
        });
        while !work.is_finished() {
            thread::sleep(Duration::from_millis(100));
            // Another process: opening a session changes the effective user of this one.
            let ended = Command::new("/proc/self/exe").arg("--panic").status();
            assert!(ended.unwrap().success());
        }
    });
    println!("{} backups made, {cut} cut", made.len());
    assert!(cut > 0, "no panic came between");
    let mut device = Device::new();
    client.seen = None;
    client.drain_log(&mut device);
    for reply in made.iter().take(5) {
        let sealer_wire::Reply::BackupCreated {
            core,
            key_part,
            dek,
        } = reply
        else {
            panic!("{reply:?}")
        };
        let backup = crate::client::Backup {
            core: core.clone(),
            key_part: key_part.clone(),
            dek: *dek.expose(),
        };
        assert_eq!(client.restore(&mut device, &backup), Ok(backup.dek));
    }
}
