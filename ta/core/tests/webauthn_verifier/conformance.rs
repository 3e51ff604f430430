// SPDX-License-Identifier: Apache-2.0

//! The tables of cases, and `tests/conformance/webauthn/*.jsonl`, which are made of them.

use crate::support::{Case, contains};
use crate::{assertion, attestation, json, keys, lines, members, registration, webauthn_check};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

type Table = fn() -> Vec<Case>;

/// Name of the vector file, and its table.
const TABLES: [(&str, Table); 7] = [
    ("registration", registration::cases),
    ("assertion", assertion::cases),
    ("keys", keys::cases),
    ("attestation", attestation::cases),
    ("json", json::cases),
    ("members", members::cases),
    ("lines", lines::cases),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/webauthn")
}

/// Answers the cases with the example's own code and reports every one that differs.
pub fn run(cases: &[Case]) {
    let lines: String = cases
        .iter()
        .map(|case| Case::line(&case.input) + "\n")
        .collect();
    let mut output = vec![];
    webauthn_check::serve(&mut lines.as_bytes(), &mut output).unwrap();
    compare(cases, &output);
}

fn compare(cases: &[Case], output: &[u8]) {
    let answers: Vec<Value> = std::str::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let wrong: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter(|(case, answer)| !contains(answer, &case.expected))
        .map(|(case, answer)| {
            format!(
                "{}\n  expected {}\n  answered {answer}",
                case.name, case.expected
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert_eq!(answers.len(), cases.len(), "one answer per line");
}

#[test]
fn registrations() {
    run(&registration::cases());
}

#[test]
fn assertions() {
    run(&assertion::cases());
}

#[test]
fn public_keys() {
    run(&keys::cases());
}

#[test]
fn attestations() {
    run(&attestation::cases());
}

#[test]
fn strict_json() {
    run(&json::cases());
}

#[test]
fn members_of_the_response() {
    run(&members::cases());
}

#[test]
fn lines_of_the_harness() {
    run(&lines::cases());
}

#[test]
fn names_are_unique_and_refusals_outnumber_acceptances() {
    let mut names = std::collections::BTreeSet::new();
    let (mut accepted, mut refused) = (0, 0);
    for (table, cases) in TABLES {
        for case in cases() {
            assert!(
                names.insert(format!("{table} {}", case.name)),
                "{table} {} twice",
                case.name
            );
            let refusal = case.expected.to_string().contains("reject")
                || case.expected["result"] == "bad-line";
            *(if refusal { &mut refused } else { &mut accepted }) += 1;
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(refused > 2 * accepted);
}

/// The vectors on disk.
fn vectors() -> Vec<(String, Vec<Case>)> {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let cases = std::fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(|line| {
                let vector: Value = serde_json::from_str(line).unwrap();
                Case {
                    name: vector["name"].as_str().unwrap().to_string(),
                    input: vector["input"].clone(),
                    expected: vector["expected"].clone(),
                }
            })
            .collect();
        files.push((path.display().to_string(), cases));
    }
    files
}

#[test]
fn the_binary_answers_the_vectors() {
    let vectors = vectors();
    assert!(vectors.len() >= TABLES.len(), "the vectors are missing");
    for (file, cases) in vectors {
        assert!(!cases.is_empty(), "{file} is empty");
        let lines: String = cases
            .iter()
            .map(|case| Case::line(&case.input) + "\n")
            .collect();
        compare(&cases, &pipe(lines.as_bytes()));
    }
}

#[test]
fn the_binary_survives_lines_that_are_no_text_or_too_long() {
    let good = crate::support::registration(|_| {}).to_string();
    let long = vec![b'a'; 9 << 20];
    // The last line has no line feed.
    let lines = [
        b"\xff\xfe\n",
        &long[..],
        b"\n",
        good.as_bytes(),
        b"\n\n",
        good.as_bytes(),
    ]
    .concat();
    let output = pipe(&lines);
    let results: Vec<Value> = std::str::from_utf8(&output)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let bad = json!({ "id": null, "result": "bad-line" });
    let accepted = json!({ "registration": { "result": "accept" } });
    assert_eq!(results.len(), 5);
    for (result, expected) in results.iter().zip([&bad, &bad, &accepted, &bad, &accepted]) {
        assert!(contains(result, expected), "{result}");
    }
}

/// The binary answers each line before it gets the next.
#[test]
fn the_binary_is_interactive() {
    use std::io::{BufRead, BufReader};
    let mut child = binary()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(stdin, "{}", crate::support::registration(|_| {})).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.contains("accept"), "{answer}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Writes `input` to the example and returns its output; it must end with 0.
fn pipe(input: &[u8]) -> Vec<u8> {
    let mut child = binary()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    output.stdout
}

/// The example's binary: in `PKB_BIN_DIR`, or built now, as `cargo test --test` alone would leave
/// out or outdate it.
fn binary() -> Command {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        if let Some(folder) = std::env::var_os("PKB_BIN_DIR") {
            return Path::new(&folder).join("webauthn-check");
        }
        // target/<profile>/deps/<this test>
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "-p",
            "sealer-core",
            "--example",
            "webauthn-check",
            "--target-dir",
        ]);
        cargo.arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
        profile.join("examples/webauthn-check")
    });
    Command::new(path)
}

/// `cargo test -p sealer-core --test webauthn_verifier -- --ignored regenerate` writes the vectors
/// anew, with new keys.
#[test]
#[ignore = "writes tests/conformance/webauthn"]
fn regenerate() {
    for (table, cases) in TABLES {
        let cases = cases();
        run(&cases);
        let mut file = String::new();
        for case in cases {
            let vector =
                json!({ "name": case.name, "input": case.input, "expected": case.expected });
            file += &(vector.to_string() + "\n");
        }
        std::fs::write(folder().join(format!("{table}.jsonl")), file).unwrap();
    }
}
