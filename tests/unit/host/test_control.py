"""Who controls a path: owners, groups, access lists, and Debian's group staff."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.host import control, posix_acl

STAFF = 50


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host's root with a directory of root's and a file in it."""
    (tmp_path / "srv").mkdir(mode=0o755)
    (tmp_path / "srv/file").write_bytes(b"")
    (tmp_path / "etc").mkdir()
    return tmp_path


def owner(root: Path, path: str = "/srv/file") -> int | str:
    """The uid that controls a path, or why none does."""
    try:
        return control.path_owner(str(root), path)
    except PermissionError as error:
        return str(error.strerror)


def setfacl(path: Path, *entries: str) -> None:
    """Give a path an access list, with the system's own tool."""
    subprocess.run(["setfacl", "--modify", ",".join(entries), path], check=True)


LISTS: dict[str, tuple[tuple[str, ...], bool]] = {
    "an account that may write": (("u:1234:rwx",), False),
    "an account that may read": (("u:1234:r-x",), True),
    "an account that the mask keeps from writing": (("u:1234:rwx", "m::r-x"), True),
    "a group that may write": (("g:1234:rwx",), False),
    "a group that may read": (("g:1234:r-x", "m::rwx"), True),
    "root by name": (("u:0:rwx", "g:0:rwx"), True),
    "root's group, which owns it": (("g::rwx", "u:1234:r-x"), True),
    "nobody, though the mask would allow it": (("u:1234:---", "m::rwx"), True),
}


@pytest.mark.parametrize("name", ["srv", "srv/file"])
@pytest.mark.parametrize(("entries", "safe"), LISTS.values(), ids=LISTS)
def test_an_access_list_counts(root: Path, entries: tuple[str, ...], name: str, safe: bool) -> None:  # noqa: FBT001
    """A path of root's is root's alone only where no access list lets another account or group write."""
    setfacl(root / name, *entries)
    assert owner(root) == (0 if safe else f"other accounts may write /{name}")


def test_the_mask_is_not_what_the_group_may(root: Path) -> None:
    """A directory of another group, whose list lets only root write, though its mode shows the mask."""
    os.chown(root / "srv", 0, 1234)
    setfacl(root / "srv", "g::r-x", "u:0:rwx", "m::rwx")
    assert (root / "srv").stat().st_mode & 0o020
    assert owner(root) == 0
    setfacl(root / "srv", "g::rwx")
    assert owner(root) == "other accounts may write /srv"


def test_an_account_that_is_let_in_may_own_what_lies_below(root: Path) -> None:
    """Root and that account control the path then, but no third account may be let in."""
    setfacl(root / "srv", "u:1234:rwx")
    os.chown(root / "srv/file", 1234, 1234)
    assert owner(root) == 1234
    os.chown(root / "srv/file", 4321, 4321)
    assert owner(root) == "other accounts may write /srv"


def test_whom_an_account_lets_in_is_its_own_decision(root: Path) -> None:
    """A file of an ordinary account is that account's, with any rights of its group or access list."""
    for name in ("srv", "srv/file"):
        os.chown(root / name, 1234, 1234)
        setfacl(root / name, "g::rwx", "u:4321:rwx")
    assert owner(root) == 1234


def test_a_sticky_directory_keeps_what_is_in_it(root: Path) -> None:
    """Those whom an access list lets write there may not replace what belongs to root."""
    setfacl(root / "srv", "u:1234:rwx")
    (root / "srv").chmod(0o1775)
    assert owner(root) == 0


DEBIAN, FEDORA = "ID=ubuntu\nID_LIKE=debian\n", "ID=fedora\n"
GROUPS = "root:x:0:\nstaff:x:50:\nusers:x:100:alice,staff\n"


@pytest.mark.parametrize(
    ("release", "groups", "safe"),
    [
        ("ID=debian\n", GROUPS, True),
        (DEBIAN, GROUPS, True),
        (FEDORA, GROUPS, False),
        (DEBIAN, "root:x:0:\nftp:x:50:\n", False),
        (DEBIAN, "root:x:0:\nstaff:x:1050:\nftp:x:50:\n", False),
        (DEBIAN, "garbage\nstaff\nstaff:x\n:::\n", False),
        (DEBIAN, None, False),
        (None, GROUPS, False),
    ],
)
@pytest.mark.parametrize("listed", [False, True], ids=["group", "list"])
def test_staff_is_debians_only(
    root: Path,
    release: str | None,
    groups: str | None,
    safe: bool,  # noqa: FBT001  pytest's parameter
    listed: bool,  # noqa: FBT001  pytest's parameter
) -> None:
    """Group 50 is as good as root where the system is a Debian and calls it staff, and nowhere else."""
    if release is not None:
        (root / "etc/os-release").write_text(release)
    if groups is not None:
        (root / "etc/group").write_text(groups)
    if listed:
        setfacl(root / "srv", f"g:{STAFF}:rwx")
    else:
        os.chown(root / "srv", 0, STAFF)
        (root / "srv").chmod(0o2775)
    assert owner(root) == (0 if safe else "other accounts may write /srv")


def test_a_list_that_cannot_be_read_is_not_trusted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system does not say who may write, every account counts as a possible writer."""
    (root / "srv").chmod(0o775)
    assert owner(root) == 0

    def garbage(_path: str, _name: str, *, follow_symlinks: bool) -> bytes:
        assert not follow_symlinks
        return b"\x03\0\0\0garbage"

    monkeypatch.setattr(os, "getxattr", garbage)
    assert owner(root) == "other accounts may write /srv"


@given(st.binary(max_size=64) | st.binary(max_size=48).map((2).to_bytes(4, "little").__add__))
def test_any_bytes_are_a_list_or_an_error(content: bytes) -> None:
    """What the attribute holds is parsed, or refused with an OSError."""
    with contextlib.suppress(OSError):
        assert len(posix_acl.parse(content, 7).accounts) <= len(content) // 8


entries = st.tuples(st.sampled_from(["u", "g"]), st.integers(1, 9), st.integers(0, 7))


@given(named=st.lists(entries, max_size=5), group=st.integers(0, 7), mask=st.integers(0, 7))
def test_who_may_write_is_who_the_kernel_says(named: list[tuple[str, int, int]], group: int, mask: int) -> None:
    """A list is read as acl(5) says: what the mask does not hold is not allowed."""
    rows = {(kind, number): bits for kind, number, bits in named}
    tags = {"u": 2, "g": 8}
    packed = [(1, 6, 0), (4, group, 0), (16, mask, 0), (32, 4, 0)]
    packed += [(tags[kind], bits, number) for (kind, number), bits in rows.items()]
    content = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + number.to_bytes(4, "little")
        for tag, bits, number in packed
    )
    writing = {one for one, bits in rows.items() if bits & mask & 2}
    found = posix_acl.parse(content, 77)
    assert found.accounts == {number for kind, number in writing if kind == "u"}
    assert found.groups == {number for kind, number in writing if kind == "g"} | ({77} if group & mask & 2 else set())
