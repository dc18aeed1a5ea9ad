"""The power fails at any moment of `add` and `remove`: the next command brings the new state, or the old one."""

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
from trustinstall.engine.outcome import Result
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
act(Path(sys.argv[1]), sys.argv[2] == "add", Path(sys.argv[3]).read_bytes())
"""


def act(top: Path, trusted: bool, der: bytes) -> set[Result]:  # noqa: FBT001  `add` or `remove`
    """Add or remove the root for alice, whose host begins in a directory; return the results of all stores."""
    kinds = (OwnBundle(), Environment(), Settings())
    return {one.result for one in fake_host.change(fake_host.make(top), kinds, fake_host.wish(der, trusted=trusted))}


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
    """Run `add` or `remove`, and record what it writes."""
    der = top.with_name("corp.der")
    der.write_bytes(CORP.der)
    env = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT}/platforms", "PYTHONDONTWRITEBYTECODE": "1"}
    return Recording.of(top, [sys.executable, "-c", _ACT, str(top), what, str(der), str(_UID)], env)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", ["add", "remove"])
def test_the_next_command_brings_the_old_or_the_new_state(what: str) -> None:
    """From each disk that a loss of power may leave, `remove` restores every byte, and `add` gives what it always does.

    Nothing else is left: no temporary file, and no journal.
    """
    with machine() as top:
        old = home(top)
        with alice():
            act(top, trusted=True, der=CORP.der)
        new, like = home(top), top.with_name("like")
        shutil.copytree(top, like)
        if what == "add":
            with alice():
                act(top, trusted=False, der=CORP.der)
            shutil.rmtree(top / STATE)
        disks = [*record(top, what).disks()]
        assert len(disks) > 2 * _SOME
        for left in disks if FULL else disks[:: len(disks) // _SOME]:
            for trusted, wanted in ((True, new), (False, old)):
                with machine(left, like) as after, alice():
                    assert act(after, trusted, CORP.der) <= _GOOD
                    assert home(after) == wanted
                    assert not [*(after / STATE).rglob("journal"), *(after / STATE).rglob(".trustinstall-*")]
