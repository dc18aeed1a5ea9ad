"""Java's keystores. Today: the one that Debian makes from its bundle, which its JDKs link to.

Sources: the hook, the maintainer script and the defaults file of ca-certificates-java 20230710;
sun.security.provider.JavaKeyStore of OpenJDK for the format; JEP 229 for PKCS#12.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.backend import Observation, State, Store
from trustinstall.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.backend import Places, Record, Wanted
    from trustinstall.host import Host
    from trustinstall.plan import Refresh

_KEYSTORE = "/etc/ssl/certs/java/cacerts"
_FED_BY = "/etc/ssl/certs/ca-certificates.crt"
_HOOK = "/etc/ca-certificates/update.d/jks-keystore"
_PENDING = "/var/lib/ca-certificates-java/pending"  # what dpkg's trigger has still to do
_DEFAULTS = "/etc/default/cacerts"  # shell; may hold a password, so that its text is never shown
_JAVA = "/usr/bin/java"  # without it, the maintainer script does nothing
_MAINTAINER = "DPKG_MAINTSCRIPT_PACKAGE"  # set while dpkg runs a package's own script: dpkg(1)
_SWITCH = re.compile(rb"^[ \t]*(?:export[ \t]+)?cacerts_updates=[\"']?(\w*)", re.MULTILINE)
_OUR_ALIAS = re.compile(r"debian:.*-([0-9a-f]{12})\.pem")

_JKS = b"\xfe\xed\xfe\xed"
_LIMIT = 16 * 1024 * 1024  # bytes; 150 roots are below 200 KiB
_KEY, _TRUSTED = 1, 2  # kinds of entries
_DIGEST = 20  # bytes of SHA-1 at the end, over password and content


class Trusted(NamedTuple):
    """One trusted certificate of a keystore: its alias, which is foreign text, and its DER."""

    alias: str
    der: bytes


class Java:
    """The backend of Java's keystores. None is written yet: the one it knows follows Debian's."""

    name = "java"

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """Find the distribution's keystore, where there is one."""
        store = self.at(host, _KEYSTORE)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the keystore again; see `Backend.at`."""
        if location != _KEYSTORE or host.platform != "linux" or host.status(_KEYSTORE) is None:
            return None
        reason = _not_fed(host)
        return Store(
            backend=self.name,
            location=_KEYSTORE,
            owner=0,
            id=f"{self.name}:{_KEYSTORE}",
            clients="programs on the distribution's Java",
            follows=None if reason else _FED_BY,
            unwritable=reason,
        )

    def observe(self, host: Host, store: Store) -> Observation:
        """See what Java trusts. The keystore needs no password to be read, only to be checked."""
        problems: tuple[str, ...] = ()
        entries: list[Trusted] = []
        try:
            entries = list(trusted(host.read(host.real(store.location), _LIMIT)))
        except FileNotFoundError:
            problems = (f"{store.location} is missing",)
        except ValueError as error:
            problems = (f"{store.location} cannot be read: {error}",)
        found = [(entry, hashlib.sha256(entry.der).hexdigest()) for entry in entries]
        return Observation(
            anchors=dict.fromkeys((sha256 for _, sha256 in found), State.TRUSTED),
            ours=frozenset(sha256 for entry, sha256 in found if _is_ours(entry.alias, sha256)),
            problems=problems,
            unsettled=_unsettled(host),
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that Java trusts; none of a keystore that cannot be read."""
        with suppress(ValueError):
            for entry in trusted(host.read(host.real(store.location), _LIMIT)):
                yield entry.der

    def plan(
        self,
        _host: Host,
        _store: Store,
        _seen: Observation,
        _wanted: Sequence[Wanted],
        _record: Record,
    ) -> Plan:
        """Do nothing: whoever feeds the keystore is changed instead."""
        return Plan()

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Do nothing; see `plan`."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Say what is wrong with the keystore; see `observe`."""
        return next(iter(self.observe(host, store).problems), None)


def trusted(content: bytes) -> Iterator[Trusted]:
    """Yield the trusted certificates of a JKS keystore, or of a PKCS#12 one without a password.

    Raises ValueError, in words, for anything else.
    """
    return _jks(content) if content.startswith(_JKS) else _pkcs12(content)


class _Reader:
    """Reads big-endian numbers and counted bytes, and never past the end."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at, self._end = content, 0, len(content) - _DIGEST

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def counted(self, size: int) -> bytes:
        """Bytes, behind their own number, which has `size` bytes."""
        return self._take(self.number(size))

    def _take(self, size: int) -> bytes:
        at = self._at
        self._at += size
        if self._at > self._end:
            raise ValueError("the Java keystore is cut off")
        return self._content[at : self._at]


def _jks(content: bytes) -> Iterator[Trusted]:
    reader = _Reader(content)
    _, version = reader.number(4), reader.number(4)
    if version not in {1, 2}:
        raise ValueError("the Java keystore has an unknown version")
    for _ in range(reader.number(4)):
        kind, alias, _made = reader.number(4), reader.counted(2), reader.number(8)
        if kind not in {_KEY, _TRUSTED}:
            raise ValueError("the Java keystore has an entry of an unknown kind")
        _key = reader.counted(4) if kind == _KEY else b""
        for _ in range(reader.number(4) if kind == _KEY else 1):
            _type = reader.counted(2) if version != 1 else b"X.509"
            der = reader.counted(4)
            if kind == _TRUSTED:
                yield Trusted(alias.decode("utf-8", "replace"), der)


def _pkcs12(content: bytes) -> Iterator[Trusted]:
    # Rarely needed, and 36 ms.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    try:
        store = pkcs12.load_pkcs12(content, None)
    except (ValueError, UnsupportedAlgorithm):
        message = "it is neither a JKS keystore nor a PKCS#12 one without a password"
        raise ValueError(message) from None
    for one in store.additional_certs:
        alias = (one.friendly_name or b"").decode("utf-8", "replace")
        yield Trusted(alias, one.certificate.public_bytes(Encoding.DER))


def _is_ours(alias: str, sha256: str) -> bool:
    match = _OUR_ALIAS.fullmatch(alias)
    return match is not None and sha256.startswith(match[1])


def _not_fed(host: Host) -> str | None:
    """Say why Debian does not keep its keystore up to date, and what to do; None where it does."""
    if not host.executable(_HOOK):
        return "the package ca-certificates-java is missing; install it: apt-get install ca-certificates-java"
    if not host.executable(_JAVA):
        return f"there is no {_JAVA}, so that Debian does not update it; install default-jre-headless"
    try:
        said = _SWITCH.findall(host.read_or_none(_DEFAULTS) or b"")
    except OSError:  # root alone may read it, as a rule
        return None
    if said[-1:] != [b"yes"]:
        return f"{_DEFAULTS} does not say cacerts_updates=yes; say so there, or use keytool"
    return None


def _unsettled(host: Host) -> str | None:
    pending = host.status(_PENDING)
    if pending is not None and pending.size:
        return "dpkg has still to bring it up to date (dpkg --triggers-only --pending)"
    if host.environ.get(_MAINTAINER):
        return "dpkg will bring it up to date when it ends"
    return None
