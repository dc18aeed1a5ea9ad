"""The anchors that the clients of a machine read; they are read once and used for all servers of a diagnosis."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import paths
from trustinstall.errors import TrustInstallError
from trustinstall.installer import store_columns, tool_views
from trustinstall.installer.planned_roots import NOTHING, PlannedRoots
from trustinstall.state import known_bundles
from trustinstall.state.scopes import machine_ledger, own_ledger, state_of
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import OF_OTHERS
from trustinstall_platforms.tools.effective.model import Effective, Mode
from trustinstall_platforms.tools.effective.rows import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host
    from trustinstall.installer.callers import Caller
    from trustinstall.installer.store_columns import Column


class Anchors:
    """The anchors of the stores and clients of a machine, each read at its first use."""

    def __init__(self, host: Host, caller: Caller, planned: PlannedRoots = NOTHING) -> None:
        """Take the host, the caller whose clients count, and the roots of a planned `add`, which then count, too."""
        self.host, self.caller, self.planned = host, caller, planned
        self._by_subject: dict[frozenset[bytes], Mapping[bytes, list[Certificate]]] = {}

    @cached_property
    def stores(self) -> list[Column]:
        """The stores that can be read."""
        return store_columns.columns(self.host, *_known(self.host), lambda: self.system, self.planned)

    @cached_property
    def system(self) -> frozenset[bytes]:
        """The DER of the anchors of the operating system's bundle."""
        return self.of_client(Client("the system", ()), Effective("the system", Mode.NATIVE))

    @cached_property
    def public(self) -> frozenset[bytes]:
        """The DER of the public roots in the stores here; they represent those that a program has built in."""
        return store_columns.public_of(self.stores)

    @cached_property
    def clients(self) -> list[tuple[Client, Effective]]:
        """The clients of the tables that must be judged, each with the settings that decide which roots it reads."""
        here = tool_views.names(self.host)
        named = {client for tool, client in OF_OTHERS.items() if tool in here}
        return [
            (client, found)
            for client, found in decide.all_of_them(self.caller.scene)
            if self.caller.is_client(client.name, here=client.tool in here or client.name in named)
        ]

    def of_client(self, client: Client, found: Effective) -> frozenset[bytes]:
        """Return the DER of the roots that a client reads by its settings `found`; planned roots count."""
        ders = decide.anchor_ders(self.host, client, found)
        planned = self.planned.in_session(self.host, client, found)
        return ders | planned if planned else ders

    def by_subject(self, ders: frozenset[bytes]) -> Mapping[bytes, list[Certificate]]:
        """Return the anchors of a set, grouped by subject; each set is grouped once."""
        if ders not in self._by_subject:
            self._by_subject[ders] = paths.by_subject(map(Certificate.held, sorted(ders)))
        return self._by_subject[ders]


def _known(host: Host) -> tuple[DiscoveryOptions, list[str]]:
    """Return the places of an earlier scan, and the ids of the stores in the ledgers of machine and account.

    Both are empty if these records cannot be read.
    """
    with suppress(TrustInstallError):
        places = known_bundles.fill(host, state_of(host, host.account.uid), DiscoveryOptions())
        keys = {**machine_ledger(host)[0].placements, **own_ledger(host).placements}
        return replace(places, through=False), list(dict.fromkeys(store for store, _ in keys))
    return DiscoveryOptions(), []
