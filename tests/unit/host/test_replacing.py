"""Another program that writes, replaces or deletes a file while trustinstall writes it loses nothing."""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trustinstall.host import CHANGED, ActingHost, Replacement, Status, files, replacing, swapping

HOST = ActingHost.current()
WORD = "0123456789abcdef"
Act = Callable[[Path], object]


@pytest.fixture(params=["/dev/shm", "/var/tmp"], ids=["tmpfs", "disk"])
def path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file that holds `old`, with an old time, in a directory of its own."""
    with tempfile.TemporaryDirectory(dir=str(request.param)) as name:
        made = Path(name) / "npmrc"
        made.write_bytes(b"old")
        os.utime(made, (1_600_000_000, 1_600_000_000))
        yield made


def seen(path: Path) -> Status:
    """What stands at a path."""
    status = HOST.status(str(path))
    assert status is not None
    return status


def _rename_onto(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"new")  # as many bytes as trustinstall's
    os.utime(other, (1_600_000_000, 1_600_000_000))
    other.rename(path)


def _write_the_same_size(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"NEW")


def _write_and_set_the_time(path: Path) -> None:
    _write_the_same_size(path)
    os.utime(path, (1_600_000_000, 1_600_000_000))


def _link(path: Path) -> None:
    os.link(path, path.with_name("twin"))


ACTS: dict[str, Act] = {
    "append": lambda path: path.write_bytes(path.read_bytes() + b"theirs"),
    "write as many bytes": _write_the_same_size,
    "write and set the old time": _write_and_set_the_time,
    "rename onto it": _rename_onto,
    "delete it": Path.unlink,
    "change its mode": lambda path: path.chmod(0o600),
    "change its owner": lambda path: os.chown(path, 1234, 1234),
    "set an attribute": lambda path: os.setxattr(path, "user.note", b"x"),
    "give it another name": _link,
}


def tree(path: Path) -> dict[str, object]:
    """Everything in the directory of a file but our temporary file."""
    return {
        one.name: (one.read_bytes(), one.stat().st_mode, one.stat().st_uid, one.stat().st_ino, os.listxattr(one))
        for one in path.parent.iterdir()
        if not one.name.startswith(".trustinstall-")
    }


class Racer:
    """Another program that acts once, when what we have written is being made durable, and what it leaves then."""

    def __init__(self, act: Act, path: Path) -> None:
        self._act, self._path, self._fsync = act, path, os.fsync
        self.left: dict[str, object] = {}

    def __call__(self, descriptor: int) -> None:
        """As fsync(2)."""
        self._fsync(descriptor)
        if not self.left:
            self._act(self._path)
            self.left = tree(self._path) or {"nothing": None}


@pytest.mark.parametrize("together", [False, True], ids=["alone", "with others"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_others_do_while_ours_is_made_durable_stays(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Act,
    together: bool,  # noqa: FBT001  pytest's parameter
) -> None:
    """The replacement says that the file has changed, and leaves what the other program has left, and nothing else."""
    one, racer = Replacement(str(path), b"new", seen(path), WORD), Racer(act, path)
    monkeypatch.setattr(os, "fsync", racer)
    if together:
        (failure,) = HOST.replace_all([one])
    else:
        with pytest.raises(OSError, match=os.strerror(CHANGED)) as caught:
            HOST.replace(one)
        failure = caught.value
    assert failure is not None
    assert (failure.errno, failure.filename) == (CHANGED, str(path))
    assert (tree(path) or {"nothing": None}) == racer.left
    assert not [*path.parent.glob(".trustinstall-*")]


def test_a_file_that_appears_meanwhile_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was to be created is not written over another program's, which has created it meanwhile."""
    path.unlink()
    racer = Racer(lambda path: path.write_bytes(b"theirs"), path)
    monkeypatch.setattr(os, "fsync", racer)
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.replace(Replacement(str(path), b"ours", None, WORD))
    assert tree(path) == racer.left
    assert path.read_bytes() == b"theirs"


def test_a_file_that_goes_before_it_is_written_is_said_to_have_changed(path: Path) -> None:
    """It is no error of the directory."""
    status = seen(path)
    path.unlink()
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.replace(Replacement(str(path), b"ours", status, WORD))
    assert [*path.parent.iterdir()] == []


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_has_changed_is_not_deleted(path: Path, act: Act) -> None:
    """A deletion looks again at what it deletes."""
    status = seen(path)
    act(path)
    left = tree(path)
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.delete(str(path), status)
    assert tree(path) == left


