// SPDX-License-Identifier: Apache-2.0

//! Vaults, sequence numbers, audit entries, and who may see them.

mod common;

use common::{archive, entry, furnish, id, open, owner, view};
use passkeybackup_catalogue::{ArchiveState, Catalogue, Owner};
use sealer_wire::{ErrorCode, RecordUpdate, Result};

const VAULT: [u8; 16] = [1; 16];

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.expect_err("must be refused").code
}

#[test]
fn a_vault_comes_back_as_the_sealer_showed_it() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    furnish(&catalogue, &owner(1), VAULT, 0);
    catalogue.close().unwrap();

    let catalogue = open(dir.path());
    let vault = catalogue.read(|v| v.vault(&owner(1), &VAULT)).unwrap();
    assert_eq!(vault.view, view(VAULT));
    assert_eq!(vault.seen_seq, 5);
    let all = catalogue.read(|v| v.vaults(&owner(1))).unwrap();
    assert_eq!(all, [vault]);
}

#[test]
fn vaults_are_listed_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    for (n, created_at) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
        let mut shown = view([n; 16]);
        shown.created_at = created_at;
        catalogue
            .with_transaction(|t| t.put_vault(&owner(1), &shown, 1))
            .unwrap();
    }
    let all = catalogue.read(|v| v.vaults(&owner(1))).unwrap();
    let order: Vec<u8> = all.iter().map(|v| v.view.vault_id[0]).collect();
    assert_eq!(order, [2, 4, 3, 1]);
}

#[test]
fn an_older_answer_changes_nothing_and_a_newer_one_everything() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    let put = |shown: &_, seq| {
        catalogue
            .with_transaction(|t| t.put_vault(&who, shown, seq))
            .unwrap()
    };
    assert!(put(&view(VAULT), 5));
    assert!(!put(&view(VAULT), 5), "nothing new");

    let mut newer = view(VAULT);
    newer.epoch = 4;
    newer.origins = vec![];
    newer.credentials.remove(0);
    newer.factors.clear();
    newer.user_name = "other".into();
    assert!(!put(&newer, 4), "older than what is stored");
    assert_eq!(
        catalogue.read(|v| v.vault(&who, &VAULT)).unwrap().view,
        view(VAULT)
    );
    assert!(put(&newer, 6));
    let vault = catalogue.read(|v| v.vault(&who, &VAULT)).unwrap();
    assert_eq!((vault.view, vault.seen_seq), (newer, 6));
}

#[test]
fn the_last_use_of_a_passkey_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let used = |credential: &[u8], at| {
        catalogue.with_transaction(|t| t.credential_used(&who, &VAULT, credential, at))
    };
    let last = || {
        let vault = catalogue.read(|v| v.vault(&who, &VAULT)).unwrap();
        vault.view.credentials[0].last_used_at
    };
    used(&[1; 1023], 1_700_000_100).unwrap();
    used(&[1; 1023], 1_700_000_050).unwrap();
    assert_eq!(last(), Some(1_700_000_100));
    // The sealer does not know the time: what it shows does not undo what is known.
    catalogue
        .with_transaction(|t| t.put_vault(&who, &view(VAULT), 9))
        .unwrap();
    assert_eq!(last(), Some(1_700_000_100));
    assert_eq!(code(used(&[2], 1)), ErrorCode::NotFound);
    assert_eq!(code(used(&[0], u64::MAX)), ErrorCode::TooLarge);
}

#[test]
fn the_sequence_number_never_falls() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let set = |seq| catalogue.with_transaction(|t| t.set_seen(&who, &VAULT, seq));
    let seen = || catalogue.read(|v| v.vault_ref(&who, &VAULT)).unwrap().seen;
    assert_eq!((set(4), seen()), (Ok(false), Some(5)));
    assert_eq!((set(5), seen()), (Ok(false), Some(5)));
    assert_eq!((set(6), seen()), (Ok(true), Some(6)));
    assert_eq!(set(i64::MAX as u64), Ok(true));
    assert_eq!(code(set(u64::MAX)), ErrorCode::TooLarge);

    catalogue
        .with_transaction(|t| t.restart_vault(&who, &VAULT, 1))
        .unwrap();
    assert_eq!(seen(), Some(1));
    let named = catalogue.read(|v| v.vault_ref(&who, &VAULT)).unwrap();
    assert_eq!(named.audit_stored, 0, "the old chain is gone");
    assert_eq!(named.owner, who);
}

