// SPDX-License-Identifier: Apache-2.0

//! DANGER: the hook of the test that opens archives with another library. It writes data keys to a
//! file. It is compiled with the feature `test-hooks` only, which nothing turns on by default, and
//! then works only where the environment names a file.

#[cfg(not(feature = "test-hooks"))]
mod hook {
    /// Nothing to announce.
    pub fn announce() {}

    /// Shows no key to anybody.
    pub fn released(_backup_id: &sealer_wire::Id, _dek: &sealer_wire::Secret32) {}
}

#[cfg(feature = "test-hooks")]
mod hook {
    use std::env;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    #[cfg(all(target_os = "android", not(debug_assertions)))]
    compile_error!(
        "the feature `test-hooks` writes keys to a file: never in a release for Android"
    );

    const VARIABLE: &str = "PKB_TEST_DEK_FILE";

    /// Says loudly what this build does.
    pub fn announce() {
        log::warn!("DANGER: this is a TEST BUILD that can write data keys to a file");
        if env::var_os(VARIABLE).is_some() {
            log::warn!("DANGER: {VARIABLE} is set: every data key that is released is WRITTEN OUT");
        }
    }

    /// Appends backup id and data key to the file.
    pub fn released(backup_id: &sealer_wire::Id, dek: &sealer_wire::Secret32) {
        let Some(path) = env::var_os(VARIABLE) else {
            return;
        };
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let line = format!("{} {}\n", hex(backup_id), hex(dek.expose()));
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            log::error!("the test hook cannot write: {error}");
        }
    }
}

pub use hook::{announce, released};
