"""An account's NSS databases, on Linux: each profile of Firefox and its relatives, and the one of Chromium's family.

NSS's own `certutil` writes them, in place: a running browser has the file open, and would lose it (and its own writes)
if another one were renamed over it, while SQLite's locks let both work. It also signs trust objects, as NSS requires.
Its exit status and messages are not believed: the result is read from the table.

Facts of certutil (NSS 3.87, tried): every failure is status 255, with the name of an error among its words; with a
primary password it stores the certificate, and no trust; a nickname with a colon needs its token's name before it; an
existing certificate keeps its nickname, even if another one is given. `nss_database` describes the leftovers.

On macOS and Windows these browsers trust the roots of the system's store.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host import Kind
from trustinstall.stores.backend import Backend, Candidates
from trustinstall.stores.files import missing_parents
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import Relation, Source, Store, blocked
from trustinstall.values import NamedTuple
from trustinstall_platforms.browsers import nss_certutil, nss_database, nss_places
from trustinstall_platforms.browsers.nss_certutil import CREATE, DISCARD, PUT, TAKE, nickname, refusal
from trustinstall_platforms.browsers.nss_database import CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.errors import StoreError
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change, Desired
    from trustinstall.stores.steps import Command
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.browsers.nss_database import Contents, Entry

_CREATED = "created"  # the ledger's word for a database that trustinstall created
_PRIVATE = 0o700
#: NSS converts such a database when its program opens it, and never again once there is a new one.
_OLD = "its certificates are in the format of before 2018 (cert8.db); start {} once, which converts them, and add again"
_STATES = {one.value: one for one in State}


class Nss(Backend):
    """The backend of the acting account's NSS databases."""

    name = "nss"
    candidates = Candidates.called(CERTIFICATES)

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the databases in the acting account's home; root's own are the machine's.

        Raises OSError as `nss_places.databases`.
        """
        if host.platform == "linux":
            yield from (self._store(host, one) for one in nss_places.databases(host))

    def recognise(self, host: Host, path: str) -> Store | None:
        """Return the database of a program that no table names; see `nss_places.recognised`."""
        found = nss_places.recognised(host, path) if host.platform == "linux" else None
        return None if found is None else self._store(host, found)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the database that the ledger remembers, if it exists."""
        if host.platform != "linux" or not nss_database.exists(host, location):
            return None
        title = posixpath.basename(location)
        return self._store(host, nss_places.Database(title, location, profile=False))

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the certificates that are trusted for TLS servers or distrusted, or are managed and neither.

        A distrust cannot be removed, under any nickname: it is the account's decision. A certificate of others that is
        neither is not an anchor, and not counted as a copy.
        """
        files, shape = nss_database.files(store.location), len(_Seen._fields)
        seen = _Seen(*host.learned("database", files, shape, lambda: _seen(host, store)))
        states = {sha256: _STATES[text] for sha256, text in zip(seen.sha256, seen.states, strict=True)}
        copies = [
            _made(_STATES[text], sha256, entry, marked=bool(told))
            for sha256, text, entry, told in zip(*seen, strict=True)
        ]
        marked = frozenset(one.sha256 for one in copies if one.marked)
        return Observation(states, marked, copies=tuple(one for one in copies if one.sha256 in names))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts."""
        for one in nss_database.contents(host, store.location).entries.values():
            if one.der and _state(one) is not None:
                yield one.der

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan the operations of certutil. Raises StoreError if an entry of others is in the way."""
        held = nss_database.contents(host, store.location)
        operations = [_put(store, held, one) for one in change.add]
        going = {one.sha256 for one in change.remove}
        for certificate in change.drop:
            if any(one.sha256 == certificate.sha256 and not one.removable for one in change.remove):
                raise _distrusted(store, certificate.name)
            entry = held.entries.get(certificate.sha256)
            if entry is not None and entry.sha256 in going:
                nss_certutil.refuse_ambiguous(store, held, entry)
                operations.append(ToolOperation(TAKE, PUT, certificate.der))
        created = f"{store.location}: {_CREATED}"
        own = any(created in entries for entries in change.noted.values())
        if change.add and not nss_database.exists(host, store.location):
            own = True
            operations.insert(0, ToolOperation(CREATE, DISCARD, operations[0].der))
        if own and change.last and not held.entries.keys() - going and nss_certutil.is_unused(host, store):
            operations.append(ToolOperation(DISCARD, CREATE, change.drop[0].der))
        extra = (created,) if own else ()
        return Plan(
            placed=tuple(Placed(one.sha256, (_entry(store, nickname(one.sha256)), *extra)) for one in change.add),
            operations=tuple(operations),
            inside=store.location if change.add else "",
            directory_mode=_PRIVATE,
        )

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Command]:
        """Return the runs of certutil and the deleted rows of one operation."""
        return nss_certutil.commands(host, store, step)

    def _store(self, host: Host, database: nss_places.Database) -> Store:
        reader = database.name.partition(":")[0]
        old = nss_database.is_old(host, database.path)
        return Store(
            self.name,
            database.path,
            host.account.uid,
            f"{self.name}:{database.path}",
            f"{reader}, once it is started again",
            label=database.name,
            source=Source("", Relation.IMPORTS) if database.profile else None,
            blocked=blocked(_OLD.format(reader), permanent=True) if old else blocked(_unwritable(host, database.path)),
        )


def _put(store: Store, held: Contents, one: Desired) -> ToolOperation:
    """Return the operation that makes a certificate trusted. Raises StoreError if others decided otherwise."""
    entry, name = held.entries.get(one.sha256), one.certificate.name
    others = [] if entry is None else [other for other in entry.names if other != nickname(one.sha256)]
    if entry is not None and entry.state is State.DISTRUSTED:
        raise _distrusted(store, name)
    if others:
        cause = f"{name} is there without trust, under the nickname {printable(others[0])}"
        raise refusal(store, cause, "delete it in the browser's settings")
    return ToolOperation(PUT, TAKE, one.certificate.der)


def _distrusted(store: Store, name: str) -> StoreError:
    return refusal(store, f"the account distrusts {name} there", "change that in the browser's settings")


class _Seen(NamedTuple):
    """The certificates that count: fingerprints, states, names of their copies, and for each the mark, or ""."""

    sha256: tuple[str, ...]
    states: tuple[str, ...]
    entries: tuple[str, ...]
    marked: tuple[str, ...]


def _seen(host: Host, store: Store) -> _Seen:
    found = nss_database.contents(host, store.location).entries.values()
    counted = [(state, _copy(store, one)) for one in found if (state := _state(one)) is not None]
    return _Seen(
        tuple(copy.sha256 for _, copy in counted),
        tuple(state.value for state, _ in counted),
        tuple(copy.entry for _, copy in counted),
        tuple("marked" if copy.marked else "" for _, copy in counted),
    )


def _copy(store: Store, entry: Entry) -> Copy:
    """Return the copy of a certificate; a trust object without its certificate may be left of a managed one."""
    marked = _is_marked(entry)
    name = nickname(entry.sha256) if marked or not entry.names else entry.names[0]
    return Copy(entry.sha256, "" if name == _CREATED else _entry(store, name), marked)


def _made(state: State, sha256: str, entry: str, *, marked: bool) -> Copy:
    """Return a copy in a state: a distrust stays under any nickname."""
    trusts = state is not State.DISTRUSTED
    return Copy(sha256, entry, marked, removable=trusts, trusts=trusts)


def _entry(store: Store, name: str) -> str:
    return f"{store.location}: {name}"


def _is_marked(entry: Entry) -> bool:
    return nickname(entry.sha256) in entry.names


def _state(entry: Entry) -> State | None:
    """Return how far a certificate counts: PARTIAL for a managed one of which no object speaks, or without its DER."""
    if entry.state is State.TRUSTED and not entry.der:
        return State.PARTIAL
    if entry.state in {State.TRUSTED, State.DISTRUSTED}:
        return entry.state
    return (entry.state or State.PARTIAL) if _is_marked(entry) else None


def _unwritable(host: Host, directory: str) -> str | None:
    outermost = next(iter(missing_parents(host, f"{directory}/{CERTIFICATES}")), None)
    status = host.status(directory if outermost is None else posixpath.dirname(outermost))
    if status is None or status.uid != host.account.uid:
        return "it is in a directory of another account; give it to its owner"
    if reason := host.may_write(outermost or f"{directory}/{CERTIFICATES}"):
        return f"{reason}; make it so that its owner may write there"
    for name in nss_database.FILES:
        path = host.real(f"{directory}/{name}")
        found = host.status(path)
        if found is not None and found.kind is not Kind.FILE:
            return f"{name} in it is no file, and {nss_certutil.NAME} would wait for it; take it away"
        others = host.other_writers(path, 0) if found is not None and host.account.is_root else None
        if others:  # the file names libraries to load
            return f"others may change {name} in it ({others}); take that right away"
    return None if host.executable(nss_certutil.TOOL) else nss_certutil.NO_TOOL