#[test]
fn audit_entries_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 0);
    let append =
        |entries: &[_]| catalogue.with_transaction(|t| t.append_audit(&who, &VAULT, entries));
    assert_eq!(append(&[entry(2), entry(3), entry(4)]), Ok(1));
    assert_eq!(append(&[entry(2), entry(3), entry(4)]), Ok(0));
    assert_eq!(catalogue.read(|v| v.last_audit_seq(&who, &VAULT)), Ok(4));

    // All or nothing, and what is stored stays.
    let mut other = entry(4);
    other.mac = [0xee; 32];
    assert_eq!(code(append(&[entry(5), other])), ErrorCode::AuditTampered);
    assert_eq!(catalogue.read(|v| v.last_audit_seq(&who, &VAULT)), Ok(4));

    for bad in [vec![], vec![0x01], vec![0x81, 0x60], vec![0x82; 2049]] {
        let sealed = sealer_wire::SealedAuditEntry {
            entry: bad,
            mac: [0; 32],
        };
        assert_eq!(code(append(&[sealed])), ErrorCode::Internal);
    }
    let mut long = entry(5);
    long.entry.resize(2048, 0);
    assert_eq!(append(&[long.clone()]), Ok(1));
    let run = catalogue.read(|v| v.audit_run(&who, &VAULT, 2, 2)).unwrap();
    assert_eq!(run, [(3, entry(3)), (4, entry(4))]);
    let run = catalogue
        .read(|v| v.audit_run(&who, &VAULT, 4, 32))
        .unwrap();
    assert_eq!(run, [(5, long)]);
}

#[test]
fn a_record_update_is_noted_whole() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    let update = RecordUpdate {
        vault_id: VAULT,
        seq: 8,
        audit: vec![entry(1), entry(2)],
    };
    let note = || catalogue.with_transaction(|t| t.note(&who, &update));
    assert_eq!(code(note()), ErrorCode::NotFound);
    catalogue
        .with_transaction(|t| t.put_vault(&who, &view(VAULT), 1))
        .unwrap();
    note().unwrap();
    note().unwrap();
    let named = catalogue.read(|v| v.vault_ref(&who, &VAULT)).unwrap();
    assert_eq!((named.seen, named.audit_stored), (Some(8), 2));
}

#[test]
fn removal_takes_everything_below() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    furnish(&catalogue, &who, VAULT, 3);
    catalogue
        .with_transaction(|t| t.put_vault(&who, &view([2; 16]), 1))
        .unwrap();
    catalogue
        .with_transaction(|t| t.remove_vault(&who, &VAULT))
        .unwrap();
    assert_eq!(catalogue.read(|v| v.owners()), Ok(vec![who.clone()]));
    assert_eq!(
        code(catalogue.read(|v| v.archive(&who, &id(1)))),
        ErrorCode::NotFound
    );
    let again = catalogue.with_transaction(|t| t.remove_vault(&who, &VAULT));
    assert_eq!(code(again), ErrorCode::NotFound);

    // A vault of the same id begins with nothing of the old one.
    catalogue
        .with_transaction(|t| t.put_vault(&who, &view(VAULT), 1))
        .unwrap();
    let named = catalogue.read(|v| v.vault_ref(&who, &VAULT)).unwrap();
    assert_eq!((named.seen, named.audit_stored), (Some(1), 0));
    let list = catalogue
        .read(|v| v.list_archives(&who, &VAULT, 10, None))
        .unwrap();
    assert_eq!(list.archives, []);

    let gone = catalogue
        .with_transaction(|t| t.remove_owner(&who))
        .unwrap();
    assert_eq!(gone, [VAULT, [2; 16]]);
    assert_eq!(catalogue.read(|v| v.owners()).unwrap(), []);
    assert_eq!(
        catalogue.with_transaction(|t| t.remove_owner(&who)),
        Ok(vec![])
    );
    catalogue.integrity_check().unwrap();
}

