"""A made-up machine with Python environments, and how the backend sees their bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.fake_host import link, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine import discovery
from trustinstall.engine.perform import perform
from trustinstall.engine.task import StoreTask
from trustinstall.host import ActingHost
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.plan import Placed
from trustinstall.stores.steps import Step
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.python.certifi import Certifi

ROOT, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Corp Root G2"))
PUBLIC = tuple(Certificate(make_root(f"Public {number}").der) for number in range(12))
PEM = b"\n# Issuer: CN=Somebody\n".join(one.pem for one in PUBLIC)
SITE = "/srv/app/.venv/lib/python3.12/site-packages"
CERTIFI = f"{SITE}/certifi/cacert.pem"
BACKEND = Certifi()


class Asked(NamedTuple):
    """What a test asks of a bundle; `foreign`: copies of others go, too."""

    wanted: tuple[Desired, ...]
    foreign: bool = False


class Planned(NamedTuple):
    """The plan of a bundle, and what was decided about the copies in it."""

    steps: tuple[Step, ...]
    placed: tuple[Placed, ...]
    foreign: frozenset[str]
    kept: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Tree:
    """A made-up machine in a directory."""

    host: ActingHost

    def file(self, path: str, content: bytes = PEM) -> str:
        """Write a file: a bundle, where nothing else is said."""
        return write(self.host, path, content)

    def link(self, path: str, target: str) -> None:
        """Make a link and the directories above it."""
        link(self.host, path, target)

    def found(self, *, pythons: Sequence[str] = (), searches: Sequence[str] = ()) -> list[str]:
        """Discover, and return the locations, and what is handed to other accounts."""
        found = discovery.discover(self.host, (BACKEND,), DiscoveryOptions(tuple(pythons), tuple(searches)))
        others = [f"{uid}:{path}" for uid, paths in found.handoffs.items() for path in paths]
        return [store.location for _, store in found.stores.values()] + others

    def store(self, location: str = CERTIFI) -> Store:
        """Return the store at a location, which must be there."""
        store = BACKEND.at(self.host, location)
        assert store is not None
        return store

    def plan(self, desired: Asked, *known: Placement, at: str = CERTIFI) -> Planned:
        """Observe, decide and plan."""
        task = StoreTask(BACKEND, self.store(at), desired.wanted, {one.sha256: one for one in known}, desired.foreign)
        seen = task.observe(self.host)
        change = task.decide(seen)
        plan = task.plan(self.host, seen, change)
        return Planned(plan.steps, plan.placed, change.foreign, change.kept)

    def bring(self, desired: Asked, *known: Placement, at: str = CERTIFI) -> Planned:
        """Observe, plan and act."""
        planned = self.plan(desired, *known, at=at)
        for step in planned.steps:
            perform(self.host, step, "0123456789abcdef")
        return planned


def add(*certificates: Certificate) -> Asked:
    """Want these trusted."""
    return Asked(tuple(Desired(one, trusted=True) for one in certificates))


def placed(certificate: Certificate, *, adopted: bool = False) -> Placement:
    """Return what the ledger holds of a certificate in the store of `CERTIFI`; its copies have no names to adopt."""
    return Placement(certificate.sha256, f"certifi:{CERTIFI}", () if adopted else (CERTIFI,), adopted=adopted)
