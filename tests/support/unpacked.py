"""Debian's packages in a throw-away root that the machine itself does not have.

Other distributions' package managers are here only where a test wants them: on the machine their directories in /etc
would make every throw-away root look like one of theirs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.support.fresh import CACHE, copy_in, locked
from tests.support.throwaway import Throwaway

_APT = ("apt-get", "--quiet=2", "--yes", "--no-install-recommends")


def unpack(root: Throwaway, *packages: str) -> None:
    """Unpack packages, and those that they need and the machine has not, as dpkg would; no script of theirs runs."""
    copy_in(root, _downloaded(packages), "/srv/packages")
    root.run(
        ["sh", "-ec", 'for each in /srv/packages/*.deb; do dpkg -x "$each" /; done; rm -r /srv/packages; ldconfig'],
        check=True,
        timeout=120,
    )


def _downloaded(packages: tuple[str, ...]) -> Path:
    """A directory with the packages, as the machine's apt gets them; it is made once for a state of the machine."""
    status = Path("/var/lib/dpkg/status").read_bytes()
    name = hashlib.sha256("\0".join(packages).encode() + status).hexdigest()[:16]
    directory = CACHE / f"packages-{name}"
    with locked():
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            get = (*_APT, f"--option=Dir::Cache::archives={partial}", "install", "--download-only", *packages)
            env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            if subprocess.run(get, env=env, capture_output=True, timeout=300, check=False).returncode:
                subprocess.run(
                    (*_APT, "update"), env=env, check=True, timeout=300
                )  # its lists are older than the mirror
                subprocess.run(get, env=env, check=True, timeout=300)
            partial.rename(directory)
    return directory
