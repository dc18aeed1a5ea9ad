"""Environment variables that make programs trust our roots: a store for each file that carries some.

In such a file we have one section of our own. It sets nothing that the file sets elsewhere, and, where the file's
language can say so, nothing that is set when it is read. What a variable that is somebody's names is left; where that
is a bundle of the same account it is a store as well, and ours goes into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.section import MADE, PATH
from trustinstall.editing.setting import SetKey
from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, shell_syntax, system_bundle, variables
from trustinstall.host import Kind
from trustinstall.stores import bundle as bundles
from trustinstall.stores import files
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import (
    ABSENT,
    ANY,
    Delete,
    Edit,
    MakeDirectory,
    RemoveDirectory,
    digest,
)
from trustinstall.stores.store import Store, blocked, naming
from trustinstall_platforms.tools import variable_files, windows_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Native, SetVariables, Step
    from trustinstall.stores.store import Places

ADD, REPLACE, NONE = MODES = ("add", "replace", "none")
_LIMIT = 1024 * 1024  # bytes; no such file is larger
_PRIVATE, _SHARED = 0o600, 0o644  # an account's files may hold secrets; the machine's are read by everybody
_NAMES = frozenset(one.name for one in variables.EVERY)
_MEND = "get it anew from where it came"


@dataclass(frozen=True)
class _Carrier:
    """What one file says now: our section, or None; what it sets elsewhere; why it cannot be read, or None."""

    place: variable_files.Place
    section: str | None = None
    foreign: tuple[tuple[str, str], ...] = ()
    wrong: str | None = None


class Environment:
    """The backend of all places; `mode` is what `--env` says, or "" for the default of the scope."""

    name = "environment"

    def __init__(self, mode: str = "") -> None:
        self._mode = mode

    def replaces(self, host: Host) -> bool:
        """Whether variables that replace are set: an account that cannot change the system's store needs them."""
        if self._mode:
            return self._mode == REPLACE
        return not host.account.is_root and host.platform == "linux"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """The files that somebody here reads, whether they are there yet or not, and the bundles that others name."""
        if self._mode == NONE:
            return
        if host.platform == "win32":
            yield from windows_variables.stores(host, self.name)
            return
        named: dict[str, str] = {}
        for place, path in variable_files.places(host):
            store = self._store(host, place, path)
            if store is not None:
                yield store
                named |= {value: name for name, value in self._carrier(host, store.location, place).foreign}
        if not host.account.is_root:  # root's own variables are whoever's that called it
            named |= {value: name for name in sorted(_NAMES) if (value := host.environ.get(name, ""))}
        yield from self._named(host, named)

    def at(self, host: Host, location: str) -> Store | None:
        """The file at a location, or the bundle that a variable named."""
        if host.platform == "win32":
            return windows_variables.at(host, self.name, location)
        place = variable_files.at(host, location)
        if place is not None:
            return self._store(host, place, location)
        status = host.status(location)
        return self._bundle(host, location, "") if status is not None and status.kind is Kind.FILE else None

    def observe(self, host: Host, store: Store) -> Observation:
        """See what programs are told to trust by our section."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.observe(host)
        place = variable_files.at(host, store.location)
        if place is None:
            return bundles.observe(host, store.location)
        carrier = self._carrier(host, store.location, place)
        if carrier.section is None:
            return Observation({}, problems=(carrier.wrong,) if carrier.wrong else ())
        named = _named_by(host, carrier.section)
        if not named or host.status(named) is None:
            return Observation({}, problems=(f"it names {printable(named, 4096)}, which is missing",))
        return bundles.observe(host, named)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in what it names."""
        if windows_variables.is_key(host, store.location):
            path = windows_variables.named(host)
            return bundles.anchors(host, path) if path and host.status(path) else iter(())
        place = variable_files.at(host, store.location)
        section = self._carrier(host, store.location, place).section if place else None
        named = store.location if place is None else _named_by(host, section) if section else ""
        return bundles.anchors(host, named) if named and host.status(named) else iter(())

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan to write our section, or to take it out with the last of ours.

        Raises StoreError where the file cannot be changed for certain.
        """
        if windows_variables.is_key(host, store.location):
            return windows_variables.plan(host, store, seen, wanted, record, replacing=self._mode == REPLACE)
        place = variable_files.at(host, store.location)
        if place is None:
            return bundles.plan(host, store, seen, wanted, record, _MEND)
        carrier = self._carrier(host, store.location, place)
        new = [one.certificate.sha256 for one in wanted if one.trusted]
        go = {one.certificate.sha256 for one in wanted if not one.trusted}
        if carrier.wrong is not None:
            if new or go & record.keys():
                raise StoreError(store=store.id, cause=carrier.wrong, advice="mend the file, and try again")
            return Plan()
        if new:
            return self._set(host, store, carrier, new, record)
        holds = record.keys() | seen.ours
        if carrier.section is None or not go & holds or holds - go:
            return Plan()
        return _take_back(host, store.location, place.format, carrier.section, record)

    def commands(self, host: Host, _store: Store, step: Native) -> Sequence[SetVariables]:
        """What is written into Windows' registry; files have no operations."""
        return windows_variables.commands(host, step)

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from it."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load a bundle that somebody's variable names; our own are looked at where they are made."""
        ours = windows_variables.is_key(host, store.location) or variable_files.at(host, store.location)
        return None if ours else host.openssl_refuses(store.location)

    def _set(self, host: Host, store: Store, carrier: _Carrier, new: list[str], record: Record) -> Plan:
        entries, directories = files.carried(record)
        body = self._body(host, carrier)
        if not any(name in body for name in _NAMES):
            cause = "every variable that would be set is set there already"
            raise StoreError(store=store.id, cause=cause, advice="add the certificate to what they name")
        if body == carrier.section or (carrier.section is not None and not self._mode):
            return Plan(placed=tuple(Placed(one, entries, directories) for one in new))
        path, kind = store.location, carrier.place.format
        old = host.read_or_none(path, _LIMIT)
        missing = files.missing_parents(host, path)
        rest = old or b""
        steps: list[Step] = list(map(MakeDirectory, missing))
        if carrier.section is not None:  # another mode is asked for
            away = SetKey(kind, PATH, carrier.section, present=False, inserted=entries[0] if entries else "")
            steps.append(Edit(path, away, digest(rest)))
            rest = away.apply(rest)
        mode = _SHARED if host.account.is_root else _PRIVATE
        expect = ABSENT if old is None else ANY if carrier.section is not None else digest(old)
        steps.append(Edit(path, SetKey(kind, PATH, body), expect, mode))
        _, inserted = editing.put(kind, rest, PATH, body)
        made = (inserted, path) if old is None or path in entries else (inserted,)
        placed = tuple(Placed(one, made, tuple(dict.fromkeys((*directories, *missing)))) for one in new)
        return Plan(tuple(steps), placed=placed)

    def _body(self, host: Host, carrier: _Carrier) -> str:
        machine, place = host.account.is_root, carrier.place
        own = our_files.directory(host)
        found = system_bundle.find(host) if machine else None
        bundle = found.path if found else f"{own}/{our_files.BUNDLE}"
        foreign = dict(carrier.foreign)
        every = variables.values(f"{own}/{our_files.ANCHORS}", bundle, replacing=self.replaces(host), machine=machine)
        ours = {name: value for name, value in every.items() if name not in foreign}
        if place.style == shell_syntax.LAUNCHD:
            return shell_syntax.agent("trustinstall.environment", MADE, ours)
        return "\n".join((*place.head, *shell_syntax.kept(place.style, ours)))

    def _store(self, host: Host, place: variable_files.Place, path: str) -> Store | None:
        directory, standing = our_files.directory(host), files.standing(host, path)
        if directory is None or standing is None:
            return None
        location, owner, unwritable = standing
        if not shell_syntax.fits(directory):
            unwritable = f"{printable(directory, 4096)} cannot be named in it; its name has unusual characters"
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            place.reaches,
            label=location,
            source=naming(f"{directory}/{our_files.BUNDLE}"),
            blocked=blocked(unwritable),
        )

    def _named(self, host: Host, named: dict[str, str]) -> Iterator[Store]:
        """The bundles that variables of somebody's name, but for ours, the machine's and the system's.

        Root reads none that lies in somebody else's hands.
        """
        system, own = system_bundle.find(host), our_files.directory(host)
        for path, name in named.items():
            if not path.startswith("/") or path.startswith((f"{own}/", f"{our_files.MACHINE}/")):
                continue
            owner, unwritable = bundles.owner(host, host.real(path)) if host.status(host.real(path)) else (-1, None)
            if host.account.is_root and (owner != 0 or unwritable is not None):
                continue
            if system_bundle.bundle(host, path) is not None and host.real(path) != (system.path if system else ""):
                yield self._bundle(host, host.real(path), name)

    def _bundle(self, host: Host, location: str, name: str) -> Store:
        owner, unwritable = bundles.owner(host, location)
        clients = f"whoever reads {name}" if name else "whoever reads the variable that names it"
        return Store(self.name, location, owner, f"{self.name}:{location}", clients, blocked=blocked(unwritable))

    def _carrier(self, host: Host, location: str, place: variable_files.Place) -> _Carrier:
        try:
            content = host.read_or_none(location, _LIMIT) or b""
            section = editing.get(place.format, content, PATH)
        except editing.Malformed as error:
            return _Carrier(place, wrong=str(error))
        except OSError as error:
            return _Carrier(place, wrong=error.strerror)
        text = content.decode("utf-8", "replace")
        rest = text.replace(section, "") if section else text
        foreign = shell_syntax.foreign(place.style, rest, _NAMES) if place.style in shell_syntax.KEPT else {}
        return _Carrier(place, section, tuple(foreign.items()))


def _take_back(host: Host, path: str, kind: str, section: str, record: Record) -> Plan:
    old = host.read(path, _LIMIT)
    entries, directories = files.carried(record)
    change = SetKey(kind, PATH, section, present=False, inserted=entries[0] if entries else "")
    if not change.apply(old) and path in entries:
        return Plan((Delete(path, digest(old)), *map(RemoveDirectory, reversed(directories))), withdraws=True)
    return Plan((Edit(path, change, digest(old)),), withdraws=True)


def _named_by(host: Host, section: str) -> str:
    """What a section of ours names: our roots alone or our bundle, or else what the system's programs read."""
    own, system = our_files.directory(host), system_bundle.find(host)
    ours = (f"{own}/{name}" for name in (our_files.ANCHORS, our_files.BUNDLE))
    return next((path for path in ours if path in section), system.path if system else "")
