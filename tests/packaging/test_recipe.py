"""The recipe "Add a store" of CONTRIBUTING works as it stands there."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.test_rules import CHECKOUT
from tests.support import fake_host
from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.installer.looking import look
from trustinstall.stores.backend import Backend
from trustinstall.stores.store import DiscoveryOptions

CORP = Certificate(make_root("Corp Root").der)
TRUSTED = "/home/alice/.example/trusted"
LONGEST = 25  # lines of the example


@pytest.fixture
def text() -> str:
    """The backend of the recipe, as it stands on the page."""
    section = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Add a store\n")[2]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return textwrap.dedent(block[1])


@pytest.fixture
def backend(text: str, tmp_path: Path) -> Backend:
    """The backend of the recipe, imported from a file of its own."""
    path = tmp_path / "example.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Backend = module.Example()
    return found


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """The host of an account that has used the program, and has put one root there itself."""
    with played() as host:
        write(host, f"{TRUSTED}/mine.pem", make_root("Other Root").pem)
        yield host


def change(host: ActingHost, backend: Backend, *, trusted: bool) -> Outcome:
    """Run the engine for the made-up store."""
    (outcome,) = fake_host.change(host, [backend], fake_host.wish(CORP.der, trusted=trusted))
    return outcome


def test_it_is_short(text: str) -> None:
    """The example takes 25 lines, imports and documentation included."""
    assert len(text.splitlines()) <= LONGEST


def test_add_list_remove(backend: Backend, host: ActingHost) -> None:
    """The certificate comes, is listed with its place, and goes without a trace; the other file stays."""
    before = sorted(Path(host.where(TRUSTED)).iterdir())
    assert change(host, backend, trusted=True).result is Result.ADDED
    (listed,) = look(host, [backend], DiscoveryOptions()).certificates
    (held,) = listed.stores
    assert (listed.sha256, held.store, held.state) == (CORP.sha256, f"example:{TRUSTED}", "trusted")
    assert [Path(host.where(one)).read_bytes() for one in held.entries] == [CORP.pem]
    assert change(host, backend, trusted=True).result is Result.ALREADY
    assert change(host, backend, trusted=False).result is Result.REMOVED
    assert sorted(Path(host.where(TRUSTED)).iterdir()) == before
    assert look(host, [backend], DiscoveryOptions()).certificates == ()


def test_only_where_the_program_is_used(backend: Backend) -> None:
    """An account without the program has no such store."""
    with played("/home/bob") as host:
        assert list(backend.discover(host, DiscoveryOptions())) == []
