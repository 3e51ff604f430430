// SPDX-License-Identifier: Apache-2.0

//! `kill -9` at random moments while the daemon backs up, enrols and restores.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use e2e::{Archive, Daemon, Random, User, content, next_uid};
use faults::{check_catalogue, setting};
use serde_json::Value;

/// Of each of the two daemons that are killed at the same time, unless `PKB_KILLS` says otherwise.
const KILLS: usize = 110;
/// The longest that the daemon lives. Commands take a few milliseconds each.
const LONGEST_LIFE_US: u64 = 100_000;
const SMALL: usize = 3000;

/// What must be there after every kill.
struct World {
    daemon: Daemon,
    /// Backs up.
    keeper: User,
    /// The same app and person in another process: restores.
    reader: User,
    vault: String,
    /// Archives that were acknowledged, or have their final name.
    archives: Vec<(Archive, u64)>,
    made: u64,
    counts: BTreeMap<&'static str, usize>,
}

#[test]
fn killed_at_any_moment_the_daemon_loses_nothing() {
    kill("kill");
}

#[test]
fn killed_at_other_moments_it_loses_nothing_either() {
    kill("kill again");
}

fn kill(seed: &str) {
    let mut random = Random::from_env(seed);
    let mut world = World::new();
    for round in 0..setting("PKB_KILLS", KILLS) {
        let life = Duration::from_micros(random.below(LONGEST_LIFE_US));
        let (archives, enrolled) = world.work_until_killed(life, &mut random);
        check_catalogue(&world.daemon.state());
        world
            .daemon
            .start_again()
            .unwrap_or_else(|failure| panic!("after kill {round}: {failure:?}"));
        world.archives.extend(archives);
        world.check(enrolled, &mut random);
    }
    // Every earlier backup restores, and the files are what was made.
    let archives = std::mem::take(&mut world.archives);
    for (archive, seed) in &archives {
        let plain = world.reader.restore(&archive.path).unwrap();
        assert!(plain == content(*seed, SMALL), "{}", archive.path.display());
    }
    println!(
        "{KILLS} kills, {} archives, {:?}",
        archives.len(),
        world.counts
    );
    // The kills struck in the middle of everything.
    for what in [
        "backup cut",
        "enrolment cut",
        "restore cut",
        "restored",
        "enrolled",
    ] {
        let count = world.counts.get(what).copied().unwrap_or_default();
        assert!(count >= 5, "only {count} times: {what}");
    }
    world.daemon.stop();
    check_catalogue(&world.daemon.state());
}

/// Somebody who tried to enrol while the daemon was killed.
struct Enrolled {
    user: User,
    /// The vault, if the daemon said so.
    vault: Option<String>,
}

