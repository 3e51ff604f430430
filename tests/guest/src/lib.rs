// SPDX-License-Identifier: Apache-2.0

//! Tests that only the emulated machine can show: who may use which name over kernel binder,
//! processes that are killed, reboots, damage to the TEE's storage.
//!
//! They are for root in the guest of `emulator/qemu`, one at a time, and are built with the feature
//! `guest` only: elsewhere they would kill somebody's services. `PKB_TARGET` says which sealer
//! serves, as for the crate `e2e`.
#![forbid(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Uids of the guest, as in its `/etc/passwd`.
pub mod uid {
    /// The service.
    pub const PASSKEYBACKUP: u32 = 902;
    /// The sealer HAL.
    pub const SEALER: u32 = 2901;
    /// Android's `AID_SYSTEM`.
    pub const SYSTEM: u32 = 1000;
    /// Android's `AID_SHELL`.
    pub const SHELL: u32 = 2000;
}

/// Names of the guest's services.
pub mod service {
    /// OP-TEE's helper in the normal world.
    pub const TEE_SUPPLICANT: &str = "tee-supplicant";
    /// The service manager.
    pub const SERVICE_MANAGER: &str = "service-manager";
    /// The sealer HAL.
    pub const SEALER_HAL: &str = "sealer-hal";
    /// The service.
    pub const DAEMON: &str = "passkeybackupd";
}

/// Whether the sealer is the one in OP-TEE.
pub fn is_optee() -> bool {
    std::env::var("PKB_TARGET").as_deref() == Ok("optee")
}

/// Starts a service and waits until it can be used.
pub fn start(service: &str) {
    rig_service("start", service);
}

/// Ends a service as at a shutdown.
pub fn stop(service: &str) {
    rig_service("stop", service);
}

/// Ends a service with SIGKILL.
pub fn kill(service: &str) {
    rig_service("kill", service);
}

fn rig_service(verb: &str, service: &str) {
    let status = Command::new("rig-service").args([verb, service]).status();
    let status = status.expect("rig-service of the guest");
    assert!(status.success(), "rig-service {verb} {service}: {status}");
}

/// Puts everything up again when a test ends, however it ends.
pub struct AllUp;

impl Drop for AllUp {
    fn drop(&mut self) {
        use service::{DAEMON, SEALER_HAL, TEE_SUPPLICANT};
        for service in [TEE_SUPPLICANT, SEALER_HAL, DAEMON] {
            if !is_running(service) {
                // A second panic would hide the first.
                let _ = Command::new("rig-service")
                    .args(["start", service])
                    .status();
            }
        }
    }
}

/// Ends the trusted application by a panic.
///
/// # Panics
/// If it is no build with commands for tests.
pub fn panic_sealer() {
    assert!(is_optee(), "run with PKB_TARGET=optee");
    let status = Command::new("optee-tests").arg("--panic").status();
    assert!(
        status.expect("the tests of OP-TEE").success(),
        "no panic: is it a build for tests?"
    );
}

/// Has another trusted application walk over its objects. OP-TEE 4.3 to 4.10 then holds its directory
/// of objects open, for the tee-supplicant that there is.
///
/// # Panics
/// If it cannot.
pub fn walk_over_objects() {
    let xtest = Command::new("xtest")
        .args(["-l", "0", "-t", "regression", "6009"])
        .output()
        .expect("OP-TEE's own tests");
    let text = String::from_utf8_lossy(&xtest.stdout);
    assert!(xtest.status.success(), "{text}");
    assert!(text.contains("1 test case of which 0 failed"), "{text}");
}

/// The process id of a service, as text; empty if it was never started.
pub fn pid(service: &str) -> String {
    let pid = std::fs::read_to_string(format!("/run/{service}.pid")).unwrap_or_default();
    pid.trim().to_owned()
}

/// Whether a service has been started and has not ended.
pub fn is_running(service: &str) -> bool {
    let pid = pid(service);
    !pid.is_empty()
        && std::fs::read_to_string(format!("/proc/{pid}/stat"))
            // A zombie is not running.
            .is_ok_and(|stat| !stat.contains(") Z "))
}

/// Asks the binder probe, as a uid.
///
/// # Panics
/// If it cannot be run.
pub fn probe(uid: u32, arguments: &[&str]) -> String {
    let output = Command::new("binder-probe")
        .args(arguments)
        .uid(uid)
        .gid(uid)
        .output()
        .expect("the probe");
    said(&output)
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(
        output.status.success(),
        "the probe failed: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Waits until something holds.
///
/// # Panics
/// If it does not within a minute.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// How many operations the service says that it has.
///
/// # Panics
/// If it does not say.
pub fn operations() -> usize {
    let output = Command::new("rsb_service")
        .args(["dump", passkeybackup_status::SERVICE])
        .output()
        .expect("rsb_service");
    let text = said(&output);
    text.lines()
        .find_map(|line| line.strip_prefix("operations: ")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no number of operations in: {text}"))
}
