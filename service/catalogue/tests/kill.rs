// SPDX-License-Identifier: Apache-2.0

//! A process that writes is killed at random, or may not write any further; afterwards the catalogue
//! is whole and holds everything that was acknowledged.
//!
//! This program has a `main` of its own because it also plays the process that is killed.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, SystemTime};

use common::{archive, entry, id, open, owner, view};
use passkeybackup_catalogue::{ArchiveState, Catalogue, StateDir};
use sealer_wire::ErrorCode;

const VAULT: [u8; 16] = [1; 16];
const KILLS: u32 = 50;
const WRITE: &str = "write-until-killed";

const TESTS: [(&str, fn()); 3] = [
    ("killed_while_writing_50_times", killed_while_writing),
    ("killed_while_opening_50_times", killed_while_opening),
    ("a_file_that_may_not_grow", a_file_that_may_not_grow),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, dir] = args.as_slice()
        && mode == WRITE
    {
        return write_until_killed(Path::new(dir));
    }
    if args.iter().any(|arg| arg == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    println!("\nrunning {} tests", TESTS.len());
    let mut ran = 0;
    for (name, test) in TESTS {
        if filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str())) {
            test(); // panics if it fails
            println!("test {name} ... ok");
            ran += 1;
        }
    }
    let left = TESTS.len() - ran;
    println!(
        "\ntest result: ok. {ran} passed; 0 failed; 0 ignored; 0 measured; {left} filtered out\n"
    );
    ExitCode::SUCCESS
}

