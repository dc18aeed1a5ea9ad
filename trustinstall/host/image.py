"""The root of an image, and how a tool of the image is run: confined, and never like the machine's own.

A separate process makes the confinement (`confinement`), so that no part of it can remain in the calling process.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import ToolFailed, UsageProblem, printable
from trustinstall.host import files, paths, process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host.commands import Run


def root(directory: str) -> str:
    """Return the real path of an image's root; links are followed, because the caller chose the path.

    Raises UsageProblem if there is no directory, or it is the running machine's.
    """
    if sys.platform == "win32":
        raise UsageProblem("--sysroot works on images of Linux, and not from Windows; run it on Linux or macOS")
    real, name = os.path.realpath(directory), printable(directory, 4096)
    if not files.is_directory(real):
        raise UsageProblem(f"--sysroot {name}: no such directory; name the one that the image's /etc and /usr are in")
    if real == "/":
        raise UsageProblem("--sysroot / is the running machine; leave that option out")
    return real


def run(command: Run, top: str, program: str, told: Mapping[str, str], inherit: tuple[int, ...]) -> process.ToolResult:
    """Run a tool of the image at `top`, where `program` is its real path, confined as described in `confinement`.

    Raises ToolFailed in the cases of `process.run`, and if it cannot be confined.
    """
    name = os.path.basename(command.argv[0])
    if sys.platform != "linux" or getattr(sys, "frozen", False):
        raise ToolFailed(f"{name} can be confined only on Linux, by an installed Python; leave --run-image-tool out")
    if not files.executable(paths.place(top, program)):
        raise ToolFailed(f"{name} is missing in the image; install the package that brings {program} there")
    confinement = ("-I", "-m", "trustinstall.host.confinement", top, program)
    confined = replace(command, argv=(sys.executable, *confinement, *command.argv[1:]))
    return process.run(confined, sys.executable, told, inherit, name=name)
