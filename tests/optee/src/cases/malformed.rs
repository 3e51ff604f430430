// SPDX-License-Identifier: Apache-2.0

//! Calls that no HAL makes: each gets an error, and the trusted application lives.

use optee_teec::raw;
use sealer_wire::{ErrorCode, Reply, Request, Response, limits, tee};

use crate::Device;
use crate::client::Client;
use crate::random::Random;
use crate::tee::{FROM_TA, Failure, Parameter, Session};

const KINDS: [u32; 7] = [
    raw::TEEC_NONE,
    raw::TEEC_VALUE_INPUT,
    raw::TEEC_VALUE_OUTPUT,
    raw::TEEC_VALUE_INOUT,
    raw::TEEC_MEMREF_TEMP_INPUT,
    raw::TEEC_MEMREF_TEMP_OUTPUT,
    raw::TEEC_MEMREF_TEMP_INOUT,
];

const fn from_ta(code: u32) -> Failure {
    Failure {
        code,
        origin: FROM_TA,
    }
}

const BAD_PARAMETERS: Failure = from_ta(raw::TEEC_ERROR_BAD_PARAMETERS);

fn assert_alive(session: &mut Session) {
    let request = Request::GetInfo.to_bytes().unwrap();
    let response = Response::from_bytes(&session.request(&request).unwrap()).unwrap();
    assert!(matches!(response.result, Ok(Reply::Info(_))));
}

/// Every combination of parameter types but the right one.
pub fn parameter_types() {
    let mut session = Session::hal();
    let info = Request::GetInfo.to_bytes().unwrap();
    let mut combinations = 0;
    for index in 0..KINDS.len().pow(4) {
        let kinds = [0, 1, 2, 3].map(|place| KINDS[index / KINDS.len().pow(place) % KINDS.len()]);
        let mut memory = [(); 4].map(|()| {
            let mut bytes = info.to_vec();
            bytes.resize(64, 0);
            bytes
        });
        let mut memory = memory.iter_mut();
        let parameters = kinds.map(|kind| match kind {
            raw::TEEC_NONE => Parameter::None,
            raw::TEEC_VALUE_INPUT..=raw::TEEC_VALUE_INOUT => Parameter::Value(kind, 1, 2),
            _ => Parameter::Memory(kind, memory.next().unwrap()),
        });
        let (result, _) = session.invoke(tee::COMMAND_REQUEST, parameters);
        let right = [
            raw::TEEC_MEMREF_TEMP_INPUT,
            raw::TEEC_MEMREF_TEMP_OUTPUT,
            raw::TEEC_NONE,
            raw::TEEC_NONE,
        ];
        // Small rooms, so that this is quick: the right types get another error.
        let wanted = if kinds == right {
            from_ta(raw::TEEC_ERROR_SHORT_BUFFER)
        } else {
            BAD_PARAMETERS
        };
        assert_eq!(result, Err(wanted), "{kinds:?}");
        combinations += 1;
    }
    println!("{combinations} combinations of parameter types");
    assert_alive(&mut session);
}

/// Commands that there are not, among them those of builds for tests.
pub fn commands() {
    let mut session = Session::hal();
    let mut random = Random::new(1);
    let mut commands = vec![0, 2, 3, u32::MAX];
    commands.extend(0x7072_0000..0x7072_0100);
    commands.extend((0..500).map(|_| random.number()));
    for command in commands {
        let (mut request, mut room) = ([0xa0; 16], [0; 16]);
        let (result, _) = session.invoke(
            command,
            [
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_INPUT, &mut request),
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_OUTPUT, &mut room),
                Parameter::None,
                Parameter::None,
            ],
        );
        assert_eq!(
            result,
            Err(from_ta(raw::TEEC_ERROR_NOT_SUPPORTED)),
            "command {command:#x}"
        );
    }
    assert_alive(&mut session);
}

fn sized(session: &mut Session, request: usize, room: usize) -> (Result<(), Failure>, usize) {
    let (mut request, mut room) = (vec![0xff; request], vec![0x55; room]);
    let (result, sizes) = session.invoke(
        tee::COMMAND_REQUEST,
        [
            Parameter::Memory(raw::TEEC_MEMREF_TEMP_INPUT, &mut request),
            Parameter::Memory(raw::TEEC_MEMREF_TEMP_OUTPUT, &mut room),
            Parameter::None,
            Parameter::None,
        ],
    );
    if result.is_err() {
        assert!(room.iter().all(|byte| *byte == 0x55), "nothing was written");
    }
    (result, sizes[1])
}

/// Sizes of request and room at and beyond their limits.
pub fn sizes() {
    let mut session = Session::hal();
    const MOST: usize = limits::MESSAGE;
    for room in [1, 2, 100, 4096, MOST - 1] {
        // The size that is needed comes back, and even garbage was not looked at.
        assert_eq!(
            sized(&mut session, 100, room),
            (Err(from_ta(raw::TEEC_ERROR_SHORT_BUFFER)), MOST)
        );
    }
    for request in [MOST + 1, MOST + 4096, 1 << 20] {
        let (result, _) = sized(&mut session, request, MOST);
        assert_eq!(
            result,
            Err(from_ta(raw::TEEC_ERROR_EXCESS_DATA)),
            "{request}"
        );
    }
    for (request, room) in [(1, MOST), (MOST, MOST), (MOST, 1 << 20)] {
        assert_eq!(sized(&mut session, request, room).0, Ok(()));
    }
    assert_alive(&mut session);
}

