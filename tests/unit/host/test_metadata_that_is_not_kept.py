"""Where owner, mode, access list or an attribute cannot be kept, the old file stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.host.attributes import ACCESS, look, setfacl, write
from trustinstall.engine.wording import words
from trustinstall.host import Account
from trustinstall.host.worker import as_account

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
SOMEBODY = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")


def _refuse(name: str, number: int) -> Callable[..., None]:
    """Set every attribute but one; `number` 0 says that it was set, and does not set it."""
    setxattr = os.setxattr

    def refuse(file: int, attribute: str, value: bytes, flags: int = 0, *, follow_symlinks: bool = True) -> None:
        if attribute != name:
            setxattr(file, attribute, value, flags, follow_symlinks=follow_symlinks)
        elif number:
            raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPERM, 0], ids=["no room", "no right", "silently"])
@pytest.mark.parametrize(
    ("name", "word"), [("user.note", "attribute user.note"), (ACCESS, "access list"), ("security.selinux", "label")]
)
def test_what_cannot_be_kept_keeps_the_old_file(
    shared: Path, monkeypatch: pytest.MonkeyPatch, name: str, word: str, number: int
) -> None:
    """The old file stays as it is, the sentence says what cannot be kept and what to do, and no other file is left."""
    path = shared / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.setxattr(path, "user.note", b"keep me")
    os.setxattr(path, "security.selinux", b"u:object_r:user_home_t:s0")
    setfacl("--modify", "u:1000:r", path)
    before = look(path)
    getxattr, listxattr = os.getxattr, os.listxattr
    if name == "security.selinux":  # a system that gives each new file a label of its own

        def get(file: str | int, attribute: str, *, follow_symlinks: bool = True) -> bytes:
            new = attribute == name and isinstance(file, int)
            return b"other" if new else getxattr(file, attribute, follow_symlinks=follow_symlinks)

        def names(file: str | int, *, follow_symlinks: bool = True) -> list[str]:
            return sorted({*listxattr(file, follow_symlinks=follow_symlinks), name})

        monkeypatch.setattr(os, "getxattr", get)
        monkeypatch.setattr(os, "listxattr", names)
    monkeypatch.setattr(os, "setxattr", _refuse(name, number))
    with pytest.raises(OSError, match=rf"its .*{word} cannot be kept") as caught:
        write(path)
    monkeypatch.undo()
    said = words(caught.value)
    assert str(path) in said
    assert said.count(";") == 1
    assert path.read_bytes() == b"old"
    assert look(path) == before
    assert [*shared.iterdir()] == [path]


def test_a_list_that_cannot_be_removed_keeps_the_old_file(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file would give the accounts of the directory's default list what the old one did not."""
    path = shared / "file"
    path.write_bytes(b"old")
    setfacl("--remove-all", path)

    def refuse(file: int, _attribute: str) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", file)

    monkeypatch.setattr(os, "removexattr", refuse)
    with pytest.raises(OSError, match="access list cannot be kept"):
        write(path)
    with pytest.raises(OSError, match="access list cannot be kept"):
        write(shared / "new")
    assert [(one, one.read_bytes()) for one in shared.iterdir()] == [(path, b"old")]


def test_an_owner_that_cannot_be_kept_keeps_the_old_file(place: Path) -> None:
    """A file of an account's with a group that the account is not in is left, in words."""
    place.chmod(0o777)
    path = place / "file"
    path.write_bytes(b"old")
    os.chown(path, SOMEBODY.uid, 4321)
    before = look(path)

    def refused() -> bytes:
        with pytest.raises(OSError, match="its owner 12345 with group 4321 cannot be kept"):
            write(path)
        return b"refused"

    assert as_account(SOMEBODY, refused, lambda: None, 30.0) == b"refused"
    assert look(path) == before


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o640])
def test_a_mode_that_cannot_be_kept_keeps_the_old_file(place: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """Where the system drops bits of a mode without an error, the new file does not replace the old one."""
    path = place / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    fchmod = os.fchmod

    def narrowed(file: int, wanted: int) -> None:
        fchmod(file, wanted & 0o1700)

    monkeypatch.setattr(os, "fchmod", narrowed)
    with pytest.raises(OSError, match=f"its mode {mode:o} cannot be kept"):
        write(path)
    assert path.read_bytes() == b"old"
