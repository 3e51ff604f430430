// SPDX-License-Identifier: Apache-2.0

//! Archives and their lists.

mod common;

use std::collections::BTreeSet;

use common::{archive, entry, furnish, id, open, owner, view};
use passkeybackup_catalogue::{Archive, ArchivePage, ArchiveState, Catalogue, Id, PAGE_BYTES};
use sealer_wire::{ErrorCode, Result};

const VAULT: Id = [1; 16];

fn list(catalogue: &Catalogue, limit: u32, page: Option<&str>) -> ArchivePage {
    catalogue
        .read(|v| v.list_archives(&owner(1), &VAULT, limit, page))
        .unwrap()
}

fn all_pages(catalogue: &Catalogue, limit: u32) -> Vec<Archive> {
    let mut found = Vec::new();
    let mut page = list(catalogue, limit, None);
    loop {
        found.append(&mut page.archives);
        match page.next_page {
            Some(token) => page = list(catalogue, limit, Some(&token)),
            None => return found,
        }
    }
}

#[test]
fn an_archive_is_added_confirmed_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let one = archive(VAULT, 1);
    let add = |a: &Archive| catalogue.with_transaction(|t| t.add_archive(&who, a));
    let get = || catalogue.read(|v| v.archive(&who, &id(1)));
    assert_eq!(add(&one), Ok(true));
    assert_eq!(get(), Ok(one.clone()));
    assert_eq!(add(&one), Ok(false), "known");

    let confirm = || catalogue.with_transaction(|t| t.confirm_archive(&who, &id(1)));
    let complete = Archive {
        state: ArchiveState::Complete,
        ..one.clone()
    };
    assert_eq!(confirm(), Ok(complete.clone()));
    assert_eq!(confirm(), Ok(complete.clone()), "may be repeated");
    assert_eq!(add(&one), Ok(false));
    assert_eq!(get(), Ok(complete.clone()), "known stays as it is");

    let rewrapped = catalogue
        .with_transaction(|t| t.rewrap_archive(&who, &id(1), 9, 4711, ArchiveState::Unconfirmed));
    let expected = Archive {
        epoch: 9,
        archive_bytes: 4711,
        ..one.clone()
    };
    assert_eq!(rewrapped, Ok(expected.clone()));
    assert_eq!(get(), Ok(expected));

    let forget = || catalogue.with_transaction(|t| t.forget_archive(&who, &id(1)));
    assert_eq!(forget(), Ok(()));
    for refused in [get().map(drop), forget(), confirm().map(drop)] {
        assert_eq!(refused.map_err(|e| e.code), Err(ErrorCode::NotFound));
    }
    assert_eq!(add(&complete), Ok(true), "as a rebuild does");
    assert_eq!(get(), Ok(complete));
}

#[test]
fn what_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let add = |change: &dyn Fn(&mut Archive)| {
        let mut one = archive(VAULT, 1);
        change(&mut one);
        catalogue
            .with_transaction(|t| t.add_archive(&who, &one))
            .map_err(|e| e.code)
    };
    assert_eq!(add(&|a| a.meta = vec![0; 4097]), Err(ErrorCode::TooLarge));
    assert_eq!(add(&|a| a.created_at = 1 << 63), Err(ErrorCode::TooLarge));
    assert_eq!(
        add(&|a| a.plaintext_bytes = u64::MAX),
        Err(ErrorCode::TooLarge)
    );
    assert_eq!(
        add(&|a| a.archive_bytes = u64::MAX),
        Err(ErrorCode::TooLarge)
    );
    assert_eq!(add(&|a| a.vault_id = [9; 16]), Err(ErrorCode::NotFound));
    let largest = |a: &mut Archive| {
        a.meta = vec![0xff; 4096];
        a.created_at = i64::MAX as u64;
        a.backup_id = [0xff; 16];
        a.epoch = u32::MAX;
    };
    assert_eq!(add(&largest), Ok(true));
    assert_eq!(list(&catalogue, 1, None).archives.len(), 1);

    catalogue
        .with_transaction(|t| t.put_vault(&who, &view([2; 16]), 1))
        .unwrap();
    let elsewhere = |a: &mut Archive| {
        a.backup_id = [0xff; 16];
        a.vault_id = [2; 16];
    };
    assert_eq!(add(&elsewhere), Err(ErrorCode::BadRequest));
}

#[test]
fn pages_are_newest_first_and_complete() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    assert_eq!(
        list(&catalogue, 5, None),
        ArchivePage {
            archives: vec![],
            next_page: None
        }
    );
    // Many in the same second: the id decides.
    catalogue
        .with_transaction(|t| {
            for n in 0..40 {
                let mut one = archive(VAULT, (n * 17) % 40);
                one.created_at = 1000 + n % 3;
                t.add_archive(&who, &one)?;
            }
            Ok(())
        })
        .unwrap();
    let expected = list(&catalogue, 1000, None).archives;
    let keys: Vec<_> = expected
        .iter()
        .map(|a| (a.created_at, a.backup_id))
        .collect();
    assert!(keys.windows(2).all(|pair| pair[0] > pair[1]));
    for limit in [1, 2, 3, 7, 39, 40, 41] {
        assert_eq!(all_pages(&catalogue, limit), expected, "limit {limit}");
    }
    assert_eq!(
        list(&catalogue, 40, None).next_page,
        None,
        "nothing follows"
    );
}

