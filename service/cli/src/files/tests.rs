// SPDX-License-Identifier: Apache-2.0

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn input(folder: &Path) -> Input {
    let path = folder.join("input");
    fs::write(&path, "input").unwrap();
    Input::plaintext(&Place::File(path)).unwrap()
}

fn target(path: &Path, force: bool, input: &Input) -> Result<Target> {
    Target::new(&Place::File(path.into()), force, input)
}

fn write(output: &Output, text: &str) {
    let mut file = File::from(output.descriptor().as_ref().try_clone().unwrap());
    file.write_all(text.as_bytes()).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_when_it_is_complete_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path());
    let path = folder.path().join("new");
    let output = target(&path, false, &input)
        .unwrap()
        .create(&Interrupt::default())
        .unwrap();
    write(&output, "text");
    assert!(!path.exists());
    assert!(output.place().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "text");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(names(folder.path()), ["input", "new"]);
}

#[test]
fn what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path());
    let output = target(&folder.path().join("new"), false, &input)
        .unwrap()
        .create(&Interrupt::default())
        .unwrap();
    write(&output, "half");
    assert_eq!(names(folder.path()).len(), 2);
    drop(output);
    assert_eq!(names(folder.path()), ["input"]);
}

#[test]
fn another_file_stays_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path());
    let path = folder.path().join("old");
    fs::write(&path, "old").unwrap();
    let failure = target(&path, false, &input).err().unwrap();
    assert_eq!(failure.0.name, "BAD_REQUEST");
    assert!(failure.0.text.contains("old"), "{failure:?}");

    let output = target(&path, true, &input)
        .unwrap()
        .create(&Interrupt::default())
        .unwrap();
    write(&output, "new");
    output.place().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(folder.path()), ["input", "old"]);
}

#[test]
fn a_file_that_appears_meanwhile_stays_too() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path());
    let path = folder.path().join("new");
    let output = target(&path, false, &input)
        .unwrap()
        .create(&Interrupt::default())
        .unwrap();
    fs::write(&path, "theirs").unwrap();
    assert_eq!(output.place().unwrap_err().0.name, "BAD_REQUEST");
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert_eq!(names(folder.path()), ["input", "new"]);
}

#[test]
fn names_that_no_file_can_have_are_refused_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path());
    let at = |name: &str| {
        target(&folder.path().join(name), true, &input)
            .err()
            .unwrap()
    };
    let missing = at("missing/new");
    assert_eq!(missing.0.name, "IO");
    assert!(missing.0.text.contains("missing"), "{missing:?}");
    assert_eq!(at("input/new").0.name, "IO");
    assert_eq!(at("").0.name, "BAD_REQUEST");
    assert_eq!(at("input").0.name, "BAD_REQUEST");
    let device = target(Path::new("/dev/null"), true, &input).err().unwrap();
    assert_eq!(device.0.name, "BAD_REQUEST");
}

#[test]
fn an_input_that_is_not_there_or_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Place::File(folder.path().join("missing"));
    let failure = Input::plaintext(&missing).err().unwrap();
    assert_eq!(failure.0.name, "IO");
    assert!(failure.0.text.contains("missing"), "{failure:?}");
    let place = Place::File(folder.path().into());
    let failure = Input::plaintext(&place).err().unwrap();
    assert_eq!(failure.0.name, "BAD_REQUEST");
    assert!(failure.0.hint.unwrap().starts_with("tar c /"));
    assert_eq!(
        Input::archive(&place).err().unwrap().0.name,
        "NOT_AN_ARCHIVE"
    );
}

#[test]
fn a_response_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response");
    fs::write(&path, vec![b' '; 64 * 1024]).unwrap();
    assert_eq!(response(&Place::File(path.clone())).unwrap().len(), 65536);
    fs::write(&path, vec![b' '; 64 * 1024 + 1]).unwrap();
    let failure = response(&Place::File(path)).unwrap_err();
    assert_eq!(failure.0.name, "TOO_LARGE");
}
