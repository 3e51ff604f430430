// SPDX-License-Identifier: Apache-2.0

//! Damaged, foreign and mixed archives: each is refused by name, nothing is written, and the
//! undamaged archive restores afterwards.

use std::fs;

use e2e::{Daemon, Layout, Random, User, arg, content};

const PLAIN: usize = (2 << 20) + 500_000;

struct Shelf {
    _daemon: Daemon,
    user: User,
    vault: String,
    plain: Vec<u8>,
    archive: Vec<u8>,
    layout: Layout,
}

impl Shelf {
    fn new() -> Shelf {
        let daemon = Daemon::start();
        let mut user = daemon.user();
        let vault = user.enrol();
        let plain = content(42, PLAIN);
        let made = user.backup(&vault, "good.pkb", &plain);
        let archive = fs::read(&made.path).unwrap();
        let layout = Layout::of(&archive);
        assert_eq!(layout.segments.len(), 3);
        Shelf {
            _daemon: daemon,
            user,
            vault,
            plain,
            archive,
            layout,
        }
    }

    /// The error by which a restore of these bytes is refused, at its begin or at its finish.
    fn refusal(&mut self, bytes: &[u8]) -> String {
        let path = self.user.put("bad.pkb", bytes);
        match self.user.restore(&path) {
            Err(refusal) => refusal.name,
            Ok(_) => panic!(
                "{} bytes that are no good archive were restored",
                bytes.len()
            ),
        }
    }

    /// The error of the structural check; `None` if it finds nothing.
    fn structure(&self, bytes: &[u8]) -> Option<String> {
        let path = self.user.put("bad.pkb", bytes);
        self.user
            .pkb
            .json(&["verify", arg(&path)])
            .err()
            .map(|refusal| refusal.name)
    }

    fn still_good(&mut self) {
        let path = self.user.path("good.pkb");
        assert!(self.user.restore(&path).unwrap() == self.plain);
    }
}

#[test]
fn cut_at_any_boundary_is_truncated() {
    let mut shelf = Shelf::new();
    let layout = shelf.layout.clone();
    for (cut, name) in [
        (0, "NOT_AN_ARCHIVE"),
        (3, "NOT_AN_ARCHIVE"),
        (layout.core_length.start, "TRUNCATED"),
        (layout.core_length.end - 1, "TRUNCATED"),
        (layout.core.start, "TRUNCATED"),
        (layout.core.end, "TRUNCATED"),
        (layout.key_part.start, "TRUNCATED"),
        (layout.key_part.end, "TRUNCATED"),
        (layout.body_header.end, "TRUNCATED"),
        (layout.segments[0].end, "TRUNCATED"),
        (layout.segments[1].end, "TRUNCATED"),
        (layout.segments[2].end - 1, "TRUNCATED"),
    ] {
        let bytes = shelf.archive[..cut].to_vec();
        assert_eq!(
            shelf.refusal(&bytes),
            name,
            "cut at {cut} of {}",
            shelf.archive.len()
        );
    }
    shelf.still_good();
}

#[test]
fn cut_anywhere_is_truncated() {
    let mut shelf = Shelf::new();
    let mut random = Random::from_env("cuts");
    for _ in 0..40 {
        let cut = usize::try_from(4 + random.below(shelf.archive.len() as u64 - 4)).unwrap();
        let bytes = shelf.archive[..cut].to_vec();
        assert_eq!(shelf.refusal(&bytes), "TRUNCATED", "cut at {cut}");
    }
    shelf.still_good();
}

#[test]
fn cut_short_on_a_pipe_is_truncated() {
    let mut shelf = Shelf::new();
    let good = shelf.user.path("good.pkb");
    for cut in [
        shelf.layout.segments[1].end,
        shelf.layout.segments[1].start + 1000,
    ] {
        let ready = shelf.user.ready_to_restore(&good).unwrap();
        let response = shelf.user.put("response.json", ready.response.as_bytes());
        let out = shelf.user.path("out");
        let arguments = [
            "restore",
            "finish",
            "--ceremony",
            &ready.token,
            "--in",
            "-",
            "--out",
            arg(&out),
            "--response",
            arg(&response),
        ];
        let stdin = e2e::Stdin::Bytes(&shelf.archive[..cut]);
        let refusal = shelf.user.pkb.json_from(&arguments, stdin).unwrap_err();
        assert_eq!(refusal.name, "TRUNCATED", "cut at {cut}");
        assert!(!out.exists());
    }
    shelf.still_good();
}

