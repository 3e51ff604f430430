// SPDX-License-Identifier: Apache-2.0

//! Streams that fail, stall, stutter or are cancelled.

mod common;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{CORE, FIRST, KEY_PART, NEXT, Odd, SEGMENT, dek, open, plaintext, seal};
use passkeybackup_archive::{Job, open_body, read_header, write_archive};
use sealer_wire::{ErrorCode, Result};

fn write(job: &Job, input: impl Read + Send, output: impl Write + Send) -> Result<u64> {
    write_archive(job, CORE, KEY_PART, dek(), input, output).map(|written| written.plaintext_bytes)
}

fn read(job: &Job, mut input: impl Read + Send, output: impl Write + Send) -> Result<u64> {
    let header = read_header(&mut input)?;
    open_body(job, &header, &dek(), input, output).map(|opened| opened.plaintext_bytes)
}

#[test]
fn short_reads_and_interruptions_change_nothing() {
    let content = plaintext(2 * SEGMENT + 12_345);
    for chunk in [777, 4096, SEGMENT - 1] {
        let mut input = Odd::new(&content[..]);
        (input.chunk, input.interrupt_every) = (chunk, Some(3));
        let mut output = Odd::new(Vec::new());
        (output.chunk, output.interrupt_every) = (chunk, Some(2));
        assert_eq!(
            write(&Job::new(), input, &mut output).unwrap(),
            content.len() as u64
        );

        let mut input = Odd::new(&output.inner[..]);
        (input.chunk, input.interrupt_every) = (chunk, Some(2));
        let mut restored = Odd::new(Vec::new());
        (restored.chunk, restored.interrupt_every) = (chunk, Some(3));
        read(&Job::new(), input, &mut restored).unwrap();
        assert_eq!(restored.inner, content);
    }
}

#[test]
fn a_failing_reader_ends_a_backup_with_io() {
    let content = plaintext(3 * SEGMENT);
    for after in [
        0,
        1,
        FIRST - 1,
        FIRST,
        FIRST + 1,
        FIRST + NEXT,
        content.len() - 1,
    ] {
        let mut input = Odd::new(&content[..]);
        input.fail = Some((after, ErrorKind::PermissionDenied));
        let mut archive = Vec::new();
        let error = write(&Job::new(), input, &mut archive).unwrap_err();
        assert_eq!(error.code, ErrorCode::Io, "after {after}");
        assert!(error.detail.contains("reading"), "{error}");
        // What was written so far is no archive.
        let (output, opened) = open(&archive);
        assert_eq!(opened.unwrap_err().code, ErrorCode::Truncated);
        assert!(content.starts_with(&output));
    }
}

#[test]
fn a_failing_reader_ends_a_restore_with_io() {
    let archive = seal(&plaintext(2 * SEGMENT));
    for after in [
        0,
        3,
        5,
        9,
        50,
        100,
        SEGMENT,
        SEGMENT + 500,
        archive.len() - 1,
    ] {
        let mut input = Odd::new(&archive[..]);
        input.fail = Some((after, ErrorKind::ConnectionReset));
        let error = read(&Job::new(), input, Vec::new()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Io, "after {after}");
    }
}

#[test]
fn a_failure_behind_the_last_byte_is_a_failure() {
    let content = plaintext(1000);
    let mut input = Odd::new(content.chain(io::empty()));
    input.fail = Some((1000, ErrorKind::Other));
    assert_eq!(
        write(&Job::new(), input, io::sink()).unwrap_err().code,
        ErrorCode::Io
    );
    let archive = seal(&content);
    let mut input = Odd::new(&archive[..]);
    input.fail = Some((archive.len(), ErrorKind::Other));
    assert_eq!(
        read(&Job::new(), input, io::sink()).unwrap_err().code,
        ErrorCode::Io
    );
}

#[test]
fn a_full_medium_is_no_space_wherever_it_fills_up() {
    let content = plaintext(3 * SEGMENT);
    let archive = seal(&content);
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
        for after in [
            0,
            1,
            20,
            50,
            80,
            SEGMENT,
            SEGMENT + 1,
            2 * SEGMENT + 7,
            3 * SEGMENT - 1,
        ] {
            let mut output = Odd::new(Vec::new());
            output.fail = Some((after, kind));
            let error = write(&Job::new(), &content[..], &mut output).unwrap_err();
            assert_eq!(error.code, ErrorCode::NoSpace, "after {after}: {error}");
            assert_eq!(output.inner.len(), after);

            let mut output = Odd::new(Vec::new());
            output.fail = Some((after, kind));
            let error = read(&Job::new(), &archive[..], &mut output).unwrap_err();
            assert_eq!(error.code, ErrorCode::NoSpace, "after {after}: {error}");
            assert_eq!(output.inner, content[..after]);
        }
    }
}

