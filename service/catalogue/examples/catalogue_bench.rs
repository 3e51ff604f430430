// SPDX-License-Identifier: Apache-2.0

//! Does anything grow with the number of archives? Opens a catalogue and lists pages of it, with
//! 1 000 and with 100 000 archives in one vault, in turns in one run, and prints the ratios.
//!
//! `cargo run --release -p passkeybackup-catalogue --example catalogue_bench [FEW MANY]`
//!
//! Exit status 1 if opening or a page takes more than three times as long with many as with few.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use passkeybackup_catalogue::{Archive, ArchiveState, Catalogue, FILE, Id, Owner, StateDir, View};
use sealer_wire::VaultView;

const VAULT: Id = [1; 16];
const ROUNDS: usize = 200;
const MOST: f64 = 3.0;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A catalogue to measure.
struct Subject {
    archives: u64,
    bytes: u64,
    state: StateDir,
    catalogue: Option<Catalogue>,
    /// Of a page in the middle of the list.
    middle: Option<String>,
    next: u64,
}

fn owner() -> Owner {
    Owner {
        user: 0,
        uid: 10_000,
        package: "org.example.app".into(),
        signer: [7; 32],
    }
}

fn archive(n: u64) -> Archive {
    // Ids as random ones are: not in the order of time.
    let mut backup_id = [0; 16];
    backup_id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    backup_id[8..].copy_from_slice(&n.to_be_bytes());
    Archive {
        backup_id,
        vault_id: VAULT,
        epoch: 1,
        created_at: 1_700_000_000 + n,
        plaintext_bytes: n,
        archive_bytes: n,
        meta: vec![b'm'; 100],
        state: ArchiveState::Complete,
    }
}

fn fill(dir: &Path, archives: u64) -> Outcome<()> {
    let catalogue = Catalogue::open(&StateDir::open(dir)?)?;
    let view = VaultView {
        vault_id: VAULT,
        epoch: 1,
        retired_epochs: Vec::new(),
        rp_id: "example.org".into(),
        origins: vec!["https://example.org".into()],
        user_name: "user".into(),
        require_biometric: false,
        created_at: 1_700_000_000,
        credentials: Vec::new(),
        factors: Vec::new(),
    };
    catalogue.with_transaction(|t| {
        t.put_vault(&owner(), &view, 1)?;
        for n in 0..archives {
            t.add_archive(&owner(), &archive(n))?;
        }
        Ok(())
    })?;
    Ok(catalogue.close()?)
}

impl Subject {
    fn new(dir: &Path, archives: u64) -> Outcome<Subject> {
        fill(dir, archives)?;
        let state = StateDir::open(dir)?;
        let bytes = fs::metadata(state.join(FILE))?.len();
        let catalogue = Catalogue::open(&state)?;
        let mut middle = None;
        for _ in 0..archives / 2 / 1000 {
            let page = |v: &View<'_>| v.list_archives(&owner(), &VAULT, 1000, middle.as_deref());
            middle = catalogue.read(page)?.next_page;
        }
        Ok(Subject {
            archives,
            bytes,
            state,
            catalogue: Some(catalogue),
            middle,
            next: archives,
        })
    }

    fn open(&mut self) -> Outcome<()> {
        if let Some(catalogue) = self.catalogue.take() {
            catalogue.close()?;
        }
        self.catalogue = Some(Catalogue::open(&self.state)?);
        Ok(())
    }

    fn db(&self) -> Outcome<&Catalogue> {
        self.catalogue.as_ref().ok_or_else(|| "not open".into())
    }

    fn page(&self, limit: u32, page: Option<&str>) -> Outcome<()> {
        let list = |v: &View<'_>| v.list_archives(&owner(), &VAULT, limit, page);
        let got = self.db()?.read(list)?.archives.len() as u64;
        if got == u64::from(limit).min(self.archives) || page.is_some() {
            return Ok(());
        }
        Err(format!("{got} entries on a page of {limit}").into())
    }

    fn add(&mut self) -> Outcome<()> {
        self.next += 1;
        let one = archive(self.next);
        self.db()?
            .with_transaction(|t| t.add_archive(&owner(), &one))?;
        Ok(())
    }
}

/// The fastest of each, taken in turns: what else the machine does only ever adds. (Medians of two
/// equal catalogues on a busy machine were seen to differ by 2.6.)
fn fastest(
    few: &mut Subject,
    many: &mut Subject,
    rounds: usize,
    f: impl Fn(&mut Subject) -> Outcome<()>,
) -> Outcome<[Duration; 2]> {
    let mut times = [Duration::MAX; 2];
    for _ in 0..rounds {
        for (subject, time) in [&mut *few, &mut *many].into_iter().zip(&mut times) {
            let start = Instant::now();
            f(subject)?;
            *time = start.elapsed().min(*time);
        }
    }
    Ok(times)
}

fn compare(folders: &Path, few: u64, many: u64) -> Outcome<bool> {
    let mut few = Subject::new(&folders.join("few"), few)?;
    let mut many = Subject::new(&folders.join("many"), many)?;
    println!(
        "archives           {:>12} {:>12}",
        few.archives, many.archives
    );
    println!(
        "file, KiB          {:>12} {:>12}",
        few.bytes / 1024,
        many.bytes / 1024
    );
    let mut flat = true;
    let mut line = |what, rounds, bounded: bool, f: fn(&mut Subject) -> Outcome<()>| {
        let times = fastest(&mut few, &mut many, rounds, f)?;
        let [a, b] = times.map(|time| time.as_secs_f64());
        let grows = b / a > MOST;
        flat &= !(bounded && grows);
        let verdict = match (bounded, grows) {
            (true, true) => "GROWS",
            (true, false) => "flat",
            (false, _) => "(may grow)",
        };
        let [a_us, b_us] = times.map(|time| time.as_micros());
        println!(
            "{what:<18} {a_us:>9} us {b_us:>9} us  x{:.2} {verdict}",
            b / a
        );
        Outcome::Ok(())
    };
    line("open and close", ROUNDS, true, Subject::open)?;
    line("first page of 50", ROUNDS, true, |s| s.page(50, None))?;
    line("middle page of 50", ROUNDS, true, |s| {
        s.page(50, s.middle.as_deref())
    })?;
    line("first page of 1000", ROUNDS, true, |s| s.page(1000, None))?;
    line("add, durable", ROUNDS, true, Subject::add)?;
    line("full check", 3, false, |s| Ok(s.db()?.integrity_check()?))?;
    Ok(flat)
}

fn run() -> Outcome<bool> {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|n| n.parse())
        .collect::<Result<_, _>>()?;
    let (few, many) = match numbers.as_slice() {
        [] => (1000, 100_000),
        [few, many] => (*few, *many),
        _ => return Err("usage: catalogue_bench [FEW MANY]".into()),
    };
    let folders = std::env::temp_dir().join(format!("catalogue_bench.{}", std::process::id()));
    fs::create_dir(&folders)?;
    let outcome = compare(&folders, few, many);
    fs::remove_dir_all(&folders)?;
    outcome
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("catalogue_bench: {e}");
            ExitCode::FAILURE
        }
    }
}
