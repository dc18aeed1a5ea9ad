"""What an NSS database (`cert9.db`, since 2009) holds, read from its table and not from a tool's listing.

Sources: softoken's sdb.c (a table `nssPublic` with a column `a` + attribute in hex for each; numbers are 4 bytes, the
first the highest), pkcs11n.h and PKCS#11 3.2 for the numbers. Looked at in databases of NSS 3.87 and of Firefox 153.

Trust is in objects of their own beside the certificates. There are two kinds: NSS's, which name a certificate by its
SHA-1, and those of newer NSS and Firefox, PKCS#11's, which name it by its SHA-256. An older NSS neither sees the second
kind nor takes it along when it deletes a certificate; left alone, it would serve whoever sends the certificate along.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.stores.observation import State

if TYPE_CHECKING:
    from trustinstall.host import Host

CERTIFICATES, KEYS, MODULES = "cert9.db", "key4.db", "pkcs11.txt"
_BESIDE = ("", "-journal", "-wal", "-shm")  # what SQLite opens by itself (sqlite.org, "Temporary Files")
FILES = (MODULES, *(name + ending for name in (CERTIFICATES, KEYS) for ending in _BESIDE))
TABLE = "nssPublic"
_CLASS, _LABEL, _VALUE = "a0", "a3", "a11"
_CERTIFICATE, _NSS_TRUST, _TRUST = bytes.fromhex("00000001"), bytes.fromhex("ce534353"), bytes.fromhex("0000000b")
_NSS_SHA1, _NSS_SERVER = "ace5363b4", "ace536358"  # CKA_CERT_SHA1_HASH, CKA_TRUST_SERVER_AUTH
_HASH, _SERVER = "a635", "a62c"  # CKA_HASH_OF_CERTIFICATE (with SHA-256), CKA_PKCS_TRUST_SERVER_AUTH
_STATES = {
    bytes.fromhex("ce534351"): State.TRUSTED,  # CKT_NSS_TRUSTED: "P"
    bytes.fromhex("ce534352"): State.TRUSTED,  # CKT_NSS_TRUSTED_DELEGATOR: "C"
    bytes.fromhex("ce53435a"): State.DISTRUSTED,  # CKT_NSS_NOT_TRUSTED: "p"
    bytes.fromhex("00000001"): State.TRUSTED,  # CKT_TRUSTED
    bytes.fromhex("00000002"): State.TRUSTED,  # CKT_TRUST_ANCHOR
    bytes.fromhex("00000003"): State.DISTRUSTED,  # CKT_NOT_TRUSTED
}
#: The parameters of PBKDF2 under which softoken (sftkpwd.c) keeps the check of an empty password: it is derived once.
_NO_PASSWORD = re.compile(rb"\x04\x20.{32}\x02\x01\x01\x02\x01\x20", re.DOTALL)
Where = tuple[tuple[str, bytes], ...]


class Entry(NamedTuple):
    """What a database says of one certificate.

    Attributes:
        sha256: which one.
        der: itself; b"" where only a trust object is there.
        names: the nickname of each copy of it.
        state: whether it is trusted for TLS servers; None where nothing says so.
    """

    sha256: str
    der: bytes = b""
    names: tuple[str, ...] = ()
    state: State | None = None


class Contents(NamedTuple):
    """All of a database: an entry for each certificate, by SHA-256, and whether there is anything in it at all."""

    entries: dict[str, Entry]
    empty: bool

    def named(self, name: str) -> int:
        """How many certificates have a nickname."""
        return sum(one.names.count(name) for one in self.entries.values())


def exists(host: Host, directory: str) -> bool:
    """Whether there is a database in a directory."""
    return host.status(f"{directory}/{CERTIFICATES}") is not None


def contents(host: Host, directory: str) -> Contents:
    """What a database holds; nothing where there is none. Raises OSError where it cannot be read."""
    if not exists(host, directory):
        return Contents({}, empty=True)
    columns = (_CLASS, _LABEL, _VALUE, _NSS_SHA1, _NSS_SERVER, _HASH, _SERVER)
    rows = host.rows(f"{directory}/{CERTIFICATES}", TABLE, columns)
    entries: dict[str, Entry] = {}
    by_sha1: dict[bytes, str] = {}
    for kind, label, der, *_ in rows:
        if kind == _CERTIFICATE and der:
            sha256 = hashlib.sha256(der).hexdigest()
            by_sha1[hashlib.sha1(der, usedforsecurity=False).digest()] = sha256
            name = (label or b"").decode("utf-8", "replace")
            old = entries.get(sha256, Entry(sha256))
            entries[sha256] = old._replace(der=der, names=(*old.names, name))
    for kind, _, _, sha1, nss, sha256_raw, server in rows:
        if kind == _NSS_TRUST and sha1 in by_sha1:
            _trust(entries, by_sha1[sha1], nss)
        elif kind == _TRUST and sha256_raw and len(sha256_raw) == hashlib.sha256().digest_size:
            _trust(entries, sha256_raw.hex(), server)
    return Contents(entries, not rows)


def is_fresh(host: Host, directory: str) -> bool:
    """Whether the files beside the certificates are as certutil makes them: no key, no password, no other module.

    Files that cannot be read (a browser keeps them locked) are not.
    """
    path = f"{directory}/{KEYS}"
    try:
        there = host.status(path) is not None
        keys = host.rows(path, "nssPrivate", ("a0",)) if there else []
        checks = host.rows(path, "metaData", ("id", "item2")) if there else []
        modules = host.read_or_none(f"{directory}/{MODULES}") or b""
    except OSError:
        return False
    without_password = all(_NO_PASSWORD.search(one or b"") for name, one in checks if name == b"password")
    libraries = [line for line in modules.splitlines() if line.lower().startswith(b"library=")]
    return not keys and without_password and all(not line.partition(b"=")[2].strip() for line in libraries)


def trust_rows(sha256: str) -> Where:
    """Which rows of TABLE say, in the newer way, how far a certificate is trusted."""
    return ((_CLASS, _TRUST), (_HASH, bytes.fromhex(sha256)))


def _trust(entries: dict[str, Entry], sha256: str, value: bytes | None) -> None:
    """Note what a trust object says; of two that differ, the one that distrusts counts."""
    old = entries.get(sha256, Entry(sha256))
    said = _STATES.get(value or b"")
    both = {old.state, said}
    state = next((one for one in (State.DISTRUSTED, State.TRUSTED) if one in both), None)
    entries[sha256] = old._replace(state=state)