#[test]
fn additions_and_removals_between_pages_hide_and_repeat_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 100);
    let mut seen = Vec::new();
    let mut page = list(&catalogue, 7, None);
    let mut round = 0_u64;
    loop {
        seen.extend(page.archives.iter().map(|a| a.backup_id));
        let Some(token) = page.next_page else { break };
        let last = page.archives.last().unwrap();
        catalogue
            .with_transaction(|t| {
                // Newer than all, in the same second as the last one shown, and the last one itself.
                t.add_archive(&who, &archive(VAULT, 10_000 + round))?;
                let mut twin = archive(VAULT, 20_000 + round);
                twin.created_at = last.created_at;
                t.add_archive(&who, &twin)?;
                t.forget_archive(&who, &last.backup_id)
            })
            .unwrap();
        round += 1;
        page = list(&catalogue, 7, Some(&token));
    }
    let unique: BTreeSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "nothing twice");
    for n in 0..100 {
        assert!(
            unique.contains(&id(n)),
            "archive {n} was there all the time"
        );
    }
}

#[test]
fn large_metadata_make_a_page_shorter_but_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    catalogue
        .with_transaction(|t| {
            for n in 0..200 {
                let mut one = archive(VAULT, n);
                one.meta = vec![b'm'; 4096];
                t.add_archive(&who, &one)?;
            }
            Ok(())
        })
        .unwrap();
    let first = list(&catalogue, 1000, None);
    assert_eq!(first.archives.len(), PAGE_BYTES / 4096);
    assert_eq!(all_pages(&catalogue, 1000).len(), 200);
}

#[test]
fn retired_archives_are_what_a_rotation_still_has_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0); // epoch 3
    catalogue
        .with_transaction(|t| {
            for n in 0..30 {
                let mut one = archive(VAULT, n);
                one.epoch = 1 + (n % 3) as u32;
                t.add_archive(&who, &one)?;
            }
            Ok(())
        })
        .unwrap();
    let next = |limit, page: Option<&str>| {
        catalogue.read(|v| v.list_retired_archives(&who, &VAULT, limit, page))
    };
    let whole = next(1000, None).unwrap();
    let keys: Vec<_> = whole
        .archives
        .iter()
        .map(|a| (a.epoch, a.created_at))
        .collect();
    assert_eq!(keys.len(), 20);
    assert!(keys.iter().all(|(epoch, _)| *epoch < 3));
    assert!(keys.windows(2).all(|pair| pair[0] > pair[1]));

    // By pages, while what was shown is re-wrapped.
    let mut done = 0;
    let mut page = next(3, None).unwrap();
    loop {
        done += page.archives.len();
        catalogue
            .with_transaction(|t| {
                for a in &page.archives {
                    t.rewrap_archive(&who, &a.backup_id, 3, 1, ArchiveState::Complete)?;
                }
                Ok(())
            })
            .unwrap();
        match page.next_page {
            Some(token) => page = next(3, Some(&token)).unwrap(),
            None => break,
        }
    }
    assert_eq!(done, 20);
    assert_eq!(next(1000, None).unwrap().archives, []);
}

#[test]
fn the_audit_log_is_paged_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let entries: Vec<_> = (1..=20).map(entry).collect();
    catalogue
        .with_transaction(|t| t.append_audit(&who, &VAULT, &entries))
        .unwrap();
    for limit in [1, 3, 19, 20, 21] {
        let mut seen = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = catalogue
                .read(|v| v.list_audit(&who, &VAULT, limit, token.as_deref()))
                .unwrap();
            seen.extend(page.entries);
            token = page.next_page;
            if token.is_none() {
                break;
            }
        }
        let expected: Vec<_> = (1..=20).rev().map(|n| (n, entry(n))).collect();
        assert_eq!(seen, expected, "limit {limit}");
    }
}

#[test]
fn a_page_belongs_to_its_list() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 5);
    let mut older = archive(VAULT, 50);
    older.epoch = 1;
    let mut oldest = archive(VAULT, 51);
    oldest.epoch = 1;
    catalogue
        .with_transaction(|t| {
            t.add_archive(&who, &older)?;
            t.add_archive(&who, &oldest)
        })
        .unwrap();
    let (by_age, by_epoch, log) = catalogue
        .read(|v| {
            Ok((
                v.list_archives(&who, &VAULT, 1, None)?.next_page.unwrap(),
                v.list_retired_archives(&who, &VAULT, 1, None)?
                    .next_page
                    .unwrap(),
                v.list_audit(&who, &VAULT, 1, None)?.next_page.unwrap(),
            ))
        })
        .unwrap();
    let refused =
        |result: Result<()>| assert_eq!(result.map_err(|e| e.code), Err(ErrorCode::BadRequest));
    for wrong in [&by_epoch, &log, &String::new(), &"x".repeat(64)] {
        refused(catalogue.read(|v| v.list_archives(&who, &VAULT, 1, Some(wrong)).map(drop)));
    }
    for wrong in [&by_age, &log] {
        refused(catalogue.read(|v| {
            v.list_retired_archives(&who, &VAULT, 1, Some(wrong))
                .map(drop)
        }));
    }
    for wrong in [&by_age, &by_epoch] {
        refused(catalogue.read(|v| v.list_audit(&who, &VAULT, 1, Some(wrong)).map(drop)));
    }
    for limit in [0, 1001, u32::MAX] {
        refused(catalogue.read(|v| v.list_archives(&who, &VAULT, limit, None).map(drop)));
        refused(catalogue.read(|v| v.list_retired_archives(&who, &VAULT, limit, None).map(drop)));
        refused(catalogue.read(|v| v.list_audit(&who, &VAULT, limit, None).map(drop)));
        refused(catalogue.read(|v| v.audit_run(&who, &VAULT, 0, limit).map(drop)));
    }
}
