"""Directories of single programs: each file in them is a certificate that the program trusts when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.stores.directory import CertificateDirectories, Directory, own_home
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host


class Drop(NamedTuple):
    """One such directory.

    Attributes:
        tool: its program's name for people.
        home: the directory that the program makes in a home: an account uses the program if it exists.
        directory: the directory for files, below that.
        clients: the programs that read them, and when.
        source: the source of this row.
    """

    tool: str
    home: str
    directory: str
    clients: str
    source: str


DROPS = (
    Drop(
        "minikube",
        ".minikube",
        "certs",
        "minikube's machines, at their next start",
        "minikube handbook, Untrusted certificates; pkg/minikube/bootstrapper/certs.go: certs/*.pem",
    ),
    Drop(
        "storage-explorer",
        ".config/StorageExplorer",
        "certs",
        "Azure Storage Explorer, once it is started again",
        "Azure Storage Explorer troubleshooting guide, SSL certificate issues",
    ),
)


class Dropped(CertificateDirectories):
    """The backend of these directories."""

    name = "drop-directory"

    def directories(self, host: Host) -> Iterator[Directory]:
        """Yield the directories of programs that the acting account has used."""
        home = own_home(host)
        for drop in DROPS if home else ():
            if host.status(f"{home}/{drop.home}") is not None:
                yield Directory(f"{home}/{drop.home}/{drop.directory}", drop.tool, drop.clients)
