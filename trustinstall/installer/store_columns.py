"""The stores of a machine as the doctor judges them: each with all the roots that its readers trust.

The readers of some stores trust other roots, too: .NET the system's roots, and a browser those that it has built in.
The public roots in the stores here represent the built-in ones (or the system's roots do, if the browser loads
p11-kit's module instead). A settings file, a variable and the bundle that these name have no column: each tool that
reads them has one, with the file and line. The stores of the Windows beside a Linux count where roots were added to
them, for a look at them starts programs of Windows. Sources: the modules of the kinds of stores.
"""

from __future__ import annotations

import posixpath
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING

from trustinstall import catalog
from trustinstall.catalog import SYSTEM_STORES
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.engine import discovery
from trustinstall.errors import TrustInstallError, printable
from trustinstall.installer.planned_roots import NOTHING, PlannedRoots
from trustinstall.stores.observation import State
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import DiscoveryOptions, Store

#: The kinds of stores that hold all the roots of their clients.
_WHOLE = SYSTEM_STORES | {"java", "certifi", "bundle", "homebrew", "mono", "embedded"}
_CHROMIUM, _FIREFOX = "chromium-policy", "firefox-policy"
_POLICIES = frozenset({_CHROMIUM, _FIREFOX})
#: The kinds of stores whose readers trust other roots, too.
_BESIDE = _POLICIES | {"nss", "drop-directory", "dotnet"}
#: The kinds of stores in machines of container engines that run here; their engines read them, and pull images.
_MACHINES = frozenset({"vm"})
#: The kinds of stores that may hold a certificate without trusting it for every server.
_WITH_STATES = _POLICIES | {"nss", "keychain", "login-keychain"}
#: The name of the directory of Chromium's database; a profile of Firefox has a name of its own.
CHROMIUMS = "nssdb"
_Ders = frozenset[bytes]


class Column(NamedTuple):
    """One store, and the roots that its readers trust.

    Attributes:
        kind: the name of its backend.
        name: its label.
        place: its location.
        anchors: the DER of the roots that its readers trust for every server.
        limited: by DER, the names and networks for which alone a root is trusted.
        problem: the reason why its roots are not known, as a phrase, or "".
        is_programs: whether it is the NSS database of a program that is not a browser.
    """

    kind: str
    name: str
    place: str
    anchors: _Ders
    limited: Mapping[bytes, tuple[str, ...]] = {}
    problem: str = ""
    is_programs: bool = False


class _Held(NamedTuple):
    """One store, and its certificates: trusted for every server, trusted for some, and distrusted."""

    store: Store
    anchors: _Ders
    limited: Mapping[bytes, tuple[str, ...]] = {}
    distrusted: _Ders = _Ders()
    problem: str = ""

    def after(self, planned: PlannedRoots) -> _Held:
        """Return the store with its content after a planned `add`."""
        if not planned.reach(self.store) or self.problem:
            return self
        if planned.domains:
            return self._replace(limited={**self.limited, **dict.fromkeys(planned.ders, planned.domains)})
        return self._replace(anchors=self.anchors | planned.ders)

    def column(self, *others: _Ders) -> Column:
        """Return the column of a store whose readers also trust the roots of these other sets."""
        one = self.store
        plain = not (others or self.distrusted)  # a copy of 150 roots a thousand times costs a tenth of a second
        anchors = self.anchors if plain else self.anchors.union(*others) - self.distrusted
        return Column(
            one.backend, one.label or one.id, one.location, anchors, self.limited, self.problem, _is_programs(one)
        )


def public_of(columns: Iterable[Column]) -> _Ders:
    """Return the DER of the public roots in the stores that hold all roots of their clients."""
    every = _Ders().union(*(one.anchors for one in columns if one.kind in _WHOLE))
    return frozenset(der for der in every if Certificate.held(der).sha256 in FINGERPRINTS)


def columns(
    host: Host,
    places: DiscoveryOptions,
    remembered: Iterable[str],
    system: Callable[[], _Ders],
    planned: PlannedRoots = NOTHING,
) -> list[Column]:
    """Return the columns of the stores that can be read, in the order of the catalogue.

    `places` and `remembered` (ids of stores) say where to look; `system` returns the DER of the system's anchors. The
    roots in `planned` count as if they were added.
    """
    kinds = [one for one in catalog.of(host.platform) if one.name in _WHOLE | _BESIDE | _MACHINES]
    found = discovery.discover(host, kinds, places, remembered).stores.values()
    held = [one.after(planned) for backend, store in found for one in _held(host, backend, store)]
    whole = [one.column() for one in held if one.store.backend in _WHOLE]
    inside = [one.column() for one in held if one.store.backend in _MACHINES]
    beside = [one for one in held if one.store.backend in _BESIDE]
    return [*whole, *inside, *_beside(beside, public_of(whole), system)]


