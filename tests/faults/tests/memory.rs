// SPDX-License-Identifier: Apache-2.0

//! Large files in flat memory.

use std::fs;

use e2e::{Daemon, arg, same_bytes, write_content};

const MIB: u64 = 1 << 20;
const FILE_MIB: u64 = 256;
const PEAK_MIB: u64 = 64;

#[test]
fn a_large_file_comes_back_identical_and_the_daemon_stays_small() {
    let daemon = Daemon::start();
    let mut user = daemon.user();
    let vault = user.enrol();
    let (plain, archive, back) = (user.path("plain"), user.path("a.pkb"), user.path("back"));
    write_content(&plain, 99, FILE_MIB * MIB + 12_345);
    user.pkb
        .json(&[
            "backup",
            &vault,
            "--in",
            arg(&plain),
            "--out",
            arg(&archive),
        ])
        .unwrap();
    let ready = user.ready_to_restore(&archive).unwrap();
    user.finish_restore(&ready, &archive, &back).unwrap();
    assert!(same_bytes(&plain, &back));
    assert!(fs::metadata(&archive).unwrap().len() > FILE_MIB * MIB);
    let peak = daemon.memory_kib("VmHWM") / 1024;
    println!("peak RSS of the daemon: {peak} MiB");
    assert!(peak < PEAK_MIB, "peak RSS of the daemon is {peak} MiB");
}