#[test]
fn the_kernel_s_own_enospc_is_no_space() {
    let content = plaintext(SEGMENT);
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = write(&Job::new(), &content[..], full()).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSpace);
    let archive = seal(&content);
    let job = Job::new();
    let error = read(&job, &archive[..], job.output(full())).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSpace);
}

#[test]
fn other_write_failures_are_io() {
    let content = plaintext(2 * SEGMENT);
    for kind in [
        ErrorKind::BrokenPipe,
        ErrorKind::FileTooLarge,
        ErrorKind::PermissionDenied,
    ] {
        let mut output = Odd::new(io::sink());
        output.fail = Some((SEGMENT, kind));
        let error = write(&Job::new(), &content[..], output).unwrap_err();
        assert_eq!(error.code, ErrorCode::Io);
        assert!(error.detail.contains("writing"), "{error}");
    }
}

#[test]
fn an_output_that_takes_nothing_is_io_not_a_loop() {
    struct Stuck;
    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Ok(0)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert_eq!(
        write(&Job::new(), &b"x"[..], Stuck).unwrap_err().code,
        ErrorCode::Io
    );
}

#[test]
fn a_failing_flush_is_a_failure() {
    struct Unflushable;
    impl Write for Unflushable {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::StorageFull.into())
        }
    }
    for size in [0, SEGMENT, 3 * SEGMENT] {
        let error = write(&Job::new(), &plaintext(size)[..], Unflushable).unwrap_err();
        assert_eq!(error.code, ErrorCode::NoSpace);
    }
}

#[test]
fn a_reader_that_claims_too_much_is_not_believed() {
    struct Liar(usize);
    impl Read for Liar {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            Ok(if self.0 > 3 { 0 } else { buffer.len() + 1000 })
        }
    }
    let mut archive = Vec::new();
    write(&Job::new(), Liar(0), &mut archive).unwrap();
    assert!(open(&archive).1.is_ok());
}

/// An endless input.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(1);
        Ok(buffer.len())
    }
}

#[test]
fn cancelling_from_the_progress_report_ends_both_directions() {
    let run = |work: &dyn Fn(&Job) -> Result<u64>| {
        let wish = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(AtomicU64::new(0));
        let job = {
            let (wish, seen) = (wish.clone(), seen.clone());
            Arc::new(Job::with_progress(move |bytes| {
                assert!(
                    seen.swap(bytes, Ordering::SeqCst) < bytes,
                    "progress went back"
                );
                wish.store(bytes > (3 << 20), Ordering::SeqCst);
            }))
        };
        let watcher = {
            let (job, wish) = (job.clone(), wish.clone());
            thread::spawn(move || {
                while !wish.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(1));
                }
                job.cancel();
            })
        };
        let error = work(&job).unwrap_err();
        assert_eq!(error.code, ErrorCode::Cancelled);
        watcher.join().unwrap();
        assert!(seen.load(Ordering::SeqCst) > (3 << 20));
        assert_eq!(job.plaintext_bytes(), seen.load(Ordering::SeqCst));
    };
    run(&|job| write(job, Endless, io::sink()));
    // An archive that takes its time, so that it does not end before the watcher acts.
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(2));
            let count = buffer.len().min(100_000);
            self.0.read(&mut buffer[..count])
        }
    }
    let archive = seal(&plaintext(20 * SEGMENT));
    run(&|job| read(job, Slow(&archive), io::sink()));
}

#[test]
fn a_job_cancelled_before_its_start_does_nothing() {
    let job = Job::new();
    job.cancel();
    let mut output = Vec::new();
    assert_eq!(
        write(&job, &b"x"[..], &mut output).unwrap_err().code,
        ErrorCode::Cancelled
    );
    assert!(output.is_empty());
    let archive = seal(b"x");
    assert_eq!(
        read(&job, &archive[..], &mut output).unwrap_err().code,
        ErrorCode::Cancelled
    );
    assert!(output.is_empty());
}

