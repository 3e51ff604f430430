// SPDX-License-Identifier: Apache-2.0

//! Pages of lists: where one ends and the next begins.
//!
//! A token holds the sort key of the last row that was shown, so a page begins after that row
//! whether or not it is still there, and new rows neither repeat nor hide others. It is opaque to
//! clients and nothing is trusted in it: whatever it says, a query sees its owner's rows only.

use sealer_wire::{Error, ErrorCode, Id, Result};

use crate::error::error;
use crate::int;

/// Most entries of a page.
pub const MAX_PAGE: u32 = 1000;

/// A page ends early when metadata and audit entries in it have reached this many bytes: a binder
/// transaction has 1 MiB for all that is under way in a process.
pub const PAGE_BYTES: usize = 256 * 1024;

/// The last row of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    Archive {
        created_at: u64,
        backup_id: Id,
    },
    Retired {
        epoch: u32,
        created_at: u64,
        backup_id: Id,
    },
    Audit {
        seq: u64,
    },
}

const ARCHIVE: u8 = 1;
const RETIRED: u8 = 2;
const AUDIT: u8 = 3;

impl Cursor {
    /// At most 58 characters.
    pub(crate) fn token(self) -> String {
        let mut bytes = Vec::with_capacity(29);
        match self {
            Cursor::Archive {
                created_at,
                backup_id,
            } => {
                bytes.push(ARCHIVE);
                bytes.extend(created_at.to_be_bytes());
                bytes.extend(backup_id);
            }
            Cursor::Retired {
                epoch,
                created_at,
                backup_id,
            } => {
                bytes.push(RETIRED);
                bytes.extend(epoch.to_be_bytes());
                bytes.extend(created_at.to_be_bytes());
                bytes.extend(backup_id);
            }
            Cursor::Audit { seq } => {
                bytes.push(AUDIT);
                bytes.extend(seq.to_be_bytes());
            }
        }
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The cursor of a token. Errors: `BAD_REQUEST`.
    pub(crate) fn parse(token: &str) -> Result<Cursor> {
        let bytes = from_hex(token).ok_or_else(foreign)?;
        let (&kind, mut rest) = bytes.split_first().ok_or_else(foreign)?;
        let cursor = match kind {
            ARCHIVE => Cursor::Archive {
                created_at: take(&mut rest).map(u64::from_be_bytes)?,
                backup_id: take(&mut rest)?,
            },
            RETIRED => Cursor::Retired {
                epoch: take(&mut rest).map(u32::from_be_bytes)?,
                created_at: take(&mut rest).map(u64::from_be_bytes)?,
                backup_id: take(&mut rest)?,
            },
            AUDIT => Cursor::Audit {
                seq: take(&mut rest).map(u64::from_be_bytes)?,
            },
            _ => return Err(foreign()),
        };
        match cursor {
            Cursor::Archive { created_at: n, .. }
            | Cursor::Retired { created_at: n, .. }
            | Cursor::Audit { seq: n } => int(n).map_err(|_| foreign())?,
        };
        if rest.is_empty() {
            Ok(cursor)
        } else {
            Err(foreign())
        }
    }
}

/// The token is none that this list has given.
pub(crate) fn foreign() -> Error {
    Error::new(
        ErrorCode::BadRequest,
        "the page is not one that this list has named",
    )
}

/// Rows to ask for: one more than the page, to know whether another follows. Errors: `BAD_REQUEST`.
pub(crate) fn rows(limit: u32) -> Result<i64> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(i64::from(limit) + 1);
    }
    Err(error(
        ErrorCode::BadRequest,
        format!("a page has 1 to {MAX_PAGE} entries"),
    ))
}

/// Cuts a page off `rows`: at most `limit` entries, no further one once [`PAGE_BYTES`] would be
/// exceeded. Whether rows were left.
pub(crate) fn fill<T>(
    rows: impl Iterator<Item = Result<T>>,
    limit: u32,
    size: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool)> {
    let mut page = Vec::new();
    let mut bytes = 0_usize;
    for row in rows {
        let row = row?;
        bytes = bytes.saturating_add(size(&row));
        if page.len() >= limit as usize || (!page.is_empty() && bytes > PAGE_BYTES) {
            return Ok((page, true));
        }
        page.push(row);
    }
    Ok((page, false))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or_else(foreign)?;
    *rest = tail;
    Ok(*head)
}

/// Lower case only: one text per token.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() || text.len() > 64 {
        return None;
    }
    pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURSORS: [Cursor; 3] = [
        Cursor::Archive {
            created_at: 1_700_000_000,
            backup_id: [7; 16],
        },
        Cursor::Retired {
            epoch: u32::MAX,
            created_at: i64::MAX as u64,
            backup_id: [0xff; 16],
        },
        Cursor::Audit { seq: 1 },
    ];

    #[test]
    fn a_token_comes_back_as_it_was() {
        for cursor in CURSORS {
            let token = cursor.token();
            assert!(token.len() <= 64, "the interface promises it");
            assert_eq!(Cursor::parse(&token), Ok(cursor));
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        let good = CURSORS[0].token();
        let mut bad = vec![
            String::new(),
            "0".into(),
            "00".into(),
            "04".into(),
            "ff".into(),
            "zz".into(),
            "01é".into(),
            good.to_uppercase().replace("07", "0A"),
            format!("{good}00"),
            format!("{good} "),
            "0".repeat(100_000),
            format!("01{}{}", "f".repeat(16), "0".repeat(32)),
            format!("03{}", "8".to_owned() + &"0".repeat(15)),
        ];
        for end in 0..good.len() {
            bad.push(good[..end].to_owned());
        }
        for token in bad {
            let e = Cursor::parse(&token).expect_err(&token);
            assert_eq!(e.code, ErrorCode::BadRequest);
            assert!(token.len() < 2 || !e.detail.contains(&token));
        }
    }

    #[test]
    fn a_page_has_its_limits() {
        assert_eq!(rows(1), Ok(2));
        assert_eq!(rows(MAX_PAGE), Ok(1001));
        for limit in [0, MAX_PAGE + 1, u32::MAX] {
            assert_eq!(rows(limit).map_err(|e| e.code), Err(ErrorCode::BadRequest));
        }
    }

    #[test]
    fn a_page_of_large_entries_ends_early_but_has_one() {
        let of = |sizes: &[usize], limit| {
            fill(sizes.iter().map(|n| Ok(*n)), limit, |n| *n).expect("no error among them")
        };
        assert_eq!(of(&[], 5), (vec![], false));
        assert_eq!(of(&[1, 2, 3], 3), (vec![1, 2, 3], false));
        assert_eq!(of(&[1, 2, 3], 2), (vec![1, 2], true));
        assert_eq!(of(&[PAGE_BYTES, 1], 5), (vec![PAGE_BYTES], true));
        assert_eq!(of(&[PAGE_BYTES + 1], 5), (vec![PAGE_BYTES + 1], false));
        assert!(!of(&[1, PAGE_BYTES - 1], 5).1);
    }
}
