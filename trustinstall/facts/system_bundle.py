"""The one file in which a system keeps the roots that its own programs trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks

if TYPE_CHECKING:
    from trustinstall.host import Host

#: Where distributions, macOS and OpenSSL builds keep them; the first that is there counts.
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
    """The system's bundle: where it really lies, and what it holds."""

    path: str
    content: bytes


def find(host: Host) -> SystemRoots | None:
    """The system's bundle, or None where there is none."""
    return host.remembered("the system's bundle", lambda: _find(host))


def _find(host: Host) -> SystemRoots | None:
    for path in PATHS:
        content = bundle(host, path)
        if content:
            return SystemRoots(host.real(path), content)
    return None


def bundle(host: Host, path: str) -> bytes | None:
    """What stands in a bundle, links followed; None where it is none, or cannot be read."""
    try:
        content = host.read(host.real(path))
    except OSError:
        return None
    return content if any(block.label in CERTIFICATE_LABELS for block in pem_blocks(content)) else None
