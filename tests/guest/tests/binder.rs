// SPDX-License-Identifier: Apache-2.0

//! Who may use which name over kernel binder, and what the kernel tells of callers.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use e2e::{Device, User, arg};
use guest::service::SERVICE_MANAGER;
use guest::{operations, probe, uid, until};
use passkeybackup_status::{MAINTENANCE, SERVICE};

const SEALERS: [&str; 2] = [
    "android.hardware.security.sealer.ISealer/default",
    "android.hardware.security.sealer.ISealer/nonsecure",
];
const APP: u32 = 10_123;

/// Asks the same of several uids and names, a few at a time: a look-up that finds nothing takes
/// seconds, and the service manager does not answer everybody at once.
fn ask(verb: &str, cases: &[(u32, &str)]) -> Vec<String> {
    let together = |cases: &[(u32, &str)]| -> Vec<String> {
        thread::scope(|scope| {
            let asked: Vec<_> = cases
                .iter()
                .map(|(uid, name)| scope.spawn(|| probe(*uid, &[verb, name])))
                .collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        })
    };
    cases.chunks(4).flat_map(together).collect()
}

#[test]
fn a_name_is_registered_by_its_own_uid_and_nobody_else() {
    let _device = Device::new();
    let mut cases = Vec::new();
    for uid in [0, uid::SYSTEM, uid::SHELL, APP, 65_534] {
        for name in [SERVICE, MAINTENANCE, SEALERS[0], SEALERS[1]] {
            cases.push((uid, name));
        }
    }
    // Neither can the service pass for its sealer, nor the sealer for the service.
    cases.extend([
        (uid::PASSKEYBACKUP, SEALERS[0]),
        (uid::PASSKEYBACKUP, SEALERS[1]),
    ]);
    cases.extend([(uid::SEALER, SERVICE), (uid::SEALER, MAINTENANCE)]);
    // A name that no rule knows is for nobody, not even for those who have others.
    for uid in [0, APP, uid::PASSKEYBACKUP, uid::SEALER] {
        cases.push((uid, "org.example.anything"));
    }
    for (case, answer) in cases.iter().zip(ask("add", &cases)) {
        // What rsbinder makes of the service manager's EX_SECURITY.
        assert_eq!(answer, "FAILED_TRANSACTION", "{case:?}");
    }
    // It is the policy that denies: what a rule allows is taken.
    let allowed = "org.example.allowed";
    let rule = format!("[[rule]]\nname = \"{allowed}\"\nadd = \"any\"\nfind = \"any\"\n");
    let _rule = Rule::new(&rule);
    until("the rule is in force", || {
        probe(APP, &["add", allowed]) == "ok"
    });
    // Who was there still is.
    let user = Device::new().user();
    assert!(user.pkb.json(&["info"]).is_ok());
}

#[test]
fn the_sealer_is_found_by_the_service_alone() {
    let device = Device::new();
    let serving = if device.sealer() == "optee" {
        SEALERS[0]
    } else {
        SEALERS[1]
    };
    let denied: Vec<(u32, &str)> = [0, uid::SYSTEM, uid::SHELL, uid::SEALER, APP]
        .map(|uid| (uid, serving))
        .to_vec();
    for (case, answer) in denied.iter().zip(ask("find", &denied)) {
        assert_eq!(answer, "NAME_NOT_FOUND", "{case:?}");
    }
    assert_eq!(probe(uid::PASSKEYBACKUP, &["find", serving]), "ok");
}

#[test]
fn maintenance_is_found_by_the_system_alone() {
    let denied = [uid::SHELL, uid::SEALER, APP, 1_010_123].map(|uid| (uid, MAINTENANCE));
    for (case, answer) in denied.iter().zip(ask("find", &denied)) {
        assert_eq!(answer, "NAME_NOT_FOUND", "{case:?}");
    }
    assert_eq!(probe(uid::SYSTEM, &["find", MAINTENANCE]), "ok");
}

/// A rule in front of all others, for as long as this lives.
struct Rule;

impl Rule {
    const FILE: &str = "/etc/rsbinder/hub.d/00-test.toml";

    fn new(rule: &str) -> Rule {
        fs::write(Rule::FILE, rule).unwrap();
        Rule::reload();
        Rule
    }

