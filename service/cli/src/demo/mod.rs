// SPDX-License-Identifier: Apache-2.0

//! `pkb demo`: the whole story on one machine, with nothing running beforehand.
//!
//! The devices are real daemons in processes of their own, with the nonsecure sealer, reached over
//! their sockets as by any client. The user is a software passkey. What is shown is what the
//! service does and what it refuses; nothing is said to be refused that was not tried.

pub mod device;
mod factors;
mod sample;
mod story;
mod user;

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder};
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::Context;
use crate::args::Demo;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::output;

/// What was shown.
#[derive(Debug, Serialize)]
pub struct Story {
    steps: Vec<Step>,
}

/// One step of it.
#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    expected: &'static str,
    observed: String,
    ms: u64,
    /// What people should know besides.
    note: Option<String>,
}

impl Step {
    fn is_as_expected(&self) -> bool {
        self.observed == self.expected
    }
}

/// A step that this machine cannot show.
const SKIPPED: &str = "skipped";

/// Shows it.
pub fn run(context: &Context, arguments: &Demo) -> Result<Story> {
    let folder = Folder::new(&context.interrupt)?;
    let mut teller = Teller {
        aloud: !context.json,
        steps: Vec::new(),
    };
    story::tell(context, &folder.path, arguments.dir.as_deref(), &mut teller)?;
    Ok(Story {
        steps: teller.steps,
    })
}

impl Story {
    /// 0 if everything was as it should be.
    pub fn exit_status(&self) -> u8 {
        u8::from(self.steps.len() != story::STEPS || !self.steps.iter().all(Step::is_as_expected))
    }

    /// The end, for people.
    pub fn epilogue(&self) -> String {
        let fine = self.steps.iter().filter(|step| step.is_as_expected());
        let skipped = self.steps.iter().filter(|step| step.observed == SKIPPED);
        let ms: u64 = self.steps.iter().map(|step| step.ms).sum();
        let mut text = format!(
            "{} of {} steps as expected, in {ms} ms.",
            fine.count(),
            story::STEPS
        );
        let skipped = skipped.count();
        if skipped > 0 {
            text.push_str(&format!(
                " {skipped} of them SKIPPED: this machine cannot show it."
            ));
        }
        if self.exit_status() != 0 {
            text.push_str("\nTHIS IS NOT HOW IT SHOULD BE.");
        }
        text
    }
}

/// Takes down what happens, and tells it to people as it does.
struct Teller {
    aloud: bool,
    steps: Vec<Step>,
}

impl Teller {
    fn say(&self, text: &str) {
        if self.aloud {
            // Whoever does not listen still gets the exit status.
            let _ = writeln!(io::stdout(), "{text}");
        }
    }

    /// Does something and notes how it ended: `ok`, or the name of the error.
    fn step<T>(
        &mut self,
        name: &'static str,
        title: &str,
        expected: &'static str,
        act: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        self.say(&format!("{:>2}. {title}", self.steps.len() + 1));
        let start = Instant::now();
        let outcome = act();
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (value, observed, note) = match outcome {
            Ok(value) => (Some(value), "ok".to_owned(), None),
            Err(failure) => (None, failure.0.name, Some(failure.0.text)),
        };
        self.note(name, expected, observed, ms, note);
        value
    }

    /// Notes a step that cannot be shown here.
    fn skip(&mut self, name: &'static str, title: &str, why: &str) {
        self.say(&format!("{:>2}. {title}", self.steps.len() + 1));
        self.note(name, SKIPPED, SKIPPED.to_owned(), 0, Some(why.to_owned()));
    }

    fn note(
        &mut self,
        name: &'static str,
        expected: &'static str,
        observed: String,
        ms: u64,
        note: Option<String>,
    ) {
        let step = Step {
            name,
            expected,
            observed,
            ms,
            note,
        };
        if step.observed == SKIPPED {
            self.say("    SKIPPED: this machine cannot show it");
        } else {
            let verdict = if step.is_as_expected() {
                "as expected"
            } else {
                "NOT AS EXPECTED"
            };
            self.say(&format!("    expected  {expected}"));
            let observed = &step.observed;
            self.say(&format!("    observed  {observed}, {verdict} ({ms} ms)"));
        }
        if let Some(note) = &step.note {
            self.say(&format!("              {note}"));
        }
        self.say("");
        self.steps.push(step);
    }
}

/// A folder that goes when this does. Others can pass through it, to the sockets.
struct Folder {
    path: PathBuf,
    interrupt: Interrupt,
}

impl Folder {
    fn new(interrupt: &Interrupt) -> Result<Folder> {
        let number = RandomState::new().hash_one(0);
        let path = std::env::temp_dir().join(format!("pkb-demo-{number:016x}"));
        interrupt.remember(&path);
        DirBuilder::new()
            .mode(0o711)
            .create(&path)
            .map_err(|e| Failure::io("cannot make the folder", &path, &e))?;
        Ok(Folder {
            path,
            interrupt: interrupt.clone(),
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.interrupt.forget(&self.path);
        if let Err(error) = fs::remove_dir_all(&self.path) {
            let shown = self.path.display();
            output::tell(format_args!("pkb: cannot remove {shown}: {error}"));
        }
    }
}

/// Whether two files have the same bytes.
fn same(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| {
        fs::File::open(path)
            .map(|file| io::BufReader::with_capacity(1 << 20, file))
            .map_err(|e| Failure::io("cannot open", path, &e))
    };
    let (mut left, mut right) = (open(one)?, open(other)?);
    loop {
        let failed = |e| Failure::stream("cannot compare", &e);
        let (a, b) = (
            io::BufRead::fill_buf(&mut left).map_err(failed)?,
            io::BufRead::fill_buf(&mut right).map_err(failed)?,
        );
        let common = a.len().min(b.len());
        if a.is_empty() || b.is_empty() {
            return Ok(a.len() == b.len());
        }
        if a.get(..common) != b.get(..common) {
            return Ok(false);
        }
        io::BufRead::consume(&mut left, common);
        io::BufRead::consume(&mut right, common);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_compared_to_the_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let long = vec![7; (1 << 20) + 5];
        let mut other = long.clone();
        other[1 << 20] = 8;
        let one = write("one", &long);
        assert!(same(&one, &write("same", &long)).unwrap());
        assert!(!same(&one, &write("other", &other)).unwrap());
        assert!(!same(&one, &write("short", &long[..1 << 20])).unwrap());
        assert!(!same(&write("empty", b""), &one).unwrap());
    }

    #[test]
    fn a_story_is_fine_only_if_it_is_whole_and_as_expected() {
        let step = |observed: &str| Step {
            name: "n",
            expected: "ok",
            observed: observed.into(),
            ms: 1,
            note: None,
        };
        let story = |observed: &str, steps: usize| Story {
            steps: (0..steps).map(|_| step(observed)).collect(),
        };
        assert_eq!(story("ok", story::STEPS).exit_status(), 0);
        assert_eq!(story("ok", story::STEPS - 1).exit_status(), 1);
        assert_eq!(story("IO", story::STEPS).exit_status(), 1);
    }
}
