// SPDX-License-Identifier: Apache-2.0

//! Vaults that also ask for a hardware auth token.

use aws_lc_rs::hmac;
use sealer_wire::{Begun, Error, ErrorCode, Operation, Reply};

use crate::support::client::released;
use crate::support::{Backup, Client, Device, code};

const KEY: [u8; 32] = [0x42; 32];
const USER: u64 = 0x0123_4567_89ab_cdef;
const FINGERPRINT: u32 = 2;
const PASSWORD: u32 = 1;

/// `hw_auth_token_t` of version 0, written down from hw_auth_token.h.
#[derive(Clone)]
struct Token {
    key: [u8; 32],
    version: u8,
    challenge: u64,
    user: u64,
    kind: u32,
}

impl Token {
    fn new(challenge: u64) -> Self {
        Token {
            key: KEY,
            version: 0,
            challenge,
            user: USER,
            kind: FINGERPRINT,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.version];
        bytes.extend(self.challenge.to_le_bytes());
        bytes.extend(self.user.to_le_bytes());
        bytes.extend(7u64.to_le_bytes());
        bytes.extend(self.kind.to_be_bytes());
        bytes.extend(123_456u64.to_be_bytes());
        assert_eq!(bytes.len(), 37);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        bytes.extend(hmac::sign(&key, &bytes).as_ref());
        bytes
    }
}

fn finish(
    device: &mut Device,
    client: &mut Client,
    operation: &Operation,
    token: impl FnOnce(&Begun) -> Option<Vec<u8>>,
) -> Result<Reply, Error> {
    let begun = client.begin(device, operation)?;
    let response = client.answer(operation, &begun, &[]);
    let token = token(&begun);
    let request = client.finish_request(&begun, operation, &response, token);
    client.send(device, request)
}

fn honest(begun: &Begun) -> Option<Vec<u8>> {
    Some(Token::new(begun.auth_token_challenge.unwrap()).encode())
}

fn setup() -> (Device, Client, Backup) {
    let mut device = Device::new();
    device.auth_token_key = Some(KEY);
    device.reboot();
    let mut client = Client::new(10_100);
    client.biometric = true;
    let create = client.create_vault();
    let Reply::Vault(view) = finish(&mut device, &mut client, &create, honest).unwrap() else {
        panic!("no vault")
    };
    assert!(view.require_biometric);
    client.vault_id = view.vault_id;
    let backup = client.backup(&mut device);
    (device, client, backup)
}

#[test]
fn a_fresh_token_of_the_user_opens() {
    let (mut device, mut client, backup) = setup();
    for operation in [backup.restore(), backup.full_verify()] {
        let reply = finish(&mut device, &mut client, &operation, honest);
        assert_eq!(released(reply).unwrap(), backup.dek);
    }
    // A fingerprint among other bits is a fingerprint.
    let reply = finish(&mut device, &mut client, &backup.restore(), |begun| {
        let mut token = Token::new(begun.auth_token_challenge.unwrap());
        token.kind |= PASSWORD;
        Some(token.encode())
    });
    assert_eq!(released(reply).unwrap(), backup.dek);
    finish(&mut device, &mut client, &Operation::DeleteVault, honest).unwrap();
}

#[test]
fn anything_else_is_refused() {
    let (mut device, mut client, backup) = setup();
    type Change = fn(&mut Token);
    let changes: [Change; 8] = [
        |token| token.key[0] ^= 1,
        |token| token.challenge ^= 1,
        |token| token.challenge = token.challenge.swap_bytes(),
        |token| token.challenge = 0,
        |token| token.user ^= 1,
        |token| token.user = 0,
        |token| token.kind = PASSWORD,
        |token| token.version = 1,
    ];
    let operation = backup.restore();
    for (index, change) in changes.into_iter().enumerate() {
        let result = finish(&mut device, &mut client, &operation, |begun| {
            let mut token = Token::new(begun.auth_token_challenge.unwrap());
            change(&mut token);
            Some(token.encode())
        });
        assert_eq!(code(result), ErrorCode::BiometricInvalid, "change {index}");
    }
    for kind in [0, FINGERPRINT.swap_bytes(), 4] {
        let result = finish(&mut device, &mut client, &operation, |begun| {
            let mut token = Token::new(begun.auth_token_challenge.unwrap());
            token.kind = kind;
            Some(token.encode())
        });
        assert_eq!(code(result), ErrorCode::BiometricInvalid, "type {kind:x}");
    }
    for length in [0, 1, 37, 68, 70] {
        let result = finish(&mut device, &mut client, &operation, |begun| {
            let mut token = honest(begun).unwrap();
            token.resize(length, 0);
            Some(token)
        });
        assert_eq!(code(result), ErrorCode::BiometricInvalid, "{length} bytes");
    }
    for byte in 0..69 {
        let result = finish(&mut device, &mut client, &operation, |begun| {
            let mut token = honest(begun).unwrap();
            token[byte] ^= 0x80;
            Some(token)
        });
        assert_eq!(code(result), ErrorCode::BiometricInvalid, "byte {byte}");
    }
    let result = finish(&mut device, &mut client, &operation, |_| None);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
    let reply = finish(&mut device, &mut client, &operation, honest);
    assert_eq!(released(reply).unwrap(), backup.dek);
}