#[test]
fn bytes_after_the_end_are_trailing_data() {
    let mut shelf = Shelf::new();
    for extra in [1, 16, 17, 1 << 20, (1 << 20) + 17] {
        let mut bytes = shelf.archive.clone();
        bytes.extend(content(9, extra));
        assert_eq!(shelf.refusal(&bytes), "TRAILING_DATA", "{extra} more");
    }
    let twice = [shelf.archive.clone(), shelf.archive.clone()].concat();
    assert_eq!(shelf.refusal(&twice), "TRAILING_DATA");
    shelf.still_good();
}

#[test]
fn swapped_repeated_and_missing_segments_are_tampered() {
    let mut shelf = Shelf::new();
    let layout = shelf.layout.clone();
    // The second segment is as long as a part of the first; whole segments trade places from the
    // end of the body's header on.
    let (first, second) = (layout.segments[0].clone(), layout.segments[1].clone());
    let mut swapped = shelf.archive.clone();
    let length = first.len();
    let (a, b) = (first.start, second.start);
    for at in 0..length {
        swapped.swap(a + at, b + at);
    }
    assert_eq!(shelf.refusal(&swapped), "SEGMENT_TAMPERED");

    let mut repeated = shelf.archive.clone();
    repeated.copy_within(first.clone(), second.start);
    assert_eq!(shelf.refusal(&repeated), "SEGMENT_TAMPERED");

    let mut missing = shelf.archive[..second.start].to_vec();
    missing.extend_from_slice(&shelf.archive[second.end..]);
    let name = shelf.refusal(&missing);
    assert!(
        ["SEGMENT_TAMPERED", "TRUNCATED"].contains(&name.as_str()),
        "{name}"
    );
    shelf.still_good();
}

#[test]
fn a_flipped_bit_in_any_segment_or_the_bodys_header_is_tampered() {
    let mut shelf = Shelf::new();
    let mut random = Random::from_env("segments");
    let mut places: Vec<usize> = shelf.layout.body_header.clone().collect();
    for segment in shelf.layout.segments.clone() {
        places.extend([segment.start, segment.end - 1, segment.end - 16]);
        let inside = usize::try_from(random.below(segment.len() as u64)).unwrap();
        places.push(segment.start + inside);
    }
    for place in places {
        let mut bytes = shelf.archive.clone();
        bytes[place] ^= 1 << random.below(8);
        assert_eq!(
            shelf.refusal(&bytes),
            "SEGMENT_TAMPERED",
            "flipped at {place}"
        );
    }
    shelf.still_good();
}

#[test]
fn a_flipped_bit_in_the_header_is_never_restored() {
    let mut shelf = Shelf::new();
    let mut random = Random::from_env("header");
    let layout = shelf.layout.clone();
    let key_part = layout.key_part.clone();
    let sampled = (0..120)
        .map(|_| key_part.start + usize::try_from(random.below(key_part.len() as u64)).unwrap());
    let mut places: Vec<usize> = sampled.collect();
    places.extend(layout.core.clone());
    let mut names = std::collections::BTreeMap::<String, usize>::new();
    for place in places {
        let mut bytes = shelf.archive.clone();
        bytes[place] ^= 1 << random.below(8);
        *names.entry(shelf.refusal(&bytes)).or_default() += 1;
    }
    println!("{names:?}");
    // A vault id that nobody has is an unknown vault, an epoch that the vault does not have an ended
    // one, a version or suite that nobody knows is that: nobody can tell more without the key.
    let known = [
        "HEADER_TAMPERED",
        "NOT_FOUND",
        "EPOCH_ENDED",
        "UNSUPPORTED_VERSION",
    ];
    assert!(
        names.keys().all(|name| known.contains(&name.as_str())),
        "{names:?}"
    );
    assert!(names["HEADER_TAMPERED"] > 100, "{names:?}");
    shelf.still_good();
}

