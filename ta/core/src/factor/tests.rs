// SPDX-License-Identifier: Apache-2.0

//! Known answers: `vectors.py` beside this file prints the constants, and says whose the published
//! ones are.

use std::string::String;
use std::vec::Vec;

use hpke::aead::AesGcm128;
use hpke::kem::X25519HkdfSha256;
use hpke::setup_receiver;
use sha2::Digest;

use super::*;
use crate::keys::tests::Fixed;

const IKM_R: &str = "b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56";
const IKM_E: &str = "2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd190fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689e6c8";
const PK_R_HASH: &str = "ad8aaf3f00d8a39bfeec2947a7d5dde68be08bba19bd301a348a45dc5fcc8341";
const ENC_HASH: &str = "95c0a5fca31ea59f29bbc66255ad6637b5a476b3212886af11afdc8930aeb772";
const SHARED: &str = "58200ed1f137bd95a921bb47f6aaecf2395b26f7fd24efd3a5ffae4849e8dea3";
const STRETCHED: &str = "15a61d04436d1f23fac48c171046210a631be50f0b1833f43060f52e377e8bb5";

/// An envelope that another implementation made.
struct Known {
    kind: FactorKind,
    secret: Vec<u8>,
    /// SHA-256 of the public key.
    public_key: &'static str,
    psk: &'static str,
    /// SHA-256 of the encapsulated key.
    enc: &'static str,
    ciphertext: &'static str,
}

fn known() -> [Known; 3] {
    [
        Known {
            kind: FactorKind::Passkey,
            secret: counting::<32>(0x10).to_vec(),
            public_key: "e5202385424172b7b0c9d186f45302e786ee85c5a21bcfdde0906c33c9c05a2e",
            psk: "a31ff2682a788c01a87aa2763023dc3bc9245f3896437bd7e07df8a9b0376cdc",
            enc: "cd66d116546b9f87e669b33aa70df5fdecdd3dfb358b06f0bd495d8e5ee56042",
            ciphertext: "e4806da423c018bbb5ef1aa582cc3c9605aad125ec29925d156013b5e46d569f500a8815db86f3c0ef69a5b2dae1f58109aa50eb3c71694c6b2cf0ea",
        },
        Known {
            kind: FactorKind::Recovery,
            secret: counting::<28>(0x30).to_vec(),
            public_key: "e4bdfa8a97d953305dab62071636edbae086adbf9038563218446146e8aa0507",
            psk: "e5ad11bbb1b26056098c600cc7d8f53a38e9c6bd741976bdbe9ebfe166870d66",
            enc: "23782688323da5c39e9109aa63a1602f23d199a1848221fcfa499217fcfaef29",
            ciphertext: "30612b41c40d6ea1e380407ffff0adcf3a5a23568e2042bbeec45932772f0a9e20b708cb775cdb23d1a561d5d6db5bccb7d36f",
        },
        Known {
            kind: FactorKind::Password,
            secret: unhex(STRETCHED),
            public_key: "a5a66b4dc7ce5ff0c34494c328758851eff4964afc27d01e9fff623a2a549b69",
            psk: "30983ceff554c8c25448ac72a9dbbdd42245ee6b66c4f477fc953adef76e0e4c",
            enc: "0dbc514849413b6160ff5fc702e43b8d8a12add2b5fb89a910bef1115aa9d342",
            ciphertext: "86394b6f5eb18478a05840e976ab05fe28663948247b96264fd31945ca409da8ecd46469d5ced4999076500151cde0a18a45d5",
        },
    ]
}

const fn counting<const N: usize>(first: u8) -> [u8; N] {
    let mut bytes = [first; N];
    let mut index = 1;
    while index < N {
        bytes[index] = bytes[index - 1].wrapping_add(1);
        index += 1;
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| std::format!("{byte:02x}"))
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |pair| core::str::from_utf8(pair).unwrap();
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(digits(pair), 16).unwrap())
        .collect()
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

static VAULT: Id = counting(0xa0);
static FACTOR: Id = counting(0xd0);
static INPUT: [u8; 32] = counting(0x20);

fn epoch() -> Epoch {
    Epoch {
        number: 3,
        id: counting(0xb0),
        parent: counting(0xc0),
    }
}

fn keys(known: &Known) -> Keys {
    Name {
        vault_id: &VAULT,
        factor_id: &FACTOR,
        kind: known.kind,
    }
    .keys(&known.secret)
    .unwrap()
}

