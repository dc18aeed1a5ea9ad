"""A kind of store of the tests' own, with a real tool, on a host that is a directory; and hosts that die or are raced.

A shelf is a directory: `sources/*.pem`, an `index` that others write to as well, and the `bundle` that its tool makes
of the sources and that clients read (here: the fingerprints, a line each).
"""

from __future__ import annotations

import os
import posixpath
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine, Scope
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost, Host, Replacement, Status, files
from trustinstall.host.commands import Run
from trustinstall.host.process import ToolResult
from trustinstall.stores.backend import Backend
from trustinstall.stores.desired import Change
from trustinstall.stores.observation import Copy, Observation
from trustinstall.stores.observation import State as Trust
from trustinstall.stores.plan import Placed, Plan, Refresh
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, MakeDirectory, Step, digest
from trustinstall.stores.store import DiscoveryOptions, Store

ROOTS = tuple(Certificate(make_root(common_name=f"Shelf Root {number}").der) for number in range(3))
TOOL = "/tool"
THEIRS = "a" * 64  # an anchor that another program put there earlier
_TOOL = """#!/bin/sh
# Makes the bundle anew, unless a file of the test says otherwise.
cd {root}/stores/$1 || exit 1
echo "start $1" >>{root}/log
[ ! -e {root}/slow ] || sleep "$(cat {root}/slow)"
left=1500
while [ -e {root}/held ] && [ $((left -= 1)) -gt 0 ]; do sleep 0.02; done
how=$(cat how 2>/dev/null)
[ "$how" != "lies once" ] || rm how
if [ "$how" != fails ] && [ "$how" != lies ] && [ "$how" != "lies once" ]; then
    for each in sources/*.pem; do basename "$each" .pem; done >.new
    mv .new bundle
fi
echo "end $1" >>{root}/log
[ "$how" != fails ] && [ "$how" != "fails afterwards" ]
"""


class Shelf(Backend):
    """The backend."""

    name = "shelf"

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Every directory below /stores."""
        return [self._store(f"/stores/{name}/bundle") for name in host.names("/stores")]

    def at(self, host: Host, location: str) -> Store | None:
        """Return the shelf at a location, or None if its directory does not exist."""
        return self._store(location) if host.status(posixpath.dirname(location)) else None

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """The lines of the bundle, and the sources."""
        paths = {sha256: f"{posixpath.dirname(store.location)}/sources/{sha256}.pem" for sha256 in sorted(names)}
        copies = tuple(Copy(sha256, path) for sha256, path in paths.items() if host.status(path) is not None)
        anchors = dict.fromkeys(host.read(store.location).decode().split(), Trust.TRUSTED)
        return Observation(anchors, copies=copies)

    def anchors(self, _host: Host, _store: Store) -> Iterator[bytes]:
        """None that could be shown."""
        return iter(())

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """A source for each certificate, and a line of the index."""
        del seen
        top = posixpath.dirname(store.location)
        if host.status(f"{top}/spoilt"):
            raise StoreError(store=store.id, cause="it is spoilt", advice="mend it")
        steps: list[Step] = []
        placed: list[Placed] = []
        index = old = host.read(f"{top}/index")
        for one in change.add:
            path = f"{top}/sources/{one.sha256}.pem"
            steps += [MakeDirectory(f"{top}/notes"), Edit(path, Content(one.certificate.pem), ABSENT)]
            placed.append(Placed(one.sha256, (path,)))
            index += f"{one.sha256}\n".encode()
        for copy in change.remove:
            steps.append(Delete(copy.entry, digest(host.read(copy.entry))))
            index = index.replace(f"{copy.sha256}\n".encode(), b"")
        if steps:
            steps.append(Edit(f"{top}/index", Content(index), digest(old)))
        return Plan(tuple(steps), self.refresh(host, store, ()) if steps else None, tuple(placed))

    def refresh(self, _host: Host, store: Store, _gone: Sequence[str]) -> Refresh:
        """Run the tool for this shelf."""
        return Refresh((Run((TOOL, posixpath.basename(posixpath.dirname(store.location))), seconds=30),))

    def _store(self, location: str) -> Store:
        return Store(self.name, location, os.geteuid(), f"{self.name}:{location}", "the tests")


@dataclass
class World:
    """A host below a directory, with shelves, and what it holds."""

    root: Path

    def __post_init__(self) -> None:
        """Deliver the tool."""
        tool = self.root / TOOL[1:]
        tool.write_text(_TOOL.format(root=self.root))
        tool.chmod(0o755)

    def shelves(self, *names: str) -> None:
        """Make shelves; each holds an anchor of another program."""
        for name in names:
            top = self.root / "stores" / name
            (top / "sources").mkdir(parents=True)
            (top / "notes").mkdir()
            (top / "sources" / f"{THEIRS}.pem").write_text("theirs")
            (top / "bundle").write_text(f"{THEIRS}\n")
            (top / "index").write_text("theirs\n")

    @property
    def host(self) -> ActingHost:
        """The host as the account that runs the test sees it."""
        return ActingHost("linux", str(self.root), {}, account())

    @property
    def state(self) -> Path:
        """Where the ledger is."""
        return self.root / self.host.state_base()[1:]

    def holds(self, name: str, number: int = 0) -> bool:
        """Whether a shelf's clients trust a root."""
        return ROOTS[number].sha256 in (self.root / "stores" / name / "bundle").read_text().split()

    def tree(self) -> dict[str, object]:
        """Every file of the shelves: mode and content."""
        files = sorted((self.root / "stores").rglob("*"))
        return {
            str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"directory") for path in files
        }

    def change(
        self, *numbers: int, trusted: bool = True, host: ActingHost | None = None, dry_run: bool = False
    ) -> Scope:
        """Run the engine to add or remove roots."""
        engine = Engine(host or self.host, [Shelf()], lambda _doing: None)
        return engine.change(wish(*numbers, trusted=trusted, dry_run=dry_run), DiscoveryOptions(), Selection())


