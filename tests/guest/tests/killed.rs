// SPDX-License-Identifier: Apache-2.0

//! Services that are killed, between calls and in the middle of them: what was acknowledged is
//! there, and the next call works or says why not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use e2e::{Archive, Device, Random, Refusal, User, arg, content};
use guest::service::{DAEMON, SEALER_HAL, TEE_SUPPLICANT};
use guest::{AllUp, is_optee, is_running, kill, panic_sealer, pid, start, walk_over_objects};
use test_authenticator::{Counter, Fault, Settings};

struct Patient {
    user: User,
    vault: String,
    archive: Archive,
}

impl Patient {
    fn new() -> Patient {
        let mut user = Device::new().user();
        let vault = user.enrol();
        let archive = user.backup(&vault, "a.pkb", b"kept");
        Patient {
            user,
            vault,
            archive,
        }
    }

    fn restores(&mut self) {
        assert_eq!(self.user.restore(&self.archive.path).unwrap(), b"kept");
    }

    /// Restores, at the latest when what ended by itself was started again.
    fn restores_in_the_end(&mut self) {
        for _ in 0..30 {
            match self.user.restore(&self.archive.path) {
                Ok(bytes) => return assert_eq!(bytes, b"kept"),
                Err(refusal) => is_explained(&refusal),
            }
            as_init();
            thread::sleep(Duration::from_secs(1));
        }
        panic!("no restore after services were killed");
    }
}

/// Starts again what has ended by itself: the HAL service where a call did not end, tee-supplicant
/// where the one it worked for was killed.
fn as_init() {
    for service in [TEE_SUPPLICANT, SEALER_HAL] {
        if (is_optee() || service != TEE_SUPPLICANT) && !is_running(service) {
            start(service);
        }
    }
}

#[test]
fn the_first_call_after_the_sealer_came_back_works() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    for round in 0..3 {
        kill(SEALER_HAL);
        start(SEALER_HAL);
        let name = format!("{round}.pkb");
        let made = patient.user.backup(&patient.vault, &name, b"after");
        assert_eq!(patient.user.restore(&made.path).unwrap(), b"after");
    }
    patient.restores();
}

#[test]
fn a_ceremony_lives_as_long_as_what_keeps_its_challenge() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    let ready = patient
        .user
        .ready_to_restore(&patient.archive.path)
        .unwrap();
    kill(SEALER_HAL);
    start(SEALER_HAL);
    let out = patient.user.path("out");
    let finished = patient
        .user
        .finish_restore(&ready, &patient.archive.path, &out);
    if is_optee() {
        // The HAL is a pipe: the trusted application was not touched.
        finished.unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), b"kept");
    } else {
        assert_eq!(finished.unwrap_err().name, "CHALLENGE_UNKNOWN");
        assert!(!out.exists());
    }
    patient.restores();
}

#[test]
fn without_the_sealer_every_call_says_why_not_and_the_catalogue_answers() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    kill(SEALER_HAL);
    let refusal = patient
        .user
        .try_backup(&patient.vault, "b.pkb", b"x")
        .unwrap_err();
    assert_eq!(refusal.name, "TEE_UNAVAILABLE");
    let error = &refusal.object["error"];
    assert!(
        error["message"].as_str().unwrap().contains("HAL service"),
        "{error}"
    );
    assert!(error["hint"].is_string(), "{error}");
    assert!(!patient.user.path("b.pkb").exists());
    let refusal = patient
        .user
        .begin_restore(&patient.archive.path)
        .unwrap_err();
    assert_eq!(refusal.name, "TEE_UNAVAILABLE");

    let shown = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap();
    let warnings = shown["warnings"].as_array().unwrap();
    assert!(warnings.contains(&"sealer_unavailable".into()), "{shown:#}");
    let listed = patient
        .user
        .pkb
        .json(&["archives", &patient.vault])
        .unwrap();
    assert_eq!(listed["archives"][0], patient.archive.info);

    start(SEALER_HAL);
    patient.restores();
    let shown = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap();
    let warnings = shown["warnings"].as_array().unwrap();
    assert!(
        !warnings.contains(&"sealer_unavailable".into()),
        "{shown:#}"
    );
}

