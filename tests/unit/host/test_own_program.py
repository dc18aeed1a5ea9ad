"""What another account may change of the program that root is to start by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trustinstall.host import own_program

STRANGER = 4711


def _owned(place: Path) -> None:
    os.chown(place / "package/module.py", STRANGER, STRANGER)


def _shared_directory(place: Path) -> None:
    (place / "package").chmod(0o1777)


def _of_a_group(place: Path) -> None:
    os.chown(place / "package/data", 0, STRANGER)
    (place / "package/data").chmod(0o664)


def _linked(place: Path) -> None:
    elsewhere = place.parent / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, STRANGER, STRANGER)
    (place / "package/link").symlink_to(elsewhere / "not there yet")


HARM: list[Callable[[Path], None]] = [_owned, _shared_directory, _of_a_group, _linked]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory of modules that only root may change."""
    package = tmp_path / "packages/package"
    package.mkdir(parents=True)
    for name in ("module.py", "data", ".lock"):
        (package / name).touch()
    (package / ".lock").chmod(0o666)
    (package / "missing").symlink_to("/nowhere")
    (package / "again").symlink_to("..")
    return package.parent


@pytest.mark.parametrize("harm", HARM)
def test_one_file_or_directory_is_enough(place: Path, harm: Callable[[Path], None]) -> None:
    """A file of another account, a directory that others may write, or a link into their files is named."""
    assert own_program.why_unsafe_below([str(place), str(place / "not there")]) is None
    harm(place)
    found = own_program.why_unsafe_below([str(place)])
    assert found is not None
    assert str(place) in found


def test_more_than_can_be_looked_at_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the answer is no: what was not looked at may be another account's."""
    monkeypatch.setattr(own_program, "_MOST", 3)
    found = own_program.why_unsafe_below([str(place)])
    assert found is not None
    assert "more than 3 files" in found
