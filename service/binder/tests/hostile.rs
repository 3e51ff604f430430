// SPDX-License-Identifier: Apache-2.0

//! Peers and circumstances that mean no good: the server answers the others all the same.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{fs, thread};

use binder::rpc::{Client, MAX_CONNECTIONS_PER_UID, MAX_MESSAGE_BYTES, Server};
use binder::{SpIBinder, StatusCode};
use common::service::{ENDLESS, LONG_ANSWER};
use common::{Rig, eventually, file_with};

fn no_services() -> [(&'static str, SpIBinder); 0] {
    []
}

#[test]
fn everybody_may_connect() {
    let rig = Rig::start();
    let mode = fs::metadata(&rig.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
}

#[test]
fn a_second_server_on_the_same_path_is_refused() {
    let rig = Rig::start();
    let error = Server::start(&rig.socket, no_services()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    rig.assert_serving();
}

#[test]
fn the_socket_of_a_dead_server_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let server = Server::start(&socket, no_services()).unwrap();
    Client::connect(&socket).unwrap();
    drop(server);
    assert!(!socket.exists());
}

#[test]
fn what_is_not_a_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "precious").unwrap();
    let error = Server::start(&path, no_services()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn of_many_servers_that_start_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    drop(UnixListener::bind(&socket).unwrap());
    let barrier = Barrier::new(8);
    let servers: Vec<_> = thread::scope(|scope| {
        let start = || {
            barrier.wait();
            Server::start(&socket, no_services()).ok()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(servers.len(), 1);
    Client::connect(&socket).unwrap();
}

#[test]
fn a_server_that_was_replaced_leaves_the_new_socket() {
    let mut rig = Rig::start();
    fs::remove_file(&rig.socket).unwrap();
    let _new = UnixListener::bind(&rig.socket).unwrap();
    rig.server.stop();
    assert!(rig.socket.exists());
}

#[test]
fn a_client_of_no_server_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Client::connect(folder.path().join("socket")).err().unwrap();
    assert_eq!(missing, StatusCode::NAME_NOT_FOUND);
}

/// A listener that takes the connection and says nothing.
#[test]
fn a_client_of_a_mute_server_gives_up() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let start = Instant::now();
    let error = Client::connect(&socket).err().unwrap();
    assert_eq!(error, StatusCode::TIMED_OUT);
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_handler_that_panics_fails_its_call_only() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    for _ in 0..3 {
        let status = service.getVault(&[0; 16]).unwrap_err();
        assert_eq!(status.transaction_error(), StatusCode::UNKNOWN_ERROR);
    }
    service.getInfo().unwrap();
    rig.assert_serving();
}

#[test]
fn the_longest_message_passes_and_one_that_is_longer_is_not_sent() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    // Room for the other arguments, the interface's name and the header.
    let longest = vec![7; MAX_MESSAGE_BYTES - 1024];
    let echoed = service.finishDeleteVault(&[0; 16], &longest).unwrap();
    assert_eq!(echoed, longest);

    let longer = vec![7; MAX_MESSAGE_BYTES];
    let status = service.finishDeleteVault(&[0; 16], &longer).unwrap_err();
    assert_eq!(status.transaction_error(), StatusCode::BAD_VALUE);
    // Nothing of it was sent, so the connection goes on.
    service.getInfo().unwrap();
}

#[test]
fn an_answer_that_is_too_long_fails_its_call_only() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    let status = service.finishDeleteVault(LONG_ANSWER, b"").unwrap_err();
    assert_eq!(status.transaction_error(), StatusCode::FAILED_TRANSACTION);
    service.getInfo().unwrap();
}

/// The handshake of a real client, then a message that says it is 32 MiB long.
#[test]
fn a_peer_that_announces_a_long_message_is_disconnected_before_it_is_read() {
    let rig = Rig::start();
    let mut stream = handshake(&rig);
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&(32u32 << 20).to_le_bytes());
    stream.write_all(&header).unwrap();
    assert_disconnected(stream);
    rig.assert_serving();
}

