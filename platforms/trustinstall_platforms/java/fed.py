"""The keystore that a distribution makes together with its bundle, which its own Javas link to.

The distribution's tool writes it. trustinstall removes an alias only if the tool keeps aliases whose files no longer
exist: ca-certificates-java imports a certificate when its file comes, and deletes the alias when it is told that the
file goes; the alias of a file that was deleted by hand stays. Every other tool makes the whole keystore again.

Sources: those of `keystores.debian`, and of `linux.families` for the other tools.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.host import Tools
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall.values import NamedTuple
from trustinstall_platforms.java import installations
from trustinstall_platforms.java.editing import edit
from trustinstall_platforms.keystores import change, debian
from trustinstall_platforms.keystores import distribution as keystore
from trustinstall_platforms.keystores.debian import KEYSTORE, not_changeable, not_fed
from trustinstall_platforms.linux.families import ALPINE, ARCH, RHEL, SUSE
from trustinstall_platforms.linux.other_families import CLEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall_platforms.keystores import Trusted
    from trustinstall_platforms.linux.family import Family

_FED_BY = "/etc/ssl/certs/ca-certificates.crt"
_DPKG_PENDING = "/var/lib/ca-certificates-java/pending"  # the work that dpkg's trigger has still to do
_MAINTAINER = "DPKG_MAINTSCRIPT_PACKAGE"  # set while dpkg runs a package's own script: dpkg(1)


class Fed(NamedTuple):
    """A keystore that the tool of a family writes with its bundle.

    Attributes:
        family: the family of the tool.
        keystore: the file itself, which other paths link to.
        hook: the program that the tool calls for it, and its package; "" if the tool does it by itself.
        package: the package of the hook.
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


PLACES = frozenset({KEYSTORE, *(one.keystore for one in FED)})


def found(host: Host) -> Store | None:
    """Return the distribution's keystore, or None if this machine has none."""
    if host.platform != "linux":
        return None
    fed = _maker(host)
    location, feeder = (fed.keystore, fed.family.bundle) if fed else (KEYSTORE, _FED_BY)
    if host.status(location) is None:
        return None
    reason = _not_made(host, fed) if fed else not_fed(host)
    if reason is None and fed is None and host.tools is Tools.NEVER:
        reason = not_changeable(host)
    return Store(
        backend=installations.NAME,
        location=location,
        owner=host.machine_owner,
        id=f"{installations.NAME}:{location}",
        clients="programs on the distribution's Java",
        source=fed_by(None if reason else feeder),
        blocked=blocked(reason),
    )


def observe(host: Host, store: Store, names: frozenset[str]) -> Observation:
    """Observe the certificates that Java trusts. The keystore needs no password to be read, only to be checked.

    Copies are reported if the tool keeps aliases; otherwise the copies are in the store that feeds the keystore.
    """
    problems: tuple[str, ...] = ()
    entries: list[Trusted] = []
    try:
        entries = list(keystore.read(host, store.location))
    except FileNotFoundError:
        problems = (f"{store.location} is missing",)
    except ValueError as error:
        problems = (f"{store.location} cannot be read: {error}",)
    keeps_aliases = _maker(host) is None
    return Observation(
        dict.fromkeys((sha256_of(one.der) for one in entries), State.TRUSTED),
        frozenset(sha256_of(one.der) for one in entries if debian.is_marked(one)),
        problems,
        pending=_pending(host) if keeps_aliases and store.fed_by else None,
        copies=tuple(change.copies(entries, names, debian.is_marked)) if keeps_aliases else (),
    )


def anchors(host: Host, store: Store) -> Iterator[bytes]:
    """Yield the DER of every certificate that Java trusts; none of a keystore that cannot be read."""
    with suppress(ValueError):
        for entry in keystore.read(host, store.location):
            yield entry.der


def plan(host: Host, store: Store, wanted: Change) -> Plan:
    """Plan to remove aliases that the distribution's tool would keep; all other changes belong to the feeding store.

    Raises StoreLocked if no password opens the keystore.
    """
    return Plan(edit(host, store, host.real(store.location), (), wanted.remove))


def _maker(host: Host) -> Fed | None:
    """Return the row of the machine's family, or None for Debian's, whose hook keeps the keystore."""
    ids = host.distribution()
    return next((one for one in FED if one.family.ids & ids), None)


def _not_made(host: Host, fed: Fed) -> str | None:
    """Return why the family's tool does not keep the keystore up to date, and what to do; or None."""
    if host.tools is Tools.NEVER:
        return None  # trustinstall writes it instead of the tool
    if not host.executable(fed.family.tool):
        return fed.family.without_tool
    if fed.hook and not host.executable(fed.hook):
        return f"there is no {fed.hook}, so that nothing updates it; install {fed.package}"
    return None


def _pending(host: Host) -> str | None:
    pending = host.status(_DPKG_PENDING)
    if pending is not None and pending.size:
        return "dpkg has still to bring it up to date (dpkg --triggers-only --pending)"
    if host.environ.get(_MAINTAINER):
        return "dpkg will bring it up to date when it ends"
    return None