#[test]
fn a_token_of_an_earlier_ceremony_is_refused() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let mut old = None;
    finish(&mut device, &mut client, &operation, |begun| {
        old = honest(begun);
        old.clone()
    })
    .unwrap();
    let result = finish(&mut device, &mut client, &operation, |_| old);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
}

#[test]
fn a_token_does_not_replace_the_passkey() {
    let (mut device, mut client, backup) = setup();
    let operation = backup.restore();
    let begun = client.begin(&mut device, &operation).unwrap();
    let response = client.answer(&operation, &begun, &[test_authenticator::Fault::Signature]);
    let request = client.finish_request(&begun, &operation, &response, honest(&begun));
    assert_eq!(
        code(client.send(&mut device, request)),
        ErrorCode::SignatureInvalid
    );
}

#[test]
fn a_vault_is_not_made_with_a_wrong_token() {
    let mut device = Device::new();
    device.auth_token_key = Some(KEY);
    device.reboot();
    let mut client = Client::new(10_100);
    client.biometric = true;
    let create = client.create_vault();
    let forged = |begun: &Begun| {
        let mut token = Token::new(begun.auth_token_challenge.unwrap());
        token.key[0] ^= 1;
        Some(token.encode())
    };
    let nobody = |begun: &Begun| {
        let mut token = Token::new(begun.auth_token_challenge.unwrap());
        token.user = 0;
        Some(token.encode())
    };
    let result = finish(&mut device, &mut client, &create, forged);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
    let result = finish(&mut device, &mut client, &create, nobody);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
    let result = finish(&mut device, &mut client, &create, |_| None);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
    assert!(device.medium.names().is_empty());
}

#[test]
fn without_an_agreed_key_such_vaults_fail_closed() {
    let mut plain = Device::new();
    let mut client = Client::new(10_100);
    client.biometric = true;
    let create = client.create_vault();
    assert_eq!(
        code(client.begin(&mut plain, &create)),
        ErrorCode::BiometricUnavailable
    );

    let (mut device, mut client, backup) = setup();
    let begun = client.begin(&mut device, &backup.restore()).unwrap();
    assert_ne!(begun.auth_token_challenge, None);
    device.auth_token_key = None;
    device.reboot();
    for operation in [backup.restore(), Operation::DeleteVault] {
        let found = client.begin(&mut device, &operation);
        assert_eq!(code(found), ErrorCode::BiometricUnavailable);
    }
    // What needs no ceremony goes on.
    client.backup(&mut device);
    client.check(&mut device, &backup).unwrap();
    // Another key is as good as none.
    device.auth_token_key = Some([0x43; 32]);
    device.reboot();
    let result = finish(&mut device, &mut client, &backup.restore(), honest);
    assert_eq!(code(result), ErrorCode::BiometricInvalid);
}

#[test]
fn a_vault_that_does_not_ask_gets_no_challenge_and_ignores_tokens() {
    let mut device = Device::new();
    device.auth_token_key = Some(KEY);
    device.reboot();
    let mut client = Client::with_vault(&mut device, 10_100);
    let backup = client.backup(&mut device);
    let reply = finish(&mut device, &mut client, &backup.restore(), |begun| {
        assert_eq!(begun.auth_token_challenge, None);
        Some(vec![1, 2, 3])
    });
    assert_eq!(released(reply).unwrap(), backup.dek);
}
