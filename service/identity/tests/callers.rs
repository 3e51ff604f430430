// SPDX-License-Identifier: Apache-2.0

//! Who may call, and what the callers file may say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use passkeybackup_identity::{
    Caller, Callers, MAX_FILE_BYTES, Owner, apk_key_hash, check_uid, user_of,
};
use sealer_wire::{Error, ErrorCode};

const EXAMPLE: &str = include_str!("../example-callers.json");
const SIGNER: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn parse(text: &str) -> Result<Callers, Error> {
    Callers::parse(text.as_bytes())
}

/// A file with one entry.
fn one(uid: &str, package: &str, signer: &str, origins: &str) -> String {
    format!(
        r#"{{"version":1,"callers":[
{{"uid":{uid},"package":{package},"signer":{signer},"origins":{origins}}}]}}"#
    )
}

fn good() -> String {
    one("10123", r#""org.example""#, &format!("\"{SIGNER}\""), "[]")
}

/// Refused with this code and a message that has all of these words.
fn refused(text: &str, code: ErrorCode, words: &[&str]) {
    let e = parse(text).map(drop).expect_err(text);
    assert_eq!(e.code, code, "{e}");
    for word in words {
        assert!(e.detail.contains(word), "{word:?} is not in: {e}");
    }
}

fn bad(text: &str, words: &[&str]) {
    refused(text, ErrorCode::BadRequest, words);
}

#[test]
fn the_example_is_right() {
    let callers = parse(EXAMPLE).unwrap();
    let notes = callers.identify(10_123).unwrap();
    let owner = notes.owner();
    assert_eq!((owner.user, owner.uid), (0, 10_123));
    assert_eq!(owner.package, "org.example.notes");
    assert_eq!((owner.signer[0], owner.signer[31]), (0x9f, 0x08));
    let listed = "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    assert_eq!(apk_key_hash(&owner.signer), listed);
    let other_user = callers.identify(1_010_123).unwrap();
    assert_eq!(other_user.owner().user, 10);
    assert_ne!(other_user.owner(), owner);
}

#[test]
fn who_is_not_listed_is_refused() {
    let callers = parse(EXAMPLE).unwrap();
    for uid in [0, 1000, 2000, 10_122, 10_124, 110_123, u32::MAX] {
        let e = callers.identify(uid).expect_err("not listed");
        assert_eq!(e.code, ErrorCode::PermissionDenied);
    }
    let nobody = parse(r#"{"version":1,"callers":[]}"#).unwrap();
    assert!(nobody.identify(0).is_err());
}

#[test]
fn without_a_file_anybody_is_served_as_a_uid() {
    let callers = Callers::anybody();
    for (uid, user) in [(0, 0), (1000, 0), (2000, 0), (100_000, 1), (1_010_123, 10)] {
        let caller = callers.identify(uid).unwrap();
        let expected = Owner {
            user,
            uid,
            package: format!("uid:{uid}"),
            signer: [0; 32],
        };
        assert_eq!(caller.owner(), &expected);
        assert!(callers.is_current(&expected));
    }
}

#[test]
fn uids_that_own_nothing_are_refused_with_and_without_a_file() {
    let anybody = Callers::anybody();
    let app_ids = [
        20_000, 25_000, 29_999, // SDK sandboxes
        90_000, 98_999, // isolated, of an app zygote
        99_000, 99_500, 99_999, // isolated
    ];
    let mut uids = vec![u32::MAX, 65_534];
    for app in app_ids {
        uids.extend([app, 100_000 + app, 1_000_000 + app, 42_000 * 100_000 + app]);
    }
    for uid in uids {
        assert_eq!(
            check_uid(uid).map_err(|e| e.code),
            Err(ErrorCode::PermissionDenied)
        );
        let e = anybody.identify(uid).expect_err("refused");
        assert_eq!(e.code, ErrorCode::PermissionDenied);
        assert!(e.detail.contains(&uid.to_string()), "{e}");
        let file = good().replace("10123", &uid.to_string());
        bad(&file, &["callers[0].uid", &uid.to_string()]);
    }
    for uid in [
        0, 1000, 9999, 10_000, 19_999, 30_000, 50_000, 65_533, 65_535, 89_999, 165_534,
    ] {
        assert_eq!(check_uid(uid), Ok(()), "{uid}");
    }
    assert_eq!(user_of(99_999), 0);
    assert_eq!(user_of(100_000), 1);
    assert_eq!(user_of(u32::MAX), 42_949);
}

#[test]
fn a_reused_uid_is_somebody_else() {
    let callers = parse(EXAMPLE).unwrap();
    let owner = callers.identify(10_123).unwrap().owner().clone();
    assert!(callers.is_current(&owner));
    let changed = |change: &dyn Fn(&mut Owner)| {
        let mut other = owner.clone();
        change(&mut other);
        assert!(!callers.is_current(&other), "{other:?}");
    };
    changed(&|o| o.signer[0] ^= 1);
    changed(&|o| o.package.push('x'));
    changed(&|o| o.user = 1);
    changed(&|o| o.uid = 10_124);
    let mut as_uid = owner.clone();
    as_uid.package = "uid:10123".into();
    as_uid.signer = [0; 32];
    assert!(!callers.is_current(&as_uid), "from the time without a file");
    assert!(
        !Callers::anybody().is_current(&owner),
        "from the time with one"
    );
}

#[test]
fn malformed_text_is_refused_with_its_line() {
    parse(&good()).unwrap();
    bad("", &["line 1"]);
    bad("[]", &["line 1"]);
    bad("null", &["line 1"]);
    bad(&good()[..40], &["line"]);
    bad(&format!("{}x", good()), &["trailing", "line 2"]);
    bad(&format!("{}{}", good(), good()), &["trailing", "line 2"]);
    bad(&good().replace("\"uid\"", "uid"), &["line 2"]);
    bad(&good().replace("[]", "[],"), &["line 2"]);
    bad(&good().replace("[]", "[\"https://a.b\",]"), &["line 2"]);
    bad(&format!("// comment\n{}", good()), &["line 1"]);
    bad(&format!("\u{feff}{}", good()), &["line 1"]);
    let e = Callers::parse(b"{\"version\":1,\"callers\":[\"\xff\"]}")
        .map(drop)
        .expect_err("bytes");
    assert_eq!(e.code, ErrorCode::BadRequest);
    assert!(e.detail.contains("UTF-8"), "{e}");
    bad(&"[".repeat(100_000), &["line 1"]);
    bad(&good().replace("[]", &"[".repeat(100_000)), &["line 2"]);
}

#[test]
fn members_are_exactly_those() {
    for (member, name) in [
        ("\"version\":1,", "version"),
        ("\"uid\":10123,", "uid"),
        ("\"package\":\"org.example\",", "package"),
        (",\"origins\":[]", "origins"),
    ] {
        bad(&good().replace(member, ""), &["missing", name, "line"]);
        let twice = good().replace(member, &format!("{member}{member}").replace("[],", "[] ,"));
        bad(&twice, &["duplicate", name, "line"]);
    }
    bad(r#"{"version":1}"#, &["missing", "callers"]);
    bad(
        &good().replace("\"uid\":", "\"extra\":1,\"uid\":"),
        &["unknown", "extra", "line 2"],
    );
    bad(
        &good().replace("\"version\":1,", "\"version\":1,\"extra\":{},"),
        &["unknown", "extra"],
    );
    bad(&good().replace("\"uid\"", "\"UID\""), &["unknown", "UID"]);
    // The same name, by an escape.
    bad(
        &good().replace("\"uid\":", "\"u\\u0069d\":7,\"uid\":"),
        &["duplicate", "uid"],
    );
}

#[test]
fn the_version_is_one() {
    for version in ["0", "2", "4294967295"] {
        bad(
            &good().replace("\"version\":1", &format!("\"version\":{version}")),
            &["version", version],
        );
    }
    for version in ["-1", "1.0", "\"1\"", "null", "true", "4294967296"] {
        bad(
            &good().replace("\"version\":1", &format!("\"version\":{version}")),
            &["line 1"],
        );
    }
}

#[test]
fn a_uid_is_a_number_and_there_once() {
    for uid in [
        "-1",
        "4294967296",
        "1.5",
        "1e3",
        "\"10123\"",
        "null",
        "[]",
        "010",
    ] {
        bad(&good().replace("10123", uid), &["line 2"]);
    }
    let entry = good();
    let start = entry.find("{\"uid\"").unwrap();
    let inner = &entry[start..entry.len() - 2];
    let twice = format!("{},\n{inner}]}}", &entry[..entry.len() - 2]);
    bad(&twice, &["callers[1].uid", "10123", "second time"]);
    let fine = twice.replacen("10123", "10124", 1);
    assert!(parse(&fine).is_ok());
}

#[test]
fn a_package_has_the_form_of_one() {
    let long = "a".repeat(256);
    for package in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "1a",
        "a.1b",
        "_a",
        "a-b",
        "a b",
        "uid:10123",
        "uid:0",
        "a:b",
        "é",
        "a\\u0000b",
        "a/b",
        "a\\n",
        " a",
        long.as_str(),
    ] {
        let file = good().replace("org.example", package);
        bad(&file, &["callers[0].package"]);
    }
    for package in ["android", "org.Example_1.x9", &"a".repeat(255)] {
        parse(&good().replace("org.example", package)).unwrap();
    }
}

#[test]
fn a_signer_is_64_hexadecimal_digits() {
    let colons = (0..32).map(|_| "9f").collect::<Vec<_>>().join(":");
    let (short, long) = (&SIGNER[1..], format!("{SIGNER}0"));
    let letter = SIGNER.replace('9', "g");
    let plus = format!("+{}", &SIGNER[1..]);
    let prefixed = format!("0x{}", &SIGNER[2..]);
    let spaced = format!(" {}", &SIGNER[1..]);
    let wide = format!("é{}", &SIGNER[2..]);
    for signer in [
        "", short, &long, &letter, &plus, &prefixed, &spaced, &colons, &wide,
    ] {
        bad(&good().replace(SIGNER, signer), &["signer", "line 2"]);
    }
    bad(&good().replace(&format!("\"{SIGNER}\""), "7"), &["line 2"]);
    let upper = parse(&good().replace(SIGNER, &SIGNER.to_uppercase())).unwrap();
    let lower = parse(&good()).unwrap();
    assert_eq!(upper.identify(10_123), lower.identify(10_123));
}

#[test]
fn listed_origins_are_canonical_and_there_once() {
    let with = |origins: &str| good().replace("[]", origins);
    bad(
        &with(r#"["https://a.b","HTTPS://a.b"]"#),
        &["callers[0].origins[1]"],
    );
    bad(&with(r#"["https://a.b/"]"#), &["callers[0].origins[0]"]);
    bad(
        &with(r#"["https://a.b","https://c.d","https://a.b"]"#),
        &["origins[2]", "twice"],
    );
    bad(
        &with(r#"["android:apk-key-hash:AAAA"]"#),
        &["origins[0]", "apk-key-hash"],
    );
    bad(&with(r#"[7]"#), &["line 2"]);
    bad(&with(r#""https://a.b""#), &["line 2"]);
    let long = format!(r#"["https://{}"]"#, "a.".repeat(150));
    bad(&with(&long), &["origins[0]", "256"]);
    // An escaped solidus is the same string.
    parse(&with(r#"["https:\/\/a.b"]"#)).unwrap();
}

#[test]
fn a_file_is_read_with_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("callers.json");
    let refused = |path: &Path, code| {
        let e = Callers::from_file(path).map(drop).expect_err("refused");
        assert_eq!(e.code, code, "{e}");
        assert!(e.detail.contains(path.to_str().unwrap()), "{e}");
        e
    };
    refused(&path, ErrorCode::Io);
    refused(dir.path(), ErrorCode::Io);
    refused(Path::new("/dev/null"), ErrorCode::Io);

    fs::write(&path, EXAMPLE).unwrap();
    Callers::from_file(&path).unwrap().identify(10_123).unwrap();
    fs::write(&path, EXAMPLE.replace("10123,", "\"x\",")).unwrap();
    let e = refused(&path, ErrorCode::BadRequest);
    assert!(e.detail.contains("line 5"), "{e}");

    let mut padded = EXAMPLE.as_bytes().to_vec();
    padded.resize(MAX_FILE_BYTES as usize, b' ');
    fs::write(&path, &padded).unwrap();
    Callers::from_file(&path).unwrap();
    padded.push(b' ');
    fs::write(&path, &padded).unwrap();
    refused(&path, ErrorCode::TooLarge);
    assert_eq!(
        Callers::parse(&padded).map(drop).map_err(|e| e.code),
        Err(ErrorCode::TooLarge)
    );

    fs::write(&path, EXAMPLE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    refused(&path, ErrorCode::PermissionDenied);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    Callers::from_file(&path).unwrap();
}

#[test]
fn a_pipe_is_no_file_and_does_not_block() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let e = Callers::from_file(&path).map(drop).expect_err("a pipe");
    assert_eq!(e.code, ErrorCode::Io);
}

#[test]
fn a_package_manager_can_name_a_caller() {
    let listed = parse(EXAMPLE).unwrap().identify(1_010_123).unwrap();
    let owner = listed.owner();
    let new = |uid, package: &str, origins: &[&str]| {
        let origins = origins.iter().map(|o| (*o).to_owned()).collect();
        Caller::new(uid, package.to_owned(), owner.signer, origins).map_err(|e| e.code)
    };
    assert_eq!(new(1_010_123, "org.example.notes", &[]), Ok(listed.clone()));
    let refused = ErrorCode::PermissionDenied;
    assert_eq!(new(99_001, "a.b", &[]), Err(refused));
    let bad = ErrorCode::BadRequest;
    assert_eq!(new(10_123, "uid:10123", &[]), Err(bad));
    assert_eq!(new(10_123, "a.b", &["https://example.org/"]), Err(bad));
    assert!(new(10_123, "a.b", &["https://example.org"]).is_ok());
}
