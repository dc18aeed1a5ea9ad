"""Encryption and integrity under a password, as in PKCS#12 files. Bounded: a hostile file may ask for years of work.

Sources: RFC 7292 (PKCS#12) appendix B and C; RFC 8018 (PBES2, PBKDF2); RFC 9579 (PBMAC1); OpenJDK's
sun.security.pkcs12.PKCS12KeyStore and com.sun.crypto.provider, for Java's output and its reading of passwords.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from trustinstall.certificates.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Malformed,
    dotted,
    element,
    wrapped,
)
from trustinstall.values import NamedTuple
from trustinstall_platforms.keystores import rc2
from trustinstall_platforms.keystores.common import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.certificates.der import Element

_HASHES = {  # for integrity
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_PRFS = {  # for PBKDF2; the first one if none is named
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_PBMAC1, _PBES2, _PBKDF2 = "1.2.840.113549.1.5.14", "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
_CIPHERS = {  # of PBES2: name, bytes of its key
    "2.16.840.1.101.3.4.1.2": ("AES", 16),
    "2.16.840.1.101.3.4.1.22": ("AES", 24),
    "2.16.840.1.101.3.4.1.42": ("AES", 32),
    "1.2.840.113549.3.7": ("TripleDES", 24),
}
_OLD_CIPHERS = {  # of PKCS#12 itself: name, bytes of its key
    "1.2.840.113549.1.12.1.3": ("TripleDES", 24),
    "1.2.840.113549.1.12.1.5": ("RC2", 16),
    "1.2.840.113549.1.12.1.6": ("RC2", 5),
}
NOTHING = "\0"  # no password, in Java's form (PKCS12KeyStore's RetryWithZero)
_KEY, _START, _INTEGRITY = 1, 2, 3  # the purposes of a derived key
_WIDE = frozenset({"sha384", "sha512"})  # hashes with blocks of 128 bytes
_SIZES = {"AES": 16, "TripleDES": 8, "RC2": 8}  # bytes of a block
_LONGEST_KEY = 64  # bytes
_UNKNOWN = "it is protected in a way that is not known here"


class Budget:
    """How often a password may still be hashed, for all of one file."""

    def __init__(self, left: int = 2_500_000) -> None:
        """Java writes 10000 to 100000, twice; here the limit is about 2 seconds for all passwords together."""
        self._left = left

    def spend(self, iterations: int) -> int:
        """Return the same number; raises Unreadable if it exceeds the budget."""
        self._left -= iterations
        if iterations < 1 or self._left < 0:
            raise Unreadable("it asks for its password to be hashed more often than any tool does")
        return iterations


class Cipher(NamedTuple):
    """An algorithm of encryption with its parameters: decrypts, and encrypts under new salt."""

    name: str
    algorithm: bytes  # as written
    key: Callable[[str], tuple[bytes, bytes]]  # from a password: the key, and the start of a chain of blocks
    anew: Callable[[bytes], Cipher]  # the same with other salt

    def decrypt(self, password: str, data: bytes) -> bytes:
        """Decrypt data. Raises Unreadable if the password is wrong."""
        key, start = self.key(password)
        size = _SIZES[self.name]
        if not data or len(data) % size:
            raise Unreadable("its encrypted part is cut off")
        plain = _cbc(self.name, key, start, data, encrypt=False)
        padding = plain[-1]
        if not 1 <= padding <= size or plain[-padding:] != bytes((padding,)) * padding:
            raise Unreadable("a part of it has another password")
        return plain[:-padding]

    def encrypt(self, password: str, plain: bytes, salt: bytes) -> tuple[bytes, bytes]:
        """Return the algorithm to be written, and the encrypted `plain`; `salt` is unpredictable."""
        other = self.anew(salt)
        key, start = other.key(password)
        size = _SIZES[self.name]
        padding = size - len(plain) % size
        return other.algorithm, _cbc(self.name, key, start, plain + bytes((padding,)) * padding, encrypt=True)


def cipher(algorithm: Element, budget: Budget) -> Cipher:
    """Return the cipher that an AlgorithmIdentifier names. Raises ValueError (damaged), or Unreadable."""
    name, parameters = _identified(algorithm)
    if name == _PBES2:
        return _pbes2(parameters, budget)
    if name not in _OLD_CIPHERS:
        raise Unreadable(_UNKNOWN)
    return _pkcs12(name, parameters, budget)


def _pkcs12(name: str, parameters: Element, budget: Budget) -> Cipher:
    kind, size = _OLD_CIPHERS[name]
    salt, iterations = list(parameters.children())[:2]
    times = _number(iterations)

    def key(password: str) -> tuple[bytes, bytes]:
        budget.spend(2 * times)
        secret = derived("sha1", password, salt.value, _KEY, times, size)
        return secret, derived("sha1", password, salt.value, _START, times, 8)

    def anew(fresh: bytes) -> Cipher:
        new = wrapped(SEQUENCE, wrapped(OCTET_STRING, fresh[: len(salt.value)]) + iterations.whole)
        return _pkcs12(name, element(new), budget)

    return Cipher(kind, wrapped(SEQUENCE, oid(name) + parameters.whole), key, anew)


def _pbes2(parameters: Element, budget: Budget) -> Cipher:
    function, scheme = list(parameters.children())[:2]
    name, start = _identified(scheme)
    if name not in _CIPHERS or start.tag != OCTET_STRING or len(start.value) != _SIZES[_CIPHERS[name][0]]:
        raise Unreadable(_UNKNOWN)
    kind, size = _CIPHERS[name]

    def key(password: str) -> tuple[bytes, bytes]:
        return _pbkdf2(function, password, budget, size), start.value

    def anew(fresh: bytes) -> Cipher:
        other = wrapped(SEQUENCE, oid(name) + wrapped(OCTET_STRING, fresh[: len(start.value)]))
        return _pbes2(element(wrapped(SEQUENCE, function.whole + other)), budget)

    return Cipher(kind, wrapped(SEQUENCE, oid(_PBES2) + parameters.whole), key, anew)


def mac(digest_info: Element, salt: bytes, iterations: int, budget: Budget) -> Callable[[str, bytes], bytes]:
    """Return the function that computes a file's integrity value from its password and content. Raises as `cipher`."""
    name, parameters = _identified(first(digest_info))
    if name == _PBMAC1:
        function, scheme = list(parameters.children())[:2]
        prf = _identified(scheme)[0]
        if prf not in _PRFS:
            raise Unreadable(_UNKNOWN)

        def modern(password: str, content: bytes) -> bytes:
            return hmac.new(_pbkdf2(function, password, budget), content, _PRFS[prf]).digest()

        return modern
    digest = _HASHES.get(name)
    if digest is None:
        raise Unreadable(_UNKNOWN)

    def old(password: str, content: bytes) -> bytes:
        size = hashlib.new(digest, usedforsecurity=False).digest_size
        key = derived(digest, password, salt, _INTEGRITY, budget.spend(iterations), size)
        return hmac.new(key, content, digest).digest()

    return old


