"""Java's keystores: one for each installation, and the one that a distribution makes together with its bundle.

An installation whose keystore is a link to the distribution's follows it, and is not written.

Sources: those of `debian_java`, for who keeps it, of `java_homes`, for where they are, and of `keystores`.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.host import Tools
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.java import installations
from trustinstall_platforms.keystores import distribution as keystore
from trustinstall_platforms.keystores.debian import KEYSTORE, not_changeable, not_fed
from trustinstall_platforms.linux.families import ALPINE, ARCH, RHEL, SUSE
from trustinstall_platforms.linux.other_families import CLEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import Places
    from trustinstall_platforms.linux.families import Family

_FED_BY = "/etc/ssl/certs/ca-certificates.crt"
_PENDING = "/var/lib/ca-certificates-java/pending"  # what dpkg's trigger has still to do
_MAINTAINER = "DPKG_MAINTSCRIPT_PACKAGE"  # set while dpkg runs a package's own script: dpkg(1)
_OUR_ALIAS = re.compile(r"debian:.*-([0-9a-f]{12})\.pem")


@dataclass(frozen=True)
class Fed:
    """A keystore that the tool of a family writes with its bundle.

    Attributes:
        family: whose tool it is.
        keystore: the file itself, which other paths link to.
        hook: what the tool calls for it, and what brings that; "" where the tool does it by itself.
        package: what brings the hook.
    """

    family: Family
    keystore: str
    hook: str = ""
    package: str = ""


FED = (
    Fed(RHEL, "/etc/pki/ca-trust/extracted/java/cacerts"),
    Fed(
        SUSE,
        "/var/lib/ca-certificates/java-cacerts",
        "/usr/lib/ca-certificates/update.d/50java.run",
        "ca-certificates",
    ),
    Fed(ARCH, "/etc/ca-certificates/extracted/java-cacerts.jks"),
    Fed(ALPINE, KEYSTORE, "/etc/ca-certificates/update.d/java-cacerts", "java-cacerts"),
    Fed(CLEAR, "/var/cache/ca-certs/compat/ca-roots.keystore"),
)


_FED_PLACES = frozenset({KEYSTORE, *(one.keystore for one in FED)})


class Java:
    """The backend of Java's keystores."""

    name = installations.NAME

    def discover(self, host: Host, places: Places) -> Iterator[Store]:
        """Find the distribution's keystore, where there is one, then that of each installation.

        Raises OSError after those before it where a place holds more names than is looked at.
        """
        fed = self._fed(host)
        if fed is not None:
            yield fed
        yield from installations.found(host, places, host.real(fed.location) if fed else None)

    def at(self, host: Host, location: str) -> Store | None:
        """Find a keystore again; see `Backend.at`."""
        fed = self._fed(host)
        if fed is not None and fed.location == location:
            return fed
        return None if location in _FED_PLACES else installations.at(host, location)

    def _fed(self, host: Host) -> Store | None:
        if host.platform != "linux":
            return None
        ids = host.distribution()
        fed = next((one for one in FED if one.family.ids & ids), None)
        location, feeder = (fed.keystore, fed.family.bundle) if fed else (KEYSTORE, _FED_BY)
        if host.status(location) is None:
            return None
        reason = _not_made(host, fed) if fed else not_fed(host)
        if reason is None and fed is None and host.tools is Tools.NEVER:
            reason = not_changeable(host)
        return Store(
            backend=self.name,
            location=location,
            owner=host.machine_owner,
            id=f"{self.name}:{location}",
            clients="programs on the distribution's Java",
            source=fed_by(None if reason else feeder),
            blocked=blocked(reason),
        )

    def observe(self, host: Host, store: Store) -> Observation:
        """See what Java trusts. The distribution's keystore needs no password to be read, only to be checked."""
        if store.location not in _FED_PLACES:
            return installations.observe(host, store)
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
            unsettled=_unsettled(host) if store.fed_by == _FED_BY else None,
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that Java trusts; none of a keystore that cannot be read."""
        if store.location not in _FED_PLACES:
            yield from installations.anchors(host, store)
            return
        with suppress(ValueError):
            for entry in keystore.read(host, store.location):
                yield entry.der

    def plan(self, host: Host, store: Store, _seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one change of an installation's keystore; whoever feeds the distribution's is changed instead."""
        return Plan() if store.location in _FED_PLACES else installations.plan(host, store, wanted, record)

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Do nothing: nothing is derived from a keystore."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Say what is wrong with the keystore; see `observe`."""
        return next(iter(self.observe(host, store).problems), None)


def _is_ours(alias: str, sha256: str) -> bool:
    match = _OUR_ALIAS.fullmatch(alias)
    return match is not None and sha256.startswith(match[1])


def _not_made(host: Host, fed: Fed) -> str | None:
    """Say why the family's tool does not keep the keystore up to date, and what to do; None where it does."""
    if host.tools is Tools.NEVER:
        return None  # what the tool would write is written for it
    if not host.executable(fed.family.tool):
        return fed.family.without_tool
    if fed.hook and not host.executable(fed.hook):
        return f"there is no {fed.hook}, so that nothing updates it; install {fed.package}"
    return None


def _unsettled(host: Host) -> str | None:
    pending = host.status(_PENDING)
    if pending is not None and pending.size:
        return "dpkg has still to bring it up to date (dpkg --triggers-only --pending)"
    if host.environ.get(_MAINTAINER):
        return "dpkg will bring it up to date when it ends"
    return None
