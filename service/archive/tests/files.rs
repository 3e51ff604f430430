// SPDX-License-Identifier: Apache-2.0

//! Into a file, every segment goes to its place, whoever writes it when.

mod common;

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::FileExt;

use common::{CORE, FIRST, KEY_PART, NEXT, dek, open, plaintext, seal, segment_at};
use passkeybackup_archive::{
    Job, Opened, Output, OutputFile, open_body, read_header, write_archive,
};
use sealer_wire::{ErrorCode, Result};

/// More segments than there are threads, and a last one that is not full.
const BYTES: usize = FIRST + 20 * NEXT + 7;

fn to_file(file: &File) -> Output<Vec<u8>> {
    Output::File(OutputFile::new(file.try_clone().unwrap()))
}

fn content_of(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn open_into(archive: &[u8], output: Output<Vec<u8>>) -> Result<Opened> {
    let mut input = archive;
    let header = read_header(&mut input)?;
    open_body(&Job::new(), &header, &dek(), input, output)
}

#[test]
fn an_archive_in_a_file_is_what_a_stream_would_have_got() {
    for size in [0, 1, FIRST, FIRST + 1, BYTES] {
        let content = plaintext(size);
        let file = tempfile::tempfile().unwrap();
        let job = Job::new();
        let written =
            write_archive(&job, CORE, KEY_PART, dek(), &content[..], to_file(&file)).unwrap();
        let archive = content_of(&file);
        assert_eq!(written.archive_bytes, archive.len() as u64);
        let (output, opened) = open(&archive);
        opened.unwrap();
        assert!(output == content, "{size} bytes");
    }
}

#[test]
fn a_restored_file_has_every_byte_at_its_place() {
    for size in [0, 1, FIRST, FIRST + 1, BYTES] {
        let content = plaintext(size);
        let file = tempfile::tempfile().unwrap();
        let opened = open_into(&seal(&content), to_file(&file)).unwrap();
        assert_eq!(opened.plaintext_bytes, size as u64);
        assert!(content_of(&file) == content, "{size} bytes");
    }
}

#[test]
fn behind_a_changed_segment_nothing_is_written() {
    let content = plaintext(BYTES);
    let mut archive = seal(&content);
    let changed = 9;
    archive[segment_at(changed)] ^= 1;
    let file = tempfile::tempfile().unwrap();
    let refusal = open_into(&archive, to_file(&file)).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SegmentTampered);
    let output = content_of(&file);
    assert!(output.len() <= FIRST + (changed - 1) * NEXT);
    // What was written is right, what was not is a hole.
    assert!(
        output
            .iter()
            .zip(&content)
            .all(|(out, right)| out == right || *out == 0)
    );
}

#[test]
fn a_file_that_takes_nothing_is_an_error_and_not_a_success() {
    let path = tempfile::NamedTempFile::new().unwrap();
    let readable = File::open(path.path()).unwrap();
    let refusal = open_into(&seal(&plaintext(BYTES)), to_file(&readable)).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Io);
}

#[test]
fn the_position_of_others_is_theirs() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"ten bytes.").unwrap();
    let content = plaintext(BYTES);
    open_into(&seal(&content), to_file(&file)).unwrap();
    assert_eq!(file.stream_position().unwrap(), 10);
    let mut start = [0; 10];
    file.read_exact_at(&mut start, 0).unwrap();
    assert_eq!(start, content[..10]);
}
