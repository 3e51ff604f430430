// SPDX-License-Identifier: Apache-2.0

//! Input that is too large, cannot be read, or ends early.

use std::fs::{self, File};
use std::io::Write;
use std::thread;

use e2e::{Daemon, Stdin, arg, content};

/// A response of exactly so many bytes: an unknown member, which is allowed, fills it up.
fn padded(response: &str, bytes: usize) -> String {
    let head = response.trim_end().strip_suffix('}').unwrap();
    let empty = format!("{head},\"padding\":\"\"}}");
    let padding = "x".repeat(bytes - empty.len());
    format!("{head},\"padding\":\"{padding}\"}}")
}

#[test]
fn an_oversized_response_is_too_large_and_the_ceremony_stays_open() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"x");
    let info = user.pkb.json(&["info"]).unwrap();
    let limit = usize::try_from(info["limits"]["response_json_bytes"].as_u64().unwrap()).unwrap();
    let mut ready = user.ready_to_restore(&archive.path).unwrap();
    let honest = ready.response.clone();
    for bytes in [limit + 1, 10 * limit, 5_000_000] {
        ready.response = padded(&honest, bytes);
        let out = user.path("out");
        let refusal = user
            .finish_restore(&ready, &archive.path, &out)
            .unwrap_err();
        assert_eq!(refusal.name, "TOO_LARGE", "{bytes} bytes");
        assert!(!out.exists());
    }
    ready.response = padded(&honest, limit);
    user.finish_restore(&ready, &archive.path, &user.path("out"))
        .unwrap();
}

#[test]
fn a_response_that_never_ends_is_not_read_for_ever() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let archive = user.backup(&vault, "a.pkb", b"x");
    let ready = user.ready_to_restore(&archive.path).unwrap();
    let out = user.path("out");
    let arguments = [
        "restore",
        "finish",
        "--ceremony",
        &ready.token,
        "--in",
        archive.arg(),
        "--out",
        arg(&out),
    ];
    let endless = Stdin::File(File::open("/dev/zero").unwrap());
    let refusal = user.pkb.json_from(&arguments, endless).unwrap_err();
    assert_eq!(refusal.name, "TOO_LARGE");
    user.finish_restore(&ready, &archive.path, &out).unwrap();
}

#[test]
fn oversized_arguments_are_refused_by_name() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let input = user.put("plain", b"x");
    let out = user.path("out.pkb");
    let meta = format!("\"{}\"", "m".repeat(4095));
    let arguments = [
        "backup",
        &vault,
        "--in",
        arg(&input),
        "--out",
        arg(&out),
        "--meta",
        &meta,
    ];
    assert_eq!(user.pkb.json(&arguments).unwrap_err().name, "TOO_LARGE");
    assert!(!out.exists());
    let just = format!("\"{}\"", "m".repeat(4094));
    let arguments = [
        "backup",
        &vault,
        "--in",
        arg(&input),
        "--out",
        arg(&out),
        "--meta",
        &just,
    ];
    assert_eq!(
        user.pkb.json(&arguments).unwrap()["meta"]
            .as_str()
            .unwrap()
            .len(),
        4094
    );

    let long = "n".repeat(65);
    let begin = |name: &str, origins: &[String]| {
        let mut arguments = vec!["vault", "begin-create", "--rp-id", "example.org"];
        arguments.extend(["--user-name", name]);
        origins
            .iter()
            .for_each(|origin| arguments.extend(["--origin", origin]));
        user.pkb.json(&arguments).unwrap_err().name
    };
    let origin = |n: usize| format!("https://{n}.example.org");
    assert_eq!(begin(&long, &[origin(1)]), "TOO_LARGE");
    assert_eq!(begin("a\u{1b}[31mred", &[origin(1)]), "BAD_REQUEST");
    assert_eq!(
        begin("Ada", &(0..9).map(origin).collect::<Vec<_>>()),
        "TOO_LARGE"
    );
    let label = "o".repeat(60);
    let endless = format!("https://{label}.{label}.{label}.{label}.{label}.example.org");
    let name = begin("Ada", &[endless]);
    assert!(
        ["TOO_LARGE", "BAD_REQUEST"].contains(&name.as_str()),
        "{name}"
    );
}

#[test]
fn input_that_cannot_be_read_is_an_error_and_leaves_nothing() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let folder = user.path("folder");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let before = user.listing();
    let out = user.path("out.pkb");
    let backup = |input: &str, stdin: Stdin<'_>| {
        let arguments = ["backup", &vault, "--in", input, "--out", arg(&out)];
        user.pkb.json_from(&arguments, stdin).unwrap_err().name
    };
    let nothing = || Stdin::Bytes(b"");
    assert_eq!(backup(arg(&folder), nothing()), "BAD_REQUEST");
    assert_eq!(
        backup("-", Stdin::File(File::open(&folder).unwrap())),
        "BAD_REQUEST"
    );
    assert_eq!(backup("/nonexistent", nothing()), "IO");
    // It can be opened, and reading its first byte is an error.
    assert_eq!(backup("/proc/self/mem", nothing()), "IO");
    assert_eq!(user.listing(), before);
    user.backup(&vault, "fine.pkb", b"x");
}

#[test]
fn a_file_that_shrinks_while_it_is_read_gives_a_whole_archive_or_an_error() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = content(5, 24 << 20);
    let input = user.put("plain", &plain);
    for round in 0..6 {
        fs::write(&input, &plain).unwrap();
        let out = user.path(&format!("{round}.pkb"));
        let arguments = ["backup", &vault, "--in", arg(&input), "--out", arg(&out)];
        let result = thread::scope(|scope| {
            let backup = scope.spawn(|| user.pkb.json(&arguments));
            thread::sleep(std::time::Duration::from_millis(4 + round * 3));
            File::options()
                .write(true)
                .open(&input)
                .unwrap()
                .set_len(1 << 20)
                .unwrap();
            backup.join().unwrap()
        });
        match result {
            Ok(archive) => {
                let restored = user.restore(&out).unwrap();
                assert_eq!(archive["plaintext_bytes"], restored.len());
                assert!(
                    plain.starts_with(&restored),
                    "other bytes than were ever there"
                );
            }
            Err(refusal) => {
                assert_eq!(refusal.name, "IO");
                assert!(!out.exists());
            }
        }
    }
}

#[test]
fn a_pipe_that_trickles_and_stalls_is_read_to_its_end() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let plain = content(6, 300_000);
    let out = user.path("slow.pkb");
    let arguments = ["backup", &vault, "--in", "-", "--out", arg(&out)];
    let mut child = user
        .pkb
        .command(&arguments)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for piece in plain.chunks(7919) {
        pipe.write_all(piece).unwrap();
        thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
    assert!(user.restore(&out).unwrap() == plain);
}