def account() -> Account:
    """The account that runs the test."""
    return Account(os.geteuid(), os.getegid(), "tester", "/home/tester")


def wish(*numbers: int, trusted: bool = True, dry_run: bool = False) -> Request:
    """To add or remove roots; the first one where none is named."""
    return Request(tuple(ROOTS[number] for number in numbers or (0,)), trusted, by="tester", dry_run=dry_run)


class Killed(BaseException):
    """The program is dead from here on."""


@dataclass
class Fuse:
    """After how many changes of the machine the program is killed, and how: before, in the middle of, or after one."""

    left: int
    how: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    def burn(self) -> str:
        """What to do with this change: nothing, all of it, or how to die at it."""
        with self.lock:
            self.left -= 1
            return "all" if self.left > 0 else self.how if self.left == 0 else "nothing"


@dataclass(frozen=True)
class Mortal(ActingHost):
    """A host whose program is killed at one of its changes: nothing happens after that one."""

    fuse: Fuse = field(default_factory=lambda: Fuse(1 << 30, "before"))

    def append(self, path: str, content: bytes, mode: int) -> None:
        """In the middle: half of it is written."""
        self._do(
            lambda: ActingHost.append(self, path, content, mode),
            lambda: ActingHost.append(self, path, content[:20], mode),
        )

    def replace(self, one: Replacement) -> None:
        """In the middle: the temporary file is there."""
        temporary = f"{posixpath.dirname(one.path)}/{self.temporary_name(one.token)}"
        self._do(
            lambda: ActingHost.replace(self, one),
            lambda: ActingHost.append(self, temporary, one.content[:20], 0o600),
        )

    def delete(self, path: str, seen: Status | None = None, token: str = "") -> None:
        """In the middle: the file is put aside."""
        directory, name = posixpath.split(path)
        aside = f"{directory}/{files.aside_name(token, name)}"
        self._do(
            lambda: ActingHost.delete(self, path, seen, token),
            lambda: ActingHost.move(self, path, aside) if token else None,
        )

    def make_directory(self, path: str, mode: int) -> bool:
        """A kill in the middle is one before."""
        made: list[bool] = []
        self._do(lambda: made.append(ActingHost.make_directory(self, path, mode)), lambda: None)
        return made[0]

    def run(self, command: Run, told: Mapping[str, str]) -> ToolResult:
        """As `make_directory`: a tool itself goes on when we are killed."""
        ended: list[ToolResult] = []
        self._do(lambda: ended.append(ActingHost.run(self, command, told)), lambda: None)
        return ended[0]

    def _do(self, whole: Callable[[], object], half: Callable[[], object]) -> None:
        how = self.fuse.burn()
        if how in {"all", "after"}:
            whole()
        elif how == "torn":
            half()
        if how != "all":
            raise Killed


@dataclass(frozen=True)
class Raced(ActingHost):
    """A host on which another program acts after the journal is written and before the step is done."""

    other: Callable[[], None] = lambda: None

    def append(self, path: str, content: bytes, mode: int) -> None:
        """Between planning and acting."""
        super().append(path, content, mode)
        self.other()


@dataclass(frozen=True)
class Stuck(ActingHost):
    """A host on which a named method is refused by the operating system."""

    method: str = ""

    def delete(self, path: str, seen: Status | None = None, token: str = "") -> None:
        """Refuse the paths of the test; the state directory is never refused."""
        if self.method == "delete" and path.startswith("/stores"):
            raise OSError(30, "Read-only file system", path)
        super().delete(path, seen, token)
