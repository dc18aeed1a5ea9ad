"""The content of an NSS database (`cert9.db`, since 2009), read from its table and not from a tool's listing.

Sources: softoken's sdb.c (a table `nssPublic` with a column `a` + attribute in hex for each; numbers are 4 bytes, the
first the highest), pkcs11n.h and PKCS#11 3.2 for the numbers. Checked in databases of NSS 3.87 and of Firefox 153.

Trust is in separate objects beside the certificates, of two kinds: NSS's, which name a certificate by its SHA-1, and
those of newer NSS and Firefox, PKCS#11's, which name it by its SHA-256. An older NSS neither sees the second kind nor
deletes it with a certificate; if it is left, it trusts the certificate as soon as a server sends it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.patterns import regex
from trustinstall.stores.observation import State
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host

CERTIFICATES, KEYS, MODULES = "cert9.db", "key4.db", "pkcs11.txt"
_OLD = "cert8.db"
_BESIDE = ("", "-journal", "-wal", "-shm")  # files that SQLite opens by itself (sqlite.org, "Temporary Files")
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
_NO_PASSWORD = regex(rb"\x04\x20.{32}\x02\x01\x01\x02\x01\x20", re.DOTALL)
Where = tuple[tuple[str, bytes], ...]


class Entry(NamedTuple):
    """The content of a database about one certificate.

    Attributes:
        sha256: the certificate.
        der: its DER; b"" if there is only a trust object.
        names: the nickname of each copy of it.
        state: whether it is trusted for TLS servers; WITHDRAWN if an object says that it is not, although it is not
            distrusted either; None if no object says anything of it.
    """

    sha256: str
    der: bytes = b""
    names: tuple[str, ...] = ()
    state: State | None = None


class Contents(NamedTuple):
    """The content of a database: an entry for each certificate, by SHA-256, and whether the database has any object."""

    entries: dict[str, Entry]
    empty: bool

    def named(self, name: str) -> int:
        """Return how many certificates have a nickname."""
        return sum(one.names.count(name) for one in self.entries.values())


def exists(host: Host, directory: str) -> bool:
    """Whether there is a database in a directory."""
    return host.status(f"{directory}/{CERTIFICATES}") is not None


def is_old(host: Host, directory: str) -> bool:
    """Whether there is only a database of the old format (Berkeley DB), which NSS converts if there is no new one."""
    return not exists(host, directory) and host.status(f"{directory}/{_OLD}") is not None


def files(directory: str) -> tuple[str, ...]:
    """Return the paths of all files that the certificates in a database depend on."""
    return tuple(f"{directory}/{CERTIFICATES}{ending}" for ending in _BESIDE)


def contents(host: Host, directory: str) -> Contents:
    """Return the content of a database; empty if there is none. Raises OSError if it cannot be read."""
    if not exists(host, directory):
        return Contents({}, empty=True)
    columns = (_CLASS, _LABEL, _VALUE, _NSS_SHA1, _NSS_SERVER, _HASH, _SERVER)
    rows = host.rows(f"{directory}/{CERTIFICATES}", TABLE, columns)
    entries: dict[str, Entry] = {}
    by_sha1: dict[bytes, str] = {}
    for kind, label, der, *_ in rows:
        if kind == _CERTIFICATE and der:
            sha256 = sha256_of(der)
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
    """Return the condition for rows of TABLE that hold the trust of a certificate in the newer form."""
    return ((_CLASS, _TRUST), (_HASH, bytes.fromhex(sha256)))


def _trust(entries: dict[str, Entry], sha256: str, value: bytes | None) -> None:
    """Note a trust object; of two that differ, the one that distrusts counts.

    Every other value (CKT_NSS_MUST_VERIFY_TRUST: certutil's ",,"; CKT_NSS_VALID_DELEGATOR: its "c") trusts nothing.
    """
    old = entries.get(sha256, Entry(sha256))
    said = _STATES.get(value, State.WITHDRAWN) if value else None
    both = {old.state, said}
    state = next((one for one in (State.DISTRUSTED, State.TRUSTED, State.WITHDRAWN) if one in both), None)
    entries[sha256] = old._replace(state=state)
