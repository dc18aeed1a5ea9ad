"""A program that runs a tool of an image confined to the image: `confinement ROOT PROGRAM [WORD…]`.

The tool has: the image's files (devices and set-user-id bits in it have no effect), its own mount, process, network,
IPC and host name spaces, /dev with five harmless devices, a read-only /proc of its own processes (as root, it could
otherwise configure the machine's kernel), and only those of root's capabilities that concern files. No program that it
runs can gain more rights.

It calls libc itself: os.unshare came with Python 3.12, and util-linux cannot do it, because its setpriv would have to
lie in the image, whose programs are not trusted. It is a separate process, with one thread, and ends with the tool.

Sources: unshare(2), mount(2), pivot_root(2) for why MS_MOVE does as well, capabilities(7), prctl(2), capset(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
import sys
from typing import TYPE_CHECKING, NoReturn

from trustinstall.host import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _MOVE, _REC, _PRIVATE = 4096, 8192, 16384, 1 << 18
_DEVICES = ("null", "zero", "full", "random", "urandom")
#: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER: an image's files need them, because not all belong to root.
_KEPT = (0, 1, 3)
_PDEATHSIG, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT, _CLEAR_ALL = 1, 24, 38, 47, 4  # prctl(2)
_LAST_CAPABILITY = "/proc/sys/kernel/cap_last_cap"
_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_CANNOT = 126  # the exit status of shells for a program that cannot be run

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: Sequence[str]) -> int:
    """Run the tool, and return its exit status, or 126 and a line on standard error if it cannot be confined."""
    top, program, *words = arguments
    try:
        _call("unshare", _SPACES)
        child = os.fork()  # the new name space of processes holds only the children
        if child == 0:
            _enter(top, program, words)
        _, status = os.waitpid(child, 0)
    except OSError as error:
        print(f"the image's tool cannot be confined: {error.strerror}", file=sys.stderr)  # noqa: T201  our caller reads it
        return _CANNOT
    return os.waitstatus_to_exitcode(status) % 256


def _enter(top: str, program: str, words: Sequence[str]) -> NoReturn:
    """Run as the child: become the tool, or print why that failed."""
    try:
        _call("prctl", _PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        last = int(_text(_LAST_CAPABILITY))
        _mounts(top)
        os.chroot(".")
        os.chdir("/")
        _drop(last)
        os.execv(program, (program, *words))  # noqa: S606  no shell is wanted; the environment is what our caller has built
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"{program} cannot be run in the image: {reason}", file=sys.stderr)  # noqa: T201  our caller reads it
    finally:
        os._exit(_CANNOT)


def _mounts(top: str) -> None:
    """Make the image the root of the file system, with its own /proc and /dev; it becomes the current directory."""
    _mount(None, "/", _REC | _PRIVATE)  # these mounts are invisible outside
    _mount(top, top, _BIND)  # without the file systems mounted in it
    _mount(None, top, _REMOUNT | _BIND | _NOSUID | _NODEV)
    proc, dev = (_directory(top, name) for name in ("/proc", "/dev"))
    _mount("proc", proc, _NOSUID | _NODEV | _NOEXEC | _RDONLY, "proc")
    _mount("tmpfs", dev, _NOSUID | _NOEXEC, "tmpfs", b"mode=0755,size=64k")
    for name in _DEVICES:
        os.close(os.open(f"{dev}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _mount(f"/dev/{name}", f"{dev}/{name}", _BIND)
    _mount(None, dev, _REMOUNT | _BIND | _NOSUID | _NOEXEC | _RDONLY)
    os.chdir(top)
    _mount(top, "/", _MOVE)


def _directory(top: str, name: str) -> str:
    """Return the real path of a directory in the image, which must exist to be mounted on."""
    path = paths.reached(top, name)
    if not os.path.isdir(path):
        raise NotADirectoryError(errno.ENOTDIR, f"it has no directory {name}; make one")
    return path


def _drop(last: int) -> None:
    """Drop every capability but the kept ones, permanently and for every program that is run."""
    for number in range(last + 1):
        if number not in _KEPT:
            _call("prctl", _CAPBSET_DROP, number, 0, 0, 0)
    _call("prctl", _CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    kept = sum(1 << number for number in _KEPT)
    header = struct.pack("=Ii", _VERSION, 0)
    # Effective, permitted, inheritable: the lower 32 of each, then the upper ones.
    _call("capset", header, struct.pack("=6I", kept, kept, 0, 0, 0, 0))
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)


def _mount(source: str | None, target: str, flags: int, kind: str | None = None, data: bytes | None = None) -> None:
    from_, to, type_ = (None if word is None else os.fsencode(word) for word in (source, target, kind))
    _call("mount", from_, to, type_, flags, data, about=f" on {target}")


def _call(name: str, *arguments: object, about: str = "") -> None:
    """Call libc. Raises OSError if it returns -1."""
    words = (ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments)
    if getattr(_libc, name)(*words) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{about}: {os.strerror(number)}")


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
