// SPDX-License-Identifier: Apache-2.0

//! What the trusted application costs, seen from a client; storage is counted apart. Prints lines of
//! `name value unit`.

use std::process::ExitCode;
use std::time::Instant;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealer_wire::Request;
use serde_json::Value;
use test_authenticator::{Algorithm, Authenticator, Settings};

use crate::Device;
use crate::cases::panicked::end;
use crate::client::Client;
use crate::heap;
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

/// Milliseconds of one call.
fn once(call: impl FnOnce()) -> f64 {
    let started = Instant::now();
    call();
    started.elapsed().as_secs_f64() * 1000.0
}

/// Milliseconds that a call takes.
fn ms(mut call: impl FnMut()) -> f64 {
    median((0..ROUNDS).map(|_| once(&mut call)).collect())
}

/// What the trusted application says of itself: storage calls, changes and milliseconds, bytes of
/// stack that were ever in use.
fn figures(session: &mut Session) -> [f64; 4] {
    let bytes = session.command(probe::FIGURES, &[0], 16).expect("figures");
    let mut numbers = [0.0; 4];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
        *number = u32::from_le_bytes(bytes.try_into().expect("four bytes")).into();
    }
    numbers
}

/// Milliseconds of one call, in its storage and elsewhere; storage calls and changes of one call;
/// milliseconds of an empty invoke and of a verification as they are between such calls, when caches
/// hold what storage needed last.
struct Cost {
    inside: f64,
    storage: f64,
    calls: f64,
    changes: f64,
    empty: f64,
    verify: f64,
}

impl Cost {
    fn of(device: &mut Device, algorithm: i64, mut call: impl FnMut(&mut Device)) -> Cost {
        let [parsed, verified] = [0, 1].map(|times| verification(algorithm, times));
        let (mut inside, mut storage) = (Vec::new(), Vec::new());
        let (mut empty, mut verify) = (Vec::new(), Vec::new());
        let first = figures(&mut device.session);
        let mut before = first;
        for _ in 0..ROUNDS {
            empty.push(once(|| nothing(&mut device.session)));
            let without = once(|| probed(&mut device.session, &parsed));
            verify.push(once(|| probed(&mut device.session, &verified)) - without);
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
            empty: median(empty),
            verify: median(verify),
        }
    }

    fn print(&self, name: &str) {
        line(name, self.inside + self.storage, "ms");
        line("  without storage", self.inside, "ms");
        line("  storage", self.storage, "ms");
        line("  storage calls", self.calls, "");
        line("  storage commits", self.changes, "");
        line("  empty invoke, beside it", self.empty, "ms");
        line("  assertion verify, beside it", self.verify, "ms");
    }

    /// Whether it takes longer than a gated restore may.
    fn misses(&self) -> bool {
        let most = MOST_VERIFICATIONS * self.verify + 2.0 * self.empty;
        line("  may take, without storage", most, "ms");
        line("  part of that", self.inside / most, "");
        self.inside > most
    }
}

fn nothing(session: &mut Session) {
    session.command(probe::NOTHING, &[0], 1).expect("nothing");
}

fn probed(session: &mut Session, verification: &[u8]) {
    session
        .command(probe::VERIFY, verification, 1)
        .expect("the assertion is good");
}

/// The request that has an assertion of the conformance vectors verified so often.
fn verification(algorithm: i64, rounds: u32) -> Vec<u8> {
    let name = format!("accept alg {algorithm}");
    let vector = VECTORS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a vector"))
        .find(|vector| vector["name"] == name.as_str())
        .expect("a vector of this algorithm");
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
    let mut run = |rounds| {
        let request = verification(algorithm, rounds);
        ms(|| probed(session, &request))
    };
    (run(1 + VERIFICATIONS) - run(1)) / f64::from(VERIFICATIONS)
}

/// With which passkeys a restore is measured: the name of the algorithm, and its number in COSE.
const GATED: [(&str, Algorithm, i64); 2] = [
    ("ES256", Algorithm::Es256, -7),
    ("EdDSA", Algorithm::Eddsa, -8),
];

/// A client with a vault and a passkey of this algorithm.
fn enrolled(device: &mut Device, algorithm: Algorithm) -> Client {
    let mut client = Client::new(10_900);
    client.authenticator = Authenticator::with_settings(Settings {
        algorithm,
        ..Settings::default()
    });
    client.create(device).unwrap();
    client
}

/// What a restore of a backup costs.
fn restore(device: &mut Device, mut client: Client, algorithm: i64) -> Cost {
    let backup = client.backup(device);
    Cost::of(device, algorithm, |device| {
        client.restore(device, &backup).unwrap();
    })
}

/// Fails if a restore misses its aim and that counts.
pub fn run(aim: bool) -> ExitCode {
    line("session open", ms(|| drop(Session::hal())), "ms");
    let mut device = Device::new();
    let fresh = heap::largest_free(&mut device.session);
    let empty = ms(|| nothing(&mut device.session));
    line("empty invoke", empty, "ms");
    let info = Request::GetInfo.to_bytes().unwrap();
    let info = ms(|| drop(device.session.request(&info).unwrap()));
    line("request that asks for information", info, "ms");

    for (name, number) in [
        ("ES256", -7),
        ("EdDSA", -8),
        ("ES384", -35),
        ("ES512", -36),
        ("RS256", -257),
    ] {
        let ms = verify(&mut device.session, number);
        line(&format!("assertion verify, {name}"), ms, "ms");
    }

    let mut missed = false;
    for (name, algorithm, number) in GATED {
        let mut client = enrolled(&mut device, algorithm);
        if algorithm == Algorithm::Es256 {
            Cost::of(&mut device, number, |device| drop(client.backup(device)))
                .print("wrap: a backup's key");
        }
        let restore = restore(&mut device, client, number);
        restore.print(&format!("gated unwrap, {name}: begin and finish"));
        missed |= restore.misses();
    }

    let [_, _, _, stack] = figures(&mut device.session);
    line("stack in use at most", stack, "bytes");
    line(
        "largest free block of heap, at first",
        fresh.into(),
        "bytes",
    );
    line(
        "  after all this",
        heap::largest_free(&mut device.session).into(),
        "bytes",
    );
    line(
        "heap that the largest requests need",
        heap::needed().into(),
        "bytes",
    );

    // What storage leaves behind, an emulator's caches above all, is of the storage, too: none of it.
    let mut device = Device::new();
    let forgetful = device.session.command(probe::FORGETFUL, &[0], 1);
    forgetful.expect("records in RAM");
    for (name, algorithm, number) in GATED {
        let client = enrolled(&mut device, algorithm);
        let restore = restore(&mut device, client, number);
        assert_eq!(restore.calls, 0.0, "storage");
        restore.print(&format!("gated unwrap, {name}, records in RAM"));
        missed |= restore.misses();
    }
    // Who comes next finds the storage.
    end(&mut device.session);
    if aim && missed {
        println!("a gated unwrap takes longer than it may");
    }
    ExitCode::from(u8::from(aim && missed))
}
