"""A host that is a directory of the test's own, seen by the account that runs the test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trustinstall.host import Account, ActingHost


@pytest.fixture
def make_host(tmp_path: Path) -> Callable[..., ActingHost]:
    """Make a host below the test's directory: `make_host(environ, uid=…)`."""

    def make(environ: dict[str, str] | None = None, *, uid: int | None = None) -> ActingHost:
        uid = os.geteuid() if uid is None else uid
        home = "/home/tester"
        (tmp_path / home[1:]).mkdir(parents=True, exist_ok=True)
        return ActingHost("linux", str(tmp_path), environ or {}, Account(uid, os.getegid(), "tester", home))

    return make
