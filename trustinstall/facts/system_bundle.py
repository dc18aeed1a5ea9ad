"""The file in which a system keeps the roots that its own programs trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host

#: Its paths on distributions, macOS and OpenSSL builds; the first existing one counts.
PATHS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Gentoo, Void; a link on some others
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL, Fedora
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",  # macOS, FreeBSD
)


class SystemRoots(NamedTuple):
    """The system's bundle: its real path, and its content."""

    path: str
    content: bytes


def find(host: Host) -> SystemRoots | None:
    """Return the system's bundle, or None."""
    return host.remembered("the system's bundle", lambda: _find(host))


def _find(host: Host) -> SystemRoots | None:
    for path in PATHS:
        content = bundle(host, path)
        if content:
            return SystemRoots(host.real(path), content)
    return None


def bundle(host: Host, path: str) -> bytes | None:
    """Return the content of a bundle, links followed; None if it is not a bundle, or unreadable."""
    return host.remembered(("bundle", path), lambda: _bundle(host, path))


def _bundle(host: Host, path: str) -> bytes | None:
    try:
        content = host.read(host.real(path))
    except OSError:
        return None
    return content if any(block.label in CERTIFICATE_LABELS for block in pem_blocks(content)) else None