def _lead_elsewhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("theirs")


@pytest.mark.parametrize("act", [Path.unlink, _lead_elsewhere], ids=["delete", "lead elsewhere"])
def test_a_link_that_has_changed_stays(path: Path, monkeypatch: pytest.MonkeyPatch, act: Act) -> None:
    """A link that another program has changed or deleted after we looked is left."""
    path.unlink()
    path.symlink_to("before")
    status, symlink = seen(path), os.symlink

    def first(target: str, beside: str) -> None:
        symlink(target, beside)
        monkeypatch.undo()
        act(path)

    monkeypatch.setattr(os, "symlink", first)
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.relink(str(path), "ours", WORD, status)
    assert [(one.name, str(one.readlink())) for one in path.parent.iterdir()] in ([], [("npmrc", "theirs")])


def test_another_name_that_is_replaced_is_no_change(path: Path) -> None:
    """A thousand environments share a file of a cache: replacing one changes the number of names of all others."""
    names = [path.with_name(str(number)) for number in range(20)]
    for name in names:
        os.link(path, name)
    wanted = [Replacement(str(name), b"ours", seen(name), f"{WORD}{name.name}") for name in names]
    assert HOST.replace_all(wanted) == [None] * 20
    assert path.read_bytes() == b"old"
    assert {name.read_bytes() for name in names} == {b"ours"}


def test_a_file_with_several_names_that_is_written_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write by another program through any of the names is seen."""
    _link(path)
    monkeypatch.setattr(os, "fsync", Racer(lambda path: _write_the_same_size(path.with_name("twin")), path))
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.replace(Replacement(str(path), b"new", seen(path), WORD))
    assert path.read_bytes() == b"NEW"


@pytest.mark.parametrize("together", [False, True], ids=["alone", "with others"])
@pytest.mark.parametrize("name", [one for one in ACTS if one not in {"write and set the old time", "set an attribute"}])
def test_what_others_do_after_the_last_look_stays(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    together: bool,  # noqa: FBT001  pytest's parameter
) -> None:
    """The file that our rename displaces is compared with the one that we looked at, and comes back."""
    one, check = Replacement(str(path), b"new", seen(path), WORD), replacing.check_unchanged
    left: list[dict[str, object]] = []

    def looked(where: str, status: Status | None) -> None:
        check(where, status)
        ACTS[name](path)
        left.append(tree(path))

    monkeypatch.setattr(replacing, "check_unchanged", looked)
    if together:
        (failure,) = HOST.replace_all([one])
    else:
        with pytest.raises(OSError, match=os.strerror(CHANGED)) as caught:
            HOST.replace(one)
        failure = caught.value
    assert isinstance(failure, OSError)
    assert failure.errno == CHANGED
    assert [tree(path)] == left
    assert not [*path.parent.glob(".trustinstall-*")]


def _delete_late(path: Path, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete a file that another program changes after the last look."""
    status, check = seen(path), replacing.check_unchanged

    def looked(where: str, status: Status | None) -> None:
        check(where, status)
        act(path)

    monkeypatch.setattr(replacing, "check_unchanged", looked)
    with pytest.raises(OSError, match=os.strerror(CHANGED)) as caught:
        HOST.delete(str(path), status, WORD)
    assert (caught.value.errno, caught.value.filename) == (CHANGED, str(path))


