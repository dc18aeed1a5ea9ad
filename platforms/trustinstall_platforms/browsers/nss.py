"""An account's NSS databases, on Linux: each profile of Firefox and its relatives, and what Chromium's family shares.

They are written by NSS's own `certutil`, in place: a browser that runs has the file open, and would lose it (and what
it writes there itself) were another one renamed over it, while SQLite's locks let both work. It signs what it says of
trust, too, as NSS asks for. It is no evidence, and neither are its words: what happened is read from the table.

Facts of certutil (NSS 3.87, tried): every failure is status 255, with the name of an error among its words; with a
primary password it stores the certificate, and no trust; a nickname with a colon needs its token's name before it; a
certificate that is there keeps its nickname, whatever it is told. `nss_database` says what it leaves behind.

On macOS and Windows these browsers take what the system's store trusts.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError, printable
from trustinstall.host import Kind
from trustinstall.host.commands import GIVEN, Run
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import (
    Delete,
    Erase,
    MakeDirectory,
    Native,
    RemoveDirectory,
    digest,
)
from trustinstall.stores.store import Relation, Source, Store, blocked
from trustinstall_platforms.browsers import nss_database, nss_places
from trustinstall_platforms.browsers.nss_database import CERTIFICATES, KEYS, MODULES, TABLE
from trustinstall_platforms.linux.families import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Command
    from trustinstall.stores.store import Places
    from trustinstall_platforms.browsers.nss_database import Contents, Entry

TOOL = "/usr/bin/certutil"
_NO_TOOL = (
    f"there is no {TOOL}; install libnss3-tools (Debian, Ubuntu), nss-tools (Fedora, Alpine), mozilla-nss-tools (SUSE) "
    "or nss (Arch)"
)
_OWNER = "NSS Certificate DB"  # what nicknames belong to
_PUT, _TAKE = "put into the database", "take out of the database"
_CREATE = "create the database"
_DISCARD = "discard the empty database, and {} directories above it"
_IS_DISCARD = re.compile(r"discard the empty database, and ([0-9]) directories above it")
_PRIVATE = 0o700
_SECONDS = 30.0
_SAYS = (
    (
        "SEC_ERROR_BAD_PASSWORD",
        "a primary password protects it; add the root by policy (with sudo), or import it in the browser's settings",
    ),
    ("SEC_ERROR_READ_ONLY", "the database may only be read"),
    ("SEC_ERROR_PKCS11_GENERAL_ERROR", "another program keeps the database locked; close the browser"),
    ("SEC_ERROR_LOCKED_PASSWORD", "another program keeps the database locked; close the browser"),
    ("SEC_ERROR_BAD_DATABASE", "NSS cannot open the database; its files are damaged, or may not be read"),
    ("SEC_ERROR_LEGACY_DATABASE", "the database is of the kind before 2018; start the browser once"),
)


class Nss:
    """The backend of the acting account's NSS databases."""

    name = "nss"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """Find the databases in the acting account's home; root's own are the machine's.

        Raises OSError as `nss_places.databases`.
        """
        if host.platform == "linux":
            yield from (self._store(host, one) for one in nss_places.databases(host))

    def at(self, host: Host, location: str) -> Store | None:
        """The database that the ledger remembers, if its directory is there and is still the account's."""
        status = host.status(location)
        if host.platform != "linux" or status is None or not nss_database.exists(host, location):
            return None
        title = posixpath.basename(location)
        return self._store(host, nss_places.Database(title, location, profile=False))

    def observe(self, host: Host, store: Store) -> Observation:
        """See which certificates are trusted for TLS servers, or distrusted, or ours and neither."""
        found = nss_database.contents(host, store.location).entries.values()
        states = {one.sha256: _state(one) for one in found}
        ours = frozenset(one.sha256 for one in found if _nickname(one.sha256) in one.names)
        return Observation({sha256: state for sha256, state in states.items() if state is not None}, ours)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that `observe` counts."""
        for one in nss_database.contents(host, store.location).entries.values():
            if one.der and _state(one) is not None:
                yield one.der

    def plan(self, host: Host, store: Store, _seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan what certutil does. Raises StoreError where somebody else's entry is in the way."""
        held = nss_database.contents(host, store.location)
        plans = [(self._put if one.trusted else self._take)(store, held, one, record) for one in wanted]
        operations = [operation for plan in plans for operation in plan.operations]
        foreign = frozenset(sha256 for plan in plans for sha256 in plan.foreign)
        steps: list[MakeDirectory] = []
        # Whoever goes last takes the database along, if ours was the first word in it.
        made = [path for known in record.values() for path in known.directories]
        created = f"{store.location}: created"
        mine = any(created in known.entries for known in record.values())
        if operations and not nss_database.exists(host, store.location):
            mine = True
            made += missing(host, store.location)
            steps = [MakeDirectory(path, _PRIVATE) for path in missing(host, store.location)]
            operations.insert(0, Native(_CREATE, _DISCARD.format(0), operations[0].der))
        going = {one.certificate.sha256 for one in wanted if not one.trusted} - foreign
        if mine and operations and going and not held.entries.keys() - going and _is_unused(host, store):
            operations.append(Native(_DISCARD.format(len(set(made))), _CREATE, operations[-1].der))
        entries = (created,) if mine else ()
        return Plan(
            tuple(steps),
            placed=tuple(
                Placed(one.sha256, (*one.entries, *entries), tuple(dict.fromkeys(made)))
                for plan in plans
                for one in plan.placed
            ),
            foreign=foreign,
            operations=tuple(operations),
        )

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from a database."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: what was observed is what browsers read."""
        return None

    def commands(self, host: Host, store: Store, step: Native) -> Sequence[Command]:
        """What is run, or taken out of the table, for one operation."""
        there = nss_database.exists(host, store.location)
        if step.operation == _CREATE:
            return () if there else (_run(store, ("-N", "--empty-password")),)
        discard = _IS_DISCARD.fullmatch(step.operation)
        if discard:
            return tuple(_discard(host, store, int(discard[1]))) if there else ()
        held = nss_database.contents(host, store.location)
        sha256 = Certificate(step.der).sha256
        entry = held.entries.get(sha256)
        if step.operation == _PUT:
            if entry is not None and entry.der and entry.state is State.TRUSTED:
                return ()
            words = ("-A", "-n", _nickname(sha256), "-t", "C,,", "-f", GIVEN)
            return (_run(store, words, stdin=step.der, given=b"\n"),)
        if step.operation != _TAKE:
            raise ValueError(f"no operation of a database: {step.operation!r}")
        if entry is None:
            return ()
        self._refuse_ambiguous(store, held, entry)
        runs = [_run(store, ("-D", "-n", f"{_OWNER}:{name}", "-f", GIVEN), given=b"\n") for name in entry.names]
        return (*runs, Erase(f"{store.location}/{CERTIFICATES}", TABLE, nss_database.trust_rows(sha256)))

    def _put(self, store: Store, held: Contents, one: Wanted, record: Record) -> Plan:
        """Plan what is missing for a certificate to be trusted."""
        certificate, sha256 = one.certificate, one.certificate.sha256
        entry, name = held.entries.get(sha256), _nickname(one.certificate.sha256)
        placed = (Placed(sha256, (f"{store.location}: {name}",)),)
        others = [] if entry is None else [other for other in entry.names if other != name]
        if entry is not None and entry.state is State.DISTRUSTED:
            self._refuse(store, f"somebody distrusts {certificate.name} there", "change that in the browser's settings")
        if entry is not None and entry.der and entry.state is State.TRUSTED:
            adopted = (known := record.get(sha256)) is not None and known.adopted
            return Plan(placed=placed) if adopted or not others else Plan(foreign=frozenset({sha256}))
        if others:
            cause = f"{certificate.name} is there without trust, under the nickname {printable(others[0])}"
            self._refuse(store, cause, "delete it in the browser's settings")
        return Plan(operations=(Native(_PUT, _TAKE, certificate.der),), placed=placed)

    def _take(self, store: Store, held: Contents, one: Wanted, record: Record) -> Plan:
        """Plan that a certificate goes, as far as it is ours or `foreign` says so."""
        sha256 = one.certificate.sha256
        entry = held.entries.get(sha256)
        if entry is None:
            return Plan()
        mine = _nickname(sha256) in entry.names or (not entry.der and sha256 in record)
        if not mine and not one.foreign:
            return Plan(foreign=frozenset({sha256}) if _state(entry) else frozenset())
        self._refuse_ambiguous(store, held, entry)
        return Plan(operations=(Native(_TAKE, _PUT, one.certificate.der),))

    def _refuse_ambiguous(self, store: Store, held: Contents, entry: Entry) -> None:
        """A nickname is how certutil deletes: one that several certificates bear might cost another one."""
        for name in entry.names:
            if held.named(name) > 1 or not name:
                cause = f"several certificates there have the nickname {printable(name)}"
                self._refuse(store, cause, "delete it in the browser's settings")

    def _refuse(self, store: Store, cause: str, advice: str) -> None:
        raise StoreError(store=store.id, cause=cause, advice=f"{advice}, and try again")

    def _store(self, host: Host, database: nss_places.Database) -> Store:
        reader = database.name.partition(":")[0]
        return Store(
            self.name,
            database.path,
            host.account.uid,
            f"{self.name}:{database.path}",
            f"{reader}, once it is started again",
            label=database.name,
            source=Source("", Relation.IMPORTS) if database.profile else None,
            blocked=blocked(_unwritable(host, database.path)),
        )