impl World {
    fn new() -> World {
        let daemon = Daemon::start();
        let mut keeper = daemon.user();
        let vault = keeper.enrol();
        let mut reader = daemon.user_with_uid(keeper.pkb.uid());
        reader.passkeys = keeper.passkeys.clone();
        let first = keeper.backup(&vault, "first.pkb", &content(0, SMALL));
        fs::remove_file(keeper.path("first.pkb.plain")).unwrap();
        World {
            daemon,
            keeper,
            reader,
            vault,
            archives: vec![(first, 0)],
            made: 0,
            counts: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str, by: usize) {
        *self.counts.entry(what).or_default() += by;
    }

    /// Lets three clients work, and kills the daemon after a while.
    fn work_until_killed(
        &mut self,
        life: Duration,
        random: &mut Random,
    ) -> (Vec<(Archive, u64)>, Vec<Enrolled>) {
        let dead = AtomicBool::new(false);
        let running = || !dead.load(Ordering::SeqCst);
        let (keeper, vault, mut made) = (&self.keeper, &self.vault, self.made);
        let (reader, archives) = (&mut self.reader, &self.archives);
        let (daemon, mut choice) = (&mut self.daemon, random.clone());
        let (socket, mut restored) = (daemon.socket(), 0);
        let (mut backups_cut, mut enrolments_cut, mut restores_cut) = (0, 0, 0);
        let (new, enrolled) = thread::scope(|scope| {
            let backups = scope.spawn(|| {
                let mut new = Vec::new();
                while running() {
                    made += 1;
                    match backup(keeper, vault, made) {
                        Some(archive) => new.push((archive, made)),
                        None => backups_cut += 1,
                    }
                }
                new
            });
            let enrolments = scope.spawn(|| {
                let mut all = Vec::new();
                while running() {
                    let mut user = User::new(Some(&socket), next_uid());
                    let vault = user.try_enrol().ok().map(|vault| id(&vault));
                    enrolments_cut += usize::from(vault.is_none());
                    all.push(Enrolled { user, vault });
                }
                all
            });
            let restores = scope.spawn(|| {
                while running() {
                    let at = choice.below(archives.len() as u64);
                    let (archive, seed) = &archives[usize::try_from(at).unwrap()];
                    match reader.restore(&archive.path) {
                        Ok(plain) => {
                            assert!(plain == content(*seed, SMALL), "restored other bytes");
                            restored += 1;
                        }
                        Err(_) => restores_cut += 1,
                    }
                }
            });
            thread::sleep(life);
            daemon.kill();
            dead.store(true, Ordering::SeqCst);
            restores.join().unwrap();
            (backups.join().unwrap(), enrolments.join().unwrap())
        });
        self.made = made;
        self.count("backup cut", backups_cut);
        self.count("enrolment cut", enrolments_cut);
        self.count("restore cut", restores_cut);
        self.count("restored", restored);
        (new, enrolled)
    }

    /// What must hold whenever the daemon is up again.
    fn check(&mut self, enrolled: Vec<Enrolled>, random: &mut Random) {
        let shown = self
            .keeper
            .pkb
            .json(&["vault", "show", &self.vault])
            .unwrap();
        assert_eq!(shown["state"], "ok", "{shown:#}");
        let listed = self.listed();
        for (archive, _) in &self.archives {
            let known = listed.get(archive.id());
            assert!(known.is_some(), "{} is not in the catalogue", archive.id());
        }
        let acknowledged = |id: &str| self.archives.iter().any(|(archive, _)| archive.id() == id);
        for (id, known) in &listed {
            // An archive whose client never heard of it may be there, but never as complete.
            assert!(
                acknowledged(id) || known["state"] == "unconfirmed",
                "a ghost: {known:#}"
            );
        }
        let at = usize::try_from(random.below(self.archives.len() as u64)).unwrap();
        let (archive, seed) = self.archives[at].clone();
        assert!(self.reader.restore(&archive.path).unwrap() == content(seed, SMALL));
        for each in enrolled {
            self.check_enrolled(each);
        }
    }

    /// All archives that the catalogue has of the keeper's vault.
    fn listed(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let mut page: Option<String> = None;
        loop {
            let mut arguments = vec!["archives", &self.vault];
            if let Some(page) = &page {
                arguments.extend(["--page", page]);
            }
            let one = self.keeper.pkb.json(&arguments).unwrap();
            for archive in one["archives"].as_array().unwrap() {
                all.insert(
                    archive["backup_id"].as_str().unwrap().to_owned(),
                    archive.clone(),
                );
            }
            match one["next_page"].as_str() {
                Some(next) => page = Some(next.to_owned()),
                None => return all,
            }
        }
    }

    /// A vault that was acknowledged is there; one that was not is there whole or not at all.
    fn check_enrolled(&mut self, each: Enrolled) {
        let Enrolled { mut user, vault } = each;
        let listed = user.pkb.json(&["vault", "list"]).unwrap();
        let listed = listed["vaults"].as_array().unwrap();
        assert!(listed.len() <= 1, "{listed:#?}");
        match (listed.first(), vault) {
            (None, None) => return,
            (None, Some(vault)) => panic!("vault {vault} was acknowledged and is gone"),
            (Some(found), Some(vault)) => assert_eq!(id(found), vault),
            (Some(_), None) => self.count("vault without an answer", 1),
        }
        self.count("enrolled", 1);
        let found = &listed[0];
        assert_eq!(found["state"], "ok", "a ghost: {found:#}");
        let archive = user.backup(&id(found), "proof.pkb", b"proof");
        assert_eq!(user.restore(&archive.path).unwrap(), b"proof");
    }
}

fn id(vault: &Value) -> String {
    vault["vault_id"].as_str().unwrap().to_owned()
}

/// A backup that may be cut: exactly if `pkb` says that it was made there is a file of that name.
fn backup(keeper: &User, vault: &str, number: u64) -> Option<Archive> {
    let name = format!("{number}.pkb");
    let result = keeper.try_backup(vault, &name, &content(number, SMALL));
    fs::remove_file(keeper.path(&format!("{name}.plain"))).unwrap();
    assert_eq!(keeper.path(&name).exists(), result.is_ok(), "{result:?}");
    let half_written = |name: &String| !name.ends_with(".pkb") || name.starts_with('.');
    let left: Vec<String> = keeper.listing().into_iter().filter(half_written).collect();
    assert_eq!(left, [""; 0], "something half-written was left");
    result.ok()
}
