"""Google Tink's side of the interop test: streaming AEAD AES256_GCM_HKDF_1MB, raw prefix.

Usage (all values hexadecimal, all files whole bodies or plaintexts):

    tink_peer.py open  DEK AD BODY PLAINTEXT     exit status 3 when Tink refuses the body
    tink_peer.py seal  DEK AD PLAINTEXT BODY
    tink_peer.py vectors                         known answers for service/archive, on stdout
"""

import hashlib
import io
import sys

import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

TYPE_URL = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


def primitive(dek: bytes) -> streaming_aead.StreamingAead:
    """The primitive of Tink's template AES256_GCM_HKDF_1MB with `dek` as its key material."""
    template = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
    key_format = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKeyFormat()
    key_format.ParseFromString(template.value)
    assert key_format.params.hkdf_hash_type == common_pb2.SHA256
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0, params=key_format.params, key_value=dek
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    entry = keyset.key.add(
        status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )
    entry.key_data.type_url = TYPE_URL
    entry.key_data.value = key.SerializeToString()
    entry.key_data.key_material_type = tink_pb2.KeyData.SYMMETRIC
    handle = tink.proto_keyset_format.parse(
        keyset.SerializeToString(), secret_key_access.TOKEN
    )
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    """A buffer that outlives the stream that closes it."""

    def close(self) -> None:
        self.kept = self.getvalue()
        super().close()


def seal(dek: bytes, ad: bytes, plaintext: bytes) -> bytes:
    out = Kept()
    with primitive(dek).new_encrypting_stream(out, ad) as stream:
        view = memoryview(plaintext)
        while view:
            view = view[stream.write(bytes(view[: 1 << 20])):]
    return out.kept


def open_(dek: bytes, ad: bytes, body: bytes) -> bytes:
    with primitive(dek).new_decrypting_stream(io.BytesIO(body), ad) as stream:
        return stream.read()


def pattern(length: int) -> bytes:
    """The plaintext of the vectors: byte i is (i * 31 + i // 256) mod 251."""
    return bytes((i * 31 + (i >> 8)) % 251 for i in range(length))


def vectors() -> None:
    segment = 1 << 20
    sizes = [0, 1, 15, 16, 17, 1000, segment - 57, segment - 56, segment - 55,
             2 * segment - 73, 2 * segment - 72, 2 * segment - 71, 3_500_000]
    print("# Made by tests/interop/tink_peer.py with Google Tink (Python), version "
          f"{tink.__version__ if hasattr(tink, '__version__') else '1.16.1'}.")
    print("# plaintext bytes, DEK, associated data, salt, nonce prefix, body bytes, "
          "SHA-256 of the body;")
    print("# byte i of the plaintext is (i * 31 + i / 256) mod 251")
    for number, size in enumerate(sizes):
        dek = hashlib.sha256(f"dek {number}".encode()).digest()
        ad = hashlib.sha256(f"ad {number}".encode()).digest()
        body = seal(dek, ad, pattern(size))
        assert body[0] == 40 and open_(dek, ad, body) == pattern(size)
        print(size, dek.hex(), ad.hex(), body[1:33].hex(), body[33:40].hex(), len(body),
              hashlib.sha256(body).hexdigest())


def main(argv: list[str]) -> int:
    streaming_aead.register()
    if argv == ["vectors"]:
        vectors()
        return 0
    verb, dek, ad, source, target = argv
    with open(source, "rb") as file:
        content = file.read()
    work = {"open": open_, "seal": seal}[verb]
    try:
        result = work(bytes.fromhex(dek), bytes.fromhex(ad), content)
    except tink.TinkError as error:
        print(f"Tink refuses: {error}", file=sys.stderr)
        return 3
    with open(target, "wb") as file:
        file.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
