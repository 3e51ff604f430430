#!/usr/bin/env python3
"""Prints the constants of tests.rs: HPKE mode_psk with X-Wing once more, on `cryptography` (50) and
`kyber-py` (1.2), and Argon2id by `argon2-cffi` (25.1).

Before it prints anything it reproduces published vectors: of RFC 9180, appendix A.1.2, for the key
schedule, and of draft-ietf-hpke-pq (repository hpkewg/hpke-pq, test-vectors.json) for X-Wing.
"""

import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kyber_py.ml_kem import ML_KEM_768

PASSKEY, RECOVERY, PASSWORD = 1, 2, 3


def counting(first, length):
    return bytes((first + index) & 0xFF for index in range(length))


def sha256(data):
    return hashlib.sha256(data).digest()


# X-Wing (draft-connolly-cfrg-xwing-kem, section 5)


def x25519(private, public=None):
    key = X25519PrivateKey.from_private_bytes(private)
    if public is None:
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return key.exchange(X25519PublicKey.from_public_bytes(public))


def expand(private):
    """The two public keys of a 32-byte X-Wing private key."""
    seed = hashlib.shake_256(private).digest(96)
    lattice, _ = ML_KEM_768._keygen_internal(seed[:32], seed[32:64])
    return lattice, x25519(seed[64:])


def encapsulate(public, random):
    lattice, curve = public[:1184], public[1184:]
    secret_m, sealed_m = ML_KEM_768._encaps_internal(lattice, random[:32])
    sealed_x = x25519(random[32:])
    secret_x = x25519(random[32:], curve)
    return combine(secret_m, secret_x, sealed_x, curve), sealed_m + sealed_x


def combine(secret_m, secret_x, sealed_x, curve):
    label = bytes.fromhex("5c2e2f2f5e5c")
    return hashlib.sha3_256(secret_m + secret_x + sealed_x + curve + label).digest()


def decapsulate(private, sealed):
    seed = hashlib.shake_256(private).digest(96)
    _, lattice = ML_KEM_768._keygen_internal(seed[:32], seed[32:64])
    sealed_m, sealed_x = sealed[:1088], sealed[1088:]
    secret_m = ML_KEM_768.decaps(lattice, sealed_m)
    return combine(secret_m, x25519(seed[64:], sealed_x), sealed_x, x25519(seed[64:]))


# HPKE (RFC 9180, section 5; DeriveKeyPair of X-Wing: draft-ietf-hpke-pq, section 4)


def be(number, length):
    return number.to_bytes(length, "big")


def derive_key_pair(secret):
    suite = b"KEM" + be(0x647A, 2)
    label = b"DeriveKeyPair"
    text = secret + b"HPKE-v1" + suite + be(len(label), 2) + label + be(32, 2)
    private = hashlib.shake_256(text).digest(32)
    return private, b"".join(expand(private))


def extract(salt, key):
    return hmac.new(salt or bytes(32), key, hashlib.sha256).digest()


def hkdf_expand(key, info, length):
    assert length <= 32
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]


def schedule_psk(suite, shared, info, psk, psk_id, key_length):
    def labeled_extract(salt, label, key):
        return extract(salt, b"HPKE-v1" + suite + label + key)

    def labeled_expand(key, label, text, length):
        return hkdf_expand(key, be(length, 2) + b"HPKE-v1" + suite + label + text, length)

    context = b"\x01" + labeled_extract(b"", b"psk_id_hash", psk_id)
    context += labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", psk)
    key = labeled_expand(secret, b"key", context, key_length)
    return key, labeled_expand(secret, b"base_nonce", context, 12)


