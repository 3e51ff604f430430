// SPDX-License-Identifier: Apache-2.0

//! 32 clients at once, each a real process of its own uid.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Archive, Daemon, User, content};
use faults::setting;
use serde_json::json;

const CLIENTS: usize = 32;
const WARM_UP: usize = 4;
/// Unless `PKB_ROUNDS` says otherwise.
const ROUNDS: usize = 5;
/// What an allocator keeps or gives back from one moment to the next, after work of one client.
const NOISE_KIB: u64 = 1024;
/// The same after work of all at once, whose buffers never overlap in the same way twice.
const CROWD_NOISE_KIB: u64 = 3 * 1024;

struct Client {
    user: User,
    vault: String,
    archives: Vec<(Archive, u64)>,
    seed: u64,
}

impl Client {
    fn new(mut user: User, number: usize) -> Client {
        let vault = user.enrol();
        let seed = (number as u64 + 1) << 32;
        Client {
            user,
            vault,
            archives: Vec::new(),
            seed,
        }
    }

    /// Backs up, restores the oldest and the newest, and sees exactly what is its own.
    fn round(&mut self) {
        self.seed += 1;
        let size = 10_000 + usize::try_from(self.seed >> 32).unwrap();
        let name = format!("{}.pkb", self.archives.len());
        let archive = self
            .user
            .backup(&self.vault, &name, &content(self.seed, size));
        self.archives.push((archive, self.seed));
        for at in [0, self.archives.len() - 1] {
            let (archive, seed) = &self.archives[at];
            let restored = self.user.restore(&archive.path).unwrap();
            assert!(restored == content(*seed, size), "somebody else's bytes");
        }
        let listed = self.user.pkb.json(&["vault", "list"]).unwrap();
        let ids: Vec<&str> = listed["vaults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vault| vault["vault_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, [&self.vault]);
        let listed = self.user.pkb.json(&["archives", &self.vault]).unwrap();
        let listed = listed["archives"].as_array().unwrap();
        assert_eq!(listed.len(), self.archives.len());
        assert!(
            self.archives
                .iter()
                .all(|(archive, _)| listed.contains(&archive.info))
        );
        assert!(
            listed
                .iter()
                .all(|archive| archive["plaintext_bytes"] == json!(size))
        );
    }
}

/// Descriptors, threads and kibibytes of a daemon with nothing to do.
fn at_rest(daemon: &Daemon) -> (usize, usize, u64) {
    let figures = || {
        (
            daemon.count("fd"),
            daemon.count("task"),
            daemon.memory_kib("VmRSS"),
        )
    };
    let started = Instant::now();
    let mut last = figures();
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = figures();
        if (now.0, now.1) == (last.0, last.1) || started.elapsed() > Duration::from_secs(10) {
            return now;
        }
        last = now;
    }
}

#[test]
fn thirty_two_uids_at_once_see_only_their_own_and_leave_nothing_behind() {
    let daemon = Daemon::start();
    let rounds = setting("PKB_ROUNDS", ROUNDS);
    let (before, after) = (Barrier::new(CLIENTS + 1), Barrier::new(CLIENTS + 1));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let user = daemon.user();
                let (before, after) = (&before, &after);
                scope.spawn(move || {
                    // Nobody waits for ever for one that failed.
                    let work = || {
                        let mut client = Client::new(user, number);
                        (0..WARM_UP).for_each(|_| client.round());
                        client
                    };
                    let warm = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                    before.wait();
                    after.wait();
                    let mut client = warm.unwrap_or_else(|why| std::panic::resume_unwind(why));
                    (0..rounds).for_each(|_| client.round());
                    client.user.pkb.uid()
                })
            })
            .collect();
        before.wait();
        let warm = at_rest(&daemon);
        after.wait();
        let mut uids: Vec<u32> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        uids.sort_unstable();
        uids.dedup();
        assert_eq!(uids.len(), CLIENTS, "as many uids as clients");
        let end = at_rest(&daemon);
        println!("descriptors, threads, KiB: {warm:?} after warm-up, {end:?} at the end");
        assert!(end.0 <= warm.0, "descriptors: {warm:?}, {end:?}");
        assert!(end.1 <= warm.1, "threads: {warm:?}, {end:?}");
        assert!(
            end.2 <= warm.2 + CROWD_NOISE_KIB,
            "memory: {warm:?}, {end:?}"
        );
    });
}

#[test]
fn one_client_after_another_leaves_nothing_behind() {
    let daemon = Daemon::start();
    let mut client = Client::new(daemon.user(), 0);
    let figures: Vec<_> = (0..6)
        .map(|_| {
            (0..20).for_each(|_| client.round());
            at_rest(&daemon)
        })
        .collect();
    println!("descriptors, threads, KiB after each 120 commands: {figures:?}");
    let (warm, end) = (figures[2], figures[5]);
    assert!(end.0 <= warm.0, "descriptors: {figures:?}");
    assert!(end.1 <= warm.1, "threads: {figures:?}");
    assert!(end.2 <= warm.2 + NOISE_KIB, "memory: {figures:?}");
}

#[test]
fn clients_that_die_in_the_middle_leave_nothing_behind() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = user.put("plain", &content(1, 8 << 20));
    let out = user.path("cut.pkb");
    let cut = |after: Duration| {
        let arguments = [
            "backup",
            &vault,
            "--in",
            e2e::arg(&plain),
            "--out",
            e2e::arg(&out),
            "--force",
        ];
        let mut child = user.pkb.command(&arguments).spawn().unwrap();
        thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let figures: Vec<_> = (0..5)
        .map(|_| {
            (0..40).for_each(|n| cut(Duration::from_millis(n % 20)));
            at_rest(&daemon)
        })
        .collect();
    println!("descriptors, threads, KiB after each 40 clients: {figures:?}");
    let (warm, end) = (figures[2], figures[4]);
    assert!(end.0 <= warm.0, "descriptors: {figures:?}");
    assert!(end.1 <= warm.1, "threads: {figures:?}");
    assert!(end.2 <= warm.2 + NOISE_KIB, "memory: {figures:?}");
    // Whatever has the final name is whole.
    if out.exists() {
        assert!(user.restore(&out).unwrap() == content(1, 8 << 20));
    }
}
