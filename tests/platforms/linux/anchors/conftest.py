"""The made-up system of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.linux.anchors.machine import FAMILIES, PUBLIC, Machine
from trustinstall.host import Account, ActingHost
from trustinstall_platforms.linux.anchor_directory import AnchorStore


@pytest.fixture(params=FAMILIES)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A system of each family, with one public root."""
    family = FAMILIES[request.param]
    host = ActingHost("linux", str(tmp_path), {}, Account(0, 0, "root", "/root"))
    made = Machine(tmp_path, host, AnchorStore(family), family)
    made.write("/etc/os-release", f"ID={min(family.ids)}\n".encode())
    made.write(family.tool, b"#!/bin/sh\n", 0o755)
    made.ship("public.p11-kit", b"[p11-kit-object-v1]\ntrusted: true\n" + PUBLIC.pem)
    made.path(family.packages[0]).mkdir(parents=True, exist_ok=True)
    made.path(family.anchors).mkdir(parents=True)
    made.settle()
    return made