/// Memory references to nowhere, with and without a size.
pub fn no_memory() {
    let mut session = Session::hal();
    let (mut request, mut room) = (vec![0; 16], vec![0; limits::MESSAGE]);
    for size in [0, 1, 16, limits::MESSAGE, usize::MAX] {
        let (result, _) = session.invoke(
            tee::COMMAND_REQUEST,
            [
                Parameter::Null(raw::TEEC_MEMREF_TEMP_INPUT, size),
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_OUTPUT, &mut room),
                Parameter::None,
                Parameter::None,
            ],
        );
        assert!(result.is_err(), "request of {size}");
        let (result, _) = session.invoke(
            tee::COMMAND_REQUEST,
            [
                Parameter::Memory(raw::TEEC_MEMREF_TEMP_INPUT, &mut request),
                Parameter::Null(raw::TEEC_MEMREF_TEMP_OUTPUT, size),
                Parameter::None,
                Parameter::None,
            ],
        );
        assert!(result.is_err(), "room of {size}");
    }
    assert_alive(&mut session);
}

/// A refusal by the core; never a broken session.
fn assert_refused(session: &mut Session, request: &[u8]) {
    let response = session
        .request(request)
        .unwrap_or_else(|failure| panic!("{failure:?} to {} bytes", request.len()));
    let response = Response::from_bytes(&response).unwrap();
    assert!(response.result.is_err(), "{request:02x?}");
}

/// Bytes that are no CBOR, or much of it.
pub fn garbage() {
    let mut session = Session::hal();
    let mut random = Random::new(2);
    for round in 0..1500 {
        let length = 1 + random.below(if round % 50 == 0 {
            limits::MESSAGE
        } else {
            300
        });
        let mut bytes = random.bytes(length);
        if round % 2 == 0 {
            // Past the frame, into a request.
            bytes.splice(0..0, [0x82, 0x01, 0x82]);
            bytes.truncate(limits::MESSAGE);
        }
        assert_refused(&mut session, &bytes);
    }
    // Nesting, lengths that are not there, and very many small items.
    for byte in [0x81, 0x82, 0x9f, 0xa1, 0xbf, 0xc0, 0xd8, 0x5f, 0x7f] {
        assert_refused(&mut session, &vec![byte; limits::MESSAGE]);
    }
    for head in [0x5a, 0x7a, 0x9a, 0xba, 0x5b, 0x7b, 0x9b, 0xbb] {
        for place in 0..4 {
            let mut bytes = vec![0x82, 0x01, 0x82, 0x02];
            bytes.truncate(place);
            bytes.push(head);
            bytes.extend([0xff; 8]);
            assert_refused(&mut session, &bytes);
        }
    }
    let client = Client::new(10_200);
    for small in [0x60_u8, 0x40, 0x80, 0x00, 0xf6] {
        let begin = Request::Begin {
            vault: client.vault(),
            operation: client.create_vault(),
        };
        let mut bytes = begin.to_bytes().unwrap().to_vec();
        // The list of origins, one long, becomes one as long as a message allows.
        let list = bytes
            .windows(2)
            .position(|two| two == [0x81, 0x73])
            .expect("one origin of 19 bytes");
        let count = limits::MESSAGE - list - 3;
        bytes.truncate(list);
        bytes.push(0x99);
        bytes.extend(u16::try_from(count).unwrap().to_be_bytes());
        bytes.resize(limits::MESSAGE, small);
        assert_refused(&mut session, &bytes);
    }
    assert_alive(&mut session);
}

/// Requests as a HAL sends them, each wrong in one place.
pub fn mutated_requests() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_201);
    let backup = client.backup(&mut device);
    let vault = client.vault();
    let begin = |operation| Request::Begin {
        vault: vault.clone(),
        operation,
    };
    let begun = client.begin(&mut device, &backup.restore()).unwrap();
    let answer = client.answer(&backup.restore(), &begun, &[]);
    let requests = [
        Request::GetInfo,
        Request::ShowVault {
            vault: vault.clone(),
        },
        begin(backup.restore()),
        client.finish_request(&begun, &backup.restore(), &answer, None),
        Request::CheckHeader {
            vault: vault.clone(),
            core: backup.core.clone(),
            key_part: backup.key_part.clone(),
        },
        Request::CreateBackup {
            vault: vault.clone(),
            meta: vec![7; limits::META],
        },
    ];
    let mut random = Random::new(3);
    let (mut calls, mut refused) = (0, 0);
    for request in requests {
        let good = request.to_bytes().unwrap();
        for round in 0..80 {
            let mut bytes = good.to_vec();
            match round % 4 {
                // The heads of CBOR items are where it hurts most: near the beginning.
                0 => {
                    let place = random.below(bytes.len().min(120));
                    bytes[place] ^= 1 << random.below(8);
                }
                1 => {
                    let place = random.below(bytes.len());
                    bytes[place] = random.bytes(1)[0];
                }
                2 => bytes.truncate(random.below(bytes.len())),
                _ => {
                    let place = random.below(bytes.len());
                    let more = 1 + random.below(40);
                    bytes.splice(place..place, random.bytes(more));
                    bytes.truncate(limits::MESSAGE);
                }
            }
            if bytes.is_empty() || bytes == *good {
                continue;
            }
            let response = device.session.request(&bytes).unwrap();
            let response = Response::from_bytes(&response).unwrap();
            calls += 1;
            refused += u32::from(response.result.is_err());
        }
    }
    println!("{refused} of {calls} mutated requests refused");
    // Some say what the good one said, such as with another package name; hardly all of them.
    assert!(refused > calls / 2);
    assert_alive(&mut device.session);
    // What was there before is there now.
    let code = client
        .finish(&mut device, &begun, &backup.full_verify(), &answer)
        .map_err(|error| error.code)
        .err();
    assert!(
        code.is_some_and(|code| code != ErrorCode::Internal),
        "{code:?}"
    );
    client.seen = None;
    assert_eq!(client.restore(&mut device, &backup), Ok(backup.dek));
}
