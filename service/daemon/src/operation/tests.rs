// SPDX-License-Identifier: Apache-2.0

use std::sync::mpsc;

use super::*;

fn owner(uid: u32) -> Owner {
    Owner {
        user: 0,
        uid,
        package: format!("uid:{uid}"),
        signer: [0; 32],
    }
}

fn outcome() -> Outcome {
    Box::new(OperationResult::default)
}

fn ended(operation: &Strong<dyn IOperation>) -> binder::Result<Option<OperationResult>> {
    let until = Instant::now() + Duration::from_secs(10);
    while !operation.getProgress().unwrap().finished {
        assert!(Instant::now() < until, "it does not end");
        thread::sleep(Duration::from_millis(1));
    }
    operation.getResult()
}

/// Works until it is cancelled.
fn endless(started: mpsc::Sender<u32>, uid: u32) -> impl FnOnce(&Job) -> Result<Outcome> + Send {
    move |job| {
        started.send(uid).unwrap();
        while !job.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        Err(Error::from(ErrorCode::Cancelled))
    }
}

fn code<T>(result: Result<T>) -> Option<ErrorCode> {
    result.err().map(|e| e.code)
}

#[test]
fn a_result_stays_and_a_place_is_given_back_before_it_shows() {
    let operations = Arc::new(Operations::default());
    let place = operations.admit(&owner(1), None, Some(10)).unwrap();
    let operation = place.start(|_| Ok(outcome())).unwrap();
    for _ in 0..2 {
        assert!(ended(&operation).unwrap().is_some());
        assert_eq!(operations.count(), 0);
    }
    assert_eq!(operation.getProgress().unwrap().totalBytes, 10);
}

#[test]
fn a_panic_is_an_error_of_the_operation() {
    let operations = Arc::new(Operations::default());
    let place = operations.admit(&owner(1), None, None).unwrap();
    let operation = place.start(|_| panic!("a defect")).unwrap();
    let status = ended(&operation).unwrap_err();
    assert_eq!(status.service_specific_error(), ErrorCode::Internal as i32);
    assert_eq!(operations.count(), 0);
}

#[test]
fn it_ends_when_it_is_cancelled_dropped_or_the_service_stops() {
    let operations = Arc::new(Operations::default());
    let (started, starts) = mpsc::channel();
    let start = |uid| {
        let place = operations.admit(&owner(uid), None, Some(1)).unwrap();
        let operation = place.start(endless(started.clone(), uid)).unwrap();
        starts.recv().unwrap();
        operation
    };
    let cancelled = start(1);
    assert!(cancelled.getResult().unwrap().is_none());
    cancelled.cancel().unwrap();
    let status = ended(&cancelled).unwrap_err();
    assert_eq!(status.service_specific_error(), ErrorCode::Cancelled as i32);

    drop(start(2));
    let stopped = start(3);
    operations.stop();
    assert_eq!(operations.count(), 0);
    assert!(ended(&stopped).is_err());
    assert_eq!(
        code(operations.admit(&owner(4), None, None)),
        Some(ErrorCode::Cancelled)
    );
}

#[test]
fn an_owner_has_so_many_and_no_more() {
    let operations = Arc::new(Operations::default());
    let places: Vec<_> = (0..PER_OWNER)
        .map(|_| operations.admit(&owner(1), None, None).unwrap())
        .collect();
    let refused = operations.admit(&owner(1), None, None).err().unwrap();
    assert_eq!(refused.code, ErrorCode::Quota);
    assert!(refused.retry_after_ms.is_some());
    let others: Vec<_> = (2..)
        .map_while(|uid| operations.admit(&owner(uid), None, None).ok())
        .collect();
    assert_eq!(places.len() + others.len(), IN_ALL);
    drop(places);
    assert!(operations.admit(&owner(1), None, None).is_ok());
}

fn waiting(uid: u32, number: u64, memory: u64, running: bool) -> Entry {
    Entry {
        number,
        owner: owner(uid),
        job: Arc::new(Job::new()),
        memory: Some(memory),
        running,
    }
}

#[test]
fn memory_is_given_in_order_and_no_owner_takes_all() {
    let half = MEMORY / 2;
    let mut table = Table::default();
    assert_eq!(table.next_to_run(), None);
    table.entries = vec![
        waiting(1, 0, half, true),
        // Its owner's share is used up: it waits, and holds nobody up.
        waiting(1, 1, 1, false),
        waiting(2, 2, half, false),
        waiting(3, 3, 1, false),
    ];
    assert_eq!(table.next_to_run(), Some(2));
    table.entries[2].running = true;
    // Memory is used up. The next in line waits for it.
    assert_eq!(table.next_to_run(), None);
    table.entries[0].running = false;
    table.entries.remove(0);
    assert_eq!(table.next_to_run(), Some(1));
}

#[test]
fn one_that_is_larger_than_all_memory_runs_alone() {
    let mut table = Table {
        entries: vec![waiting(1, 0, 2 * MEMORY, false), waiting(2, 1, 1, false)],
        ..Table::default()
    };
    assert_eq!(table.next_to_run(), Some(0));
    table.entries[0].running = true;
    assert_eq!(table.next_to_run(), None);
}

#[test]
fn small_inputs_ask_for_one_buffer() {
    assert_eq!(memory(Some(0)), PER_THREAD);
    assert_eq!(memory(Some(ONE_SEGMENT)), PER_THREAD);
    assert!(memory(Some(ONE_SEGMENT + 1)) >= 3 * PER_THREAD);
    assert_eq!(memory(None), memory(Some(u64::MAX)));
    assert!(memory(None) <= MEMORY);
}