@pytest.mark.parametrize("name", [one for one in ACTS if one not in {"write and set the old time", "set an attribute"}])
def test_what_others_write_after_the_last_look_is_not_deleted(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The file is put aside and compared with the one that we looked at; another program's file comes back."""
    left: list[dict[str, object]] = []

    def act(path: Path) -> None:
        ACTS[name](path)
        left.append(tree(path))

    _delete_late(path, act, monkeypatch)
    assert left == [tree(path)]
    assert not [*path.parent.glob(".trustinstall-*")]


def test_a_link_that_leads_elsewhere_after_the_last_look_is_not_deleted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other program's link comes back."""
    path.unlink()
    path.symlink_to("before")
    _delete_late(path, _lead_elsewhere, monkeypatch)
    assert [(one.name, str(one.readlink())) for one in path.parent.iterdir()] == [("npmrc", "theirs")]


def test_a_file_that_appears_while_another_one_comes_back_is_the_newer_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program has written twice: before the file is put aside, and before it comes back."""
    same = swapping.is_same

    def compared(now: Status | None, old: Status | None) -> bool:
        path.write_bytes(b"second")
        return same(now, old)

    monkeypatch.setattr(swapping, "is_same", compared)
    _delete_late(path, lambda path: path.write_bytes(b"first"), monkeypatch)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {"npmrc": b"second"}


def test_a_file_that_cannot_be_deleted_keeps_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails between the two steps."""

    def fails(_path: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "unlink", fails)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        HOST.delete(str(path), seen(path), WORD)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {"npmrc": b"old"}


@pytest.mark.parametrize("appears", [False, True], ids=["nothing there", "a newer file there"])
@pytest.mark.parametrize("there", [True, False], ids=["renameat2", "without it"])
def test_a_file_that_a_killed_command_was_deleting_gets_its_name_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool, appears: bool
) -> None:
    """A newer file keeps the name."""
    path.rename(path.with_name(files.aside_name(WORD, path.name)))
    if appears:
        path.write_bytes(b"newer")
    if not there:
        monkeypatch.setattr(swapping, "_system_call", lambda: None)
    for _ in range(2):  # the second time there is nothing to do
        HOST.give_back(str(path.parent), WORD)
        assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {
            "npmrc": b"newer" if appears else b"old"
        }


@pytest.mark.parametrize("name", ["n" * 255, "npmrc"], ids=["no name is left beside it", "no renameat2"])
def test_a_file_is_deleted_where_it_cannot_be_put_aside(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The check before it is the only one then."""
    file = path.rename(path.with_name(name))
    if name == path.name:
        monkeypatch.setattr(swapping, "_system_call", lambda: None)
    HOST.delete(str(file), seen(file), WORD)
    assert [*path.parent.iterdir()] == []


def test_a_file_or_link_that_appears_after_the_last_look_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is created replaces none; a link that another program has changed comes back."""
    path.unlink()
    check = replacing.check_unchanged

    def looked(where: str, status: Status | None) -> None:
        check(where, status)
        path.unlink(missing_ok=True)
        path.symlink_to("theirs")

    monkeypatch.setattr(replacing, "check_unchanged", looked)
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.replace(Replacement(str(path), b"ours", None, WORD))
    assert [(one.name, str(one.readlink())) for one in path.parent.iterdir()] == [("npmrc", "theirs")]
    path.unlink()
    path.symlink_to("before")
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.relink(str(path), "ours", WORD, seen(path))
    assert [(one.name, str(one.readlink())) for one in path.parent.iterdir()] == [("npmrc", "theirs")]


def test_a_program_that_writes_again_while_its_file_comes_back_keeps_the_newer_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has replaced its file twice: before our rename, and before we brought the first one back."""
    check, same = replacing.check_unchanged, swapping.is_same

    def written(content: bytes) -> None:
        other = path.with_name("other")
        other.write_bytes(content)
        other.rename(path)

    def looked(where: str, status: Status | None) -> None:
        check(where, status)
        written(b"first")

    def compared(now: Status | None, old: Status | None) -> bool:
        written(b"second")
        return same(now, old)

    monkeypatch.setattr(replacing, "check_unchanged", looked)
    monkeypatch.setattr(swapping, "is_same", compared)
    with pytest.raises(OSError, match=os.strerror(CHANGED)):
        HOST.replace(Replacement(str(path), b"ours", seen(path), WORD))
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {"npmrc": b"second"}


def test_a_system_that_cannot_exchange_names_renames(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS, and a C library without the call."""
    monkeypatch.setattr(swapping, "_system_call", lambda: None)
    HOST.replace(Replacement(str(path), b"new", seen(path), WORD))

    def refuses(*_: object) -> int:
        ctypes.set_errno(errno.EINVAL)
        return -1

    monkeypatch.setattr(swapping, "_system_call", lambda: refuses)
    HOST.replace(Replacement(str(path), b"newer", seen(path), WORD))
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {"npmrc": b"newer"}
