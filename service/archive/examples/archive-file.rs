// SPDX-License-Identifier: Apache-2.0

//! Seals and opens one file with a key of the caller's: for benchmarks and interop tests only.
//!
//! ```text
//! archive-file seal DEK-IN-HEX IN OUT
//! archive-file open DEK-IN-HEX IN OUT
//! ```

use std::error::Error;
use std::fs::File;

use passkeybackup_archive::{Dek, Job, open_body, read_header, write_archive};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, dek, input, output] = arguments.as_slice() else {
        return Err("usage: archive-file seal|open DEK IN OUT".into());
    };
    let dek = parse_dek(dek)?;
    let job = Job::new();
    let mut input = File::open(input)?;
    let output = File::create(output)?;
    match verb.as_str() {
        "seal" => {
            let (input, output) = (job.input(input), job.output(output));
            let written = write_archive(&job, b"core", b"key part", dek, input, output)?;
            println!(
                "{} bytes in {} segments",
                written.plaintext_bytes, written.segments
            );
        }
        "open" => {
            let header = read_header(&mut input)?;
            let opened = open_body(&job, &header, &dek, job.input(input), job.output(output))?;
            println!(
                "{} bytes in {} segments",
                opened.plaintext_bytes, opened.segments
            );
        }
        _ => return Err("usage: archive-file seal|open DEK IN OUT".into()),
    }
    Ok(())
}

fn parse_dek(hex: &str) -> Result<Dek, Box<dyn Error>> {
    let mut bytes = [0; Dek::LEN];
    if hex.len() != 2 * bytes.len() || !hex.is_ascii() {
        return Err("a key is 64 hexadecimal digits".into());
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
    }
    Ok(Dek::take(&mut bytes)?)
}
