"""Settings with a secret, in a home whose default access list names another account: no other account may read them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PUBLIC = make_root("Corp"), make_root("Public")
HOME = "/home/alice"
NPMRC = f"{HOME}/.npmrc"
SECRET = b"//registry.example/:_authToken=secret\n"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A home of alice's with an .npmrc of mode 0640."""
    with played(HOME) as host:
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        write(host, NPMRC, SECRET, 0o640)
        yield host


def change(host: ActingHost, *, trusted: bool) -> dict[str, Result]:
    """Add or remove, as a command of alice's does; the results by the store's location."""
    wish = Request((Certificate(CORP.der),), trusted=trusted, by="alice")
    scope = Engine(host, (OwnBundle(), Settings()), lambda _doing: None).change(wish, DiscoveryOptions(), Selection())
    return {one.store.location: one.result for one in scope.outcomes}


def getfacl(path: Path) -> str:
    """Owner, mode and access list, as the system's own tool says them."""
    command = ["getfacl", "--absolute-names", "--numeric", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_default_list_shows_nobody_the_settings(host: ActingHost) -> None:
    """After `add` and `remove` the file has its owner, mode and list; managed files let no account in."""
    real = Path(host.where(NPMRC))
    before = getfacl(real)
    for directory in (real.parent, Path(host.where("/etc"))):
        subprocess.run(["setfacl", "--default", "--modify", "u:4321:rwx", directory], check=True)
    assert change(host, trusted=True)[NPMRC] is Result.ADDED
    assert getfacl(real) == before
    assert SECRET + b"cafile=" in real.read_bytes()
    made = [path for path in real.parent.rglob("*") if path != real]
    assert {path.name for path in made} >= {"bundle.pem", "anchors.pem", "ledger.json", "private"}
    named = [line for path in made for line in getfacl(path).splitlines() if line.startswith("user:4321")]
    assert [line for line in named if not line.endswith("#effective:---")] == []
    assert change(host, trusted=False)[NPMRC] is Result.REMOVED
    assert (getfacl(real), real.read_bytes()) == (before, SECRET)


def test_a_list_of_the_file_s_own_is_kept(host: ActingHost) -> None:
    """The accounts that alice has let in are let in after `add` and `remove` as before, and no others."""
    real = Path(host.where(NPMRC))
    subprocess.run(["setfacl", "--modify", "u:4321:r,g::-", real], check=True)
    before = getfacl(real)
    for trusted in (True, False):
        change(host, trusted=trusted)
        assert getfacl(real) == before
    assert real.read_bytes() == SECRET
