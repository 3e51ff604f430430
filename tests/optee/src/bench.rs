// SPDX-License-Identifier: Apache-2.0

//! What the trusted application costs, seen from a client; storage is counted apart. Prints lines of
//! `name value unit`, and fails if a gated restore misses its aim.

use std::process::ExitCode;
use std::time::Instant;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::{Operation, Request, limits};
use serde_json::Value;
use test_authenticator::{Algorithm, Authenticator, Settings};

use crate::Device;
use crate::client::Client;
use crate::tee::{Session, probe};

/// Assertions of every algorithm, among other things.
const VECTORS: &str = include_str!("../../conformance/webauthn/assertion.jsonl");

/// A gated restore may cost so many verifications, beside two empty invokes and the storage.
const MOST_VERIFICATIONS: f64 = 3.0;

/// Calls of which the median counts.
const ROUNDS: u32 = 51;
/// Verifications in one call.
const VERIFICATIONS: u32 = 4;

fn line(name: &str, value: f64, unit: &str) {
    println!("{name:<44} {value:>10.3} {unit}");
}

/// The median in milliseconds: what else the machine does meanwhile hardly shows in it.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Milliseconds that a call takes.
fn ms(mut call: impl FnMut()) -> f64 {
    let time = |_| {
        let started = Instant::now();
        call();
        started.elapsed().as_secs_f64() * 1000.0
    };
    median((0..ROUNDS).map(time).collect())
}

/// What the trusted application says of itself: storage calls, changes and milliseconds, heap and
/// stack that were ever in use, heap in all.
fn figures(session: &mut Session) -> [f64; 6] {
    let bytes = session.command(probe::FIGURES, &[0], 24).expect("figures");
    let mut numbers = [0.0; 6];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
        *number = u32::from_le_bytes(bytes.try_into().expect("four bytes")).into();
    }
    numbers
}

/// Milliseconds of one call, in its storage and elsewhere; storage calls and changes of one call.
struct Cost {
    inside: f64,
    storage: f64,
    calls: f64,
    changes: f64,
}

impl Cost {
    fn of(device: &mut Device, mut call: impl FnMut(&mut Device)) -> Cost {
        let (mut inside, mut storage) = (Vec::new(), Vec::new());
        let first = figures(&mut device.session);
        let mut before = first;
        for _ in 0..ROUNDS {
            // The user's part takes its time too, and is none of it.
            let spent = device.spent;
            call(device);
            let ms = (device.spent - spent).as_secs_f64() * 1000.0;
            let after = figures(&mut device.session);
            // The TEE's clock has whole milliseconds, which rounds as often up as down.
            let storage_ms = after[2] - before[2];
            inside.push(ms - storage_ms);
            storage.push(storage_ms);
            before = after;
        }
        let [calls, changes] = [0, 1].map(|at: usize| (before[at] - first[at]) / f64::from(ROUNDS));
        Cost {
            inside: median(inside),
            storage: median(storage),
            calls,
            changes,
        }
    }

    fn print(&self, name: &str) {
        line(name, self.inside + self.storage, "ms");
        line("  without storage", self.inside, "ms");
        line("  storage", self.storage, "ms");
        line("  storage calls", self.calls, "");
        line("  storage commits", self.changes, "");
    }
}

/// The request that has an assertion of the conformance vectors verified so often.
fn verification(vector: &Value, rounds: u32) -> Vec<u8> {
    let input = &vector["input"];
    let text = |value: &Value| value.as_str().expect("a string").as_bytes().to_vec();
    let decoded = |value: &Value| {
        Base64UrlUnpadded::decode_vec(value.as_str().expect("a string")).expect("base64url")
    };
    let authentication = &input["authentication"];
    let fields = [
        text(&input["policy"]["rp_id"]),
        text(&input["policy"]["origins"][0]),
        decoded(&input["credential"]["id"]),
        decoded(&input["credential"]["public_key"]),
        decoded(&authentication["challenge"]),
        authentication["response"].to_string().into_bytes(),
    ];
    let mut request = rounds.to_le_bytes().to_vec();
    for field in fields {
        request.extend(u32::try_from(field.len()).expect("short").to_le_bytes());
        request.extend(field);
    }
    request
}

/// Milliseconds of one verification inside the trusted application.
fn verify(session: &mut Session, algorithm: i64) -> f64 {
    let name = format!("accept alg {algorithm}");
    let vector = VECTORS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a vector"))
        .find(|vector| vector["name"] == name.as_str())
        .expect("a vector of this algorithm");
    let mut run = |rounds| {
        let request = verification(&vector, rounds);
        ms(|| {
            session
                .command(probe::VERIFY, &request, 1)
                .expect("the assertion is good");
        })
    };
    (run(1 + VERIFICATIONS) - run(1)) / f64::from(VERIFICATIONS)
}

pub fn run() -> ExitCode {
    line("session open", ms(|| drop(Session::hal())), "ms");
    let mut device = Device::new();
    let empty = ms(|| {
        device.session.command(probe::NOTHING, &[0], 1).unwrap();
    });
    line("empty invoke", empty, "ms");
    let info = Request::GetInfo.to_bytes().unwrap();
    let info = ms(|| drop(device.session.request(&info).unwrap()));
    line("request that asks for information", info, "ms");

    let mut verified = Vec::new();
    for (name, number) in [
        ("ES256", -7),
        ("EdDSA", -8),
        ("ES384", -35),
        ("ES512", -36),
        ("RS256", -257),
    ] {
        let ms = verify(&mut device.session, number);
        line(&format!("assertion verify, {name}"), ms, "ms");
        verified.push(ms);
    }

    let mut missed = false;
    for (name, algorithm, verified) in [
        ("ES256", Algorithm::Es256, verified[0]),
        ("EdDSA", Algorithm::Eddsa, verified[1]),
    ] {
        let mut client = Client::new(10_900);
        client.authenticator = Authenticator::with_settings(Settings {
            algorithm,
            ..Settings::default()
        });
        client.create(&mut device).unwrap();
        if algorithm == Algorithm::Es256 {
            Cost::of(&mut device, |device| drop(client.backup(device)))
                .print("wrap: a backup's key");
        }
        let backup = client.backup(&mut device);
        let restore = Cost::of(&mut device, |device| {
            client.restore(device, &backup).unwrap();
        });
        restore.print(&format!("gated unwrap, {name}: begin and finish"));
        let most = MOST_VERIFICATIONS * verified + 2.0 * empty;
        line("  may take, without storage", most, "ms");
        if restore.inside > most {
            println!("  MISSED");
            missed = true;
        }
    }

    // The largest message, and the most origins that one can name: a byte for each.
    let client = Client::new(10_901);
    let largest = Request::Begin {
        vault: client.vault(),
        operation: Operation::SetOrigins {
            origins: vec![String::new(); limits::MESSAGE - 300],
        },
    };
    for request in [
        vec![0x81; limits::MESSAGE],
        largest.to_bytes().unwrap().to_vec(),
    ] {
        assert!(device.session.request(&request).is_ok());
    }
    let [_, _, _, heap, stack, heap_size] = figures(&mut device.session);
    line("heap in use at most", heap, "bytes");
    line("  of", heap_size, "bytes");
    line("stack in use at most", stack, "bytes");
    ExitCode::from(u8::from(missed))
}
