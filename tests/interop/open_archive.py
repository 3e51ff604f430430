"""Opens an archive with one factor of its owner and nothing of this project: no daemon, no sealer.

    open_archive.py recovery TEXT  ARCHIVE PLAINTEXT     64 digits, with or without hyphens
    open_archive.py password TEXT  ARCHIVE PLAINTEXT
    open_archive.py passkey  HEX   ARCHIVE PLAINTEXT     the PRF output for the archive's input
    open_archive.py vectors  TESTS                       whether the known answers are those of today

Exit status 3 where the archive does not open. The formats are those of `service/archive/archive.cddl`,
the envelopes those of `ta/core/src/factor/vectors.py`, the body is Google Tink's.
"""

import contextlib
import hashlib
import hmac
import io
import pathlib
import sys

import tink
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tink import streaming_aead

HERE = pathlib.Path(__file__).resolve().parent
# Nothing is left beside the sources.
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE / "../../ta/core/src/factor")]

import tink_peer  # noqa: E402
import vectors  # noqa: E402

KINDS = {"passkey": vectors.PASSKEY, "recovery": vectors.RECOVERY, "password": vectors.PASSWORD}


class DoesNotOpen(Exception):
    """Which of the checks failed."""


def decode(data, at=0):
    """One item of deterministic CBOR, and where the next one begins."""
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    number = short
    if 24 <= short <= 27:
        length = 1 << (short - 24)
        number, at = int.from_bytes(data[at:at + length], "big"), at + length
    if major == 0:
        return number, at
    if major in (2, 3):
        return data[at:at + number], at + number
    if major == 4:
        items = []
        for _ in range(number):
            item, at = decode(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(number):
            key, at = decode(data, at)
            pairs[key], at = decode(data, at)
        return pairs, at
    if (major, short) == (7, 22):
        return None, at
    raise DoesNotOpen(f"CBOR of major type {major}")


def frame(archive):
    """Core and key part as bytes, what the body is bound to, and the body."""
    if archive[:4] != b"PKB1":
        raise DoesNotOpen("magic")
    parts, at = [], 4
    for _ in range(2):
        length = int.from_bytes(archive[at:at + 4], "big")
        parts.append(archive[at + 4:at + 4 + length])
        at += 4 + length
    core, key_part = parts
    return core, key_part, hashlib.sha256(archive[:8 + len(core)]).digest(), archive[at:]


def secret_of(kind, text, envelope):
    """The secret of a factor out of what its owner has."""
    if kind == "passkey":
        return bytes.fromhex(text)
    if kind == "password":
        salt, memory, passes, lanes = envelope[9]
        return hash_secret_raw(text.encode(), salt, passes, memory, lanes, 32, Type.ID)
    digits = "".join(text.split()).replace("-", "")
    # The last one of each group of eight is a check digit.
    return bytes.fromhex("".join(digits[group:group + 7] for group in range(0, 64, 8)))


def open_envelope(envelope, kind, text, vault, epoch, prf_input):
    factor = envelope[4]
    keys = vectors.factor_keys(vault, factor, KINDS[kind], secret_of(kind, text, envelope))
    private, _, psk = keys
    if kind == "passkey":
        prf_input = envelope.get(10, prf_input)
    else:
        prf_input = None
    bound = [vault, epoch, factor, KINDS[kind], envelope.get(6), prf_input, envelope.get(9)]
    shared = vectors.decapsulate(private, envelope[7])
    key, nonce = vectors.schedule(shared, bound, psk, factor)
    content, _ = decode(AESGCM(key).decrypt(nonce, envelope[8], b""))
    return content[0]


def data_key(core, key_part, kind, text):
    (content, mac), _ = decode(key_part)
    fields, part = decode(core)[0], decode(content)[0]
    vault, backup, epoch = fields[4], fields[5], part[2]
    root = None
    for envelope in part[5]:
        if envelope[5] == KINDS[kind]:
            with contextlib.suppress(InvalidTag):
                root = open_envelope(envelope, kind, text, vault, epoch, part[4])
    if root is None:
        raise DoesNotOpen("no envelope opens")

    def derive(purpose, context=b""):
        return vectors.hkdf(root, vault + epoch[1], vectors.LABEL.format(purpose).encode() + context)

    covered = vectors.sha256(core) + vectors.sha256(content)
    if not hmac.compare_digest(hmac.digest(derive("header mac"), covered, "sha256"), mac):
        raise DoesNotOpen("the MAC of the header")
    nonce, wrapped = part[3]
    return AESGCM(derive("wrap data key", backup)).decrypt(nonce, wrapped, core)


def check_vectors(tests):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        vectors.main()
    known = pathlib.Path(tests).read_text()
    missing = [line for line in printed.getvalue().splitlines() if line.split()[-1] not in known]
    print("\n".join(missing), file=sys.stderr)
    return 3 if missing else 0


def main(arguments):
    if arguments[0] == "vectors":
        return check_vectors(arguments[1])
    streaming_aead.register()
    vectors.check_published()
    kind, text, archive, target = arguments
    core, key_part, associated, body = frame(pathlib.Path(archive).read_bytes())
    try:
        plain = tink_peer.open_(data_key(core, key_part, kind, text), associated, body)
    except (DoesNotOpen, InvalidTag, tink.TinkError) as error:
        print(f"does not open: {error!r}", file=sys.stderr)
        return 3
    pathlib.Path(target).write_bytes(plain)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
