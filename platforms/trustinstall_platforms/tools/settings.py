"""Settings of developer tools, a store each: the file in which a key makes the tool trust the managed roots.

The key's value decides the kind of store:

- nothing, or a managed file: trustinstall sets it, and restores it, byte for byte, unless another file, a variable or
  the machine's administrator decides, and the managed value would hide that;
- the system's bundle, or to use the system's store: the tool follows that, and nothing is written;
- another bundle of the same account: the certificates go into that, as into every bundle that is named;
- any other value is reported and not changed.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts import our_files, system_bundle
from trustinstall.stores import bundle as bundles
from trustinstall.stores import files
from trustinstall.stores.backend import Candidates, Unreached
from trustinstall.stores.observation import Copy, Observation
from trustinstall.stores.reference import By, Named, Reference
from trustinstall.stores.store import Store, blocked, fed_by, naming
from trustinstall_platforms.tools import client_verdicts, deciding, looked_at, native_roots, places
from trustinstall_platforms.tools.deciding import Decision
from trustinstall_platforms.tools.effective import environments, projects
from trustinstall_platforms.tools.effective.model import Kind
from trustinstall_platforms.tools.key_in_file import replaced
from trustinstall_platforms.tools.sessions import everyday
from trustinstall_platforms.tools.setting_state import Setting, key_of, state_of
from trustinstall_platforms.tools.table import ADDS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions


class Settings(Reference):
    """The backend of all rows of the table."""

    name = "settings"
    candidates = Candidates.called(environments.NAMED_BY, *projects.NAMES)

    def decisions(self, host: Host) -> Iterator[Decision]:
        """Yield the decision for each installed tool, in the current sessions of the acting account."""
        return places.decisions(host, everyday(host))

    def _decision(self, host: Host, location: str) -> Decision | None:
        return host.remembered(("what decides", location), lambda: places.decision_of(host, location, everyday(host)))

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the file of every installed tool, whether the file exists yet or not."""
        taken: set[str] = set()
        for decision in self.decisions(host):
            store = self._store(host, decision)
            if store is not None and store.location not in taken:
                taken |= {store.location, self.named(host, store).path}
                yield store
        yield from looked_at.stores(host, self.name, everyday(host), frozenset(taken))

    def notices(self, host: Host, path: str) -> bool:
        """Return whether a file is the settings of a Python environment or of a project, and its programs read it."""
        return environments.is_of_environment(host, path) or projects.is_of_project(host, path)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the settings at a location, whether or not the tool is still installed, or a bundle that some name."""
        decision = self._decision(host, location)
        return (
            looked_at.at(host, self.name, everyday(host), location) if decision is None else self._store(host, decision)
        )

    def named(self, host: Host, store: Store) -> Named:
        """Read the key's value, and who set it."""
        decision = self._decision(host, store.location)
        if decision is None:
            there = system_bundle.bundle(host, store.location) is not None
            return Named(By.OWNER, store.location) if there else Named(By.UNSET)
        setting = state_of(host, decision)
        if setting.damaged:
            return Named(By.UNSET, problem=setting.wrong)
        shared = deciding.shared(host, decision) if setting.says_nothing else None
        if shared is not None:
            return Named(By.OWNER, shared)
        if setting.says_nothing:
            return Named(By.UNSET, deciding.followed(host, decision) or deciding.inherited(host, decision))
        if setting.managed:
            return Named(By.US, setting.bundle, outdated=setting.value != setting.own)
        return Named(By.OWNER, setting.bundle, setting.wrong)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the roots that the tool is told to trust; its built-in ones are not known here.

        A managed switch shows the certificates of the system's store: each of them counts as a copy.
        """
        decision = self._decision(host, store.location)
        if decision is None:
            return super().observe(host, store, names)
        setting = state_of(host, decision)
        if setting.damaged and host.status(store.location) is None:
            raise OSError(errno.EACCES, setting.wrong, store.location)
        if not setting.native:
            return super().observe(host, store, names)
        seen = native_roots.observe(host)
        copies = (Copy(one, marked=True) for one in sorted(names & seen.anchors.keys()))
        return replace(seen, copies=tuple(copies) if setting.managed else ())

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts."""
        decision = self._decision(host, store.location)
        native = decision is not None and state_of(host, decision).native
        return native_roots.anchors(host) if native else super().anchors(host, store)

    def unreached(self, host: Host, stores: Sequence[Store], wanted: frozenset[str]) -> dict[str, Unreached]:
        """Return the stores whose tools read other roots in a session of the account, with the file and line.

        A store that follows the bundle of a variable is not a failure in sessions that no variable reaches, such as
        cron's: the file stays unset, because its key would hide that bundle in the others. Nor is a managed key a
        failure whose tool reads one certificate of a file, and trusts the others by a variable.
        """
        found: dict[str, Unreached] = {}
        asked = {one.location: one.id for one in stores if one.blocked is None}
        for decision in self.decisions(host) if asked else ():
            store_id = asked.get(host.real(decision.path))
            if store_id is None:
                continue
            everywhere = deciding.followed(host, decision) is None
            # a bundle that variables of other sessions name
            setting = state_of(host, decision)
            but = decision.path if setting.bundle else ""
            seen = client_verdicts.unreached(host, decision.tool, wanted, undecided=everywhere, but=but)
            first_only = seen is not None and setting.managed and deciding.reads_one(host, decision.tool)
            if first_only and (left := client_verdicts.sessions_without(host, decision.tool, wanted, Kind.SETTING)):
                found[store_id] = deciding.why_first_only(host, decision, left)
            elif seen is not None:
                found[store_id] = deciding.why_unreached(host, *seen)
            elif not everywhere and (left := client_verdicts.sessions_without(host, decision.tool, wanted)):
                found[store_id] = deciding.why_partly(host, decision, left)
            elif but and (left := client_verdicts.sessions_unknown(host, decision.tool, but)):
                why = f"not trusted in {', '.join(left)}: a variable in {printable(but, 4096)} is not set there"
                found[store_id] = Unreached(f"{why}; have these sessions set the same one", own=True, partly=True)
            elif said := client_verdicts.replaced(host, decision.tool):
                found[store_id] = Unreached(said, own=True, partly=True)
        return found

    def enable(self, host: Host, store: Store, noted: tuple[str, ...]) -> tuple[Plan, tuple[str, ...]]:
        """Plan to set the key."""
        setting = self._setting_of(host, store)
        key = key_of(setting.tool, store.location)
        if setting.undecided:
            return key.instead(host, store, setting.own)
        away = key.away(host, store, setting.value, noted) if setting.value is not None else None
        plan, entries = key.set(host, store, setting.own, away)
        entries = (*entries, *replaced(noted))
        # A key that adds names the managed roots alone: the system's, which the tool still reads, are not visible any
        # more.
        return replace(plan, detaches=plan.detaches or setting.tool.mode == ADDS), entries

    def disable(self, host: Host, store: Store, noted: tuple[str, ...]) -> Plan:
        """Plan to restore the key."""
        setting = self._setting_of(host, store)
        key = key_of(setting.tool, store.location)
        restored = key.restored(host, store, setting.value or "", noted)
        return restored or key.taken_back(host, store, key.away(host, store, setting.value or "", noted))

    def _setting_of(self, host: Host, store: Store) -> Setting:
        """Read a store's file. Raises OSError if it belongs to no tool."""
        decision = self._decision(host, store.location)
        if decision is None:
            raise FileNotFoundError(errno.ENOENT, "no tool has its settings there", store.location)
        return state_of(host, decision)

    def _store(self, host: Host, decision: Decision) -> Store | None:
        """Return the store of a tool's file; None if the managed files have no place."""
        tool, directory, standing = decision.tool, our_files.directory(host), files.standing(host, decision.path)
        if directory is None or standing is None:
            return None
        location, owner, unwritable = standing
        setting = state_of(host, decision._replace(path=location))
        follows = native_roots.location(host) if setting.native and not setting.managed else None
        needs = native_roots.location(host) if tool.mode == SWITCHES else our_files.location(host)
        left = setting.wrong if setting.decided else None
        shared = None
        if setting.bundle and setting.of_owner:
            found = system_bundle.find(host)
            follows = setting.bundle if found and setting.bundle == found.path else None
            whose, reason = (0, None) if follows else bundles.owner(host, setting.bundle)
            if not follows and whose != host.account.uid:
                reason = "which belongs to another account: add the certificate there"
            setting = (
                setting._replace(wrong=f"it names {printable(setting.bundle, 4096)}: {reason}") if reason else setting
            )
        elif setting.says_nothing and not setting.damaged and left is None:
            follows = follows or deciding.followed(host, decision)
            shared = deciding.shared(host, decision)
            left = deciding.why_left(host, decision) if shared is None else None
        wrong = unwritable or (None if setting.damaged else setting.wrong)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            tool.clients,
            label=tool.name,
            source=fed_by(follows) or naming(None if setting.of_owner or shared else needs),
            blocked=None if follows else blocked(left, permanent=True) or blocked(wrong),
            unset=setting.says_nothing
            and shared is None
            and not host.account.is_root
            and tool.mode != SWITCHES
            and (bool(tool.machine or tool.follows) or deciding.inherited(host, decision) != ""),
        )
