"""Variables that are not set because they would hide a project's settings, and whose client nothing else reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts.programs import programs
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.tools import our_section
from trustinstall_platforms.tools.effective import elsewhere, ours
from trustinstall_platforms.tools.effective.decide import bare, effective
from trustinstall_platforms.tools.effective.model import Effective, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.rows import Client

#: The programs of the clients whose settings in projects a variable would hide.
_PROGRAMS = {"git": "git", "Cargo": "cargo"}


def stores(host: Host, backend: str, left: frozenset[str]) -> Iterator[Store]:
    """Yield a blocked store of the backend `backend` for each such variable; `left`: all that are not set."""
    known = set[str]()
    for client, scene, found in elsewhere.in_projects(host):
        program = _PROGRAMS.get(client.name.partition(" for ")[0], "")
        above = (one for one in ours.variables_above(client, scene, found) if one in our_section.NAMES)
        name = next(above, "") if program and ours.would_lose(host, found) and programs(host, (program,)) else ""
        if name and name not in known and not _is_reached(host, client, left):
            known.add(name)
            yield _store(host, backend, program, name, found)


def _is_reached(host: Host, client: Client, left: frozenset[str]) -> bool:
    """Whether a client reads the managed roots outside the project: by the account's settings, or another variable."""
    read = {name for place in client.places for name in place.variables}
    return effective(client, bare(host)).decider.kind is not Kind.DEFAULT or bool((read & our_section.NAMES) - left)


def _store(host: Host, backend: str, program: str, name: str, found: Effective) -> Store:
    location = f"{found.decider.path}#{name}"
    named = next((printable(one.path, 4096) for one in found.bundles if ours.is_theirs(host, one)), "it")
    why = f"{name} is not set: it would hide {found.decider}; {program} does not trust it in other directories"
    mend = f"add the private root of {named} for the account, too, and add again"
    return Store(
        backend,
        location,
        host.account.uid,
        f"{backend}:{location}",
        f"{program} outside that project",
        label=printable(found.decider.path, 4096),
        blocked=blocked(f"{why}; {mend}"),
    )
