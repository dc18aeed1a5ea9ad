"""The second reader: a new keystore is read once more by other code than made it, before it replaces the file.

`cryptography` reads PKCS#12. No maintained library can read JKS; a second reader of this project follows
JavaKeyStore.engineLoad, step by step. A JVM of the installation would be the best judge; it is not used: for a JDK's
150 roots one start of it costs more than the whole change (see CONTRIBUTING.md), it would have to run as the account
that may write it, and its messages are localised.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings

from trustinstall.values import NamedTuple
from trustinstall_platforms.keystores import jks, pkcs12, pkcs12_parts
from trustinstall_platforms.keystores.pbe import NOTHING

_KEY, _TRUSTED = 1, 2
_MAGIC = 0xFEEDFEED


class Expected(NamedTuple):
    """The certificates, in DER, that must be found, and those that must not."""

    present: frozenset[bytes]
    absent: frozenset[bytes]


def problem(content: bytes, password: str, expected: Expected) -> str | None:
    """Return the second reader's fault of a keystore, in words; None if it has none."""
    try:
        found = _jks(content, password) if content.startswith(jks.MAGIC) else _pkcs12(content, password)
    except (ValueError, EOFError, struct.error) as error:
        return f"a second reader refuses it ({type(error).__name__})"
    if expected.present - found:
        return "a second reader misses certificates in it"
    return "a second reader still finds certificates in it" if expected.absent & found else None


def _jks(content: bytes, password: str) -> frozenset[bytes]:
    stream = io.BytesIO(content)
    magic, version, number = struct.unpack(">III", stream.read(12))
    if magic != _MAGIC or version not in {1, 2}:
        raise ValueError
    entries: dict[bytes, bytes] = {}
    for _ in range(number):
        (kind,) = struct.unpack(">I", stream.read(4))
        alias = _block(stream, ">H")
        stream.read(8)
        if kind == _KEY:
            _block(stream, ">I")
            (chain,) = struct.unpack(">I", stream.read(4))
            for _ in range(chain):
                _certificate(stream, version)
        elif kind == _TRUSTED:
            entries[alias] = _certificate(stream, version)  # a second one of this name would win, as in Java
        else:
            raise ValueError
    body = content[: stream.tell()]
    digest = hashlib.sha1(usedforsecurity=False)
    for part in (password.encode("utf-16-be", "surrogatepass"), b"Mighty Aphrodite", body):
        digest.update(part)
    if digest.digest() != stream.read(20):
        raise ValueError
    return frozenset(entries.values())


def _certificate(stream: io.BytesIO, version: int) -> bytes:
    if version != 1 and _block(stream, ">H") != b"X.509":
        raise ValueError
    return _block(stream, ">I")


def _block(stream: io.BytesIO, form: str) -> bytes:
    (size,) = struct.unpack(form, stream.read(struct.calcsize(form)))
    content = stream.read(size)
    if len(content) != size:
        raise EOFError
    return content


def _pkcs12(content: bytes, password: str) -> frozenset[bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization import pkcs12 as library

    store = pkcs12.parse(content)
    if any(bag.kind in pkcs12_parts.KEYS for part in store.opened([password]) for bag in part.bags or ()):
        content = store.without_keys([password])
    secret = None if password in {"", NOTHING} else password.encode("utf-8", "surrogatepass")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of serial numbers that public roots have
        try:
            found = library.load_pkcs12(content, secret)
        except UnsupportedAlgorithm as error:
            raise ValueError from error
    return frozenset(one.certificate.public_bytes(Encoding.DER) for one in found.additional_certs)
