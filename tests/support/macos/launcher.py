"""Starts the program under test as if it were on macOS: copied into a throw-away root, and run there as a script.

It claims to have a terminal, because the program opens no window without one.

What macOS's Python does not have is taken away, so that the program fails here where it would fail there. Then the
standard library is imported, because it must go on knowing where it is, and only then the program.
"""

from __future__ import annotations

import fcntl
import importlib
import io
import os
import select
import signal
import socket
import sys

#: They ask for the platform when they are imported; they see already what is missing.
_FIRST = "ctypes.util grp multiprocessing platform plistlib pwd shutil ssl subprocess sysconfig tempfile urllib.request"
#: Source: the library reference's "Availability" lines, and what Linux alone has of POSIX.
_MISSING = {
    os: (
        "copy_file_range eventfd getrandom getresgid getresuid listxattr getxattr setxattr removexattr memfd_create "
        "pidfd_open pipe2 posix_fadvise posix_fallocate sched_getaffinity sched_setaffinity setresgid setresuid splice "
        "unshare setns O_PATH O_TMPFILE O_NOATIME O_DIRECT"
    ),
    fcntl: "F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_ADD_SEALS F_GET_SEALS F_SETPIPE_SZ F_GETPIPE_SZ F_NOTIFY",
    select: "epoll",
    signal: "sigtimedwait sigwaitinfo SIGPWR SIGSTKFLT SIGPOLL",
    socket: "AF_NETLINK AF_PACKET AF_VSOCK SO_PEERCRED SO_BINDTODEVICE",
}


class Terminal(io.TextIOWrapper):
    """A stream that always says that it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def main() -> None:
    """Become a Mac, and run."""
    sys.stdin, sys.stderr = Terminal(sys.stdin.buffer), Terminal(sys.stderr.buffer, line_buffering=True)
    for module, names in _MISSING.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    for name in _FIRST.split():
        importlib.import_module(name)
    setattr(sys, "platform", "darwin")  # noqa: B010 - type checkers know that it cannot change
    from trustinstall.__main__ import main as run

    run()


main()
