"""The power fails at any moment of `add`, `remove` or `apply`: the next command brings the old state, or the new."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.machines import FULL
from tests.support import fake_host
from tests.support.disk_writes import Disk, Recording, disk, lay_out
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.declared.apply import apply
from trustinstall.declared.declaration import Declaration, Declared, DeclaredProxies
from trustinstall.engine.outcome import Result
from trustinstall.facts.proxies import Proxies
from trustinstall.installer.installer import Installer
from trustinstall.state.terms import Terms
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PUBLIC = make_root("Corp Root"), make_root("Public Root")
PROJECT = Path(__file__).parents[3]
STATE = "home/alice/.local/state"
_UID = 1000
_GOOD = {Result.ADDED, Result.ALREADY, Result.FOLLOWS, Result.REMOVED, Result.ABSENT, Result.NOT_COVERED}
#: The number of disks that the short form tries of each recording.
_SOME = 5
_ACT = """
import os, sys
from pathlib import Path
os.seteuid(int(sys.argv[4]))
from tests.unit.engine.test_power_loss import act
act(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_bytes())
"""


#: Each command, and the one that takes its work back: `prune` is `apply --prune` of a document that names nothing.
_UNDO = {"add": "remove", "apply": "prune"}
_PROXIES = DeclaredProxies(Proxies("http://a.example:1", no_proxy=("localhost",)), (), all_users=False)


def act(top: Path, what: str, der: bytes) -> set[Result]:
    """Run a command for alice, whose host begins in a directory; return the results of all stores.

    A document asks for the root, and for proxies in the same files.
    """
    host, kinds = fake_host.make(top), (OwnBundle(), Environment(), Settings())
    if what in {"add", "remove"}:
        return {one.result for one in fake_host.change(host, kinds, fake_host.wish(der, trusted=what == "add"))}
    origin = "apply:/trust.toml"
    asked = Declared(Certificate(der), Terms(origin=origin), (), "/trust.toml:2")
    whole, empty = Declaration((asked,), origin, proxies=_PROXIES), Declaration((), origin)
    report = apply(Installer(host=host, backends=kinds), whole if what == "apply" else empty, prune=True)
    return {one.result for one in report.outcomes}


@contextmanager
def machine(content: Disk | None = None, like: Path | None = None) -> Generator[Path]:
    """A directory with a machine of alice's: as delivered, or with the content of a disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        top = Path(name) / "top"
        top.mkdir()
        Path(name).chmod(0o755)
        if content is not None:
            lay_out(content, top, like or top)
        else:
            _deliver(top)
        for path in (top, *top.rglob("*")):
            os.chown(path, _UID, -1)
        yield top


def _deliver(top: Path) -> None:
    host = fake_host.make(top)
    fake_host.write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
    fake_host.write(host, "/home/alice/.profile", "# mine\n")
    fake_host.write(host, "/home/alice/.npmrc", "fund=false\n")
    for name in ("/bin/bash", "/usr/bin/npm", "/usr/bin/pip"):
        fake_host.program(host, name)


@contextmanager
def alice() -> Generator[None]:
    """Act as her inside the context."""
    before = os.geteuid()
    os.seteuid(_UID)
    try:
        yield
    finally:
        os.seteuid(before)


def home(top: Path) -> Disk:
    """Return all paths but those of trustinstall's state, whose directories stay."""
    return {path: data for path, data in disk(top).items() if path != "home/alice/.local" and STATE not in path}


def record(top: Path, what: str) -> Recording:
    """Run a command, and record what it writes."""
    der = top.with_name("corp.der")
    der.write_bytes(CORP.der)
    env = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT}/platforms", "PYTHONDONTWRITEBYTECODE": "1"}
    return Recording.of(top, [sys.executable, "-c", _ACT, str(top), what, str(der), str(_UID)], env)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", [*_UNDO, *_UNDO.values()])
def test_the_next_command_brings_the_old_or_the_new_state(what: str) -> None:
    """From each disk that a loss of power may leave, the undo restores every byte, and the command does what it does.

    Nothing else is left: no temporary file, and no journal.
    """
    first, undo = next(pair for pair in _UNDO.items() if what in pair)
    with machine() as top:
        old = home(top)
        with alice():
            act(top, first, CORP.der)
        new, like = home(top), top.with_name("like")
        assert new != old
        shutil.copytree(top, like)
        if what == first:
            with alice():
                act(top, undo, CORP.der)
            shutil.rmtree(top / STATE)
        disks = [*record(top, what).disks()]
        assert len(disks) > 2 * _SOME
        for left in disks if FULL else disks[:: len(disks) // _SOME]:
            for command, wanted in ((first, new), (undo, old)):
                with machine(left, like) as after, alice():
                    assert act(after, command, CORP.der) <= _GOOD
                    assert home(after) == wanted
                    assert not [*(after / STATE).rglob("journal"), *(after / STATE).rglob(".trustinstall-*")]
