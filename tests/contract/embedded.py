"""A throw-away machine for the contract whose store is the bundle of a program that no table names."""

from __future__ import annotations

from tests.contract.python import Environment
from tests.support.throwaway import Throwaway


class Tool(Environment):
    """A program of alice's that brings public roots along, found by a walk."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it: a program and its bundle, which is Debian's."""
        home = "/home/alice/apps/tool"
        throwaway.write(f"{home}/bin/tool", "#!/bin/sh\n", user="alice", mode=0o755)
        self.deliver(throwaway, "embedded", f"{home}/ssl/cacert.pem", ("--search", home))
