"""Throw-away machines for the contract whose stores lie in an image that is not running, and bundles that are named."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.contract.machines import FULL, Base
from tests.contract.python import Environment
from tests.contract.systems import Anchored, Debian
from tests.support.families import Layout
from tests.support.images import IMAGE, make_image
from tests.support.throwaway import Throwaway

_ROOTS = "/etc/ssl/certs/ca-certificates.crt"


class DebianImage(Debian):
    """A Debian that is not running: no program in it is run, and neither is its tool."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway)
        _lie_still(self)

    def elsewhere(self) -> Sequence[str]:
        """An image of a Fedora."""
        super().elsewhere()
        return _store_ids(self)


class AnchoredImage(Anchored):
    """A RHEL, SUSE, Arch or Alpine that is not running."""

    def __init__(self, throwaway: Throwaway, layout: Layout, store: str, package: str) -> None:
        """Deliver it."""
        super().__init__(throwaway, layout, store, package)
        self.kills = 100 if FULL else 4  # what acts is the same as in a Debian's image, where it is killed more often
        _lie_still(self)

    def elsewhere(self) -> Sequence[str]:
        """An image of a Debian."""
        super().elsewhere()
        return _store_ids(self)


class Named(Environment):
    """A bundle of alice's that no package has brought, named by its path."""

    def __init__(self, throwaway: Throwaway, bundle: str = "/home/alice/app/roots.pem", image: str = "") -> None:
        """Deliver it; in an image that is alice's, too, where there is one."""
        place = f"{image}{bundle}"
        throwaway.write(place, throwaway.read(_ROOTS), user="alice", mode=0o640)
        arguments = ("--sysroot", image, "--search", bundle) if image else ("--search", bundle)
        state = f"{image}/var" if image else "/home/alice/.local"
        Base.__init__(self, throwaway, "alice", f"bundle:{bundle}", place, state, arguments=arguments)
        self.nameless = True
        throwaway.freeze()

    def elsewhere(self) -> Sequence[str]:
        """Nothing is found that is not named."""
        done = self.throwaway.trustinstall("stores", "--json", user="alice", check=True)
        return [str(one["id"]) for one in json.loads(done.stdout)["stores"]]


class Distroless(Named):
    """An image of an ordinary account's, with a bundle and nothing else."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, _ROOTS, "/home/alice/image")


def _lie_still(machine: Base) -> None:
    machine.arguments = ("--sysroot", IMAGE)
    machine.sabotages = ()  # no tool is run that could do harm
    make_image(machine.throwaway)


def _store_ids(machine: Base) -> list[str]:
    done = machine.throwaway.trustinstall("stores", "--json", "--sysroot", IMAGE, check=True)
    return [str(one["id"]) for one in json.loads(done.stdout)["stores"]]
