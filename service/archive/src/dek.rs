// SPDX-License-Identifier: Apache-2.0

//! The data key of one backup.

use core::fmt;

use sealer_wire::Result;
use zeroize::Zeroize;

use crate::locked::Locked;

/// A data encryption key: 256 bits in locked, wiped memory.
///
/// Sealing consumes it ([`crate::write_archive`]), so that one key never seals two bodies through
/// one value; opening borrows it.
pub struct Dek(Locked<[u8; Dek::LEN]>);

impl Dek {
    /// Bytes in a key.
    pub const LEN: usize = 32;

    /// Takes the key out of `source` and wipes `source`, whether it succeeds or not.
    ///
    /// Errors: `INTERNAL` where no memory can be mapped.
    pub fn take(source: &mut [u8; Dek::LEN]) -> Result<Dek> {
        let locked = Locked::new(*source);
        source.zeroize();
        locked.map(Dek)
    }

    pub(crate) fn bytes(&self) -> &[u8; Dek::LEN] {
        &self.0
    }
}

impl fmt::Debug for Dek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dek(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Dek;

    #[test]
    fn taking_a_key_wipes_its_source() {
        let mut source = [7; 32];
        let dek = Dek::take(&mut source).unwrap();
        assert_eq!(source, [0; 32]);
        assert_eq!(dek.bytes(), &[7; 32]);
    }

    #[test]
    fn debug_shows_no_key() {
        let mut source = [0xab; 32];
        let dek = Dek::take(&mut source).unwrap();
        assert_eq!(format!("{dek:?}"), "Dek(..)");
    }

    #[test]
    fn dropping_one_key_leaves_another_intact() {
        let first = Dek::take(&mut [1; 32]).unwrap();
        let second = Dek::take(&mut [2; 32]).unwrap();
        drop(first);
        assert_eq!(second.bytes(), &[2; 32]);
    }
}
