"""Settings of developer tools, a store each: the file in which a key makes the tool trust our roots.

What the key says decides what the store is:

- nothing, or one of our own files: we set it, and take it back, byte for byte;
- the system's bundle, or to use the system's store: the tool follows that, and nothing is written;
- another bundle of the same account: ours goes into that, as into every bundle that is named;
- anything else is somebody's decision: it is left, and said.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.setting import SetKey
from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, system_bundle
from trustinstall.facts.programs import is_absolute
from trustinstall.stores import bundle as bundles
from trustinstall.stores import files
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Delete, Edit, MakeDirectory, RemoveDirectory, digest
from trustinstall.stores.store import Store, blocked, fed_by, naming
from trustinstall_platforms.tools import native_roots, places, switching
from trustinstall_platforms.tools.table import ADDS, SWITCHES, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places

_LIMIT = 1024 * 1024  # bytes; no settings file is larger
_PRIVATE, _SHARED = 0o600, 0o644  # an account's settings may get secrets later on


@dataclass(frozen=True)
class _Setting:
    """What one file says now.

    Attributes:
        tool: whose it is.
        value: what the key says, or None.
        own: what it should say: the file of ours, or that the system's store is used.
        bundle: the bundle that it names in truth (links resolved); "" where it names none.
        wrong: why it can not be changed, or None.
        damaged: whether that is because it cannot be read: something of ours may be in it.
        native: whether the tool reads the operating system's own store, by this file or all accounts'.
    """

    tool: Tool
    value: str | None
    own: str
    bundle: str = ""
    wrong: str | None = None
    damaged: bool = False
    native: bool = False

    @property
    def ours(self) -> bool:
        """Whether the key is ours to set, or to take back."""
        return self.value in {None, self.own}


class Settings:
    """The backend of all rows of the table."""

    name = "settings"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """The file of every tool that is there, whether the file is there yet or not."""
        for tool, path in places.files(host):
            store = self._store(host, tool, path)
            if store is not None:
                yield store

    def at(self, host: Host, location: str) -> Store | None:
        """The settings at a location, whether or not its tool is still there."""
        known = places.files(host, installed=False)
        fitting = (self._store(host, tool, path) for tool, path in known if host.real(path) == location)
        return next((store for store in fitting if store is not None), None)

    def observe(self, host: Host, store: Store) -> Observation:
        """See what the tool is told to trust; what it has built in is not known here."""
        setting = self._setting(host, store.location)
        if setting.damaged and host.status(store.location) is None:
            raise OSError(errno.EACCES, setting.wrong, store.location)
        if setting.native:
            return native_roots.observe(host)
        named = setting.bundle or self._inherited(host, setting)
        if not named:
            return Observation({}, problems=(setting.wrong,) if setting.wrong else ())
        if setting.value is not None and host.status(named) is None:
            return Observation({}, problems=(f"it names {printable(named, 4096)}, which is missing",))
        seen = bundles.observe(host, named)
        return replace(seen, ours=seen.ours if setting.value is not None else frozenset())

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in the bundle that the setting names."""
        setting = self._setting(host, store.location)
        if setting.native:
            return native_roots.anchors(host)
        named = setting.bundle or self._inherited(host, setting)
        return bundles.anchors(host, named) if named and host.status(named) else iter(())

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan to set the key, to take it back with the last of ours, or to add to the bundle that it names.

        Raises StoreError where the file cannot be changed for certain, or says what somebody else has decided.
        """
        setting = self._setting(host, store.location)
        if setting.damaged and any(one.trusted or one.certificate.sha256 in record for one in wanted):
            raise StoreError(store=store.id, cause=setting.wrong or "", advice="mend the file, and try again")
        if setting.damaged or store.fed_by is not None:
            return Plan()
        if not setting.ours:
            bundle = replace(store, location=setting.bundle)
            return bundles.plan(host, bundle, seen, wanted, record, "get it anew from where it came")
        strangers = frozenset(seen.anchors) if setting.value is None else frozenset[str]()
        go = {one.certificate.sha256 for one in wanted if not one.trusted}
        new = [one.certificate.sha256 for one in wanted if one.trusted and one.certificate.sha256 not in strangers]
        foreign = strangers & {one.certificate.sha256 for one in wanted if one.trusted}
        if setting.value is None:
            return self._set(host, store, setting, new, foreign)
        if new:
            entries, directories = files.carried(record)
            return Plan(placed=tuple(Placed(one, entries, directories) for one in new))
        holds = record.keys() or (go if setting.native else seen.ours)
        if not go & holds or holds - go:
            return Plan()
        return self._take_back(host, store, setting, record)

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from it."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load the bundle that it names: one block that it refuses makes it refuse all of them."""
        setting = self._setting(host, store.location)
        return host.openssl_refuses(setting.bundle) if setting.bundle else None

    def _set(self, host: Host, store: Store, setting: _Setting, new: list[str], foreign: frozenset[str]) -> Plan:
        if not new:
            return Plan(foreign=foreign)
        path, tool = store.location, setting.tool
        old = host.read_or_none(path, _LIMIT)
        try:
            _, inserted = editing.put(tool.format, old or b"", tool.key, setting.own)
        except editing.Malformed as error:
            raise StoreError(store=store.id, cause=str(error), advice="set it by hand") from None
        missing = files.missing_parents(host, path)
        change = SetKey(tool.format, tool.key, setting.own)
        mode = _SHARED if path == tool.machine else _PRIVATE
        expect = ABSENT if old is None else digest(old)
        steps: tuple[Step, ...] = (*map(MakeDirectory, missing), Edit(path, change, expect, mode))
        entries = (inserted,) if old is not None else (inserted, path)
        placed = tuple(Placed(one, entries, tuple(missing)) for one in new)
        # What adds names ours alone: the system's roots, which the tool goes on to read, are not seen any more.
        return Plan(steps, placed=placed, foreign=foreign, withdraws=tool.mode == ADDS)

    def _take_back(self, host: Host, store: Store, setting: _Setting, record: Record) -> Plan:
        path, tool = store.location, setting.tool
        old = host.read(path, _LIMIT)
        entries, directories = files.carried(record)
        inserted = entries[0] if entries else ""
        try:
            new = editing.take(tool.format, old, tool.key, inserted)
        except editing.Malformed as error:
            raise StoreError(store=store.id, cause=str(error), advice="take the key out by hand") from None
        if not new and path in entries:
            made = map(RemoveDirectory, reversed(directories))
            return Plan((Delete(path, digest(old)), *made), withdraws=True)
        change = SetKey(tool.format, tool.key, setting.own, present=False, inserted=inserted)
        return Plan((Edit(path, change, digest(old)),), withdraws=True)

    def _store(self, host: Host, tool: Tool, path: str) -> Store | None:
        """The store of a tool's file; None where our own files could not be named."""
        directory, standing = our_files.directory(host), files.standing(host, path)
        if directory is None or standing is None:
            return None
        location, owner, unwritable = standing
        setting = self._setting(host, location, tool)
        follows = native_roots.location(host) if setting.native and setting.value != setting.own else None
        needs = native_roots.location(host) if tool.mode == SWITCHES else our_files.location(host)
        if setting.bundle and not setting.ours:
            found = system_bundle.find(host)
            follows = setting.bundle if found and setting.bundle == found.path else None
            whose, reason = (0, None) if follows else bundles.owner(host, setting.bundle)
            if not follows and whose != host.account.uid:
                reason = "which belongs to another account: add the certificate there"
            setting = (
                replace(setting, wrong=f"it names {printable(setting.bundle, 4096)}: {reason}") if reason else setting
            )
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            tool.clients,
            label=tool.name,
            source=fed_by(follows) or naming(needs if setting.ours else None),
            blocked=blocked(None if follows else unwritable or (None if setting.damaged else setting.wrong)),
            unset=setting.value is None
            and not host.account.is_root
            and tool.mode != SWITCHES
            and bool(tool.machine or tool.follows),
        )

    def _setting(self, host: Host, location: str, tool: Tool | None = None) -> _Setting:
        """What a file says. Raises OSError where it cannot be read."""
        tool = tool or places.tool_of(host, location)
        try:
            value = editing.get(tool.format, host.read_or_none(location, _LIMIT) or b"", tool.key)
            return _switched(host, tool, location, value) if tool.mode == SWITCHES else _naming(host, tool, value)
        except editing.Malformed as error:
            return _Setting(tool, None, _own(host, tool), wrong=str(error), damaged=True)
        except OSError as error:
            return _Setting(tool, None, _own(host, tool), wrong=error.strerror, damaged=True)

    def _inherited(self, host: Host, setting: _Setting) -> str:
        """What the tool reads where the account's own file says nothing: what all accounts' names, or the system's."""
        tool, machine = setting.tool, setting.tool.machine
        if setting.value is not None or host.account.is_root or not (machine or tool.follows):
            return ""
        system = system_bundle.find(host) if tool.follows else None
        if system is not None:
            return system.path
        try:
            value = editing.get(tool.format, host.read_or_none(host.real(machine), _LIMIT) or b"", tool.key)
        except (editing.Malformed, OSError):
            return ""
        there = value is not None and value.startswith("/") and system_bundle.bundle(host, value) is not None
        return host.real(value or "/") if there else ""