def check_published():
    key, nonce = schedule_psk(
        b"HPKE" + be(32, 2) + be(1, 2) + be(1, 2),
        bytes.fromhex("727699f009ffe3c076315019c69648366b69171439bd7dd0807743bde76986cd"),
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        bytes.fromhex("0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82"),
        bytes.fromhex("456e6e796e20447572696e206172616e204d6f726961"),
        16,
    )
    assert key.hex() == "15026dba546e3ae05836fc7de5a7bb26"
    assert nonce.hex() == "9518635eba129d5ce0914555"
    private, public = derive_key_pair(bytes.fromhex(IKM_R))
    assert private.hex() == SK_R and sha256(public).hex() == PK_R_HASH
    secret, sealed = encapsulate(public, bytes.fromhex(IKM_E))
    assert secret.hex() == SHARED and sha256(sealed).hex() == ENC_HASH
    assert decapsulate(private, sealed) == secret


# The envelopes of this project


def hkdf(secret, salt, info):
    return hkdf_expand(extract(salt, secret), info, 32)


def cbor(value):
    """Deterministic CBOR (RFC 8949, section 4.2); absent members at the end are left out."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    while value[-1] is None:
        value = value[:-1]
    return head(4, len(value)) + b"".join(cbor(item) for item in value)


def head(major, number):
    if number < 24:
        return be(major << 5 | number, 1)
    for code, length in ((24, 1), (25, 2), (26, 4)):
        if number < 1 << 8 * length:
            return be(major << 5 | code, 1) + be(number, length)
    raise ValueError(number)


LABEL = "passkey-backup 2026-11 {} v1"
SUITE = b"HPKE" + be(0x647A, 2) + be(1, 2) + be(2, 2)


def factor_keys(vault, factor, kind, secret):
    """Private and public key of a factor, and its PSK."""

    def derive(purpose):
        return hkdf(secret, vault + factor, LABEL.format(purpose).encode() + bytes([kind]))

    return *derive_key_pair(derive("factor key")), derive("factor psk")


def schedule(shared, bound, psk, factor):
    info = LABEL.format("envelope").encode() + cbor(bound)
    return schedule_psk(SUITE, shared, info, psk, factor, 32)


def envelope(name, kind, secret, credential_id, credential_key, prf_input, password):
    vault, epoch, parent = counting(0xA0, 16), counting(0xB0, 16), counting(0xC0, 16)
    factor, root, random = counting(0xD0, 16), counting(0, 32), counting(0xE0, 64)
    _, public, psk = factor_keys(vault, factor, kind, secret)
    bound = [vault, [3, epoch, parent], factor, kind, credential_id, prf_input, password]
    shared, sealed = encapsulate(public, random)
    key, nonce = schedule(shared, bound, psk, factor)
    ciphertext = AESGCM(key).encrypt(nonce, cbor([root, credential_key]), b"")
    print(f"{name} public key", sha256(public).hex())
    print(f"{name} psk", psk.hex())
    print(f"{name} enc", sha256(sealed).hex())
    print(f"{name} ciphertext", ciphertext.hex())


IKM_R = "b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56"
IKM_E = (
    "2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd19"
    "0fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689e6c8"
)
SK_R = "3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630"
PK_R_HASH = "ad8aaf3f00d8a39bfeec2947a7d5dde68be08bba19bd301a348a45dc5fcc8341"
ENC_HASH = "95c0a5fca31ea59f29bbc66255ad6637b5a476b3212886af11afdc8930aeb772"
SHARED = "58200ed1f137bd95a921bb47f6aaecf2395b26f7fd24efd3a5ffae4849e8dea3"


def main():
    check_published()
    for constant in ("IKM_R", "IKM_E", "PK_R_HASH", "ENC_HASH", "SHARED"):
        print(constant, globals()[constant])
    salt = counting(0x40, 16)
    stretched = hash_secret_raw(b"correct horse", salt, 2, 19456, 1, 32, Type.ID)
    print("STRETCHED", stretched.hex())
    prf_output, prf_input = counting(0x10, 32), counting(0x20, 32)
    envelope("PASSKEY", PASSKEY, prf_output, b"credential", b"cose key", prf_input, None)
    envelope("RECOVERY", RECOVERY, counting(0x30, 28), None, None, None, None)
    envelope("PASSWORD", PASSWORD, stretched, None, None, None, [salt, 19456, 2, 1])


if __name__ == "__main__":
    main()
