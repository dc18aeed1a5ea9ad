"""Access lists and attributes on macOS and FreeBSD, by the functions of their C libraries, which are played here."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.host import ActingHost, control, darwin

HOST = ActingHost.current()
WORD = "0123456789abcdef"
INHERITED = "!#acl 1\ngroup:ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000014:staff:20:allow,inherited:read,write\n"
MINE = "!#acl 1\nuser:FFFFEEEE-DDDD-CCCC-BBBB-AAAA000001F5:alice:501:allow:read\n"


class Function:
    """A function of a C library, whose types may be set."""

    restype: Any = None
    argtypes: Any = None

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401  as ctypes has it
        """Call it."""
        return self._call(*arguments)


class Mac:
    """The C library of a Mac: the lists of files by their inode, and what was done."""

    def __init__(self, *, obeys: bool = True, copies: int = 0) -> None:
        self._obeys, self._copies = obeys, copies
        self.lists: dict[int, str] = {}
        self.inherited = ""
        self.copied: list[tuple[bytes, int]] = []
        self._held: dict[int, ctypes.Array[ctypes.c_char]] = {}
        for name in dir(self):
            if name.startswith("c_"):
                setattr(self, name[2:], Function(getattr(self, name)))

    @property
    def leaked(self) -> int:
        """How many lists and texts were not given back."""
        return len(self._held)

    def _hold(self, text: str | None) -> int | None:
        if not text:
            ctypes.set_errno(errno.ENOENT)
            return None
        held = ctypes.create_string_buffer(text.encode())
        self._held[ctypes.addressof(held)] = held
        return ctypes.addressof(held)

    def _list(self, status: os.stat_result) -> int | None:
        return self._hold(self.lists.get(status.st_ino, self.inherited))

    def c_acl_get_fd_np(self, file: int, kind: int) -> int | None:
        """The list of an open file."""
        assert kind == 0x100
        return self._list(os.fstat(file))

    def c_acl_get_link_np(self, path: bytes, kind: int) -> int | None:
        """The list of what stands at a path."""
        assert kind == 0x100
        return self._list(os.lstat(path))

    def c_acl_to_text(self, held: int, _length: None) -> int | None:
        """A list as text."""
        return self._hold(self._held[held].value.decode())

    def c_acl_free(self, held: int) -> int:
        """Give back."""
        del self._held[held]
        return 0

    def c_acl_set_fd_np(self, file: int, held: int, _kind: int) -> int:
        """Set a list."""
        if self._obeys:
            self.lists[os.fstat(file).st_ino] = self._held[held].value.decode()
        return 0

    def c_filesec_init(self) -> int:
        """Begin."""
        return 77

    def c_filesec_set_property(self, security: int, which: int, value: int) -> int:
        """What to change: FILESEC_ACL, _FILESEC_REMOVE_ACL."""
        assert (security, which, value) == (77, 5, 1)
        return 0

    def c_fchmodx_np(self, file: int, security: int) -> int:
        """Change it."""
        assert security == 77
        if self._obeys:
            self.lists[os.fstat(file).st_ino] = ""
        return 0

    def c_filesec_free(self, security: int) -> None:
        """End."""
        assert security == 77

    def c_fcopyfile(self, source: int, _target: int, _state: None, flags: int) -> int:
        """Note what it was given."""
        self.copied.append((os.read(source, 10), flags))
        ctypes.set_errno(self._copies)
        return -1 if self._copies else 0


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mac], Mac]:
    """Make this process a Mac's with such a C library."""

    def become(mac: Mac) -> Mac:
        def library(_name: None, *, use_errno: bool) -> Mac:
            assert use_errno
            return mac

        monkeypatch.setattr("sys.platform", "darwin")
        monkeypatch.setattr(fcntl, "F_FULLFSYNC", fcntl.F_GETFD, raising=False)
        monkeypatch.setattr(ctypes, "CDLL", library)
        for name in ("listxattr", "getxattr", "setxattr", "removexattr"):
            monkeypatch.delattr(os, name)
        return mac

    return become


@pytest.mark.parametrize("mine", ["", MINE], ids=["no list", "a list"])
@pytest.mark.parametrize("inherited", ["", INHERITED], ids=["plain", "inherits"])
def test_a_mac_gives_the_new_file_the_old_list(
    tmp_path: Path, load: Callable[[Mac], Mac], mine: str, inherited: str
) -> None:
    """Attributes come by fcopyfile(3), and the list is the old one, with any list of the directory for new files."""
    path, mac = tmp_path / "file", load(Mac())
    path.write_bytes(b"old")
    mac.lists[path.stat().st_ino], mac.inherited = mine, inherited
    HOST.write(str(path), b"new", 0o644, None, WORD)
    assert mac.copied == [(b"old", 1 << 2)]
    assert mac.lists.get(path.stat().st_ino, mac.inherited) == mine
    HOST.write(str(tmp_path / "new"), b"new", 0o640, None, WORD)
    assert mac.lists.get((tmp_path / "new").stat().st_ino, mac.inherited) == ""
    assert mac.leaked == 0