def _held(host: Host, backend: Backend, store: Store) -> Iterator[_Held]:
    """Yield a store with its content, unless it cannot be read, or is missing and exists only while settings name it.

    A store that shows no certificate is observed, to get the reason: a password may be missing.
    """
    if store.on_demand and host.status(store.location) is None:
        return
    if backend.name in _MACHINES:
        yield _inside(host, backend, store)
        return
    with suppress(OSError, TrustInstallError):
        ders = frozenset(backend.anchors(host, store))
        if backend.name not in _WITH_STATES and ders:
            yield _Held(store, ders)
            return
        seen = backend.observe(host, store, frozenset())
        if backend.name not in _WITH_STATES:
            yield _Held(store, ders, problem="; ".join(seen.problems))
            return
        of = {der: sha256_of(der) for der in ders}
        by_state = {state: frozenset(der for der in ders if seen.anchors.get(of[der]) is state) for state in State}
        limited = {der: seen.limits.get(of[der], ()) for der in by_state[State.LIMITED]}
        yield _Held(store, by_state[State.TRUSTED], limited, by_state[State.DISTRUSTED])


def _inside(host: Host, backend: Backend, store: Store) -> _Held:
    """Return a store in a machine of a container engine: what all of its nodes trust, or why that is not known."""
    if store.blocked is not None:
        return _Held(store, _Ders(), problem=store.blocked.reason)
    try:
        seen = backend.observe(host, store, frozenset())
        ders = frozenset(backend.anchors(host, store))
    except (OSError, TrustInstallError) as error:
        return _Held(store, _Ders(), problem=printable(str(error), 300))
    trusted = [der for der in ders if seen.anchors.get(sha256_of(der)) is State.TRUSTED]
    return _Held(store, frozenset(trusted))


def _beside(held: Sequence[_Held], public: _Ders, system: Callable[[], _Ders]) -> Iterator[Column]:
    """Yield the columns of the stores whose readers trust other roots, too.

    A browser reads the machine's policy and the account's databases. Firefox imports its policy into each profile:
    if the account has profiles, they are the columns, and the policy is not.
    """
    browsers = {policy: _Browser(policy, held, public) for policy in _POLICIES}
    for one in held:
        kind = one.store.backend
        if kind == "dotnet":
            yield one.column(system())
        elif kind == "drop-directory":
            yield one.column(public)
        else:
            of = kind if kind in _POLICIES else _CHROMIUM if _is_chromiums(one.store) else _FIREFOX
            yield from browsers[of].columns(one)


class _Browser:
    """The policies and databases of one family of browsers, which it reads together."""

    def __init__(self, policy: str, held: Sequence[_Held], public: _Ders) -> None:
        policies = [one for one in held if one.store.backend == policy]
        fed = [one.anchors for one in policies if one.store.fed_by]
        self._built_in = fed[0] if fed else public
        self._in_every_policy = _in_all([one.anchors for one in policies])
        is_chromium = policy == _CHROMIUM
        databases = [one for one in held if one.store.backend == "nss"]
        self._shared = [one.anchors for one in databases if is_chromium and _is_shared(one.store)]
        self._has_profiles = any(one.store.imports for one in databases if not is_chromium)

    def columns(self, one: _Held) -> Iterator[Column]:
        """Yield the column of a policy or database; none for a policy that Firefox's profiles import."""
        if one.store.backend in _POLICIES:
            if not self._has_profiles:
                yield one.column(self._built_in, *self._shared)
        else:
            reads_policy = one.store.imports or _is_shared(one.store)
            yield one.column(self._built_in, *([self._in_every_policy] if reads_policy else []))


def _in_all(sets: Sequence[_Ders]) -> _Ders:
    return reduce(_Ders.intersection, sets) if sets else _Ders()


def _is_chromiums(store: Store) -> bool:
    return posixpath.basename(store.location) == CHROMIUMS


def _is_programs(store: Store) -> bool:
    """Whether the NSS database belongs to a program that is not a browser: a profile's label is "READER: PROFILE"."""
    return store.backend == "nss" and not _is_chromiums(store) and ": " not in store.label


def _is_shared(store: Store) -> bool:
    """Whether it is the database that every Chromium outside a snap or flatpak reads."""
    return _is_chromiums(store) and "/snap/" not in store.location and "/.var/app/" not in store.location
