"""Runs the program under test from a Python that has imported it already; see `warm.py`.

It runs in a throw-away root. Its standard input is a socket, on which each request is one message: a JSON object, and
seven open files. For each it starts two processes: one that runs the program as the request says, and one that writes
the pid and the wait status of the first, eight bytes each, on the last of the files.
"""

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from typing import Any

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS, see setns(2)
_DUMPABLE = 4  # PR_SET_DUMPABLE, see prctl(2)
_FILES = 7
_LIBC = ctypes.CDLL(None, use_errno=True)


def warm_up() -> None:
    """Import what Linux needs of the program."""
    for name in ("trustinstall", "trustinstall_platforms"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if found.name.startswith(("trustinstall.testing", "trustinstall.host.windows")) or "__main__" in found.name:
                continue
            importlib.import_module(found.name)


def serve(channel: socket.socket) -> list[str]:
    """Return the arguments of a request, in the process that is to run the program; end when nobody asks any more."""
    while True:
        raw, files, _, _ = socket.recv_fds(channel, 1 << 18, _FILES)
        if not raw:
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            channel.close()
            request = json.loads(raw)
            pid = os.fork()
            if pid == 0:
                become(request, files)
                return [*request["arguments"]]
            watch(pid, files)
        for file in files:
            os.close(file)


def watch(pid: int, files: list[int]) -> None:
    """Tell what becomes of a process, and end."""
    *others, answer = files
    for file in others:
        os.close(file)
    os.write(answer, pid.to_bytes(8, "little"))
    os.write(answer, os.waitpid(pid, 0)[1].to_bytes(8, "little"))
    os._exit(0)


def become(request: dict[str, Any], files: list[int]) -> None:
    """Enter the throw-away root of a request as its account, as nsenter(1) and an exec would."""
    mounts, root, directory, *standard, answer = files
    os.close(answer)
    os.setsid()
    os.umask(0o022)
    if _LIBC.setns(mounts, _NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    os.chroot(".")
    os.fchdir(directory)
    for number, file in enumerate(standard):
        os.dup2(file, number)
    for file in (mounts, root, directory, *standard):
        os.close(file)
    uid, gid = request["account"]
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _LIBC.prctl(_DUMPABLE, 1, 0, 0, 0)
    os.environ.clear()
    os.environ.update(request["environ"])


if __name__ == "__main__":
    warm_up()
    gc.freeze()  # a collection would write to each object, and so copy the memory that processes share
    listening = socket.socket(fileno=os.dup(0))
    os.close(0)
    os.open("/dev/null", os.O_RDONLY)  # as file 0, the lowest that is free
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening.send(b"warm")
    sys.argv = ["trustinstall", *serve(listening)]
    runpy.run_module("trustinstall", run_name="__main__", alter_sys=True)