@pytest.mark.parametrize(
    "mac", [Mac(obeys=False), Mac(copies=errno.ENOSPC)], ids=["a list that stays", "no room for attributes"]
)
def test_a_mac_that_does_not_keep_them_keeps_the_old_file(tmp_path: Path, load: Callable[[Mac], Mac], mac: Mac) -> None:
    """The old file stays, with a sentence, and no other file is left."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    load(mac)
    mac.lists[path.stat().st_ino], mac.inherited = "", INHERITED
    with pytest.raises(OSError, match="its access list or attributes cannot be kept"):
        HOST.write(str(path), b"new", 0o644, None, WORD)
    assert [(one, one.read_bytes()) for one in tmp_path.iterdir()] == [(path, b"old")]
    assert mac.leaked == 0


def test_a_file_system_of_a_mac_without_attributes(tmp_path: Path, load: Callable[[Mac], Mac]) -> None:
    """There is nothing to keep then."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    load(Mac(copies=errno.ENOTSUP))
    HOST.write(str(path), b"new", 0o644, None, WORD)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("entry", "safe"),
    [
        ("group:ABCDEFAB-CDEF-ABCD-EFAB-CDEF0000000C:everyone:12:deny:delete", True),
        ("user:FFFFEEEE-DDDD-CCCC-BBBB-AAAA000001F5:alice:501:allow:read,execute", True),
        ("user:FFFFEEEE-DDDD-CCCC-BBBB-AAAA000001F5:alice:501:allow,inherited:read,write", False),
        ("user:FFFFEEEE-DDDD-CCCC-BBBB-AAAA000001F5:::allow:delete_child", False),
        ("group:ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000014:staff:20:allow,file_inherit,only_inherit:write", True),
        ("user:FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000:root:0:allow:write,append", True),
    ],
)
def test_whom_a_list_of_a_mac_lets_write(
    tmp_path: Path,
    load: Callable[[Mac], Mac],
    entry: str,
    safe: bool,  # noqa: FBT001  pytest's parameter
) -> None:
    """A path of root's is root's alone only where no list lets another account change it; our state is checked, too."""
    mac = load(Mac())
    (tmp_path / "state").mkdir(mode=0o700)
    mac.lists[(tmp_path / "state").stat().st_ino] = f"!#acl 1\n{entry}\n"
    if safe:
        assert control.path_owner(str(tmp_path), "/state") == 0
        assert control.other_writers(str(tmp_path / "state"), 0) is None
    else:
        with pytest.raises(PermissionError, match="other accounts may write /state"):
            control.path_owner(str(tmp_path), "/state")
        assert control.other_writers(str(tmp_path / "state"), 0) == "by its access list"
    assert mac.leaked == 0


@given(st.text())
def test_any_text_is_read_as_a_list_of_a_mac(text: str) -> None:
    """With any text in a list's names, it is read without an error."""
    assert darwin.lets_others_write(text) in {True, False}


class FreeBsd:
    """The C library of FreeBSD, on a file system that has lists of one kind, and the inodes with a list."""

    def __init__(self, kind: int, listed: Callable[[int], bool]) -> None:
        self._kind, self._listed = kind, listed
        self.held: list[int] = []
        self.acl_get_fd_np = Function(self._get)
        self.acl_get_link_np = Function(self._get)
        self.acl_is_trivial_np = Function(self._is_trivial)
        self.acl_free = Function(self.held.remove)

    def _get(self, file: int | bytes, kind: int) -> int | None:
        if kind != self._kind:
            return None
        inode = (os.fstat(file) if isinstance(file, int) else os.lstat(file)).st_ino
        self.held.append(inode)
        return inode

    def _is_trivial(self, held: int, answer: Any) -> int:  # noqa: ANN401  as ctypes has it
        ctypes.cast(answer, ctypes.POINTER(ctypes.c_int))[0] = not self._listed(held)
        return 0


@pytest.mark.parametrize("kind", [2, 4], ids=["UFS", "ZFS"])
@pytest.mark.parametrize("listed", ["none", "the old one", "the new one"])
def test_freebsd_refuses_what_it_could_not_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int, listed: str
) -> None:
    """A file with a list is left, with a sentence; so is one in a directory that gives lists to new files."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    old = path.stat().st_ino
    has: dict[str, Callable[[int], bool]] = {
        "none": lambda _inode: False,
        "the old one": lambda inode: inode == old,
        "the new one": lambda inode: inode != old,
    }
    system = FreeBsd(kind, has[listed])

    def library(_name: None, *, use_errno: bool) -> FreeBsd:
        assert use_errno
        return system

    monkeypatch.setattr("sys.platform", "freebsd14")
    monkeypatch.setattr(ctypes, "CDLL", library)
    if listed == "none":
        HOST.write(str(path), b"new", 0o644, None, WORD)
    else:
        with pytest.raises(OSError, match="its access list cannot be kept"):
            HOST.write(str(path), b"new", 0o644, None, WORD)
    assert [(one, one.read_bytes()) for one in tmp_path.iterdir()] == [(path, b"new" if listed == "none" else b"old")]
    expected = None if listed != "the old one" else "by its access list"
    assert control.other_writers(str(path), 0) == (expected if listed != "the new one" else None)
    assert system.held == []
