// SPDX-License-Identifier: Apache-2.0

//! Writes the trusted application's header and what the linker needs, and fixes who may be its client.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use optee_utee_build::{Builder, LinkerType, TaConfig};
use uuid::Uuid;

/// Name space of client UUIDs, as the OP-TEE driver of Linux makes them (`drivers/tee/tee_core.c`).
const CLIENT_NAMESPACE: Uuid = Uuid::from_u128(0x58ac9ca0_2086_4683_a1b8_ec4bc08e01b6);

/// The user that the sealer HAL runs as, unless `SEALER_HAL_UID` says otherwise: in the range that
/// Android reserves for vendors (2900 to 2999).
const DEFAULT_HAL_UID: u32 = 2901;

/// Bytes of stack, of which `rig bench` saw 35 KiB in use.
const STACK: u32 = 128 * 1024;
/// Bytes of heap, of which the largest requests need 121 KiB (`rig bench`).
const HEAP: u32 = 1024 * 1024;

/// Libraries that crates ask for by name and use nothing of here.
const ABSENT_LIBRARIES: [&str; 4] = ["c", "m", "rt", "pthread"];

const SINGLE_INSTANCE: u32 = 1 << 2;
const MULTI_SESSION: u32 = 1 << 3;
const KEEP_ALIVE: u32 = 1 << 4;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    client(&out)?;
    if env::var_os("CARGO_FEATURE_LINT").is_some() {
        return Ok(());
    }
    let config = TaConfig::new_default_with_cargo_env(sealer_wire::tee::TA_UUID)
        .map_err(|error| format!("header: {error:?}"))?
        .ta_flags(SINGLE_INSTANCE | MULTI_SESSION | KEEP_ALIVE)
        .ta_stack_size(STACK)
        .ta_data_size(HEAP)
        // Errors only.
        .trace_level(1)
        .trace_ext_prefix("sealer");
    Builder::new(config)
        .linker_type(LinkerType::Ld)
        .build()
        .map_err(|error| format!("header: {error:?}"))?;
    absent_libraries(&out)
}

/// Writes `client.rs`: the identity of the one client, as OP-TEE will report it.
fn client(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=SEALER_HAL_UID");
    let uid = match env::var("SEALER_HAL_UID") {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("SEALER_HAL_UID: '{text}' is no user id"))?,
        Err(_) => DEFAULT_HAL_UID,
    };
    let uuid = Uuid::new_v5(&CLIENT_NAMESPACE, format!("uid={uid:x}").as_bytes());
    let (low, mid, high, rest) = uuid.as_fields();
    let client = format!(
        "/// The login UUID of the sealer HAL's user, uid {uid}.\n\
         const HAL: raw::TEE_UUID = raw::TEE_UUID {{\n    \
             timeLow: {low:#x},\n    \
             timeMid: {mid:#x},\n    \
             timeHiAndVersion: {high:#x},\n    \
             clockSeqAndNode: {rest:?},\n}};\n"
    );
    fs::write(out.join("client.rs"), client)?;
    Ok(())
}

/// Makes empty archives of the names that `libc` links with.
fn absent_libraries(out: &Path) -> Result<(), Box<dyn Error>> {
    for name in ABSENT_LIBRARIES {
        fs::write(out.join(format!("lib{name}.a")), "!<arch>\n")?;
    }
    println!("cargo:rustc-link-search=native={}", out.display());
    Ok(())
}
