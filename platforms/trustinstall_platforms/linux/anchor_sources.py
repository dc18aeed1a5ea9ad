"""Files that hold certificates: what the tools that make bundles read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.host import Kind
from trustinstall.stores.files import read
from trustinstall_platforms.linux import p11kit_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

_DER = b"\x30\x82"  # a SEQUENCE of 256 to 65535 octets: what DER of a certificate begins with


@dataclass(frozen=True)
class Source:
    """One file of certificates.

    Attributes:
        path: where it is.
        content: what it holds.
        certificates: SHA-256 of each certificate in it.
        link: where it points, if it is a link itself.
    """

    path: str
    content: bytes
    certificates: tuple[str, ...]
    link: str | None

    def named(self, ending: str) -> bool:
        """Whether its name is the one that we would give it, in a directory where names end so."""
        return len(self.certificates) == 1 and self.path.endswith(our_ending(self.certificates[0], ending))


def our_ending(sha256: str, ending: str) -> str:
    """How a file's name ends where the file is ours."""
    return f"-{sha256[:12]}{ending}"


def files(host: Host, directory: str, *, endings: tuple[str, ...] = (), der: bool = False) -> Iterator[Source]:
    """Read the files directly in a directory that hold certificates, links to files among them, as the tools do.

    `endings` are those of the names that count (none: all do); `der`: whether a file may be DER instead of PEM.
    """
    for name in host.names(directory):
        path = f"{directory}/{name}"
        if name.startswith(".") or (endings and not name.endswith(endings)):
            continue
        status = host.status(path)
        if status is None or status.kind not in {Kind.FILE, Kind.LINK}:
            continue
        content = read(host, path) or b""
        certificates = tuple(fingerprints(content))
        if not certificates and der and content.startswith(_DER):
            certificates = (hashlib.sha256(content).hexdigest(),)
        if certificates:
            yield Source(path, content, certificates, host.link_target(path))


def fingerprints(content: bytes) -> Iterator[str]:
    """Yield the SHA-256 of each certificate in PEM, or in p11-kit's own format."""
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS and block.der is not None:
            yield hashlib.sha256(block.der).hexdigest()
    if p11kit_format.MAGIC in content:
        for one in p11kit_format.certificates(content):
            yield hashlib.sha256(one).hexdigest()
