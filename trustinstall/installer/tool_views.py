"""The developer tools of this machine: the way by which each trusts a root, and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine import discovery
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import dataclass
from trustinstall_platforms.tools import client_verdicts, deciding, table_without_files
from trustinstall_platforms.tools.settings import Settings

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import Store
    from trustinstall_platforms.tools.deciding import Decision


@dataclass(frozen=True)
class ToolView:
    """One tool that is installed.

    Attributes:
        tool: its name for people.
        mode: "adds" (to its built-in roots), "replaces" (them by a whole bundle), "follows" (the system), "variable"
            (only a variable reaches it), "store" (a store of another kind reaches it), or "by hand" (only a person
            reaches it, by its own command).
        file: its settings file, or "".
        key: the key in it, with sections, or "".
        state: "set", "not set", or a phrase: how the tool finds its roots, or why the file is left unchanged.
        known: "real" (and what was tested) or "documented".
        source: the evidence for this.
        effective: whether the tool trusts the account's managed roots: "yes", "no", "in part" (in some of the
            account's sessions) or "unknown"; "" if no root is managed, or the tool cannot be judged.
        decided_by: the file and line, of a setting or variable, that decide what it reads; "default" for none.
        not_in: the sessions in which the tool does not trust them, if `effective` is "in part".
    """

    tool: str
    mode: str
    file: str
    key: str
    state: str
    known: str
    source: str
    effective: str = ""
    decided_by: str = ""
    not_in: tuple[str, ...] = ()


def look(host: Host) -> tuple[ToolView, ...]:
    """Return the tools of the acting account, in the order of the tables. Nothing is changed, and no program is run."""
    backend, host = Settings(), host.remembering()
    verdicts = client_verdicts.look(host)
    stores = {store.location: store for store in backend.discover(host, DiscoveryOptions())}
    found = [
        ToolView(
            one.tool.name,
            one.tool.mode,
            one.path,
            ".".join(one.tool.key),
            _state(host, backend, store, one),
            one.tool.known,
            one.tool.source,
            *verdicts.of_tool(one.tool.name),
        )
        for one in backend.decisions(host)
        if (store := stores.get(host.real(one.path))) is not None
    ]
    others = [
        ToolView(one.name, one.mode, "", "", one.how, one.known, one.source, *verdicts.of_other(one.name))
        for one in table_without_files.OTHERS
        if one.is_here(host)
    ]
    limited = [
        ToolView(name, one.mode, one.file, "", one.state, one.known, one.source, *one.verdict)
        for name, one in verdicts.limited()
    ]
    return (*found, *others, *limited)


def names(host: Host) -> frozenset[str]:
    """Return the names of the installed tools of the tables; their files are not read."""
    found = {one.tool.name for one in Settings().decisions(host)}
    others = {one.name for one in table_without_files.OTHERS if one.is_here(host)}
    return frozenset(found | others)


def _state(host: Host, backend: Settings, store: Store, decision: Decision) -> str:
    if store.fed_by is not None:
        hidden = deciding.followed(host, decision)
        return f"not set, as it would hide {hidden}" if store.fed_by == hidden else "names the system's bundle"
    if store.why_blocked is not None:
        return store.why_blocked
    seen = discovery.observe(host, backend, store)
    if not isinstance(seen, Observation):
        return seen
    if store.names is None:
        return "names a bundle that is not ours; ours goes into it"
    return "set" if seen.marked else "not set"
