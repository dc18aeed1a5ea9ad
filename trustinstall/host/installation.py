"""How this program was installed, and how the copy that scripts/trustinstall made is deleted.

Sources: scripts/bootstrap (the environments of scripts/trustinstall), scripts/build-deb (the Debian package), the
documentation of pipx and uv (the files pipx_metadata.json and uv-receipt.toml in an environment).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys

from trustinstall.values import dataclass

#: The environment of the Debian package.
PACKAGE = "/opt/trustinstall/package"
#: The link that scripts/trustinstall makes for root.
ON_PATH = "/usr/local/bin/trustinstall"

#: The file that another installer keeps in its environment, and its command that uninstalls.
_RECEIPTS = (
    ("pipx_metadata.json", "pipx uninstall trustinstall"),
    ("uv-receipt.toml", "uv tool uninstall trustinstall"),
)


@dataclass(frozen=True)
class Installation:
    """One installation of the program.

    Attributes:
        directory: the directory that scripts/trustinstall fills, or "" if another installer made the environment.
        link: the link on PATH that leads into this directory, or "".
        command: the command of the other installer that uninstalls, or "".
    """

    directory: str
    link: str = ""
    command: str = ""


def find(prefix: str = sys.prefix, on_path: str = ON_PATH) -> Installation:
    """Return how the environment at `prefix` was installed."""
    if prefix == PACKAGE:
        return Installation("", command="apt-get remove trustinstall")
    for receipt, command in _RECEIPTS:
        if os.path.exists(f"{prefix}/{receipt}"):
            return Installation("", command=command)
    base, name = os.path.split(prefix)
    if not name.startswith("env-") or not os.path.islink(f"{base}/bin/trustinstall"):
        return Installation("", command=f"{sys.executable} -m pip uninstall trustinstall")
    leads = os.path.islink(on_path) and os.readlink(on_path) == f"{base}/bin/trustinstall"
    return Installation(base, on_path if leads else "")


def delete(installation: Installation) -> None:
    """Delete the environments of scripts/trustinstall and the link to them.

    Other files in the directory stay: an account's own bundle has the same directory. The running program loses its
    modules, so nothing can be imported afterwards. Raises OSError if a file cannot be deleted.
    """
    if installation.link:
        os.unlink(installation.link)
    for name in os.listdir(installation.directory):
        path = f"{installation.directory}/{name}"
        if name == "bin" or name.startswith(("env-", "new-")):
            shutil.rmtree(path)
        elif name == "lock":
            os.unlink(path)
    with contextlib.suppress(OSError):  # it is not empty
        os.rmdir(installation.directory)
