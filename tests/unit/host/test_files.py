"""The host's files: nothing is followed, nothing is widened, nothing is half written."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.support.pki import make_root
from trustinstall.errors import CertificateRefused, UsageProblem
from trustinstall.host import control, durable, files, inputs, paths, replacing
from trustinstall.host.metadata import Metadata
from trustinstall.host.replacing import Replacement

WORD = "0123456789abcdef"


def write(path: Path, content: bytes) -> None:
    """Replace a file, or create it with mode 0644."""
    replacing.replace(Replacement(str(path), content, files.status(str(path)), WORD, Metadata(0o644)))


def test_a_read_takes_memory_for_what_is_there_and_not_for_its_limit(tmp_path: Path) -> None:
    """A journal may have 1 GiB, and so may the process that reads it for an account: one of 10 bytes is read."""
    (tmp_path / "journal").write_bytes(b"0123456789")
    tracemalloc.start()
    try:
        assert files.read(str(tmp_path / "journal"), 1 << 30) == b"0123456789"
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_of_a_read_is_exact(tmp_path: Path, over: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces, too: as many bytes as the limit are read, and one more is refused."""
    monkeypatch.setattr(files, "_PIECE", 4)
    for limit in range(13):
        (tmp_path / "file").write_bytes(content := bytes(range(limit + over)))
        if over:
            with pytest.raises(OSError, match="large"):
                files.read(str(tmp_path / "file"), limit)
        else:
            assert files.read(str(tmp_path / "file"), limit) == content


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_replaced_file_keeps_its_mode_and_owner(tmp_path: Path, mode: int) -> None:
    """Mode, owner and group are those of the file that stood there."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    write(path, b"new")
    after = path.stat()
    assert path.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino  # a rename: another hard link keeps the old content


def test_a_new_file_has_exactly_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    """The caller's umask neither widens nor narrows it."""
    old = os.umask(0o077)
    try:
        write(tmp_path / "file", b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0o644


def test_a_hard_linked_copy_is_not_changed(tmp_path: Path) -> None:
    """A package cache that shares the file keeps what it had."""
    (tmp_path / "cache").write_bytes(b"old")
    os.link(tmp_path / "cache", tmp_path / "file")
    write(tmp_path / "file", b"new")
    assert (tmp_path / "cache").read_bytes() == b"old"


def test_extended_attributes_stay(tmp_path: Path) -> None:
    """What an administrator attached to a file is there after a rename, too."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.setxattr(path, "user.note", b"keep me")
    write(path, b"new")
    assert os.getxattr(path, "user.note") == b"keep me"


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_only_a_regular_file_is_read_or_replaced(tmp_path: Path, kind: str) -> None:
    """A link is not followed, a FIFO does not block, a directory is an error; what was there stays."""
    path, target = tmp_path / "thing", tmp_path / "target"
    target.write_bytes(b"theirs")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(OSError, match=r"regular file|symbolic links"):
        files.read(str(path), 1000)
    with pytest.raises(OSError, match="not a regular file"):
        write(path, b"ours")
    assert target.read_bytes() == b"theirs"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["target", "thing"]


def test_a_planted_temporary_file_is_not_written_to(tmp_path: Path) -> None:
    """A link in the place of the temporary file makes the write fail, and nothing is followed."""
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / files.temporary_name(WORD)).symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        write(tmp_path / "file", b"ours")
    assert (tmp_path / "target").read_bytes() == b"theirs"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A write that does not fit fails, the file is as it was, and no temporary file stays."""
    program = f"""
import os, resource, signal
from trustinstall.host import replacing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    replacing.replace(replacing.Replacement({str(tmp_path / "file")!r}, b"x" * 2000, None, {WORD!r}))
except OSError as error:
    print(error.errno)
"""
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=_environment()
    )
    assert done.stdout.strip().isdigit(), done
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"file": b"old"}


