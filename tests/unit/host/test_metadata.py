"""A file that replaces another one has the same owner, mode, access list and attributes, or it does not replace it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.host.attributes import ACCESS, HOST, WORD, look, setfacl, write
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.host import Account, Metadata, Replacement
from trustinstall.host.worker import as_account
from trustinstall.state.step_json import step_from_json, step_to_json
from trustinstall.stores.steps import Content, Delete, Edit, Step, digest

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
SOMEBODY = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o444])
def test_a_default_list_of_the_directory_is_not_taken_over(shared: Path, mode: int) -> None:
    """A file without an access list has none after it was replaced, and its mode and owner are the same."""
    path = shared / "npmrc"
    path.write_bytes(b"//registry/:_authToken=secret")
    setfacl("--remove-all", path)
    path.chmod(mode)
    os.chown(path, 1000, 1001)
    before = look(path)
    write(path)
    assert look(path) == before


def test_an_access_list_is_kept(shared: Path) -> None:
    """A file with a list of its own keeps it, with any default list of the directory."""
    path = shared / "npmrc"
    path.write_bytes(b"old")
    setfacl("--set", "u::rw,u:1000:r,u:1001:-,g::-,g:50:rw,m::rw,o::-", path)
    os.setxattr(path, "user.note", b"keep me")
    before = look(path)
    write(path)
    assert look(path) == before


def test_many_replaced_at_once_keep_theirs(shared: Path) -> None:
    """The same for files that are made durable together."""
    paths = [shared / str(number) for number in range(4)]
    for number, path in enumerate(paths):
        path.write_bytes(b"old")
        setfacl(*(["--modify", f"u:{1000 + number}:r"] if number % 2 else ["--remove-all"]), path)
        path.chmod(0o640)
    before = [look(path) for path in paths]
    seen = [HOST.status(str(path)) for path in paths]
    wanted = [
        Replacement(str(path), b"new", status, f"{WORD}{number}")
        for number, (path, status) in enumerate(zip(paths, seen, strict=True))
    ]
    assert HOST.replace_all(wanted) == [None] * 4
    assert [look(path) for path in paths] == before
    assert {path.read_bytes() for path in paths} == {b"new"}


@pytest.mark.parametrize("named", [True, False], ids=["with a list", "without"])
@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "edited"])
def test_what_is_undone_is_as_before(shared: Path, named: bool, deleted: bool) -> None:  # noqa: FBT001  parameters
    """A change and its undo, read back from the journal, leave owner, mode, list and attributes; so does a deletion."""
    path = shared / "file"
    path.write_bytes(b"old")
    setfacl(*(["--modify", "u:1000:rw"] if named else ["--remove-all"]), path)
    path.chmod(0o640)
    os.chown(path, 1000, 1001)
    os.setxattr(path, "user.note", b"keep me")
    before = look(path)
    step: Step = (
        Delete(str(path), digest(b"old")) if deleted else Edit(str(path), Content(b"new"), digest(b"old"), 0o644)
    )
    backwards = inverse(HOST, step)
    assert backwards is not None
    perform(HOST, step, WORD)
    assert deleted != path.exists()
    undo(HOST, [step_from_json(step_to_json(backwards))], WORD)
    assert path.read_bytes() == b"old"
    assert look(path) == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_a_new_file_or_directory_has_the_mode_that_was_asked_for(shared: Path, mode: int) -> None:
    """The directory's default list adds no account to it."""
    write(shared / "file", mode=mode)
    HOST.make_directory(str(shared / "directory"), mode)
    for name in ("file", "directory"):
        path = shared / name
        assert path.stat().st_mode & 0o7777 == mode
        assert ACCESS not in os.listxattr(path)


def test_a_journal_of_ours_is_read_by_its_owner_only(shared: Path) -> None:
    """What is appended to a new file of mode 0600 is not shown to those whom the directory's default list names."""
    path = shared / "journal"
    HOST.append(str(path), b"secret", 0o600)
    assert as_account(Account(1234, 1234, "", "/"), lambda: _readable(path), lambda: None, 30.0) == b"no"


