// SPDX-License-Identifier: Apache-2.0

//! Secrets that a person types in, on their way to the sealer.
//!
//! A password is stretched here, because the sealer has no memory for it: Argon2id (RFC 9106) over
//! its NFC form, so that it is the same typed on another keyboard. The parameters of a new one are
//! the second recommended option of section 4; those out of an archive are checked against the
//! limits of `sealer-wire` before anything is allocated. One password is stretched at a time.
//!
//! All buffers here are wiped. The estimator of strength, which only sees a password that is being
//! set, makes copies that are not.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use sealer_wire::header::PasswordParameters;
use sealer_wire::{Error, ErrorCode, FactorSecret, RecoveryKey, Result, Secret32};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};
use zxcvbn::{Score, zxcvbn};

use crate::error;

/// Longest password, in bytes.
const MAX_BYTES: usize = 1024;
/// How many times its length a text can grow in NFC, in UTF-8 (Unicode Standard Annex 15, "Maximum
/// Expansion Factors").
const NFC_GROWTH: usize = 3;
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Of at least 10^10 guesses: archives wait for years in places where nobody counts attempts.
const FLOOR: Score = Score::Four;

static STRETCHING: Mutex<()> = Mutex::new(());

/// Parameters for a new password, with a salt of its own. Errors: `INTERNAL`.
pub fn parameters() -> Result<PasswordParameters> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|_| Error::new(ErrorCode::Internal, "the system has no random numbers"))?;
    Ok(PasswordParameters {
        salt,
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
    })
}

/// Refuses a password that is too easy to guess; `known` is what everybody knows of its user.
///
/// Errors: `PASSWORD_WEAK`, `BAD_REQUEST`.
pub fn check_strength(password: &[u8], known: &[&str]) -> Result<()> {
    let text = normal(password)?;
    let estimate = zxcvbn(&text, known);
    if estimate.score() >= FLOOR {
        return Ok(());
    }
    let mut why = "the password is too easy to guess".to_owned();
    if let Some(feedback) = estimate.feedback() {
        // Fixed texts of the estimator; nothing of the password is in them.
        if let Some(warning) = feedback.warning() {
            why = format!("{why}: {warning}");
        }
        for suggestion in feedback.suggestions() {
            why = format!("{why} {suggestion}");
        }
    }
    Err(error(ErrorCode::PasswordWeak, why))
}

/// What a password is to the sealer. Errors: `BAD_REQUEST`, `INTERNAL`.
pub fn stretch(password: &[u8], parameters: &PasswordParameters) -> Result<FactorSecret> {
    let failed = |_| Error::new(ErrorCode::Internal, "the password cannot be stretched");
    parameters.check()?;
    let text = normal(password)?;
    let argon2_parameters = Params::new(
        parameters.memory_kib,
        parameters.passes,
        parameters.lanes,
        Some(32),
    )
    .map_err(failed)?;
    let _one = STRETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory: Vec<Block> = Vec::new();
    memory
        .try_reserve_exact(argon2_parameters.block_count())
        .map_err(|_| {
            Error::new(
                ErrorCode::Internal,
                "not enough memory to stretch the password",
            )
        })?;
    memory.resize(argon2_parameters.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, argon2_parameters);
    let secret = Secret32::try_fill(|out| {
        argon2.hash_password_into_with_memory(text.as_bytes(), &parameters.salt, out, &mut memory)
    });
    memory.iter_mut().for_each(Zeroize::zeroize);
    secret.map(FactorSecret::Password).map_err(failed)
}

/// The same secret once more: a ceremony that stays open needs it again.
pub fn duplicate(secret: &FactorSecret) -> FactorSecret {
    match secret {
        FactorSecret::Recovery(key) => {
            let copy = RecoveryKey::try_fill(|out| {
                out.copy_from_slice(key.expose());
                Ok::<(), std::convert::Infallible>(())
            });
            match copy {
                Ok(copy) => FactorSecret::Recovery(copy),
                Err(never) => match never {},
            }
        }
        FactorSecret::Password(secret) => FactorSecret::Password(secret.duplicate()),
    }
}

