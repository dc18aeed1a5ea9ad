"""The developer tools of this machine: how each is made to trust a root, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.engine import discovery
from trustinstall.facts import programs
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools import client_verdicts, deciding, table_without_files
from trustinstall_platforms.tools.settings import Settings

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import Store
    from trustinstall_platforms.tools.deciding import Decision


@dataclass(frozen=True)
class ToolView:
    """One tool that exists here.

    Attributes:
        tool: its name for people.
        mode: "adds", "replaces" (its built-in roots, by a whole bundle), "follows" the system, "variable"
            (only a variable reaches it), or "store" (a store of another kind reaches it).
        file: its settings file, or "".
        key: the key in it, with sections, or "".
        state: "set", "not set", or a phrase that says what it does or why it is left alone.
        known: "real" (and what was tried) or "documented".
        source: the evidence for this.
        effective: "yes", "no", "in part" (in some of the account's sessions) or "unknown": whether the tool trusts
            what trustinstall has added for the account; "" where nothing is, or that is not known of the tool.
        decided_by: the file and line, or the variable's, that decides what the tool reads; "default" for none.
        not_in: the sessions in which the tool does not trust it, if `effective` is "in part".
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
    """The tools of the acting account, in the table's order; nothing is changed, and nothing is run."""
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
        if programs.programs(host, one.programs)
    ]
    limited = [
        ToolView(name, one.mode, one.file, "", one.state, one.known, one.source, *one.verdict)
        for name, one in verdicts.limited()
    ]
    return (*found, *others, *limited)


def names(host: Host) -> frozenset[str]:
    """Return the names of the tools of the tables that are installed; what they read is not looked at."""
    found = {one.tool.name for one in Settings().decisions(host)}
    others = {one.name for one in table_without_files.OTHERS if programs.programs(host, one.programs)}
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