def _readable(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError:
        return b"no"


def test_the_group_of_a_directory_is_not_taken_over(place: Path) -> None:
    """In a directory that gives its group to new files, a file that is replaced keeps its own group."""
    os.chown(place, 0, 4321)
    place.chmod(0o2775)
    path = place / "file"
    path.write_bytes(b"old")
    os.chown(path, os.geteuid(), os.getegid())
    before = look(path)
    write(path)
    assert look(path) == before


def test_a_hash_of_the_old_content_is_not_copied(place: Path) -> None:
    """What IMA and EVM keep is not copied, nor are capabilities; every other attribute is, root's own included."""
    path = place / "file"
    path.write_bytes(b"old")
    kept = {"user.note": b"keep me", "security.selinux": b"u:object_r:cert_t:s0\0", "trusted.backup": b"x"}
    kept |= {"security.other": b"y"}
    gone = {"security.ima": b"\x04hash", "security.evm": b"\x02hash"}
    for name, value in (gone | kept).items():
        os.setxattr(path, name, value)
    subprocess.run(["setcap", "cap_net_bind_service=ep", path], check=True)
    write(path)
    assert look(path)[1] == kept


@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_one_attribute_that_may_not_be_set_costs_no_other(place: Path, mode: int) -> None:
    """An ordinary account's file keeps what its account may set, beside attributes that only root may set."""
    place.chmod(0o777)
    path = place / "file"
    path.write_bytes(b"old")
    for name in ("security.ima", "security.other", "trusted.backup", "user.one", "user.two"):
        os.setxattr(path, name, b"\x04value")
    setfacl("--modify", "u:1000:r,m::r", path)
    path.chmod(mode)
    os.chown(path, SOMEBODY.uid, SOMEBODY.gid)
    before, attributes = look(path)

    def replaced() -> bytes:
        write(path)
        return b"done"

    assert as_account(SOMEBODY, replaced, lambda: None, 30.0) == b"done"
    kept = {"user.one", "user.two", ACCESS}
    assert look(path) == (before, {name: value for name, value in attributes.items() if name in kept})


def test_a_link_keeps_its_owner_and_its_label(place: Path) -> None:
    """A link that is made to lead elsewhere belongs to the same account, and has the same label."""
    path = place / "link"
    path.symlink_to("before")
    os.lchown(path, 1000, 1001)
    os.setxattr(path, "security.selinux", b"u:object_r:cert_t:s0", follow_symlinks=False)
    seen = HOST.status(str(path))
    assert seen is not None
    HOST.relink(str(path), "behind", WORD, seen)
    now = path.lstat()
    assert (str(path.readlink()), now.st_uid, now.st_gid) == ("behind", 1000, 1001)
    assert os.getxattr(path, "security.selinux", follow_symlinks=False) == b"u:object_r:cert_t:s0"


def test_on_an_overlay(tmp_path: Path) -> None:
    """What throw-away roots and containers are made of: a file of the lower layer keeps list and attributes."""
    for name in ("lower", "upper", "work", "all"):
        (tmp_path / name).mkdir()
    setfacl("--default", "--modify", "u:1234:rw", tmp_path / "lower")
    for name in ("with", "without"):
        path = tmp_path / "lower" / name
        path.write_bytes(b"old")
        setfacl("--remove-all", path)
        path.chmod(0o640)
    setfacl("--modify", "u:1000:r", tmp_path / "lower/with")
    os.setxattr(tmp_path / "lower/with", "user.note", b"keep me")
    program = f"""
import subprocess, sys
from pathlib import Path
sys.path[:0] = {sys.path!r}
from tests.unit.host.attributes import look, write
top = Path({str(tmp_path)!r})
layers = f"lowerdir={{top}}/lower,upperdir={{top}}/upper,workdir={{top}}/work"
subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, top / "all"], check=True)
for name in ("with", "without"):
    before = look(top / "all" / name)
    write(top / "all" / name)
    assert look(top / "all" / name) == before, (before, look(top / "all" / name))
print("equal")
"""
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "equal\n"


# --- any list, any default ---


def _list(entries: list[tuple[bool, int, int]], owner: int, group: int, mask: int, other: int) -> bytes:
    """An access list as the kernel takes it: sorted, each account once, with a mask."""
    named = {(0x02 if user else 0x08, number): permissions for user, number, permissions in entries}
    rows = [(0x01, owner, 0xFFFF_FFFF), (0x04, group, 0xFFFF_FFFF), (0x20, other, 0xFFFF_FFFF)]
    rows += [(0x10, mask, 0xFFFF_FFFF)]
    rows += [(tag, permissions, number) for (tag, number), permissions in named.items()]
    rows.sort(key=lambda row: (row[0], row[2]))
    return (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + permissions.to_bytes(2, "little") + number.to_bytes(4, "little")
        for tag, permissions, number in rows
    )


bits = st.integers(0, 7)
lists = st.builds(
    _list, st.lists(st.tuples(st.booleans(), st.integers(0, 3000), bits), max_size=6), bits, bits, bits, bits
)


@given(mine=st.none() | lists, default=lists, mode=st.integers(0, 0o777))
def test_any_list_in_any_directory(mine: bytes | None, default: bytes, mode: int) -> None:
    """With any list that a file has or lacks, and any list that the directory gives to new files: it stays the same."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        path = Path(name) / "file"
        path.write_bytes(b"old")
        if mine is None:
            path.chmod(mode)
        else:
            os.setxattr(path, ACCESS, mine)
        os.setxattr(name, "system.posix_acl_default", default)
        before = (path.stat().st_mode, {one: os.getxattr(path, one) for one in os.listxattr(path)})
        write(path)
        after = (path.stat().st_mode, {one: os.getxattr(path, one) for one in os.listxattr(path)})
        assert after == before
        HOST.replace(Replacement(str(path.with_name("new")), b"", None, WORD, Metadata(mode)))
        made = path.with_name("new")
        assert (made.stat().st_mode & 0o7777, os.listxattr(made)) == (mode, [])
