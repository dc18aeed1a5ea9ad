"""Environment variables that make programs trust the managed roots: a store for each file that sets some.

Each such file has one managed section. It sets no variable that the file sets elsewhere, and, if the file's language
can express it, none that is set already when it is read, and none that would hide a setting of the account, or of
another file (see `reaching`). A variable that names another bundle of the same account is left unchanged: that bundle
is a store as well, and the certificates go into it. If another author's variable names a bundle that cannot be changed,
it is a store that fails, with the file and line of the variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, shell_syntax
from trustinstall.host import Kind
from trustinstall.stores import files
from trustinstall.stores.backend import Capability, Unreached
from trustinstall.stores.reference import By, Named, Reference
from trustinstall.stores.store import Store, blocked, naming
from trustinstall_platforms.tools import (
    bundles_of_others,
    carrier,
    client_verdicts,
    left_out,
    our_section,
    sessions,
    variable_files,
    windows_variables,
)
from trustinstall_platforms.tools.effective import ours
from trustinstall_platforms.tools.reaching import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.steps import SetVariables, ToolOperation
    from trustinstall.stores.store import DiscoveryOptions

ADD, REPLACE, NONE = "add", "replace", "none"


class Environment(Reference):
    """The backend of all places; `mode` is the value of `--variables`, or "" for the default of the scope."""

    name = "environment"
    capabilities = Reference.capabilities | {Capability.REACHES_EVERY_ACCOUNT}

    def __init__(self, mode: str = "", *, reached: bool = False) -> None:
        self._mode, self._reached = mode, reached

    def beside_the_machines(self) -> Environment:
        """Return the backend of the bundles that an account's own files name; the machine's files set the rest."""
        return Environment(self._mode, reached=True)

    def replaces(self, host: Host) -> bool:
        """Whether variables that replace are set: an account that cannot change the system's store needs them."""
        if self._mode:
            return self._mode == REPLACE
        return not host.account.is_root and host.platform == "linux"

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the files that programs here read, whether they exist yet or not, and bundles that others name."""
        if self._mode == NONE:
            return
        if host.platform == "win32":
            yield from windows_variables.stores(host, self.name)
            return
        reach = self._reach(host)
        for place, path in () if self._reached else variable_files.places(host):
            store = self._store(host, place, path, reach)
            if store is not None:
                yield store
        yield from bundles_of_others.named_in_files(host, self.name, reach, reached=self._reached)
        yield from left_out.stores(host, self.name, self._hiding(host))
        if not host.account.is_root:  # root's own variables may be those of the caller
            yield from bundles_of_others.named_in_session(host, self.name)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the file at a location, or the bundle that a variable named."""
        if host.platform == "win32":
            return windows_variables.at(host, self.name, location)
        place = variable_files.at(host, location)
        if place is not None:
            return self._store(host, place, location, self._reach(host))
        status = host.status(location)
        is_file = status is not None and status.kind is Kind.FILE
        return bundles_of_others.store(host, self.name, location) if is_file else None

    def named(self, host: Host, store: Store) -> Named:
        """Read the value of the managed section; a bundle that a variable names belongs to its owner."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.named(host, replacing=self._mode == REPLACE)
        place = variable_files.at(host, store.location)
        if place is None and host.status(store.location) is None:
            return self._unreached(host, store)
        if place is None:
            return Named(By.OWNER, store.location)
        found = carrier.read(host, store.location, place)
        if found.section is None:
            return Named(By.UNSET, problem=found.wrong)
        path = our_section.file_named(host, found.ours)
        moved = our_files.is_ours(path) and not path.startswith(f"{our_files.directory(host)}/")
        return Named(By.US, path, outdated=moved)

    def outdated(self, host: Host, store: Store) -> bool:
        """Whether another mode was asked for, or the managed section hides a variable of another author."""
        place = None if host.platform == "win32" else variable_files.at(host, store.location)
        found = carrier.read(host, store.location, place) if place is not None else None
        if found is None or found.section is None:
            return False
        if self._mode and self._body(host, found) != "\n".join(found.ours):
            return True
        left = self._left(host, found)
        return any(our_section.sets(line, left) for line in found.ours)

    def unreached(self, host: Host, stores: Sequence[Store], _wanted: frozenset[str]) -> dict[str, Unreached]:
        """Return the bundles that cannot be changed, by the current lines, and files whose variables are unset later.

        A managed section that has come into a file has moved the lines below it. Another store says which programs
        of clients without a settings file something replaces.
        """
        if host.platform == "win32":
            return {}
        failed = frozenset(one.id for one in stores if one.blocked is not None)
        reach = self._reach(host) if failed else None
        now = bundles_of_others.named_in_files(host, self.name, reach, reached=self._reached) if reach else ()
        found = {one.id: Unreached(one.why_blocked or "", own=not one.sealed) for one in now if one.id in failed}
        for one in stores:
            taken = "" if one.id in failed else ", ".join(carrier.taken_back(host, one.location, sessions.reads(host)))
            if taken:
                why = f"what reads it gets no {taken}: a later line takes it back; mend that, and add again"
                found[one.id] = Unreached(why, own=True)
        rest = [one for one in stores if one.id not in found]
        if rest and (said := client_verdicts.replaced(host, None)):
            nearest = next((one for one in rest if one.location in said), rest[0])
            found[nearest.id] = Unreached(said, own=True, partly=True)
        return found

    def enable(self, host: Host, store: Store, noted: tuple[str, ...]) -> tuple[Plan, tuple[str, ...]]:
        """Plan to write the managed section. Raises StoreError, too, if it would set nothing."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.enable(host, store, replacing=self._mode == REPLACE)
        found = carrier.of(host, store)
        text = self._body(host, found)
        if not any(name in text for name in our_section.NAMES):
            cause = "every variable that would be set is set there already"
            raise StoreError(store=store.id, cause=cause, advice="add the certificate to what they name")
        away = found.away(host, store, noted) if found.section is not None else None
        return found.key(host).set(host, store, text, away)

    def disable(self, host: Host, store: Store, noted: tuple[str, ...]) -> Plan:
        """Plan to remove the managed section; lines in it that another author wrote stay."""
        if windows_variables.is_key(host, store.location):
            return windows_variables.disable(noted)
        found = carrier.of(host, store)
        return found.key(host).taken_back(host, store, found.away(host, store, noted))

    def commands(self, host: Host, _store: Store, step: ToolOperation) -> Sequence[SetVariables]:
        """Return the changes of Windows' registry; files have no operations."""
        return windows_variables.commands(host, step)

    def _body(self, host: Host, found: carrier.Carrier) -> str:
        left = found.foreign | self._left(host, found)
        return our_section.body(host, found.place, left, replacing=self.replaces(host))

    def _left(self, host: Host, found: carrier.Carrier) -> frozenset[str]:
        """Return the variables that would hide settings of the account, or of other files."""
        return self._hiding(host) | self._reach(host).hidden.get(found.path, frozenset())

    def _hiding(self, host: Host) -> frozenset[str]:
        if not self.replaces(host):
            return frozenset()
        return host.remembered("variables to leave", lambda: ours.variables_to_leave(host, sessions.everyday(host)))

    def _reach(self, host: Host) -> Reach:
        """Return the variables of other authors, and those of the managed sections."""
        return host.remembered(("what our variables reach", self._mode), lambda: self._look(host))

    def _look(self, host: Host) -> Reach:
        left = self._hiding(host)
        values = our_section.values(host, replacing=self.replaces(host)) if our_files.directory(host) else {}
        found = (carrier.read(host, host.real(path), place) for place, path in variable_files.places(host))
        kept = (one for one in found if one.place.style in shell_syntax.KEPT)
        return Reach(
            host,
            {
                one.path: {name: value for name, value in values.items() if name not in left | one.foreign}
                for one in kept
            },
        )

    def _unreached(self, host: Host, store: Store) -> Named:
        """Return the value of another author's variable whose bundle cannot be changed."""
        found = (one for one in self._reach(host).theirs if one.location == store.location)
        return Named(By.UNSET, next((one.path for one in found), ""))

    def _store(self, host: Host, place: variable_files.Place, path: str, reach: Reach) -> Store | None:
        directory, standing = our_files.directory(host), files.standing(host, path)
        if directory is None or standing is None:
            return None
        location, owner, unwritable = standing
        others = reach.decided_by_others(location)
        if not shell_syntax.fits(directory):
            unwritable = f"{printable(directory, 4096)} cannot be named in it; its name has unusual characters"
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            f"{place.reaches}, but for what reads {', '.join(others)}" if others else place.reaches,
            label=location,
            source=naming(f"{directory}/{our_files.BUNDLE}"),
            blocked=blocked(unwritable),
        )