#[test]
fn a_service_that_starts_before_its_sealer_waits_and_can_be_stopped() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    kill(DAEMON);
    kill(SEALER_HAL);
    // In a thread: it is not up before its sealer is.
    let waiting = thread::spawn(|| start(DAEMON));
    thread::sleep(Duration::from_millis(300));
    assert!(!waiting.is_finished(), "up without a sealer");
    start(SEALER_HAL);
    waiting.join().unwrap();
    patient.restores();
}

#[test]
fn a_killed_service_comes_back_with_everything_but_its_ceremonies() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    let shown = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap();
    let ready = patient
        .user
        .ready_to_restore(&patient.archive.path)
        .unwrap();
    kill(DAEMON);
    let refusal = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap_err();
    assert_eq!(refusal.name, "IO", "{refusal}");
    assert!(refusal.object["error"]["hint"].is_string(), "{refusal}");
    start(DAEMON);
    let again = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap();
    assert_eq!(again, shown);
    let out = patient.user.path("out");
    let refusal = patient
        .user
        .finish_restore(&ready, &patient.archive.path, &out)
        .unwrap_err();
    assert_eq!(refusal.name, "CHALLENGE_UNKNOWN");
    patient.restores();
}

/// What a client may hear while services are killed under it.
fn is_explained(refusal: &Refusal) {
    let names = ["TEE_UNAVAILABLE", "IO", "CHALLENGE_UNKNOWN", "CANCELLED"];
    assert!(names.contains(&refusal.name.as_str()), "{refusal}");
}

fn killed_in_the_middle(service: &str) {
    disturbed_in_the_middle(service, 6, || {
        kill(service);
        start(service);
        as_init();
    });
}