#[test]
fn what_was_removed_is_not_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let who = owner(1);
    let canary = b"metadata-canary-0123456789";
    let mut with_canary = archive(VAULT, 1);
    with_canary.meta = canary.to_vec();
    let there = || {
        std::fs::read_dir(dir.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(canary.len()).any(|window| window == canary)
        })
    };
    catalogue
        .with_transaction(|t| {
            t.put_vault(&who, &view(VAULT), 1)?;
            t.add_archive(&who, &with_canary)
        })
        .unwrap();
    assert!(there(), "else this test proves nothing");
    catalogue
        .with_transaction(|t| t.remove_owner(&who))
        .unwrap();
    catalogue.checkpoint().unwrap();
    assert!(!there());
}

/// Owners that differ from `owner(1)` in one part each.
fn near_misses() -> Vec<Owner> {
    let right = owner(1);
    let mut user = right.clone();
    user.user = 10;
    let mut uid = right.clone();
    uid.uid += 1;
    let mut package = right.clone();
    package.package.push('x');
    let mut case = right.clone();
    case.package = case.package.to_uppercase();
    let mut signer = right.clone();
    signer.signer[31] ^= 1;
    vec![user, uid, package, case, signer, owner(2)]
}

/// Every question and every change, by somebody who does not own the vault.
fn trespass(catalogue: &Catalogue, who: &Owner) -> Vec<(&'static str, Result<String>)> {
    fn shown<T: std::fmt::Debug>(result: Result<T>) -> Result<String> {
        result.map(|value| format!("{value:?}"))
    }
    let read = |f: &dyn Fn(&passkeybackup_catalogue::View<'_>) -> Result<String>| catalogue.read(f);
    let write = |f: &dyn Fn(&passkeybackup_catalogue::Transaction<'_>) -> Result<String>| {
        catalogue.with_transaction(f)
    };
    let update = RecordUpdate {
        vault_id: VAULT,
        seq: 99,
        audit: vec![entry(9)],
    };
    vec![
        ("vault", read(&|v| shown(v.vault(who, &VAULT)))),
        ("archive", read(&|v| shown(v.archive(who, &id(1))))),
        (
            "list",
            read(&|v| shown(v.list_archives(who, &VAULT, 10, None))),
        ),
        (
            "retired",
            read(&|v| shown(v.list_retired_archives(who, &VAULT, 10, None))),
        ),
        (
            "audit",
            read(&|v| shown(v.list_audit(who, &VAULT, 10, None))),
        ),
        ("run", read(&|v| shown(v.audit_run(who, &VAULT, 0, 10)))),
        ("last", read(&|v| shown(v.last_audit_seq(who, &VAULT)))),
        ("seen", write(&|t| shown(t.set_seen(who, &VAULT, 99)))),
        (
            "restart",
            write(&|t| shown(t.restart_vault(who, &VAULT, 1))),
        ),
        ("note", write(&|t| shown(t.note(who, &update)))),
        (
            "used",
            write(&|t| shown(t.credential_used(who, &VAULT, &[0], 9))),
        ),
        (
            "append",
            write(&|t| shown(t.append_audit(who, &VAULT, &[entry(9)]))),
        ),
        (
            "add",
            write(&|t| shown(t.add_archive(who, &archive(VAULT, 77)))),
        ),
        ("confirm", write(&|t| shown(t.confirm_archive(who, &id(1))))),
        (
            "rewrap",
            write(&|t| shown(t.rewrap_archive(who, &id(1), 9, 9, ArchiveState::Complete))),
        ),
        ("forget", write(&|t| shown(t.forget_archive(who, &id(1))))),
        ("remove", write(&|t| shown(t.remove_vault(who, &VAULT)))),
    ]
}

#[test]
fn another_owner_cannot_tell_a_foreign_vault_from_none() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    for who in near_misses() {
        // The answers where nothing is there, to strangers and to people with a vault of their own.
        let nobody = trespass(&catalogue, &who);
        catalogue
            .with_transaction(|t| t.put_vault(&who, &view([0xaa; 16]), 1))
            .unwrap();
        let somebody = trespass(&catalogue, &who);
        assert!(
            somebody
                .iter()
                .all(|(_, r)| r.as_ref().is_err_and(|e| e.code == ErrorCode::NotFound))
        );
        assert_eq!(somebody, nobody);

        furnish(&catalogue, &owner(1), VAULT, 3);
        let before = everything(&catalogue, &owner(1));
        assert_eq!(trespass(&catalogue, &who), nobody, "{who:?}");
        let others = catalogue.read(|v| v.vaults(&who)).unwrap();
        assert_eq!(others.len(), 1);
        assert_eq!(others[0].view.vault_id, [0xaa; 16]);
        let named = catalogue.read(|v| v.vault_ref(&who, &VAULT)).unwrap();
        assert_eq!((named.seen, named.audit_stored), (None, 0));
        let gone = catalogue
            .with_transaction(|t| t.remove_owner(&who))
            .unwrap();
        assert_eq!(gone, [[0xaa; 16]]);
        assert_eq!(everything(&catalogue, &owner(1)), before);
        catalogue
            .with_transaction(|t| t.remove_owner(&owner(1)))
            .unwrap();
    }
}

