"""A throw-away Windows for all tests of a module, and a root in a file of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.sandbox.wine_machine import FILE
from tests.support.pki import Root, make_root
from tests.support.wine import Windows


@pytest.fixture(scope="module")
def shared() -> Iterator[Windows]:
    """One for all tests here: each uses a root of its own."""
    with Windows() as windows:
        yield windows


@pytest.fixture
def windows(shared: Windows) -> Iterator[Windows]:
    """With a certutil that behaves."""
    yield shared
    shared.behave()


@pytest.fixture
def root(windows: Windows) -> Root:
    """A root, in the file that is added."""
    made = make_root("Corp Root")
    windows.write(FILE, made.pem)
    return made
