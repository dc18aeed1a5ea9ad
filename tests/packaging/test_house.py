"""The drawing of the house in CONTRIBUTING is the house."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trustinstall import catalog
from trustinstall.stores.backend import Backend
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.directory import CertificateDirectories
from trustinstall_platforms.bsd.freebsd import Certctl
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.debian import SystemStore
from trustinstall_platforms.linux.declarative import DeclaredStore
from trustinstall_platforms.tools.our_bundle import OwnBundle

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[2]))
LINE = re.compile(r"( *)(\S+?)(/?)(?: +(\S.*))?")
SHORT = (CertificateDirectories, PemBundles, AnchorStore, SystemStore, DeclaredStore, Certctl, OwnBundle)
LINES = 100
FREE = {"__init__.py", "__main__.py", "_version.py", "py.typed", "__pycache__"}


def drawn() -> Iterator[tuple[str, str]]:
    """Yield each path in the drawing, with what the drawing says of it."""
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"<!-- house -->\n```\n(.*?)```\n<!-- /house -->", text, re.DOTALL)
    above: list[str] = []
    for line in drawing.splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        depth = len(match[1]) // 2
        above[depth:] = [match[2]]
        yield "/".join(above), match[4] or ""


def built() -> set[str]:
    """Every package, and every module that is in no package of its own."""
    found: set[str] = set()
    for top in ("trustinstall", "platforms/trustinstall_platforms"):
        found.add(top)
        for path in (CHECKOUT / top).iterdir():
            if path.name not in FREE and (path.is_dir() or path.suffix == ".py"):
                found.add(f"{top}/{path.name}")
    return found | {"trustinstall/host/windows"}


def test_the_drawing_names_every_package() -> None:
    """No package and no module beside them is missing in it, and none in it is missing on disk."""
    assert {path for path, _ in drawn()} == built()


def test_every_package_says_its_purpose() -> None:
    """In the drawing, and in one sentence at its head."""
    for path, purpose in drawn():
        place = CHECKOUT / path
        if path in {"trustinstall", "platforms/trustinstall_platforms"}:
            continue
        assert purpose, path
        module = place / "__init__.py" if place.is_dir() else place
        first = module.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(r'"""[A-Z].*[.:)]', first), module


@pytest.mark.parametrize("kind", sorted({type(one) for one in catalog.every() if isinstance(one, SHORT)}, key=str))
def test_a_store_of_files_is_short(kind: type[Backend]) -> None:
    """Backends of directories and bundles, and those of which a table has the rows, have less than 100 lines."""
    module = Path(inspect.getfile(kind))
    assert len(module.read_text(encoding="utf-8").splitlines()) < LINES, module


def test_every_file_that_is_named_is_there() -> None:
    """The way of a certificate leads through files that exist."""
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|md|txt))`", text):
        assert any((CHECKOUT / top / name).exists() for top in ("", "trustinstall")), name


def test_bytes_from_outside_are_held() -> None:
    """Code of the program makes certificates by `Certificate.held`: a store may hold anything."""
    for top in ("trustinstall", "platforms"):
        for path in (CHECKOUT / top).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                made = re.search(r"(?<![\w.])(?:Certificate\(\w|map\(Certificate,)", line.split("#")[0])
                assert made is None or ">>>" in line, f"{path}: {line}"