/// Lets one client back up and another restore while services are killed and started again.
fn disturbed_in_the_middle(what: &str, rounds: usize, disturb: impl Fn()) {
    let _all_up = AllUp;
    // Some calls' worth.
    let between = if is_optee() { 4000 } else { 500 };
    let mut random = Random::from_env(what);
    let mut patient = Patient::new();
    let mut reader = Device::new().same_app(&patient.user);
    reader.passkeys = patient.user.passkeys.clone();
    let stop = AtomicBool::new(false);
    let running = || !stop.load(Ordering::SeqCst);
    let (keeper, vault, first) = (&patient.user, &patient.vault, &patient.archive.path);
    let (made, cut, restored) = thread::scope(|scope| {
        let backups = scope.spawn(|| {
            let (mut made, mut cut) = (Vec::new(), 0);
            for number in 0_u64.. {
                if !running() {
                    break;
                }
                let name = format!("{number}.pkb");
                match keeper.try_backup(vault, &name, &content(number, 3000)) {
                    Ok(archive) => made.push((archive, number)),
                    Err(refusal) => {
                        is_explained(&refusal);
                        assert!(!keeper.path(&name).exists(), "half an archive: {refusal}");
                        cut += 1;
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            }
            (made, cut)
        });
        let restores = scope.spawn(|| {
            let mut restored = 0;
            while running() {
                match reader.restore(first) {
                    Ok(bytes) => {
                        assert_eq!(bytes, b"kept");
                        restored += 1;
                    }
                    Err(refusal) => {
                        is_explained(&refusal);
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            }
            restored
        });
        for _ in 0..rounds {
            thread::sleep(Duration::from_millis(between + random.below(between)));
            disturb();
        }
        stop.store(true, Ordering::SeqCst);
        let (made, cut) = backups.join().unwrap();
        (made, cut, restores.join().unwrap())
    });
    println!(
        "{what}: {} archives, {cut} cut, {restored} restored",
        made.len()
    );
    patient.restores_in_the_end();
    assert!(
        made.len() > rounds,
        "hardly anything was made between the kills"
    );
    assert!(restored > 0, "no restore between the kills");
    // From before the first and after the last.
    for (archive, number) in made.iter().take(3).chain(made.iter().rev().take(3)) {
        let bytes = patient.user.restore(&archive.path).unwrap();
        assert!(
            bytes == content(*number, 3000),
            "{}",
            archive.path.display()
        );
    }
    let shown = patient
        .user
        .pkb
        .json(&["vault", "show", &patient.vault])
        .unwrap();
    assert_eq!(shown["state"], "ok", "{shown:#}");
    let audit = patient
        .user
        .pkb
        .json(&["audit", &patient.vault, "--verify"])
        .unwrap();
    assert_eq!(audit["verified"], true);
}

#[test]
fn the_sealer_killed_in_the_middle_of_work_loses_nothing() {
    killed_in_the_middle(SEALER_HAL);
}

#[test]
fn the_service_killed_in_the_middle_of_work_loses_nothing() {
    killed_in_the_middle(DAEMON);
}

#[test]
fn tee_supplicant_that_is_killed_and_started_again_is_not_missed() {
    assert!(
        is_optee(),
        "only OP-TEE has a helper in the normal world: run with PKB_TARGET=optee"
    );
    let _all_up = AllUp;
    let mut patient = Patient::new();
    for _ in 0..3 {
        kill(TEE_SUPPLICANT);
        start(TEE_SUPPLICANT);
        patient.restores();
    }
}

/// A call of the TEE that waits for a helper which is no more keeps the next one from starting. The
/// HAL service sees that the call does not end, and ends itself; with it the kernel ends the call.
#[test]
fn tee_supplicant_killed_in_the_middle_of_work_loses_nothing() {
    assert!(is_optee(), "as above");
    let before = pid(SEALER_HAL);
    disturbed_in_the_middle(TEE_SUPPLICANT, 3, || {
        kill(TEE_SUPPLICANT);
        // Not up before its device is free.
        start(TEE_SUPPLICANT);
        as_init();
    });
    assert_ne!(pid(SEALER_HAL), before, "no kill met a call");
}

#[test]
fn panicked_sealer_is_back_without_a_restart_and_has_forgotten_no_limit() {
    let services = [SEALER_HAL, DAEMON].map(pid);
    let mut user = Device::new().user().with_settings(Settings {
        counter: Counter::Counting,
        ..Settings::default()
    });
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"kept");
    assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
    for _ in 0..3 {
        let ready = user.ready_to_restore(&archive.path).unwrap();
        panic_sealer();
        // One call may get the news; the next one works.
        let told = user.pkb.json(&["vault", "show", &vault]);
        if let Ok(shown) = &told {
            let warnings = shown["warnings"].as_array().unwrap();
            assert!(warnings.contains(&"sealer_unavailable".into()), "{shown:#}");
        }
        let out = user.path("out");
        let refusal = user
            .finish_restore(&ready, &archive.path, &out)
            .unwrap_err();
        assert_eq!(refusal.name, "CHALLENGE_UNKNOWN");
        assert!(!out.exists());

        let begun = user.begin_restore(&archive.path).unwrap();
        let reset = user
            .passkeys
            .assert_with(&begun.to_string(), &user.origin, &[Fault::CounterReset])
            .unwrap();
        let command = [
            "restore",
            "finish",
            "--in",
            archive.arg(),
            "--out",
            arg(&out),
        ];
        let refusal = user.finish(&command, &begun, &reset).unwrap_err();
        assert_eq!(refusal.name, "COUNTER_REGRESSION");
        assert_eq!(user.restore(&archive.path).unwrap(), b"kept");
    }
    let audit = user.pkb.json(&["audit", &vault, "--verify"]).unwrap();
    assert_eq!(audit["verified"], true);
    assert_eq!([SEALER_HAL, DAEMON].map(pid), services, "nobody restarted");
}

/// OP-TEE has opened its storage for a tee-supplicant that is no more, and the sealer is new: first
/// what has to be loaded needs the storage, then what has to know its objects.
#[test]
fn panicked_sealer_is_back_with_a_new_tee_supplicant() {
    let _all_up = AllUp;
    let mut patient = Patient::new();
    let renew = || {
        walk_over_objects();
        kill(TEE_SUPPLICANT);
        start(TEE_SUPPLICANT);
    };
    for _ in 0..2 {
        panic_sealer();
        renew();
        // The news that it died.
        let _told = patient.user.begin_restore(&patient.archive.path);
        patient.restores();

        panic_sealer();
        // The news, and it is loaded.
        for _ in 0..2 {
            let _told = patient.user.pkb.json(&["info"]);
        }
        renew();
        Patient::new().restores();
        patient.restores();
    }
}
