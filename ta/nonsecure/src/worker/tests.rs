// SPDX-License-Identifier: Apache-2.0

use super::*;

fn echo(request: &[u8]) -> Bytes {
    assert!(request != b"panic", "as asked for");
    Zeroizing::new(request.to_vec())
}

fn bytes(text: &[u8]) -> Bytes {
    Zeroizing::new(text.to_vec())
}

#[test]
fn after_a_panic_of_the_core_the_next_call_is_answered() {
    let sealer =
        Nonsecure::spawn(|queue| while serve_until_panic(queue, echo).is_err() {}).unwrap();
    for _ in 0..3 {
        assert_eq!(*sealer.call(bytes(b"before")).unwrap(), b"before");
        let error = sealer.call(bytes(b"panic")).unwrap_err();
        assert_eq!(error.code, ErrorCode::TeeUnavailable);
        assert_eq!(*sealer.call(bytes(b"after")).unwrap(), b"after");
    }
}

#[test]
fn a_dead_thread_and_an_empty_answer_are_tee_unavailable() {
    let dead = Nonsecure::spawn(|queue| drop(queue.recv())).unwrap();
    let error = dead.call(bytes(b"any")).unwrap_err();
    assert_eq!(error.code, ErrorCode::TeeUnavailable);
    let error = dead.call(bytes(b"any")).unwrap_err();
    assert_eq!(error.code, ErrorCode::TeeUnavailable);

    let mute = Nonsecure::spawn(|queue| {
        assert!(serve_until_panic(queue, |_| Bytes::default()).is_ok());
    })
    .unwrap();
    let error = mute.call(bytes(b"any")).unwrap_err();
    assert_eq!(error.code, ErrorCode::TeeUnavailable);
}

#[test]
fn dropping_ends_the_thread_and_frees_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let sealer = Nonsecure::start(folder.path(), Config::default()).unwrap();
        let busy = Nonsecure::start(folder.path(), Config::default());
        assert_eq!(busy.err().unwrap().code, ErrorCode::StateInUse);
        drop(sealer);
    }
}