def _nickname(sha256: str) -> str:
    return f"trustinstall-{sha256}"


def _state(entry: Entry) -> State | None:
    """How far it counts: without a word on trust only ours do, and what is left of somebody's trust."""
    if entry.state is State.TRUSTED and not entry.der:
        return State.HALF
    return entry.state or (State.HALF if _nickname(entry.sha256) in entry.names else None)


def _unwritable(host: Host, directory: str) -> str | None:
    outermost = next(iter(missing(host, directory)), None)
    status = host.status(directory if outermost is None else posixpath.dirname(outermost))
    if status is None or status.uid != host.account.uid:
        return "it is in a directory of another account; give it to its owner"
    if reason := host.may_write(outermost or f"{directory}/{CERTIFICATES}"):
        return f"{reason}; make it so that its owner may write there"
    for name in nss_database.FILES:
        path = host.real(f"{directory}/{name}")
        found = host.status(path)
        if found is not None and found.kind is not Kind.FILE:
            return f"{name} in it is no file, and {posixpath.basename(TOOL)} would wait for it; take it away"
        if (
            found is not None and host.account.is_root and (who := host.strangers(path, 0))
        ):  # it names libraries to load
            return f"others may change {name} in it ({who}); take that right away"
    return None if host.executable(TOOL) else _NO_TOOL


