"""Flags of chattr(1): one that forbids a change is named before any write, and the others are kept."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trustinstall.engine.wording import words
from trustinstall.host import ActingHost, Replacement, Status
from trustinstall.host.inode_flags import ProtectedError

HOST = ActingHost.current()
WORD = "0123456789abcdef"


def chattr(flags: str, path: Path) -> None:
    """Change the flags of a file, in the form of the command."""
    subprocess.run(["chattr", flags, str(path)], check=True)


def lsattr(path: Path) -> str:
    """Return the letters of a file's flags."""
    done = subprocess.run(["lsattr", "-d", str(path)], check=True, capture_output=True, text=True)
    return done.stdout.split()[0].replace("-", "")


def seen(path: Path) -> Status:
    """Return the status of an existing file."""
    status = HOST.status(str(path))
    assert status is not None
    return status


@pytest.fixture
def path() -> Iterator[Path]:
    """Yield a file on a disk, and clear its and its directory's flags at the end."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        made = Path(name) / "npmrc"
        made.write_text("old")
        yield made
        subprocess.run(["chattr", "-R", "-ia", name], check=True)


def _replace(path: Path) -> None:
    HOST.replace(Replacement(str(path), b"new", seen(path), WORD))


def _replace_together(path: Path) -> None:
    (failure,) = HOST.replace_all([Replacement(str(path), b"new", seen(path), WORD)])
    if failure is not None:
        raise failure


ACTS: dict[str, Callable[[Path], object]] = {
    "replace": _replace,
    "replace with others": _replace_together,
    "delete": lambda path: HOST.delete(str(path), seen(path)),
}
IN_DIRECTORY: dict[str, Callable[[Path], object]] = {
    **ACTS,
    "create": lambda path: HOST.write(str(path.with_name("new")), b"new", 0o644, None, WORD),
    "link": lambda path: HOST.link(str(path.with_name("link")), "old"),
    "make a directory": lambda path: HOST.make_directory(str(path.with_name("inner")), 0o755),
}


@pytest.mark.parametrize(("flag", "word"), [("i", "immutable"), ("a", "append-only")])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_file_that_may_not_change_is_named(path: Path, act: Callable[[Path], object], flag: str, word: str) -> None:
    """The error names the flag and the command that clears it; the file stays, and no file is beside it."""
    chattr(f"+{flag}", path)
    with pytest.raises(ProtectedError) as caught:
        act(path)
    said = f"it is {word} (chattr +{flag}) ({path}); as root, `chattr -{flag} {path}` takes the flag away"
    assert words(caught.value) == f"{said}, and +{flag} sets it again"
    assert [(one, one.read_text()) for one in path.parent.iterdir()] == [(path, "old")]


@pytest.mark.parametrize(
    ("flag", "name"),
    [("i", name) for name in IN_DIRECTORY] + [("a", name) for name in ACTS],  # there, a new name is no change
)
def test_a_directory_that_may_not_change_is_named(path: Path, flag: str, name: str) -> None:
    """Nothing is left in it, above all no temporary file, which no account could delete."""
    chattr(f"+{flag}", path.parent)
    with pytest.raises(ProtectedError, match=r"its directory is (immutable|append-only)") as caught:
        IN_DIRECTORY[name](path)
    assert caught.value.filename == str(path.parent)
    assert [(one, one.read_text()) for one in path.parent.iterdir()] == [(path, "old")]


def test_a_file_in_an_append_only_directory_is_not_begun(path: Path) -> None:
    """A new file there could not get its name, and its temporary file would stay."""
    chattr("+a", path.parent)
    with pytest.raises(ProtectedError):
        HOST.write(str(path.with_name("new")), b"new", 0o644, None, WORD)
    assert [*path.parent.iterdir()] == [path]


def test_flags_that_a_person_has_set_are_kept(path: Path) -> None:
    """The new file has the flags for no dump, synchronous writes and no access times, and no other flags."""
    chattr("+dSA", path)
    before = lsattr(path)
    assert {"d", "S", "A"} <= {*before}
    _replace(path)
    assert (path.read_text(), lsattr(path)) == ("new", before)
    chattr("-dSA", path)
    chattr("+d", path.parent)  # a new file there inherits it
    _replace(path)
    assert "d" not in lsattr(path)


def test_a_flag_that_cannot_be_kept_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a flag that a new file cannot have is left."""

    def dax(_path: str) -> int:
        return 0x80_0000  # no ext4 file may have it

    monkeypatch.setattr("trustinstall.host.inode_flags.of", dax)
    with pytest.raises(OSError, match=r"its flags \(chattr, C\) cannot be kept"):
        _replace(path)
    assert [(one, one.read_text()) for one in path.parent.iterdir()] == [(path, "old")]