/// The envelope of a factor, with the random bytes of the vectors.
fn sealed(known: &Known, keys: &Keys) -> Envelope {
    let passkey = known.kind == FactorKind::Passkey;
    let parameters = PasswordParameters {
        salt: counting(0x40),
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };
    let root = RootKey {
        vault_id: &VAULT,
        epoch: &epoch(),
        key: &Secret32::new(&counting(0)),
    };
    let to = Addressee {
        factor_id: &FACTOR,
        kind: known.kind,
        portable: &keys.portable,
        credential_id: passkey.then_some(b"credential"),
        credential_key: passkey.then_some(b"cose key"),
        password: (known.kind == FactorKind::Password).then_some(&parameters),
        prf_input: passkey.then_some(&INPUT),
        own_input: false,
    };
    seal(&mut Fixed, &root, &to).unwrap()
}

fn try_open(envelope: &Envelope, keys: &Keys) -> Result<Content> {
    open(&VAULT, &epoch(), envelope, &INPUT, keys)
}

#[test]
fn envelopes_are_those_of_another_implementation() {
    for known in known() {
        let keys = keys(&known);
        assert_eq!(hash(&keys.portable.public_key), known.public_key);
        assert_eq!(hex(keys.portable.psk.expose()), known.psk);
        let envelope = sealed(&known, &keys);
        assert_eq!(hash(&envelope.enc), known.enc);
        assert_eq!(hex(&envelope.ciphertext), known.ciphertext);
        let content = try_open(&envelope, &keys).unwrap();
        assert_eq!(content.root_key.expose(), &counting(0));
        let key = (known.kind == FactorKind::Passkey).then_some(&b"cose key"[..]);
        assert_eq!(content.credential_key.as_deref(), key);
    }
}

#[test]
fn no_field_of_an_envelope_can_be_changed() {
    for known in known() {
        let keys = keys(&known);
        let good = sealed(&known, &keys);
        let kinds = [
            FactorKind::Passkey,
            FactorKind::Recovery,
            FactorKind::Password,
        ];
        let other_kind = kinds.into_iter().find(|kind| *kind != known.kind).unwrap();
        let mut variants: Vec<(&str, Envelope)> = Vec::new();
        let mut change = |name, change: &dyn Fn(&mut Envelope)| {
            let mut envelope = good.clone();
            change(&mut envelope);
            assert_ne!(envelope, good, "{name}");
            variants.push((name, envelope));
        };
        for (index, bit) in [(0, 1), (7, 16), (15, 128)] {
            change("factor_id", &|e| e.factor_id[index] ^= bit);
        }
        change("kind", &|e| e.kind = other_kind);
        change("credential_id", &|e| e.credential_id = Some([9; 4].into()));
        change("prf_input", &|e| e.prf_input = Some([9; 32]));
        change("password", &|e| {
            let mut parameters = e.password.clone().unwrap_or(PasswordParameters {
                salt: [0; 16],
                memory_kib: 19_456,
                passes: 1,
                lanes: 1,
            });
            parameters.passes += 1;
            e.password = Some(parameters);
        });
        for index in (0..good.enc.len()).step_by(97).chain([good.enc.len() - 1]) {
            change("enc", &|e| e.enc[index] ^= 1);
        }
        for index in 0..good.ciphertext.len() {
            change("ciphertext", &|e| e.ciphertext[index] ^= 0x80);
        }
        change("enc, short", &|e| e.enc.truncate(1119));
        change("ciphertext, short", &|e| e.ciphertext.truncate(15));
        change("ciphertext, empty", &|e| e.ciphertext.clear());
        for (name, envelope) in variants {
            // A passkey's input beside its envelope matters for passkeys only: for others the MAC
            // of the header finds it.
            if name == "prf_input" && known.kind != FactorKind::Passkey {
                continue;
            }
            let found = try_open(&envelope, &keys).err().map(|error| error.code);
            assert_eq!(found, Some(ErrorCode::CannotOpen), "{name}");
        }
        for suite in [
            |e: &mut Envelope| e.kem = 0x20,
            |e: &mut Envelope| e.kdf = 3,
            |e: &mut Envelope| e.aead = 1,
        ] {
            let mut envelope = good.clone();
            suite(&mut envelope);
            let found = try_open(&envelope, &keys).err().unwrap().code;
            assert_eq!(found, ErrorCode::UnsupportedVersion);
        }
    }
}

#[test]
fn an_envelope_opens_only_where_it_belongs() {
    for known in known() {
        let keys = keys(&known);
        let envelope = sealed(&known, &keys);
        let fails = |vault: &Id, epoch: &Epoch, input: &[u8; 32], keys: &Keys| {
            let found = open(vault, epoch, &envelope, input, keys).err();
            assert_eq!(found.unwrap().code, ErrorCode::CannotOpen);
        };
        fails(&[1; 16], &epoch(), &INPUT, &keys);
        let mut other = epoch();
        other.number = 4;
        fails(&VAULT, &other, &INPUT, &keys);
        let mut other = epoch();
        other.id[0] ^= 1;
        fails(&VAULT, &other, &INPUT, &keys);
        let mut other = epoch();
        other.parent[0] ^= 1;
        fails(&VAULT, &other, &INPUT, &keys);
        if known.kind == FactorKind::Passkey {
            fails(&VAULT, &epoch(), &[0; 32], &keys);
        }
        let mut wrong = Known {
            secret: known.secret.clone(),
            ..known
        };
        wrong.secret[0] ^= 1;
        fails(&VAULT, &epoch(), &INPUT, &super::tests::keys(&wrong));
    }
}