def _own(host: Host, tool: Tool) -> str:
    if tool.mode == SWITCHES:
        return switching.own(tool)
    return f"{our_files.directory(host)}/{our_files.ANCHORS if tool.mode == ADDS else our_files.BUNDLE}"


def _switched(host: Host, tool: Tool, location: str, value: str | None) -> _Setting:
    """What a file says whose key switches the tool to the system's store, or leaves it with a bundle."""
    said = switching.machine_says(host, tool) if value is None else switching.said(value)
    if value is None or said == tool.value:
        return _Setting(tool, value, switching.own(tool), native=said == tool.value)
    return _named(host, tool, value, switching.bundle(host, tool, location))


def _naming(host: Host, tool: Tool, value: str | None) -> _Setting:
    """What a file says whose key names a bundle."""
    own = _own(host, tool)
    return _Setting(tool, value, own, value or "") if value in {None, own} else _named(host, tool, value or "", value)


def _named(host: Host, tool: Tool, value: str, named: str | None) -> _Setting:
    path = host.absolute(named) if named and (named.startswith("~/") or is_absolute(host, named)) else ""
    if not path or system_bundle.bundle(host, path) is None:
        what = "which is no bundle" if tool.mode != SWITCHES else "and no bundle beside it"
        wrong = f"{'.'.join(tool.key)} says {printable(value)}, {what}; take the key out, or mend it"
        return _Setting(tool, value, _own(host, tool), wrong=wrong)
    return _Setting(tool, value, _own(host, tool), host.real(path))