def _environment() -> dict[str, str]:
    """The child imports the program from where this process does."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_links_are_resolved_inside_the_root(tmp_path: Path) -> None:
    """An absolute link, a climbing link and a loop stay below the host's root."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/absolute").symlink_to("/etc/file")
    (tmp_path / "etc/climbing").symlink_to("../../../../etc/file")
    (tmp_path / "etc/loop").symlink_to("loop")
    assert paths.resolve(str(tmp_path), "/etc/absolute") == "/etc/file"
    assert paths.resolve(str(tmp_path), "/etc/climbing") == "/etc/file"
    with pytest.raises(OSError, match="levels"):
        paths.resolve(str(tmp_path), "/etc/loop")


def test_a_path_that_others_may_write_has_no_owner(tmp_path: Path) -> None:
    """World-writable directories, and paths of several accounts, are refused in words."""
    if os.geteuid() != 0:
        pytest.fail("run the tests as root, or in a user name space")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_bytes(b"")
    assert control.path_owner(str(tmp_path), "/shared/file") == 0
    os.chown(shared, 1234, 1234)
    assert control.path_owner(str(tmp_path), "/shared/file") == 1234
    os.chown(shared / "file", 4321, 4321)
    with pytest.raises(PermissionError, match="different accounts"):
        control.path_owner(str(tmp_path), "/shared/file")
    os.chown(shared, 0, 0)
    os.chown(shared / "file", 0, 0)
    shared.chmod(0o777)
    with pytest.raises(PermissionError, match="may write"):
        control.path_owner(str(tmp_path), "/shared/file")


@pytest.mark.parametrize("kind", ["fifo", "device", "large", "directory"])
def test_an_input_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A FIFO without a writer, an endless device, a huge file: one sentence, and no waiting."""
    path = tmp_path / "input"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b"x" * (inputs.LIMIT + 1))
    elif kind == "directory":
        path.mkdir()
    started = time.monotonic()
    with pytest.raises(CertificateRefused):
        inputs.read_input("/dev/zero" if kind == "device" else str(path))
    assert time.monotonic() - started < 5


def test_standard_input_that_never_ends_is_cut_off() -> None:
    """More than 1 MiB on standard input is refused without reading the rest."""
    program = "from trustinstall.host import inputs\ninputs.read_stdin()\n"
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdin=endless.stdout,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=_environment(),
        )
        endless.send_signal(signal.SIGKILL)
    assert "over 1 MiB" in done.stderr


def test_a_mac_writes_through_to_the_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There fsync(2) stops at the drive: F_FULLFSYNC goes on; a file system that lacks it gets fsync(2)."""
    asked: list[int] = []

    def refuse(_descriptor: int, command: int) -> int:
        asked.append(command)
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    monkeypatch.setattr(os, "fsync", asked.append)
    write(tmp_path / "file", b"new")
    durable.append(str(tmp_path / "file"), b" line", 0o644)
    assert (tmp_path / "file").read_bytes() == b"new line"
    assert [one == 51 for one in asked] == [True, False] * 3


def test_openssl_does_not_wait(tmp_path: Path) -> None:
    """A pipe is refused at once, and what it loads is what was looked at; what is no bundle it says itself."""
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in (files.openssl_refuses(str(tmp_path / "pipe")) or "")
    (tmp_path / "good").write_bytes(make_root().pem)
    assert files.openssl_refuses(str(tmp_path / "good")) is None
    (tmp_path / "bad").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert files.openssl_refuses(str(tmp_path / "bad")) is not None


def test_nothing_is_appended_to_a_pipe(tmp_path: Path) -> None:
    """With and without a reader."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        durable.append(str(tmp_path / "pipe"), b"x", 0o600)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="not a regular file"):
        durable.append(str(tmp_path / "pipe"), b"x", 0o600)
    os.close(reader)


def test_a_missing_input_is_wrong_usage(tmp_path: Path) -> None:
    """A file that the caller names and that is not there is wrong usage (exit code 2), not a bad certificate."""
    with pytest.raises(UsageProblem, match=r"^corp\.crt: no such file; looked in "):
        inputs.read_input(str(tmp_path / "corp.crt"))
