"""Windows behind a Linux: recognised by what only it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trustinstall.facts import wsl
from trustinstall.host import Host
from trustinstall.installer.situation import ScopeOptions, decide

WSL2 = "5.15.153.1-microsoft-standard-WSL2\n"
ROOTFS = "/dev/sdc / ext4 rw,relatime 0 0\n"
# As WSL 2, a newer WSL 2, and WSL 1 write a drive's line.
DRIVES = {
    "wsl2": "C:\\134 /mnt/c 9p rw,noatime,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000 0 0\n",
    "virtiofs": "C: /mnt/c virtiofs rw,noatime 0 0\n",
    "wsl1": "C: /mnt/c drvfs rw,noatime,uid=1000 0 0\n",
    "moved": "C:\\134 /win/c 9p rw 0 0\n",
}


def lay_out(root: Path, kernel: str, *, interop: bool = True, mounts: str = "", system: str = "mnt/c") -> None:
    """What the kernel would say."""
    for path, content in (("proc/sys/kernel/osrelease", kernel), ("proc/self/mounts", ROOTFS + mounts)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    if interop:
        (root / "proc/sys/fs/binfmt_misc").mkdir(parents=True)
        (root / "proc/sys/fs/binfmt_misc/WSLInterop").write_text("enabled\n")
    (root / system / "Windows/System32").mkdir(parents=True)


@pytest.mark.parametrize(
    ("kernel", "interop", "expected"),
    [
        (WSL2, True, True),
        ("4.4.0-19041-Microsoft\n", True, True),
        (WSL2, False, False),  # a container on WSL's kernel
        ("6.1.0-18-amd64\n", True, False),
        ("", True, False),
    ],
)
def test_here(
    make_host: Callable[..., Host],
    tmp_path: Path,
    kernel: str,
    interop: bool,  # noqa: FBT001  pytest's parameter
    expected: bool,  # noqa: FBT001
) -> None:
    """The kernel's name and the means to reach Windows, both."""
    lay_out(tmp_path, kernel, interop=interop)
    host = make_host()
    assert wsl.here(host) is expected
    assert ("wsl" in decide(host, ScopeOptions(), terminal=False).fields) is expected


@pytest.mark.parametrize("drive", DRIVES)
def test_system32(make_host: Callable[..., Host], tmp_path: Path, drive: str) -> None:
    """Wherever the drive is mounted."""
    place = DRIVES[drive].split()[1]
    lay_out(tmp_path, WSL2, mounts=DRIVES[drive], system=place[1:])
    assert wsl.system32(make_host()) == f"{place}/Windows/System32"


def test_a_drive_in_a_directory_with_a_blank(make_host: Callable[..., Host], tmp_path: Path) -> None:
    """Mounts write it in digits."""
    lay_out(tmp_path, WSL2, mounts="C:\\134 /my\\040drives/c 9p rw 0 0\n", system="my drives/c")
    assert wsl.system32(make_host()) == "/my drives/c/Windows/System32"


@pytest.mark.parametrize(
    "mounts", ["", "tmpfs /mnt/c tmpfs rw 0 0\n", "x\n", "C: /mnt/d drvfs rw 0 0\n", "\udcff C: \n"]
)
def test_no_drive(make_host: Callable[..., Host], tmp_path: Path, mounts: str) -> None:
    """A directory of that name is no drive, and odd lines are none either."""
    lay_out(tmp_path, WSL2)
    (tmp_path / "proc/self/mounts").write_bytes(mounts.encode("utf-8", "surrogateescape"))
    assert wsl.system32(make_host()) is None


@pytest.mark.parametrize("socket", ["/tmp/evil_interop", "/run/WSL/../../tmp/1_interop", "/run/WSL/x_interop", ""])
def test_a_socket_elsewhere_is_not_passed_on(socket: str) -> None:
    """Only the one that WSL makes."""
    assert wsl.interop({"WSL_INTEROP": socket}) == {}
    assert wsl.interop({"WSL_INTEROP": "/run/WSL/12_interop"}) == {"WSL_INTEROP": "/run/WSL/12_interop"}


@pytest.mark.parametrize(
    ("kernel", "interop", "drive", "word"),
    [
        (WSL2, True, "wsl2", None),
        ("6.1.0-18-amd64\n", True, "wsl2", "does not run under Windows"),
        (WSL2, False, "wsl2", "[interop]"),
        (WSL2, True, "", "[automount]"),
    ],
)
def test_unreachable(
    make_host: Callable[..., Host],
    tmp_path: Path,
    kernel: str,
    interop: bool,  # noqa: FBT001  pytest's parameter
    drive: str,
    word: str | None,
) -> None:
    """Each thing that is missing is told with what to do about it."""
    lay_out(tmp_path, kernel, interop=interop, mounts=DRIVES.get(drive, ""))
    why = wsl.unreachable(make_host())
    assert (why is None) is (word is None)
    assert (word or "") in (why or "")