def _run(store: Store, words: tuple[str, ...], stdin: bytes = b"", given: bytes = b"") -> Run:
    """One run of certutil; the file that is given holds the password that nobody has set."""
    return Run(
        (TOOL, words[0], "-d", f"sql:{store.location}", *words[1:]),
        stdin=stdin,
        given=given,
        seconds=_SECONDS,
        must_succeed=False,
        says=_SAYS,
        if_late="close the browser, and run the command again",
    )


def _is_unused(host: Host, store: Store) -> bool:
    """Whether nobody would miss a database of ours: no key in it, nothing else beside it, nobody who has it open.

    A key that a running browser puts into a file which is no longer there would be lost, and what it guards.
    """
    others = set(host.names(store.location)) - {CERTIFICATES, KEYS, MODULES}
    if others or not nss_database.keyless(host, store.location):
        return False
    return not any(host.in_use(f"{store.location}/{name}") for name in (CERTIFICATES, KEYS))


def _discard(host: Host, store: Store, above: int) -> Iterator[Command]:
    """Delete a database in which there is nothing, and as many directories as were made for it."""
    if not (nss_database.contents(host, store.location).empty and _is_unused(host, store)):
        return
    for name in (CERTIFICATES, KEYS, MODULES):
        content = host.read_or_none(f"{store.location}/{name}")
        if content is not None:
            yield Delete(f"{store.location}/{name}", digest(content))
    directory = store.location
    for _ in range(above):
        yield RemoveDirectory(directory)
        directory = posixpath.dirname(directory)
