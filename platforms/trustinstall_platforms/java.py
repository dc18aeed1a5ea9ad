"""Java's keystores. Today: the one that Debian makes from its bundle, which its JDKs link to.

Sources: the hook, the maintainer script and the defaults file of ca-certificates-java 20230710;
sun.security.provider.JavaKeyStore of OpenJDK for the format; JEP 229 for PKCS#12.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.backend import Observation, State, Store
from trustinstall.plan import Plan
from trustinstall_platforms import keystore

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
        entries: list[keystore.Trusted] = []
        try:
            entries = list(keystore.read(host, store.location))
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
            for entry in keystore.read(host, store.location):
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