fn cancel_soon(job: &Arc<Job>) -> thread::JoinHandle<()> {
    let job = job.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        job.cancel();
    })
}

#[test]
fn a_stalled_input_pipe_does_not_delay_a_cancellation() {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(b"some bytes, and then silence").unwrap();
    let job = Arc::new(Job::new());
    let cancelling = cancel_soon(&job);
    let start = Instant::now();
    let error = write(&job, job.input(reader), io::sink()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(10));
    cancelling.join().unwrap();
    drop(writer);
}

#[test]
fn a_stalled_output_pipe_does_not_delay_a_cancellation() {
    let (reader, writer) = pipe().unwrap();
    let job = Arc::new(Job::new());
    let cancelling = cancel_soon(&job);
    let start = Instant::now();
    let error = write(&job, Endless, job.output(writer)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(10));
    cancelling.join().unwrap();
    drop(reader);
}

#[test]
fn a_failed_write_frees_the_thread_that_waits_for_input() {
    let (reader, mut writer) = pipe().unwrap();
    let feeder = thread::spawn(move || {
        // Two segments, so that a second thread waits for the third while the first one fails.
        let _ = writer.write_all(&plaintext(2 * SEGMENT + 100));
        thread::sleep(Duration::from_secs(1));
        writer
    });
    let job = Job::new();
    let mut output = Odd::new(io::sink());
    output.fail = Some((SEGMENT / 2, ErrorKind::StorageFull));
    let error = write(&job, job.input(reader), output).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSpace);
    drop(feeder.join().unwrap());
}

#[test]
fn a_reader_that_goes_away_is_io() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let job = Job::new();
    let error = write(&job, &plaintext(SEGMENT)[..], job.output(writer)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
}

#[test]
fn pipes_carry_whole_archives() {
    let content = plaintext(3 * SEGMENT + 17);
    let (archive_reader, archive_writer) = pipe().unwrap();
    let (plain_reader, plain_writer) = pipe().unwrap();
    let (writing, reading) = (Job::new(), Job::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            write(&writing, &content[..], writing.output(archive_writer)).unwrap();
        });
        scope.spawn(|| {
            read(
                &reading,
                reading.input(archive_reader),
                reading.output(plain_writer),
            )
            .unwrap();
        });
        let mut restored = Vec::new();
        let mut plain_reader: io::PipeReader = plain_reader;
        plain_reader.read_to_end(&mut restored).unwrap();
        assert!(restored == content);
    });
}

#[test]
fn descriptors_of_files_are_read_and_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, sealed, back) = (
        folder.path().join("plain"),
        folder.path().join("sealed"),
        folder.path().join("back"),
    );
    let content = plaintext(2 * SEGMENT + 3);
    std::fs::write(&plain, &content).unwrap();
    let job = Job::new();
    let output = File::create(&sealed).unwrap();
    write(
        &job,
        job.input(File::open(&plain).unwrap()),
        job.output(&output),
    )
    .unwrap();
    let job = Job::new();
    let output = File::create(&back).unwrap();
    read(
        &job,
        job.input(File::open(&sealed).unwrap()),
        job.output(&output),
    )
    .unwrap();
    assert!(std::fs::read(&back).unwrap() == content);
}

#[test]
fn a_descriptor_open_for_the_wrong_direction_is_io() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let written_only = File::create(&path).unwrap();
    let job = Job::new();
    let error = write(&job, job.input(&written_only), io::sink()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
    let read_only = File::open(&path).unwrap();
    let job = Job::new();
    let error = write(&job, &b"x"[..], job.output(&read_only)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Io);
}

/// A reader that panics is a defect of its owner; the pipeline must neither hang nor succeed.
#[test]
fn a_panicking_reader_ends_the_run() {
    struct Panics(usize);
    impl Read for Panics {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += buffer.len();
            assert!(self.0 < 5 * SEGMENT, "a defect of the reader");
            Ok(buffer.len())
        }
    }
    for _ in 0..10 {
        let ended = std::panic::catch_unwind(|| write(&Job::new(), Panics(0), io::sink()));
        if let Ok(result) = ended {
            assert_eq!(result.unwrap_err().code, ErrorCode::Internal);
        }
    }
}
