"""The place of a virtual environment: its lock, the links to it, and the removal of older environments."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Generator
from pathlib import Path

# A directory of every account's PATH, root's included (FHS 3.0, 4.9: programs that the administrator has added).
ON_PATH = Path("/usr/local/bin/trustinstall")


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock on a file, so that two first runs do not both download. Waits for it; raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def link_launcher(environment: Path) -> None:
    """Link bin/trustinstall, beside the environments, to this environment; the path of the link never changes."""
    directory = environment.parent / "bin"
    directory.mkdir(exist_ok=True)
    new = directory / ".new"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("..") / environment.name / "bin" / "trustinstall")
    new.rename(directory / "trustinstall")


def link_on_path(launcher: Path, link: Path) -> None:
    """Link the launcher into a directory of PATH, so that a person can type the commands in messages.

    A file that already has that name stays. A directory that other accounts may write gets no link: they could replace
    the program that root starts. It raises no error.
    """
    try:
        directory = link.parent.lstat()
        if stat.S_ISDIR(directory.st_mode) and directory.st_uid == 0 and not directory.st_mode & 0o022:
            link.symlink_to(launcher)
    except OSError:  # the name exists, or the directory does not: the launcher's own path works as well
        return


def remove_older(environment: Path) -> None:
    """Remove all environments but this and the newest other one, which a running program may still use."""
    others = [path for path in environment.parent.glob("env-*") if path != environment]
    for old in sorted(others, key=lambda path: path.stat().st_ctime)[:-1]:
        shutil.rmtree(old)
