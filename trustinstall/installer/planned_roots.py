"""The roots of a planned `add`, and the clients that would read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.catalog import SYSTEM_STORES
from trustinstall.engine.outcome import Result
from trustinstall.facts import variables
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Mode

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.installer.result import Report
    from trustinstall.stores.store import Store
    from trustinstall_platforms.tools.effective.model import Effective
    from trustinstall_platforms.tools.effective.rows import Client

#: Results of stores that would hold the roots, or hold them already.
_HOLDING = frozenset({Result.PLANNED, Result.ALREADY, Result.FOLLOWS, Result.PENDING, Result.FOREIGN})


class PlannedRoots(NamedTuple):
    """The roots of a planned `add`, and their places.

    Attributes:
        ders: the DER of the roots.
        domains: the names and networks for which they would be trusted; () for all.
        places: the locations of the stores that would hold them.
        system: whether the operating system's own store would hold them.
        tools: the names of the tools whose settings would name them.
        variables: the names of the variables that new sessions would have.
    """

    ders: frozenset[bytes] = frozenset()
    domains: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    system: bool = False
    tools: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()

    def reach(self, store: Store) -> bool:
        """Whether a store would hold them, itself or through the store that feeds it."""
        return store.location in self.places or (store.fed_by or "") in self.places

    def in_session(self, host: Host, client: Client, found: Effective) -> frozenset[bytes]:
        """Return the DER of the roots that a client with the settings `found` would read in the caller's session."""
        follows = found.mode is Mode.NATIVE or (found.mode in {Mode.DEFAULT, Mode.ADDS} and client.follows)
        named = not self.places.isdisjoint(host.real(one.path) for one in found.bundles)
        reached = named or (follows and self.system) or (bool(client.tool) and client.tool in self.tools)
        return self.ders if reached else frozenset()

    def in_new_sessions(self, client: Client) -> bool:
        """Whether a client would read them in new sessions because of a variable."""
        return any(not self.variables.isdisjoint(one.variables) for one in client.places)


NOTHING = PlannedRoots()


def of_report(report: Report) -> PlannedRoots:
    """Return the planned roots by the report of a dry run of `add`."""
    holding = [one.store for one in report.outcomes if one.result in _HOLDING]
    rows = (*variables.ADDS, *variables.SWITCHES, *(variables.REPLACES if report.replaces else ()))
    return PlannedRoots(
        frozenset(one.der for one in report.certificates),
        report.domains,
        frozenset(one.location for one in holding),
        any(one.backend in SYSTEM_STORES for one in holding),
        frozenset(one.label for one in holding if one.backend == "settings"),
        frozenset(one.name for one in rows) if any(one.backend == "environment" for one in holding) else frozenset(),
    )
