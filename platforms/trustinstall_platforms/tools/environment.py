"""Environment variables that make programs trust our roots: a store for each file that carries some.

In such a file there is one section of trustinstall. It sets nothing that the file sets elsewhere, and, where the file's
language can say so, nothing that is set when it is read, and no variable that would hide a setting of the account
which works. A variable that names another bundle of the same account is
left as it is: that bundle is a store as well, and our certificates go into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trustinstall import editing
from trustinstall.editing.section import PATH
from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, shell_syntax, system_bundle
from trustinstall.host import Kind
from trustinstall.stores import bundle as bundles
from trustinstall.stores import files
from trustinstall.stores.backend import Capability
from trustinstall.stores.reference import By, Named, Reference
from trustinstall.stores.store import Store, blocked, naming
from trustinstall_platforms.tools import our_section, variable_files, windows_variables
from trustinstall_platforms.tools.effective import ours
from trustinstall_platforms.tools.key_in_file import LIMIT, PRIVATE, SHARED, KeyInFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.editing.setting import SetKey
    from trustinstall.host import Host
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.steps import SetVariables, ToolOperation
    from trustinstall.stores.store import DiscoveryOptions

ADD, REPLACE, NONE = "add", "replace", "none"


class _Carrier(NamedTuple):
    """What one file says now.

    Attributes:
        place: the row of the table.
        section: what stands between our marks, or None.
        ours: the lines of it that trustinstall wrote.
        foreign: the variables that the file sets elsewhere, or another author within our marks.
        wrong: why the file cannot be read, or None.
    """

    place: variable_files.Place
    section: str | None = None
    ours: tuple[str, ...] = ()
    foreign: tuple[tuple[str, str], ...] = ()
    wrong: str | None = None


class Environment(Reference):
    """The backend of all places; `mode` is what `--env` says, or "" for the default of the scope."""

    name = "environment"
    capabilities = Reference.capabilities | {Capability.REACHES_EVERY_ACCOUNT}

    def __init__(self, mode: str = "") -> None:
        self._mode = mode

    def replaces(self, host: Host) -> bool:
        """Whether variables that replace are set: an account that cannot change the system's store needs them."""
        if self._mode:
            return self._mode == REPLACE
        return not host.account.is_root and host.platform == "linux"

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the files that programs here read, whether they are there yet or not, and bundles that others name."""
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
                named |= {value: name for name, value in _carrier(host, store.location, place).foreign}
        if not host.account.is_root:  # root's own variables may be those of the caller
            named |= {value: name for name in sorted(our_section.NAMES) if (value := host.environ.get(name, ""))}
        yield from self._named_bundles(host, named)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the file at a location, or the bundle that a variable named."""
        if host.platform == "win32":
            return windows_variables.at(host, self.name, location)
        place = variable_files.at(host, location)
        if place is not None:
            return self._store(host, place, location)
        status = host.status(location)
        return self._bundle(host, location, "") if status is not None and status.kind is Kind.FILE else None

    def named(self, host: Host, store: Store) -> Named:
        """Read what our section names; a bundle that a variable names is its owner's."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.named(host, replacing=self._mode == REPLACE)
        place = variable_files.at(host, store.location)
        if place is None:
            return Named(By.OWNER, store.location)
        carrier = _carrier(host, store.location, place)
        if carrier.section is None:
            return Named(By.NOBODY, problem=carrier.wrong)
        path = our_section.file_named(host, carrier.ours)
        moved = our_files.is_ours(path) and not path.startswith(f"{our_files.directory(host)}/")
        other_mode = bool(self._mode) and self._body(host, carrier) != "\n".join(carrier.ours)
        left = self._left(host)
        hides = any(our_section.sets(line, left) for line in carrier.ours)
        return Named(By.US, path, outdated=moved or other_mode or hides)

    def enable(self, host: Host, store: Store, noted: tuple[str, ...]) -> tuple[Plan, tuple[str, ...]]:
        """Plan to write our section. Raises StoreError, too, where it would set nothing."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.enable(host, store, replacing=self._mode == REPLACE)
        carrier = _carrier_of(host, store)
        text = self._body(host, carrier)
        if not any(name in text for name in our_section.NAMES):
            cause = "every variable that would be set is set there already"
            raise StoreError(store=store.id, cause=cause, advice="add the certificate to what they name")
        away = _away(host, store, carrier, noted) if carrier.section is not None else None
        return _key(host, carrier).set(host, store, text, away)

    def disable(self, host: Host, store: Store, noted: tuple[str, ...]) -> Plan:
        """Plan to take our section out; lines in it that another author wrote stay."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.disable(noted)
        carrier = _carrier_of(host, store)
        return _key(host, carrier).taken_back(host, store, _away(host, store, carrier, noted))

    def commands(self, host: Host, _store: Store, step: ToolOperation) -> Sequence[SetVariables]:
        """Return what is written into Windows' registry; files have no operations."""
        return windows_variables.commands(host, step)

    def _body(self, host: Host, carrier: _Carrier) -> str:
        names = {name for name, _ in carrier.foreign} | self._left(host)
        return our_section.body(host, carrier.place, names, replacing=self.replaces(host))

    def _left(self, host: Host) -> frozenset[str]:
        """Return the variables that would hide settings of the account."""
        return ours.variables_to_leave(host) if self.replaces(host) else frozenset()

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

    def _named_bundles(self, host: Host, named: dict[str, str]) -> Iterator[Store]:
        """Find the bundles that variables of others name, but for ours, the machine's and the system's.

        Root reads none that another account may change.
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
        clients = f"programs that read {name}" if name else "programs that read the variable that names it"
        return Store(self.name, location, owner, f"{self.name}:{location}", clients, blocked=blocked(unwritable))


def _key(host: Host, carrier: _Carrier) -> KeyInFile:
    return KeyInFile(carrier.place.format, PATH, SHARED if host.account.is_root else PRIVATE)


def _away(host: Host, store: Store, carrier: _Carrier, noted: tuple[str, ...]) -> SetKey:
    otherwise = our_section.written(carrier.place, carrier.ours)
    return _key(host, carrier).away(host, store, carrier.section or "", noted, otherwise)


def _carrier_of(host: Host, store: Store) -> _Carrier:
    place = variable_files.at(host, store.location)
    if place is None:
        raise StoreError(store=store.id, cause="no program reads variables there any more", advice="try again")
    return _carrier(host, store.location, place)


def _carrier(host: Host, location: str, place: variable_files.Place) -> _Carrier:
    try:
        content = host.read_or_none(location, LIMIT) or b""
        section = editing.get(place.format, content, PATH)
    except editing.Malformed as error:
        return _Carrier(place, wrong=str(error))
    except OSError as error:
        return _Carrier(place, wrong=error.strerror)
    lines = our_section.ours(host, place, section) if section is not None else ()
    if place.style not in shell_syntax.KEPT:
        return _Carrier(place, section, lines)
    text = content.decode("utf-8", "replace")
    if section:
        others = "\n".join(line for line in section.split("\n") if line not in lines)
        text = text.replace(section, others)
    foreign = shell_syntax.foreign(place.style, text, our_section.NAMES)
    return _Carrier(place, section, lines, tuple(foreign.items()))
