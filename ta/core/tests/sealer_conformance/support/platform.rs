// SPDX-License-Identifier: Apache-2.0

//! A sealer's platform under control.

use std::cell::Cell;
use std::rc::Rc;

use aws_lc_rs::digest::{SHA256, digest};
use sealer_core::{Config, Platform, Sealer};
use sealer_wire::{Error, Request, Response, SealerKind, Secret32, StorageProtection, limits};
use zeroize::Zeroizing;

use super::Medium;

/// Both clocks of a device; they outlive a sealer.
#[derive(Clone)]
pub struct Clock(Rc<Cell<(u64, u64)>>);

impl Clock {
    /// Lets time pass on both clocks.
    pub fn advance_ms(&self, ms: u64) {
        let (monotonic, unix) = self.0.get();
        self.0.set((monotonic + ms, unix + ms / 1000));
    }

    /// Sets the wall clock alone.
    pub fn set_unix(&self, unix: u64) {
        self.0.set((self.0.get().0, unix));
    }

    pub fn unix(&self) -> u64 {
        self.0.get().1
    }
}

/// Random bytes that a seed determines: SHA-256 of seed and counter.
#[derive(Clone)]
pub struct Random {
    seed: u64,
    counter: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random { seed, counter: 0 }
    }

    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.counter += 1;
            let input = [self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat();
            chunk.copy_from_slice(&digest(&SHA256, &input).as_ref()[..chunk.len()]);
        }
    }

    pub fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % end as u64).unwrap()
    }
}

pub struct TestPlatform {
    medium: Medium,
    clock: Clock,
    random: Random,
    auth_token_key: Option<[u8; 32]>,
    kind: SealerKind,
}

impl Platform for TestPlatform {
    type Store = Medium;

    fn random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.random.fill(out);
        Ok(())
    }

    fn monotonic_ms(&mut self) -> u64 {
        self.clock.0.get().0
    }

    fn unix_time(&mut self) -> u64 {
        self.clock.0.get().1
    }

    fn store(&mut self) -> &mut Medium {
        &mut self.medium
    }

    fn kind(&self) -> SealerKind {
        self.kind
    }

    fn revision(&self) -> String {
        "test".into()
    }

    fn storage_protection(&self) -> StorageProtection {
        StorageProtection::None
    }

    fn auth_token_key(&self) -> Option<Secret32> {
        self.auth_token_key.as_ref().map(Secret32::new)
    }
}

/// A device: a sealer, and what outlives it.
pub struct Device {
    pub sealer: Sealer<TestPlatform>,
    pub medium: Medium,
    pub clock: Clock,
    pub auth_token_key: Option<[u8; 32]>,
    /// What the sealer says that it is, from the next start on.
    pub kind: SealerKind,
    /// Every request so far, with both clocks: the same requests to the same device give the same
    /// answers.
    pub requests: Vec<(u64, u64, Vec<u8>)>,
    boots: u64,
}

impl Device {
    pub fn new() -> Self {
        Self::on(Medium::default())
    }

    /// A device on a medium with content.
    pub fn on(medium: Medium) -> Self {
        Self::numbered(medium, 0)
    }

    /// Another device than those with other numbers: its random numbers are its own.
    pub fn another(number: u64) -> Self {
        Self::another_on(Medium::default(), number)
    }

    /// Another device on a medium with content.
    pub fn another_on(medium: Medium, number: u64) -> Self {
        Self::numbered(medium, number << 32)
    }

    fn numbered(medium: Medium, boots: u64) -> Self {
        let clock = Clock(Rc::new(Cell::new((5_000, 1_800_000_000))));
        Self::boot(medium, clock, None, SealerKind::Nonsecure, boots)
    }

    fn boot(
        medium: Medium,
        clock: Clock,
        key: Option<[u8; 32]>,
        kind: SealerKind,
        boots: u64,
    ) -> Self {
        let platform = TestPlatform {
            medium: medium.clone(),
            clock: clock.clone(),
            random: Random::new(boots),
            auth_token_key: key,
            kind,
        };
        Device {
            sealer: Sealer::new(platform, Config::default()),
            medium,
            clock,
            auth_token_key: key,
            kind,
            requests: Vec::new(),
            boots,
        }
    }

    /// A new sealer on the same medium; the power is back, the key for auth tokens as set.
    pub fn reboot(&mut self) {
        self.medium.revive();
        *self = Self::boot(
            self.medium.clone(),
            self.clock.clone(),
            self.auth_token_key,
            self.kind,
            self.boots + 1,
        );
    }

    pub fn process(&mut self, request: Request) -> Zeroizing<Vec<u8>> {
        let bytes = request.to_bytes().unwrap();
        let (monotonic, unix) = self.clock.0.get();
        self.requests.push((monotonic, unix, bytes.to_vec()));
        self.sealer.process(&bytes)
    }

    /// Gives the requests of another session, at their times.
    pub fn replay(&mut self, requests: &[(u64, u64, Vec<u8>)]) -> Vec<Vec<u8>> {
        let answers = requests.iter().map(|(monotonic, unix, request)| {
            self.clock.0.set((*monotonic, *unix));
            self.sealer.process(request).to_vec()
        });
        answers.collect()
    }

    pub fn call(&mut self, request: Request) -> Response {
        let bytes = self.process(request);
        assert!(bytes.len() <= limits::MESSAGE);
        Response::from_bytes(&bytes).unwrap()
    }

    /// Runs `action` and says how many writes it made.
    pub fn writes<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> (u64, T) {
        let before = self.medium.get().writes;
        let result = action(self);
        (self.medium.get().writes - before, result)
    }
}
