"""Discovery: which stores a host has, and what each shows. Nothing here changes anything."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING

from trustinstall.engine import walk
from trustinstall.errors import TrustInstallError, printable
from trustinstall.stores.backend import Capability
from trustinstall.stores.reference import Reference
from trustinstall.stores.store import OtherAccount
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import DiscoveryOptions, Store

_LOOKING = "Looking for stores …"


@dataclass
class Found:
    """The result of discovery.

    Attributes:
        stores: each store with the backend that knows it, in the order of the catalogue.
        handoffs: directories of other accounts, by uid.
        failures: why backends failed to look, and why remembered stores cannot be reached.
        left: ids of remembered stores that were not looked for.
        hidden: ids of remembered stores in directories that the account may not search.
        moved: the present ids of remembered stores that a link leads to now, by the remembered ids.
        cut: scans that stopped early, one sentence each.
        known: the files by which a walk recognised stores.
    """

    stores: dict[str, tuple[Backend, Store]] = field(default_factory=dict[str, "tuple[Backend, Store]"])
    handoffs: dict[int, list[str]] = field(default_factory=dict[int, "list[str]"])
    failures: dict[str, str] = field(default_factory=dict[str, str])
    left: set[str] = field(default_factory=set[str])
    hidden: set[str] = field(default_factory=set[str])
    moved: dict[str, str] = field(default_factory=dict[str, str])
    cut: list[str] = field(default_factory=list[str])
    known: list[str] = field(default_factory=list[str])


def discover(
    host: Host,
    backends: Sequence[Backend],
    places: DiscoveryOptions,
    remembered: Iterable[str] = (),
    *,
    adding: bool = False,
    on_progress: Callable[[str], None] = lambda _doing: None,
) -> Found:
    """Find every store of this host, and all stores that the ledger remembers (by id).

    `adding`: certificates will be added; then another system's store (Windows of WSL) is not found only because the
    ledger remembers it. `on_progress` is called with a sentence while whole trees are scanned.
    """
    found = Found()
    _look(host, [one for one in backends if not isinstance(one, Reference)], places, found, on_progress)
    _walk(host, backends, places, found, on_progress)
    host = host.knowing(found.known)  # settings of environments decide which settings of the account may be made
    _look(host, [one for one in backends if isinstance(one, Reference)], places, found, on_progress)
    rank = {one.name: number for number, one in enumerate(backends)}
    found.stores = dict(sorted(found.stores.items(), key=lambda item: rank[item[1][0].name]))
    _leave_to_others(host, found)
    find_again(host, backends, remembered, found, adding=adding)
    return found


def _look(
    host: Host,
    backends: Sequence[Backend],
    places: DiscoveryOptions,
    found: Found,
    on_progress: Callable[[str], None],
) -> None:
    """Add what backends find by themselves."""
    for backend in backends:
        try:
            for one in backend.discover(host, places):
                _note(found, backend, one, on_progress)
        except OSError as error:
            found.failures[backend.name] = error.strerror or str(error)


def _walk(
    host: Host,
    backends: Sequence[Backend],
    places: DiscoveryOptions,
    found: Found,
    on_progress: Callable[[str], None],
) -> None:
    """Add what a walk finds."""
    for one in walk.walk(host, backends, places):
        if isinstance(one, walk.Failed):
            found.failures[one.backend.name] = one.error.strerror or str(one.error)
        elif isinstance(one, walk.Recognised):
            found.known.append(one.path)
            _note(found, one.backend, one.store, on_progress)
        elif isinstance(one, walk.Noticed):
            found.known.append(one.path)
        elif isinstance(one, OtherAccount):
            found.handoffs.setdefault(one.uid, []).append(one.path)
        else:
            on_progress(f"{_LOOKING} {len(found.stores):,} found ({one.path})")
            found.cut += [f"{printable(one.path)} was not looked through to its end: {one.why}"] if one.why else []


def _leave_to_others(host: Host, found: Found) -> None:
    """Drop a store if its file belongs to, or is written by, a store of a more specific backend."""
    general = {
        one: store for one, (kind, store) in found.stores.items() if Capability.FOR_WANT_OF_ANOTHER in kind.capabilities
    }
    taken: set[str] = set()
    for backend, store in [pair for one, pair in found.stores.items() if general and one not in general]:
        taken |= {store.location, store.fed_by or store.location}
        with suppress(OSError, TrustInstallError):
            taken.add(backend.artefact(host, store))
    for one, store in general.items():
        if store.location in taken:
            del found.stores[one]


def _note(found: Found, backend: Backend, one: Store | OtherAccount, on_progress: Callable[[str], None]) -> None:
    if isinstance(one, OtherAccount):
        found.handoffs.setdefault(one.uid, []).append(one.path)
    else:
        found.stores.setdefault(one.id, (backend, one))
        on_progress(f"{_LOOKING} {len(found.stores):,} found")


def find_again(
    host: Host, backends: Sequence[Backend], remembered: Iterable[str], found: Found, *, adding: bool = False
) -> None:
    """Add the stores of these ids that were not found, wherever they are; see `discover`."""
    for store_id in remembered:
        name, _, location = store_id.partition(":")
        for owner in backends:
            if owner.name != name or not location or store_id in found.stores:
                continue
            if adding and Capability.ON_REQUEST in owner.capabilities:
                found.left.add(store_id)
            else:
                _find_again(host, owner, store_id, location, found)


def _find_again(host: Host, backend: Backend, store_id: str, location: str, found: Found) -> None:
    try:
        if (moved := _behind_link(host, backend, location, found)) is not None:
            found.moved[store_id] = moved.id
            found.stores.setdefault(moved.id, (backend, moved))
            return
        store = backend.at(host, location)
    except OSError as error:
        found.failures[store_id] = error.strerror or str(error)
        return
    if store is not None:
        found.stores[store_id] = (backend, store)
    elif _is_hidden(host, location):
        found.hidden.add(store_id)


def _behind_link(host: Host, backend: Backend, location: str, found: Found) -> Store | None:
    """Return the account's own store that a link at a remembered location, or above it, leads to now; or None."""
    real = host.real(location) if location.startswith("/") else location
    if real == location:
        return None
    known = found.stores.get(f"{backend.name}:{real}")
    store = known[1] if known is not None else backend.at(host, real)
    same = store is not None and (store.id, store.owner) == (f"{backend.name}:{real}", host.account.uid)
    return store if same else None


def _is_hidden(host: Host, location: str) -> bool:
    """Whether it cannot be known if a file is there: a directory above it may not be searched."""
    if not location.startswith("/") or host.status(location) is not None:
        return False
    try:
        host.read_or_none(location, 1)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def observe(host: Host, backend: Backend, store: Store, names: frozenset[str] = frozenset()) -> Observation | str:
    """Observe a store, with copies of the certificates in `names`; or return why it cannot be read, in words."""
    try:
        return backend.observe(host, store, names)
    except TrustInstallError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