    fn reload() {
        let pid = fs::read_to_string(format!("/run/{SERVICE_MANAGER}.pid")).unwrap();
        let status = Command::new("kill").args(["-HUP", pid.trim()]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        let _ = fs::remove_file(Rule::FILE);
        Rule::reload();
    }
}

#[test]
fn maintenance_calls_are_refused_by_the_service_itself_too() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    let owner = user.pkb.uid();
    {
        let rule = format!("[[rule]]\nname = \"{MAINTENANCE}\"\nadd = \"none\"\nfind = \"any\"\n");
        let _rule = Rule::new(&rule);
        until("the rule is in force", || {
            probe(APP, &["find", MAINTENANCE]) == "ok"
        });
        let package = format!("uid:{owner}");
        for caller in [
            owner,
            APP,
            uid::SHELL,
            uid::SEALER,
            uid::PASSKEYBACKUP,
            1_001_000,
        ] {
            let answer = probe(caller, &["user-removed", "0"]);
            assert_eq!(answer, "PERMISSION_DENIED", "{caller}");
            let answer = probe(caller, &["package-removed", &owner.to_string(), &package]);
            assert_eq!(answer, "PERMISSION_DENIED", "{caller}");
        }
    }
    assert!(user.pkb.json(&["vault", "show", &vault]).is_ok());
}

#[test]
fn the_system_removes_an_app_and_no_other_loses_anything() {
    let device = Device::new();
    let (mut leaving, mut staying) = (device.user(), device.user());
    let (gone, kept) = (leaving.enrol(), staying.enrol());
    let archive = staying.backup(&kept, "a.pkb", b"kept");
    let uid = leaving.pkb.uid().to_string();
    let other = ["package-removed", &uid, "org.example.other"];
    assert_eq!(probe(uid::SYSTEM, &other), "ok");
    assert!(
        leaving.pkb.json(&["vault", "show", &gone]).is_ok(),
        "it was another package"
    );

    let package = format!("uid:{uid}");
    assert_eq!(
        probe(uid::SYSTEM, &["package-removed", &uid, &package]),
        "ok"
    );
    let refusal = leaving.pkb.json(&["vault", "show", &gone]).unwrap_err();
    assert_eq!(refusal.name, "NOT_FOUND");
    assert_eq!(staying.restore(&archive.path).unwrap(), b"kept");
}

#[test]
fn the_system_removes_a_user_and_no_other_loses_anything() {
    let device = Device::new();
    let mut staying = device.user();
    let kept = staying.enrol();
    let app = staying.pkb.uid();
    let mut leaving = User::new(None, 10 * 100_000 + app);
    let mut third = User::new(None, 11 * 100_000 + app);
    let (gone, also_kept) = (leaving.enrol(), third.enrol());
    for nonsense in ["-1", "-2147483648"] {
        assert_eq!(
            probe(uid::SYSTEM, &["user-removed", nonsense]),
            "BAD_REQUEST"
        );
    }
    assert_eq!(probe(uid::SYSTEM, &["user-removed", "10"]), "ok");
    let refusal = leaving.pkb.json(&["vault", "show", &gone]).unwrap_err();
    assert_eq!(refusal.name, "NOT_FOUND");
    assert!(staying.pkb.json(&["vault", "show", &kept]).is_ok());
    assert!(third.pkb.json(&["vault", "show", &also_kept]).is_ok());
    assert_eq!(probe(uid::SYSTEM, &["user-removed", "11"]), "ok");
}

#[test]
fn uids_that_own_nothing_are_refused() {
    for uid in [20_123, 90_001, 99_001, 199_001, 65_534] {
        let refusal = User::new(None, uid).begin_enrol().unwrap_err();
        assert_eq!(refusal.name, "PERMISSION_DENIED", "{uid}");
    }
}

#[test]
fn a_client_that_dies_ends_its_operation() {
    let device = Device::new();
    let mut user = device.user();
    let vault = user.enrol();
    until("no operation is left", || operations() == 0);
    // More often than one owner may have operations: those of dead clients do not count.
    for round in 0..6 {
        let out = user.path(&format!("{round}.pkb"));
        let mut child = user
            .pkb
            .command(&["backup", &vault, "--in", "-", "--out", arg(&out)])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It never ends: the pipe stays open.
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&[7; 70_000]).unwrap();
        until("the operation runs", || operations() == 1);
        child.kill().unwrap();
        child.wait().unwrap();
        until("the operation ends with its client", || operations() == 0);
        assert!(!out.exists(), "half an archive got its final name");
    }
    let archive = user.backup(&vault, "a.pkb", b"works");
    assert_eq!(user.restore(&archive.path).unwrap(), b"works");
    let listed = user.pkb.json(&["archives", &vault]).unwrap();
    assert_eq!(listed["archives"].as_array().unwrap().len(), 1);
}