#[test]
fn the_structural_check_finds_a_tampered_header_where_the_vault_is() {
    let mut shelf = Shelf::new();
    let good = shelf.archive.clone();
    assert_eq!(shelf.structure(&good), None);
    let mut bytes = good.clone();
    let last = shelf.layout.key_part.end - 1;
    bytes[last] ^= 1;
    assert_eq!(shelf.structure(&bytes).as_deref(), Some("HEADER_TAMPERED"));
    assert_eq!(shelf.structure(&good[..last]).as_deref(), Some("TRUNCATED"));
    assert_eq!(shelf.structure(b"").as_deref(), Some("NOT_AN_ARCHIVE"));
    shelf.still_good();
}

#[test]
fn parts_of_another_archive_do_not_fit() {
    let mut shelf = Shelf::new();
    let other_path = shelf
        .user
        .backup(&shelf.vault, "other.pkb", &content(43, PLAIN))
        .path;
    let other = fs::read(other_path).unwrap();
    let theirs = Layout::of(&other);
    let ours = shelf.layout.clone();
    let (good, core_end) = (shelf.archive.clone(), ours.core.end);

    let foreign_core = [&other[..theirs.core.end], &good[core_end..]].concat();
    assert_eq!(shelf.refusal(&foreign_core), "HEADER_TAMPERED");
    let foreign_key_part = [
        &good[..core_end],
        &other[theirs.core.end..theirs.key_part.end],
        &good[ours.key_part.end..],
    ];
    assert_eq!(shelf.refusal(&foreign_key_part.concat()), "HEADER_TAMPERED");
    let foreign_body = [&good[..ours.key_part.end], &other[theirs.key_part.end..]].concat();
    assert_eq!(shelf.refusal(&foreign_body), "SEGMENT_TAMPERED");
    let mut foreign_segment = good.clone();
    foreign_segment[ours.segments[1].clone()].copy_from_slice(&other[theirs.segments[1].clone()]);
    assert_eq!(shelf.refusal(&foreign_segment), "SEGMENT_TAMPERED");

    // Of another vault of one's own: its epoch is none of this vault's.
    let second = shelf.user.enrol();
    let path = shelf
        .user
        .backup(&second, "second.pkb", &content(44, PLAIN))
        .path;
    let second = fs::read(path).unwrap();
    let theirs = Layout::of(&second);
    let foreign_key_part = [
        &good[..core_end],
        &second[theirs.core.end..theirs.key_part.end],
        &good[ours.key_part.end..],
    ];
    assert_eq!(shelf.refusal(&foreign_key_part.concat()), "HEADER_TAMPERED");
    shelf.still_good();
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_allocated() {
    let mut shelf = Shelf::new();
    let (core, key_part) = (
        shelf.layout.core_length.clone(),
        shelf.layout.key_part_length.clone(),
    );
    for (place, length, names) in [
        (
            core.clone(),
            u32::MAX,
            &["TOO_LARGE", "HEADER_TAMPERED"][..],
        ),
        (core.clone(), 0, &["HEADER_TAMPERED"]),
        (core, 9000, &["TOO_LARGE", "HEADER_TAMPERED"]),
        (
            key_part.clone(),
            u32::MAX,
            &["TOO_LARGE", "HEADER_TAMPERED"],
        ),
        (key_part.clone(), 0, &["HEADER_TAMPERED"]),
        (key_part, 1, &["HEADER_TAMPERED", "SEGMENT_TAMPERED"]),
    ] {
        let mut bytes = shelf.archive.clone();
        bytes[place.clone()].copy_from_slice(&length.to_be_bytes());
        let name = shelf.refusal(&bytes);
        assert!(
            names.contains(&name.as_str()),
            "length {length} at {place:?}: {name}"
        );
    }
    shelf.still_good();
}

#[test]
fn what_is_no_archive_is_called_that() {
    let mut shelf = Shelf::new();
    for bytes in [
        &b""[..],
        b"P",
        b"PKB",
        b"PK\x03\x04 a zip file",
        &[0; 5000],
        b"pkb1",
    ] {
        assert_eq!(shelf.refusal(bytes), "NOT_AN_ARCHIVE", "{bytes:?}");
    }
    let mut later = shelf.archive.clone();
    later[3] = b'2';
    assert_eq!(shelf.refusal(&later), "UNSUPPORTED_VERSION");
    let folder = shelf.user.path("folder");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(
        shelf.user.begin_restore(&folder).unwrap_err().name,
        "NOT_AN_ARCHIVE"
    );
    shelf.still_good();
}