fn handshake(rig: &Rig) -> UnixStream {
    let mut stream = UnixStream::connect(&rig.socket).unwrap();
    // AOSP RpcConnectionHeader: version 2, options 0, fd mode none, no session id; then "cci".
    let mut hello = 2u32.to_le_bytes().to_vec();
    hello.extend([0; 12]);
    hello.extend(b"cci\0\0\0\0\0");
    stream.write_all(&hello).unwrap();
    let mut response = [0; 8];
    stream.read_exact(&mut response).unwrap();
    stream
}

fn assert_disconnected(mut stream: UnixStream) {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn garbage_ends_the_connection_that_it_came_over() {
    let rig = Rig::start();
    let (_client, service) = rig.connect();
    // Before the handshake, and in its place.
    for seed in 0..40u64 {
        let mut stream = UnixStream::connect(&rig.socket).unwrap();
        let _ = stream.write_all(&noise(seed, 1 + 37 * seed as usize));
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert_disconnected(stream);
    }
    // After it.
    for seed in 0..40u64 {
        let mut stream = handshake(&rig);
        let _ = stream.write_all(&noise(seed, 16 + 37 * seed as usize));
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert_disconnected(stream);
    }
    service.getInfo().unwrap();
    rig.assert_serving();
}

/// Bytes that look random and are the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn peers_that_say_nothing_are_disconnected_and_hold_up_nobody() {
    let rig = Rig::start();
    let mute: Vec<_> = (0..20)
        .map(|_| UnixStream::connect(&rig.socket).unwrap())
        .collect();
    rig.assert_serving();
    let start = Instant::now();
    for stream in mute {
        assert_disconnected(stream);
    }
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn sixty_four_clients_at_once_get_their_own_answers() {
    let rig = Rig::start();
    let barrier = Barrier::new(64);
    thread::scope(|scope| {
        for client in 0..64u8 {
            let (rig, barrier) = (&rig, &barrier);
            scope.spawn(move || {
                let (_client, service) = rig.connect();
                barrier.wait();
                for round in 0..20u8 {
                    let mine = [client, round].repeat(500);
                    assert_eq!(service.finishDeleteVault(&[0; 16], &mine).unwrap(), mine);
                }
                barrier.wait();
            });
        }
    });
    rig.assert_serving();
}

#[test]
fn one_uid_has_a_limited_number_of_connections_and_gets_them_back() {
    let rig = Rig::start();
    let mut clients = Vec::new();
    // Two for each client.
    for _ in 0..MAX_CONNECTIONS_PER_UID / 2 {
        clients.push(rig.connect());
    }
    assert!(Client::connect(&rig.socket).is_err());
    clients[0].1.getInfo().unwrap();
    clients.truncate(MAX_CONNECTIONS_PER_UID / 4);
    eventually("connections are free again", || {
        Client::connect(&rig.socket).is_ok()
    });
}

#[test]
fn clients_that_come_and_go_leave_nothing_behind() {
    let rig = Rig::start();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let threads = || fs::read_dir("/proc/self/task").unwrap().count();
    rig.assert_serving();
    thread::sleep(Duration::from_millis(200));
    for _ in 0..200 {
        let (_client, service) = rig.connect();
        let file = || binder::ParcelFileDescriptor::new(file_with(b"x"));
        let operation = service
            .backup(&[0; 16], &file(), &file(), ENDLESS, None)
            .unwrap();
        operation.getProgress().unwrap();
    }
    eventually("operations", || {
        rig.seen.operations.load(Ordering::SeqCst) == 0
    });
    eventually("workers", || rig.seen.workers.load(Ordering::SeqCst) == 0);
    // Other tests of this process run at the same time, so this is a bound, not an equality.
    assert!(descriptors() < 700, "{} descriptors", descriptors());
    assert!(threads() < 700, "{} threads", threads());
}

#[test]
fn stop_ends_clients_and_may_be_repeated() {
    let mut rig = Rig::start();
    let (_client, service) = rig.connect();
    rig.server.stop();
    rig.server.stop();
    let status = service.getInfo().unwrap_err();
    assert_eq!(status.transaction_error(), StatusCode::DEAD_OBJECT);
    assert_eq!(
        Client::connect(&rig.socket).err().unwrap(),
        StatusCode::NAME_NOT_FOUND
    );
}