fn normal(password: &[u8]) -> Result<Zeroizing<String>> {
    let bad = |what| Error::new(ErrorCode::BadRequest, what);
    if password.is_empty() || password.len() > MAX_BYTES {
        return Err(bad("a password has 1 to 1024 bytes"));
    }
    let text = std::str::from_utf8(password).map_err(|_| bad("a password is UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(bad("a password contains no control characters"));
    }
    // With all the room at once no copy is left behind.
    let mut normal = Zeroizing::new(String::with_capacity(NFC_GROWTH * text.len()));
    normal.extend(text.nfc());
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealer_wire::limits;

    const STRONG: &str = "correct horse battery staple tram";

    fn cheap() -> PasswordParameters {
        PasswordParameters {
            salt: [2; 16],
            memory_kib: *limits::PASSWORD_MEMORY_KIB.start(),
            passes: 1,
            lanes: 1,
        }
    }

    fn secret(password: &str, parameters: &PasswordParameters) -> Vec<u8> {
        let secret = stretch(password.as_bytes(), parameters).unwrap();
        secret.expose().to_vec()
    }

    /// `argon2-cffi` 25.1.0: hash_secret_raw("pässword-of-a-user", salt=b"\x02"*16, time_cost=1,
    /// memory_cost=19456, parallelism=1, hash_len=32, type=Type.ID).
    #[test]
    fn it_is_the_argon2id_of_others() {
        let expected = "05ef5b6f4ca9bb01efada544b28239dc1866af7e057eb36922b2b6b8ae3a1e69";
        let found: String = secret("pässword-of-a-user", &cheap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn another_keyboard_types_the_same_password() {
        let parameters = cheap();
        assert_eq!(
            secret("pa\u{308}ssword-of-a-user", &parameters),
            secret("pässword-of-a-user", &parameters)
        );
        let mut other = parameters.clone();
        other.salt[0] ^= 1;
        assert_ne!(secret(STRONG, &parameters), secret(STRONG, &other));
        other = parameters.clone();
        other.passes = 2;
        assert_ne!(secret(STRONG, &parameters), secret(STRONG, &other));
    }

    #[test]
    fn weak_passwords_are_refused_by_name() {
        let code = |password: &str, known: &[&str]| {
            check_strength(password.as_bytes(), known).map_err(|error| error.code)
        };
        for weak in ["password", "12345678", "qwertyuiop", "Passw0rd!", "monkey1"] {
            assert_eq!(code(weak, &[]), Err(ErrorCode::PasswordWeak), "{weak}");
        }
        assert_eq!(
            code("alice@example.org", &["alice@example.org"]),
            Err(ErrorCode::PasswordWeak)
        );
        assert_eq!(code(STRONG, &[]), Ok(()));
    }

    #[test]
    fn what_is_no_password_is_a_bad_request() {
        let long = "x".repeat(MAX_BYTES + 1);
        for bad in [&b""[..], b"\xff\xfe", b"a\nb", long.as_bytes()] {
            for code in [stretch(bad, &cheap()).map(drop), check_strength(bad, &[])] {
                assert_eq!(code.map_err(|e| e.code), Err(ErrorCode::BadRequest));
            }
        }
    }

    #[test]
    fn parameters_of_an_archive_are_bounded() {
        for change in [
            |p: &mut PasswordParameters| p.memory_kib = u32::MAX,
            |p: &mut PasswordParameters| p.memory_kib = 8,
            |p: &mut PasswordParameters| p.passes = 0,
            |p: &mut PasswordParameters| p.passes = u32::MAX,
            |p: &mut PasswordParameters| p.lanes = 0,
            |p: &mut PasswordParameters| p.lanes = u32::MAX,
        ] {
            let mut parameters = cheap();
            change(&mut parameters);
            let refused = stretch(STRONG.as_bytes(), &parameters);
            assert_eq!(
                refused.map(drop).map_err(|e| e.code),
                Err(ErrorCode::BadRequest)
            );
        }
        parameters().unwrap().check().unwrap();
        assert_ne!(parameters().unwrap().salt, parameters().unwrap().salt);
    }
}