fn everything(catalogue: &Catalogue, who: &Owner) -> String {
    catalogue
        .read(|v| {
            Ok(format!(
                "{:?} {:?} {:?} {:?}",
                v.vaults(who)?,
                v.vault_ref(who, &VAULT)?,
                v.list_archives(who, &VAULT, 1000, None)?,
                v.list_audit(who, &VAULT, 1000, None)?,
            ))
        })
        .unwrap()
}

#[test]
fn the_same_ids_of_two_owners_are_two_things() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    furnish(&catalogue, &owner(1), VAULT, 3);
    let first = everything(&catalogue, &owner(1));
    furnish(&catalogue, &owner(2), VAULT, 3);
    catalogue
        .with_transaction(|t| {
            t.confirm_archive(&owner(2), &id(1))?;
            t.forget_archive(&owner(2), &id(2))?;
            t.set_seen(&owner(2), &VAULT, 50)?;
            t.remove_vault(&owner(2), &VAULT)
        })
        .unwrap();
    assert_eq!(everything(&catalogue, &owner(1)), first);
}

#[test]
fn the_page_of_another_shows_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    furnish(&catalogue, &owner(1), VAULT, 6);
    furnish(&catalogue, &owner(2), [2; 16], 2);
    let token = catalogue
        .read(|v| v.list_archives(&owner(1), &VAULT, 3, None))
        .unwrap()
        .next_page
        .unwrap();
    let page = catalogue
        .read(|v| v.list_archives(&owner(2), &[2; 16], 10, Some(&token)))
        .unwrap();
    assert!(page.archives.iter().all(|a| a.vault_id == [2; 16]));
    let refused = catalogue.read(|v| v.list_archives(&owner(2), &VAULT, 10, Some(&token)));
    assert_eq!(code(refused), ErrorCode::NotFound);
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let failed: Result<()> = catalogue.with_transaction(|t| {
        t.put_vault(&owner(1), &view(VAULT), 1)?;
        t.put_meta("key", b"value")?;
        assert_eq!(t.meta("key")?, Some(b"value".to_vec()));
        Err(ErrorCode::Cancelled.into())
    });
    assert_eq!(code(failed), ErrorCode::Cancelled);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        catalogue.with_transaction(|t| -> Result<()> {
            t.put_meta("key", b"value")?;
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(catalogue.read(|v| v.owners()).unwrap(), []);
    assert_eq!(catalogue.read(|v| v.meta("key")), Ok(None));
    catalogue
        .with_transaction(|t| t.put_meta("key", b"1"))
        .unwrap();
    catalogue
        .with_transaction(|t| t.put_meta("key", b"2"))
        .unwrap();
    assert_eq!(catalogue.read(|v| v.meta("key")), Ok(Some(b"2".to_vec())));
}

#[test]
fn threads_share_a_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    furnish(&catalogue, &owner(1), VAULT, 0);
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let catalogue = &catalogue;
            scope.spawn(move || {
                for n in 0..25 {
                    let one = archive(VAULT, thread * 1000 + n);
                    catalogue
                        .with_transaction(|t| t.add_archive(&owner(1), &one))
                        .unwrap();
                    let page = catalogue
                        .read(|v| v.list_archives(&owner(1), &VAULT, 1000, None))
                        .unwrap();
                    assert!(page.archives.contains(&one));
                }
            });
        }
        scope.spawn(|| (0..5).for_each(|_| catalogue.integrity_check().unwrap()));
    });
    let all = catalogue
        .read(|v| v.list_archives(&owner(1), &VAULT, 1000, None))
        .unwrap();
    assert_eq!(all.archives.len(), 200);
}