@lru_cache(maxsize=8)  # one change needs the same key for the former content, the new one, and to check both
def derived(digest: str, password: str, salt: bytes, purpose: int, iterations: int, size: int) -> bytes:
    """Return a key of `size` bytes by PKCS#12's own method (RFC 7292 B.2). `NOTHING` is no password."""
    secret = b"" if password == NOTHING else password.encode("utf-16-be", "surrogatepass") + b"\0\0"
    width, hashed = 128 if digest in _WIDE else 64, partial(getattr(hashlib, digest), usedforsecurity=False)
    mixed = _filled(salt, width) + _filled(secret, width)
    key = b""
    while len(key) < size:
        block = bytes((purpose,)) * width + mixed
        for _ in range(iterations):
            block = hashed(block).digest()
        key += block
        step = int.from_bytes(_filled(block, width)[:width], "big") + 1
        parts = (mixed[at : at + width] for at in range(0, len(mixed), width))
        numbers = ((int.from_bytes(part, "big") + step) % (1 << 8 * width) for part in parts)
        mixed = b"".join(number.to_bytes(width, "big") for number in numbers)
    return key[:size]


def _filled(data: bytes, width: int) -> bytes:
    """Return data repeated up to a multiple of `width`; empty data stays empty."""
    size = -(-len(data) // width) * width
    return (data * (size // max(len(data), 1) + 1))[:size]


def _pbkdf2(function: Element, password: str, budget: Budget, size: int = 0) -> bytes:
    """Return a key of `size` bytes, or of the number of bytes in the parameters."""
    name, parameters = _identified(function)
    salt, iterations, *more = parameters.children()
    prf = next((_identified(one)[0] for one in more if one.tag == SEQUENCE), next(iter(_PRFS)))
    size = size or next((_number(one) for one in more if one.tag == INTEGER), 0)
    if name != _PBKDF2 or prf not in _PRFS or salt.tag != OCTET_STRING or not 1 <= size <= _LONGEST_KEY:
        raise Unreadable(_UNKNOWN)
    times = budget.spend(_number(iterations))
    return _pbkdf2_key(_PRFS[prf], password, salt.value, times, size)


@lru_cache(maxsize=8)  # as `derived`
def _pbkdf2_key(digest: str, password: str, salt: bytes, times: int, size: int) -> bytes:
    return hashlib.pbkdf2_hmac(digest, password.encode("utf-8", "surrogatepass"), salt, times, size)


def _cbc(name: str, key: bytes, start: bytes, data: bytes, *, encrypt: bool) -> bytes:
    if name == "RC2":
        return (rc2.encrypt_cbc if encrypt else rc2.decrypt_cbc)(key, 8 * len(key), start, data)
    # Imported only here: 30 ms that a keystore without encryption does not need.
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher as Library
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    library = Library(algorithms.AES(key) if name == "AES" else TripleDES(key), modes.CBC(start))
    worker = library.encryptor() if encrypt else library.decryptor()
    return worker.update(data) + worker.finalize()


def _identified(algorithm: Element) -> tuple[str, Element]:
    """Return the name in an AlgorithmIdentifier, and its parameters (itself if it has none)."""
    name, *more = algorithm.children()
    if algorithm.tag != SEQUENCE or name.tag != OBJECT_IDENTIFIER:
        raise Malformed
    return dotted(name.value), more[0] if more else name


def _number(one: Element) -> int:
    if one.tag != INTEGER:
        raise Malformed
    return int.from_bytes(one.value, "big", signed=True)


def first(one: Element) -> Element:
    """Return the first element inside; Malformed if there is none, and not StopIteration, which would end a loop."""
    for child in one.children():
        return child
    raise Malformed


def oid(name: str) -> bytes:
    """Return an object identifier's element."""
    top, second, *rest = map(int, name.split("."))
    octets = b""
    for number in (40 * top + second, *rest):
        part = bytes((number & 0x7F,))
        while number := number >> 7:
            part = bytes((number & 0x7F | 0x80,)) + part
        octets += part
    return wrapped(OBJECT_IDENTIFIER, octets)
