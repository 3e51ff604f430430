// SPDX-License-Identifier: Apache-2.0

//! A reader of CBOR heads, and every other form of the same value: for decoders that must refuse
//! all forms but one.

/// One item: where it stands and what it is. Items inside byte strings are not looked at.
#[derive(Debug)]
pub struct Item {
    pub start: usize,
    pub head: usize,
    pub end: usize,
    pub major: u8,
    pub argument: u64,
}

/// All items of `bytes`, outer ones before what they contain.
pub fn items(bytes: &[u8]) -> Vec<Item> {
    let mut all = Vec::new();
    let end = read(bytes, 0, &mut all);
    assert_eq!(end, bytes.len(), "one item");
    all
}

fn read(bytes: &[u8], start: usize, all: &mut Vec<Item>) -> usize {
    let (major, low) = (bytes[start] >> 5, bytes[start] & 31);
    let length = match low {
        0..=23 => 0,
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => panic!("not a definite head"),
    };
    let head = 1 + length;
    let argument = bytes[start + 1..start + head]
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    let argument = if length == 0 {
        u64::from(low)
    } else {
        argument
    };
    let index = all.len();
    all.push(Item {
        start,
        head,
        end: 0,
        major,
        argument,
    });
    let mut end = start + head;
    match major {
        2 | 3 => end += usize::try_from(argument).unwrap(),
        4 | 5 => {
            for _ in 0..argument * if major == 5 { 2 } else { 1 } {
                end = read(bytes, end, all);
            }
        }
        0 | 1 | 7 => {}
        _ => panic!("tags are not used"),
    }
    all[index].end = end;
    end
}

fn head(major: u8, argument: u64) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..=23 => vec![major | argument as u8],
        24..=0xff => vec![major | 24, argument as u8],
        0x100..=0xffff => [&[major | 25], &(argument as u16).to_be_bytes()[..]].concat(),
        _ => [&[major | 26], &(argument as u32).to_be_bytes()[..]].concat(),
    }
}

/// `bytes` with `from..to` replaced.
fn splice(bytes: &[u8], from: usize, to: usize, new: &[u8]) -> Vec<u8> {
    [&bytes[..from], new, &bytes[to..]].concat()
}

/// The same value with one head longer than it has to be, for every head.
pub fn long_heads(bytes: &[u8]) -> Vec<Vec<u8>> {
    items(bytes)
        .iter()
        .filter(|item| item.major != 7 && item.head < 9)
        .map(|item| {
            let new = match item.head {
                1 => vec![item.major << 5 | 24, item.argument as u8],
                2 => [
                    &[item.major << 5 | 25],
                    &(item.argument as u16).to_be_bytes()[..],
                ]
                .concat(),
                3 => [
                    &[item.major << 5 | 26],
                    &(item.argument as u32).to_be_bytes()[..],
                ]
                .concat(),
                _ => [&[item.major << 5 | 27], &item.argument.to_be_bytes()[..]].concat(),
            };
            splice(bytes, item.start, item.start + item.head, &new)
        })
        .collect()
}

/// The same value with one string, array or map of indefinite length, for each of them.
pub fn indefinite(bytes: &[u8]) -> Vec<Vec<u8>> {
    items(bytes)
        .iter()
        .filter(|item| matches!(item.major, 2..=5))
        .map(|item| {
            // A string of indefinite length is made of chunks; one chunk is the whole.
            let from = if item.major < 4 {
                item.start
            } else {
                item.start + item.head
            };
            let content = &bytes[from..item.end];
            let new = [&[item.major << 5 | 31], content, &[0xff]].concat();
            splice(bytes, item.start, item.end, &new)
        })
        .collect()
}

/// One element more in one array, or one unknown pair more in one map, for each of them.
pub fn additions(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for item in items(bytes)
        .iter()
        .filter(|item| matches!(item.major, 4 | 5))
    {
        let extras: &[&[u8]] = match item.major {
            4 => &[&[0xf6], &[0x00]],
            _ => &[&[0x18, 0xff, 0xf6], &[0x18, 0xff, 0x00], &[0x20, 0x00]],
        };
        for extra in extras {
            let content = &bytes[item.start + item.head..item.end];
            let new = [&head(item.major, item.argument + 1), content, extra].concat();
            all.push(splice(bytes, item.start, item.end, &new));
        }
    }
    all
}

/// So many empty strings in one array, for each of them.
pub fn long_lists(bytes: &[u8], count: usize) -> Vec<Vec<u8>> {
    let new = [head(4, count as u64), vec![0x60; count]].concat();
    items(bytes)
        .iter()
        .filter(|item| item.major == 4)
        .map(|item| splice(bytes, item.start, item.end, &new))
        .collect()
}

/// One key twice, and two pairs in the other order, for every map.
pub fn key_games(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for map in items(bytes).iter().filter(|item| item.major == 5) {
        let mut pairs = Vec::new();
        let mut at = map.start + map.head;
        while at < map.end {
            let key = read(bytes, at, &mut Vec::new());
            let value = read(bytes, key, &mut Vec::new());
            pairs.push(&bytes[at..value]);
            at = value;
        }
        for pair in 0..pairs.len() {
            let mut twice = pairs.clone();
            twice.insert(pair, pairs[pair]);
            let new = [head(5, twice.len() as u64), twice.concat()].concat();
            all.push(splice(bytes, map.start, map.end, &new));
            if pair > 0 {
                let mut swapped = pairs.clone();
                swapped.swap(pair - 1, pair);
                let new = [head(5, swapped.len() as u64), swapped.concat()].concat();
                all.push(splice(bytes, map.start, map.end, &new));
            }
        }
    }
    all
}