#[test]
fn who_knows_only_the_public_key_makes_no_envelope() {
    let [known, ..] = known();
    let keys = keys(&known);
    for psk in [[0; 32], counting(0)] {
        let guessed = Keys {
            private: keys.private.clone(),
            portable: Portable {
                public_key: keys.portable.public_key.clone(),
                psk: Secret32::new(&psk),
                proved_at: None,
            },
        };
        let planted = sealed(&known, &guessed);
        assert!(try_open(&planted, &guessed).is_ok());
        let found = try_open(&planted, &keys).err().unwrap().code;
        assert_eq!(found, ErrorCode::CannotOpen);
    }
}

#[test]
fn a_secret_gives_other_keys_for_each_vault_factor_and_kind() {
    let mut seen = std::collections::BTreeSet::new();
    for vault_id in [[1; 16], [2; 16]] {
        for factor_id in [[1; 16], [2; 16]] {
            for kind in [
                FactorKind::Passkey,
                FactorKind::Recovery,
                FactorKind::Password,
            ] {
                let name = Name {
                    vault_id: &vault_id,
                    factor_id: &factor_id,
                    kind,
                };
                let portable = name.keys(&[7; 32]).unwrap().portable;
                seen.insert(portable.public_key);
                seen.insert(portable.psk.expose().to_vec());
            }
        }
    }
    assert_eq!(seen.len(), 24);
}

#[test]
fn x_wing_is_that_of_the_draft() {
    let (private, public) = XWing::derive_keypair(&unhex(IKM_R));
    assert_eq!(hash(&public.to_bytes()), PK_R_HASH);
    let random = unhex(IKM_E);
    let mut drawn = Drawn {
        bytes: Zeroizing::new(random.try_into().unwrap()),
        used: 0,
        exhausted: false,
    };
    let (secret, enc) = XWing::encap_with_rng(&public, None, &mut drawn).unwrap();
    drawn.check().unwrap();
    assert_eq!(hash(&enc.to_bytes()), ENC_HASH);
    assert_eq!(hex(&secret.0), SHARED);
    let opened = XWing::decap(&private, None, &enc).unwrap();
    assert_eq!(hex(&opened.0), SHARED);
}

/// RFC 9180, appendix A.1.2.
#[test]
fn mode_psk_is_that_of_the_rfc() {
    type Kem25519 = X25519HkdfSha256;
    let key = "c5eb01eb457fe6c6f57577c5413b931550a162c71a03ac8d196babbd4e5ce0fd";
    let enc = "0ad0950d9fb9588e59690b74f1237ecdf1d775cd60be2eca57af5a4b0471c91b";
    let psk = unhex("0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82");
    let ciphertext = "e52c6fed7f758d0cf7145689f21bc1be6ec9ea097fef4e959440012f4feb73fb\
                      611b946199e681f4cfc34db8ea";
    let key = <Kem25519 as Kem>::PrivateKey::from_bytes(&unhex(key)).unwrap();
    let enc = <Kem25519 as Kem>::EncappedKey::from_bytes(&unhex(enc)).unwrap();
    let open = |psk: &[u8], psk_id: &[u8]| {
        let mode = OpModeR::Psk(PskBundle::new(psk, psk_id).unwrap());
        let info = b"Ode on a Grecian Urn";
        setup_receiver::<AesGcm128, HkdfSha256, Kem25519>(&mode, &key, &enc, info)
            .unwrap()
            .open(&unhex(ciphertext), b"Count-0")
    };
    let plain = open(&psk, b"Ennyn Durin aran Moria").unwrap();
    assert_eq!(plain, b"Beauty is truth, truth beauty");
    assert!(open(&psk, b"Ennyn Durin aran").is_err());
    assert!(open(&[0; 32], b"Ennyn Durin aran Moria").is_err());
}

#[test]
fn no_envelope_is_made_of_random_bytes_that_were_not_drawn() {
    let mut drawn = Drawn::draw(&mut Fixed).unwrap();
    drawn.take(&mut [0; ENCAPSULATION]);
    drawn.check().unwrap();
    drawn.take(&mut [0; 1]);
    assert!(drawn.check().is_err());
}
