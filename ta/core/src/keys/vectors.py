#!/usr/bin/env python3
"""Prints the constants of tests.rs, by Python's hashlib and hmac and by `cryptography` (46)."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf(key, salt, info):
    """HKDF-SHA256 (RFC 5869) to 32 bytes: one block."""
    prk = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def counting(first, length):
    return bytes(range(first, first + length))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


root = counting(0, 32)
vault, epoch, backup = counting(0xA0, 16), counting(0xB0, 16), counting(0xC0, 16)
dek, nonce = counting(0xD0, 32), counting(0xE0, 12)
core, part = b"core", b"key part"
label = "passkey-backup 2026-11 {} v1"

wrap = hkdf(root, vault + epoch, label.format("wrap data key").encode() + backup)
header = hkdf(root, vault + epoch, label.format("header mac").encode())
state_label = label.format("vault state").encode()
state = hkdf(root, vault + epoch, state_label)
print("WRAPPED", AESGCM(wrap).encrypt(nonce, dek, core).hex())
print("STATE", AESGCM(state).encrypt(nonce, b"state", state_label).hex())
print("HEADER_MAC", hmac.new(header, sha256(core) + sha256(part), hashlib.sha256).hexdigest())

chain = sha256(label.format("audit chain").encode(), bytes(32), b"entry")
print("CHAIN", chain.hex())
text = label.format("audit mac").encode() + vault + (258).to_bytes(8, "big") + chain
print("AUDIT_MAC", hmac.new(root, text, hashlib.sha256).hexdigest())
