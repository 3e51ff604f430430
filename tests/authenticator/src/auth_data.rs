// SPDX-License-Identifier: Apache-2.0

//! Authenticator data that `passkey` cannot be asked for.
//!
//! `passkey` always sets BE and BS, demands presence, and writes the rp id and counter that it
//! has: those five are edited here, in the bytes that it made, and then signed in `sign.rs`.

use passkey::{
    crypto::{CryptoBackend, hash::Sha256Backend, rust_crypto::RustCryptoBackend},
    types::ctap2::Flags,
};

use crate::{Backup, Error, Fault, Settings};

/// Where things are: <https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data>.
const RP_ID_HASH: std::ops::Range<usize> = 0..32;
const FLAGS: usize = 32;
const COUNTER: std::ops::Range<usize> = 33..37;

/// SHA-256, by the implementation that `passkey` uses.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    <RustCryptoBackend as CryptoBackend>::Sha256::sha256(data)
}

/// `honest` as `settings` and `faults` want it.
pub(crate) fn edit(honest: &[u8], settings: &Settings, faults: &[Fault]) -> Result<Vec<u8>, Error> {
    let mut data = honest.to_vec();
    set(&mut data, Flags::UP, settings.user_present);
    set(&mut data, Flags::BE, settings.backup != Backup::DeviceBound);
    set(&mut data, Flags::BS, settings.backup == Backup::Synced);
    for fault in faults {
        match fault {
            Fault::RpId(id) => data[RP_ID_HASH].copy_from_slice(&sha256(id.as_bytes())),
            Fault::NoUserPresence => set(&mut data, Flags::UP, false),
            Fault::BackupFlip => {
                set(&mut data, Flags::BE, settings.backup == Backup::DeviceBound);
                set(&mut data, Flags::BS, false);
            }
            Fault::BackupStateOnly => {
                set(&mut data, Flags::BE, false);
                set(&mut data, Flags::BS, true);
            }
            Fault::CounterRepeat => back(&mut data, fault, 1)?,
            Fault::CounterRegress => back(&mut data, fault, 2)?,
            Fault::CounterReset => {
                back(&mut data, fault, 1)?;
                data[COUNTER].fill(0);
            }
            Fault::AuthenticatorData(rewrite) => data = rewrite(&data),
            _ => {}
        }
    }
    Ok(data)
}

fn set(data: &mut [u8], flag: Flags, value: bool) {
    let bits = u8::from(flag);
    data[FLAGS] = if value {
        data[FLAGS] | bits
    } else {
        data[FLAGS] & !bits
    };
}

/// Puts the counter back by `steps`, to what an earlier assertion had.
fn back(data: &mut [u8], fault: &Fault, steps: u32) -> Result<(), Error> {
    let counter = data[COUNTER]
        .try_into()
        .map(u32::from_be_bytes)
        .expect("a range of 4 bytes");
    let earlier = counter
        .checked_sub(steps)
        .filter(|earlier| *earlier > 0)
        .ok_or_else(|| {
            Error::Fault(format!(
                "{fault} needs a counting passkey and {steps} assertions before"
            ))
        })?;
    data[COUNTER].copy_from_slice(&earlier.to_be_bytes());
    Ok(())
}
