"""A Mac made of the stand-in, as it was delivered before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.sandbox.macos.calls import CORP
from tests.support.macos.mac import Mac
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway


@pytest.fixture(scope="session")
def shared() -> Iterator[Mac]:
    """One for all tests of a process."""
    with Throwaway(java=False) as root:
        yield Mac(root)


@pytest.fixture
def mac(shared: Mac) -> Iterator[Mac]:
    """As it was delivered: macOS 15, alice at the screen, who accepts every dialog."""
    yield shared
    shared.throwaway.reset()
    shared.start("alice")


@pytest.fixture
def corp(mac: Mac) -> Root:
    """A root, in the file CORP."""
    root = make_root("Corp Root")
    mac.throwaway.write(CORP, root.pem)
    return root
