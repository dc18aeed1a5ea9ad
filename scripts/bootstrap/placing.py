"""The place of an environment: its lock, the links that lead to it, and the removal of older environments."""

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
    """Hold a lock that ends with this process, so that two first runs do not both download."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def link_launcher(environment: Path) -> None:
    """Point bin/trustinstall beside the environments, a path that stays the same, to this one."""
    directory = environment.parent / "bin"
    directory.mkdir(exist_ok=True)
    new = directory / ".new"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("..") / environment.name / "bin" / "trustinstall")
    new.rename(directory / "trustinstall")


def link_on_path(launcher: Path, link: Path) -> None:
    """Link the launcher into a directory of PATH, so that the commands of the messages can be typed.

    Anything that already has that name stays, and so does a directory that other accounts may write: they could
    replace the program that root starts.
    """
    try:
        directory = link.parent.lstat()
        if stat.S_ISDIR(directory.st_mode) and directory.st_uid == 0 and not directory.st_mode & 0o022:
            link.symlink_to(launcher)
    except OSError:  # there is one already, or no such directory: the launcher's own path works as well
        return


def remove_older(environment: Path) -> None:
    """Remove all but this environment and the one before, from which a run may still be going."""
    others = [path for path in environment.parent.glob("env-*") if path != environment]
    for old in sorted(others, key=lambda path: path.stat().st_ctime)[:-1]:
        shutil.rmtree(old)
