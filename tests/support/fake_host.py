"""Hosts that are a directory of a test's own: what stands in them, who sees them, and what the engine does there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.task import StoreTask
from trustinstall.host import Account, ActingHost, Host
from trustinstall.stores.backend import Backend
from trustinstall.stores.desired import Change
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions

SCRIPT = "#!/bin/sh\n"


def make(top: Path, name: str = "alice", home: str | None = "/home/alice", *, platform: str = "linux") -> ActingHost:
    """A host that begins in a directory, seen by the account that runs the test, under a name and a home."""
    return ActingHost(platform, str(top), {}, Account(os.geteuid(), os.getegid(), name, home))


@contextmanager
def played(home: str = "/home/alice", *, platform: str = "linux") -> Generator[ActingHost, None, None]:
    """A host that is alice's own; root plays her while it lasts."""
    uid, before = os.geteuid() or 1000, os.geteuid()
    with tempfile.TemporaryDirectory() as top:
        os.chown(top, uid, -1)
        os.seteuid(uid)
        try:
            yield make(Path(top), "alice", home, platform=platform)
        finally:
            os.seteuid(before)


def write(host: Host, path: str, content: bytes | str = b"", mode: int | None = None) -> str:
    """Write a file of the host, and make its directories; returns its path."""
    real = Path(host.where(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_bytes(content.encode() if isinstance(content, str) else content)
    if mode is not None:
        real.chmod(mode)
    return path


def program(host: Host, path: str, text: str = SCRIPT) -> str:
    """Write a program of the host, and make its directories; returns its path."""
    return write(host, path, text, 0o755)


def link(host: Host, path: str, target: str) -> None:
    """Make a symbolic link on the host, and its directories."""
    real = Path(host.where(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    real.symlink_to(target)


def change(
    host: ActingHost, backends: Sequence[Backend], wish: Request, selection: Selection | None = None
) -> list[Outcome]:
    """What the engine does with what is found on the host."""
    engine = Engine(host, backends, lambda _doing: None)
    return list(engine.change(wish, DiscoveryOptions(), selection or Selection()).outcomes)


def wish(*ders: bytes, trusted: bool = True, domains: tuple[str, ...] = ()) -> Request:
    """What alice asks for."""
    return Request(tuple(map(Certificate, ders)), trusted, by="alice", domains=domains)


@dataclass
class FakeMachine:
    """A directory tree that looks like a system, and the host that it is for a backend."""

    top: Path
    host: ActingHost

    def path(self, path: str) -> Path:
        """Say where a path of the machine is."""
        return self.top / path[1:]

    def write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Make a file and its directories."""
        write(self.host, path, content, mode)

    def decided(self, task: StoreTask) -> Change:
        """What the engine decides for a store."""
        return task.decide(task.look(self.host))

    def planned(self, task: StoreTask) -> Plan:
        """What the engine and the backend plan for a store."""
        seen = task.look(self.host)
        return task.plan(self.host, seen, task.decide(seen))
