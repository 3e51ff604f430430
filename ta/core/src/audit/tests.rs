// SPDX-License-Identifier: Apache-2.0

use super::*;

fn counts(deferred: &mut Deferred, id: &Id) -> Vec<(i32, u32)> {
    let taken = deferred.take(id, usize::MAX);
    taken
        .iter()
        .map(|counted| (counted.result, counted.count))
        .collect()
}

#[test]
fn deferred_events_of_one_kind_are_counted_together() {
    let mut deferred = Deferred::default();
    for _ in 0..3 {
        deferred.add(&[1; 16], AuditEvent::TamperFound, ErrorCode::HeaderTampered);
    }
    deferred.add(&[2; 16], AuditEvent::TamperFound, ErrorCode::HeaderTampered);
    deferred.add(&[1; 16], AuditEvent::TamperFound, ErrorCode::Rollback);
    let first = deferred.take(&[1; 16], 1);
    assert_eq!((first.len(), first[0].count), (1, 3));
    for counted in first {
        deferred.put(counted);
    }
    let found = counts(&mut deferred, &[1; 16]);
    assert_eq!(found.iter().map(|(_, count)| count).sum::<u32>(), 4);
    assert_eq!(counts(&mut deferred, &[1; 16]), []);
    deferred.forget(&[2; 16]);
    assert_eq!(counts(&mut deferred, &[2; 16]), []);
}

#[test]
fn an_owner_with_many_events_pushes_out_its_own_only() {
    let mut deferred = Deferred::default();
    deferred.add(&[9; 16], AuditEvent::TamperFound, ErrorCode::AuditTampered);
    for vault in 0..4 {
        for code in ErrorCode::ALL {
            deferred.add(&[vault; 16], AuditEvent::CeremonyFailed, *code);
        }
    }
    assert!(deferred.events.len() <= Deferred::MOST);
    let tampered = ErrorCode::AuditTampered as i32;
    assert_eq!(counts(&mut deferred, &[9; 16]), [(tampered, 1)]);
    for vault in 0..4 {
        assert!(counts(&mut deferred, &[vault; 16]).len() >= 10);
    }
}

#[test]
fn acknowledging_never_forgets_more_than_was_stored() {
    for stored in [0, 1, 5, 9, 10, 11, u64::MAX] {
        let mut audit = AuditState::new(Secret32::new(&[1; 32]));
        for _ in 0..10 {
            audit
                .append(&[2; 16], 3, Event::done(AuditEvent::OriginsSet))
                .unwrap();
        }
        audit.acknowledge(stored);
        // More than there are is another log's number.
        let left = usize::try_from(10u64.saturating_sub(stored)).unwrap();
        let left = if stored > 10 { 10 } else { left };
        assert_eq!(audit.pending.len(), left);
        // Going back in time brings nothing back and forgets nothing more.
        audit.acknowledge(0);
        assert_eq!(audit.pending.len(), left);
        assert_eq!(audit.room(), limits::AUDIT_PENDING - left);
    }
}

#[test]
fn a_nonsensical_record_does_not_panic() {
    let mut audit = AuditState::new(Secret32::new(&[1; 32]));
    let done = || Event::done(AuditEvent::OriginsSet);
    audit.append(&[2; 16], 3, done()).unwrap();
    audit.seq = 0;
    audit.acknowledge(1);
    audit.seq = u64::MAX;
    audit.acknowledge(1);
    audit.append(&[2; 16], 3, done()).unwrap();
}
