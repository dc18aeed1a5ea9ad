"""A made-up Linux with one system store, and what the engine and the backend say of it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.fake_host import FakeMachine
from tests.support.pki import Root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.stores.backend import Backend
from trustinstall.stores.desired import Change, Desired, Record
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions, Store


@dataclass
class OneStore(FakeMachine):
    """A machine for whose system one backend finds one store."""

    backend: Backend

    def store(self) -> Store:
        """Find the one store."""
        (store,) = self.backend.discover(self.host, DiscoveryOptions())
        assert isinstance(store, Store)
        return store

    def observe(self, *roots: Root) -> Observation:
        """Observe the one store, and the copies of these roots."""
        return self.backend.observe(self.host, self.store(), frozenset(root.sha256 for root in roots))

    def task(
        self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None
    ) -> StoreTask:
        """What is desired of the one store."""
        wanted = tuple(Desired(Certificate(root.der), trusted) for root in roots)
        return StoreTask(self.backend, self.store(), wanted, record or {}, take_foreign=foreign)

    def change(self, *roots: Root, foreign: bool = False, record: Record | None = None) -> Change:
        """What the engine decides when these roots are to be removed."""
        return self.decided(self.task(*roots, trusted=False, foreign=foreign, record=record))

    def plan(self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None) -> Plan:
        """Plan for the one store."""
        return self.planned(self.task(*roots, trusted=trusted, foreign=foreign, record=record))