/// What the victim does: step n is one transaction over three tables, and only when it is durable
/// does n go to standard output.
fn write_until_killed(dir: &Path) -> ExitCode {
    let catalogue = match StateDir::open(dir).and_then(|state| Catalogue::open(&state)) {
        Ok(catalogue) => catalogue,
        Err(e) => {
            println!("not opened {}", e.code.name());
            return ExitCode::FAILURE;
        }
    };
    let mut out = std::io::stdout();
    for n in last_step(&catalogue) + 1.. {
        match step(&catalogue, n) {
            Ok(()) => writeln!(out, "{n}").expect("the parent listens"),
            Err(e) => {
                println!("refused {}", e.code.name());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Adds archive n unconfirmed, confirms the one before, forgets one of long ago.
fn step(catalogue: &Catalogue, n: u64) -> sealer_wire::Result<()> {
    let who = owner(1);
    catalogue.with_transaction(|t| {
        let mut shown = view(VAULT);
        shown.epoch = n as u32;
        t.put_vault(&who, &shown, n)?;
        let mut one = archive(VAULT, n);
        one.meta = vec![b'm'; (n % 4096) as usize];
        t.add_archive(&who, &one)?;
        if n > 1 {
            t.confirm_archive(&who, &id(n - 1))?;
        }
        if n > 40 {
            t.forget_archive(&who, &id(n - 40))?;
        }
        t.append_audit(&who, &VAULT, &[entry(n)])?;
        Ok(())
    })
}

fn last_step(catalogue: &Catalogue) -> u64 {
    let named = catalogue
        .read(|v| v.vault_ref(&owner(1), &VAULT))
        .expect("it is readable");
    named.audit_stored
}

/// Every table shows the same step, the last acknowledged one or the one that was under way.
fn check(dir: &Path, acknowledged: u64) -> u64 {
    let who = owner(1);
    let catalogue = open(dir);
    catalogue.integrity_check().expect("integrity");
    let last = last_step(&catalogue);
    assert!(
        last >= acknowledged,
        "step {acknowledged} was durable, {last} is there"
    );
    assert!(last <= acknowledged + 1, "step {last} was never begun");
    if last == 0 {
        assert_eq!(catalogue.read(|v| v.owners()).unwrap(), []);
        return 0;
    }
    catalogue
        .read(|v| {
            let vault = v.vault(&who, &VAULT)?;
            assert_eq!((vault.seen_seq, u64::from(vault.view.epoch)), (last, last));
            assert_eq!(vault.view.credentials, view(VAULT).credentials);
            let list = v.list_archives(&who, &VAULT, 1000, None)?.archives;
            let expected: Vec<_> = (last.saturating_sub(39).max(1)..=last).rev().collect();
            assert_eq!(
                list.iter().map(|a| a.plaintext_bytes).collect::<Vec<_>>(),
                expected
            );
            for a in &list {
                let confirmed = a.state == ArchiveState::Complete;
                assert_eq!(confirmed, a.plaintext_bytes < last);
                assert_eq!(a.meta.len() as u64, a.plaintext_bytes % 4096);
            }
            assert_eq!(
                v.audit_run(&who, &VAULT, 0, 1000)?.len() as u64,
                last.min(1000)
            );
            Ok(())
        })
        .expect("everything is readable");
    // Half of the time cleanly, half of the time with a log left over for the next victim.
    if last.is_multiple_of(2) {
        catalogue.close().expect("closes");
    }
    last
}

fn victim(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .arg(WRITE)
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// Reads what the victim still managed to say; the last step of it.
fn last_word(rest: impl Read, heard: u64) -> u64 {
    let mut text = String::new();
    BufReader::new(rest)
        .read_to_string(&mut text)
        .expect("text");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .filter_map(|line| line.parse().ok())
        .next_back()
        .unwrap_or(heard)
}

fn kill(mut child: Child) {
    child.kill().expect("it runs");
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(9), "it must not have ended by itself");
}

/// Small and different each time.
fn pause(most: Duration) -> Duration {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    let spread = u64::from(now.subsec_nanos()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    most.mul_f64(spread as f64 / f64::from(u32::MAX))
}

fn killed_while_writing() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut steps = 0;
    for _ in 0..KILLS {
        let mut child = victim(dir.path());
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it writes");
        let heard = line.trim().parse().expect("a step");
        std::thread::sleep(pause(Duration::from_millis(40)));
        kill(child);
        let acknowledged = last_word(out, heard);
        assert!(acknowledged > steps, "it came no further");
        steps = check(dir.path(), acknowledged);
    }
    println!("{KILLS} kills in {steps} transactions");
    assert!(steps > u64::from(KILLS));
}

fn killed_while_opening() {
    // From the start to twice the time that the first transaction takes.
    let most = (0..3)
        .map(|_| time_to_first_step())
        .max()
        .unwrap_or_default()
        * 2;
    let mut made = 0;
    for _ in 0..KILLS {
        let dir = tempfile::tempdir().expect("a folder");
        let mut child = victim(dir.path());
        let out = child.stdout.take().expect("piped");
        std::thread::sleep(pause(most));
        kill(child);
        made += u32::from(check(dir.path(), last_word(out, 0)) > 0);
    }
    println!("{KILLS} kills, {made} of them after the first transaction");
    assert!(
        made > 0 && made < KILLS,
        "it must have been killed before and after"
    );
}

fn time_to_first_step() -> Duration {
    let dir = tempfile::tempdir().expect("a folder");
    let start = std::time::Instant::now();
    let mut child = victim(dir.path());
    let mut line = String::new();
    let out = child.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut line).expect("it writes");
    let time = start.elapsed();
    kill(child);
    time
}

/// `RLIMIT_FSIZE` stands for a quota: the write that goes too far fails, as one that finds no room
/// does. (That a full medium is named `NO_SPACE` is tested in `src/schema/tests.rs`.)
fn a_file_that_may_not_grow() {
    let dir = tempfile::tempdir().expect("a folder");
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this program"))
        .arg(WRITE)
        .arg(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "it must have been refused");
    let said = String::from_utf8(output.stdout).expect("text");
    let mut lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.pop(), Some("refused IO"), "{said}");
    let acknowledged = lines
        .last()
        .and_then(|n| n.parse().ok())
        .expect("some steps were done");
    assert!(acknowledged > 10);
    let last = check(dir.path(), acknowledged);
    assert_eq!(last, acknowledged, "what was refused was not done");
    let catalogue = open(dir.path());
    step(&catalogue, last + 1).expect("it goes on where it may");
    let twice = StateDir::open(dir.path()).map(drop).expect_err("in use");
    assert_eq!(twice.code, ErrorCode::StateInUse);
}
