// SPDX-License-Identifier: Apache-2.0

//! The trusted application ended by a panic, which a build for tests has a command for: what is in
//! RAM is lost, and nothing that limits an attacker was there.
//!
//! One call at a time: OP-TEE 4.5 itself can crash where one processor opens a session with a trusted
//! application while another one closes a session of an instance that has panicked (optee_os pull
//! request 7973).

use std::process::Command;

use optee_teec::raw;
use sealer_wire::{ErrorCode, Request, limits};
use test_authenticator::{Counter, Fault, Settings};

use crate::Device;
use crate::client::Client;
use crate::tee::{Failure, Parameter, Session, probe};

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

/// A new instance walks over its objects to know their names. What it left open of OP-TEE's storage
/// would outlive it, and be of no use with another tee-supplicant.
pub fn nothing_stays_open() {
    Client::with_vault(&mut Device::new(), 10_301);
    for _ in 0..2 {
        end(&mut Session::hal());
        // Walks: there are objects, and a new vault needs the names of all.
        Client::with_vault(&mut Device::new(), 10_301);
        end(&mut Session::hal());
        let restarted = Command::new("rig-service")
            .args(["restart", "tee-supplicant"])
            .status();
        assert!(restarted.is_ok_and(|status| status.success()));
        // Loads it, for which OP-TEE looks into its storage.
        drop(Session::hal());
    }
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
    for _ in 0..2 {
        client.restore(&mut device, &backup).unwrap();
    }
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
    let regressed = client.run(&mut device, &operation, &[Fault::CounterReset]);
    assert_eq!(refusal(regressed), ErrorCode::CounterRegression);
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
}
