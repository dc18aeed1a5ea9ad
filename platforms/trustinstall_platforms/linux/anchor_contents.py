"""The files that a family's tool reads, and the faults of the files that it made."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import CertificateRefused, printable
from trustinstall.host import Kind
from trustinstall.stores.files import read
from trustinstall_platforms.linux.anchor_sources import files
from trustinstall_platforms.linux.p11kit_limits import refused_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.linux.anchor_sources import Source
    from trustinstall_platforms.linux.family import Family


def local_files(host: Host, family: Family) -> list[Source]:
    """Read the administrator's anchors."""
    return list(_files(host, family.anchors, family))


def other_files(host: Host, family: Family) -> Iterator[Source]:
    """Read the other files of which the bundle is made: packages' and `trust anchor`'s, without the blocklists."""
    selected = _selected(host, family.selection) if family.selection else None
    for top in family.packages:
        for directory in (top, *(f"{top}/{name}" for name in host.names(top))):
            if directory not in (family.anchors, *family.blocklists):
                for one in _files(host, directory, family):
                    if selected is None or one.path.removeprefix(f"{top}/") in selected:
                        yield one


def blocking_file(host: Host, family: Family, certificate: Certificate) -> str | None:
    """Return the file of a blocklist because of which the tool leaves a certificate out, or None."""
    for directory in family.blocklists:
        for one in _files(host, directory, family):
            if any(_bars(der, certificate) for der in one.ders()):
                return one.path
    return None


def limiting_file(host: Host, family: Family, certificate: Certificate) -> str | None:
    """Return the file of p11-kit that limits a certificate's key to other purposes than TLS servers, or None."""
    directories = [*family.packages, *(f"{top}/{name}" for top in family.packages for name in host.names(top))]
    for directory in dict.fromkeys((family.anchors, *directories)) if family.takes_der else ():
        for name in host.names(directory):
            path = f"{directory}/{name}"
            status = host.status(path)
            if status is not None and status.kind in {Kind.FILE, Kind.LINK}:
                keys = list(refused_keys(read(host, path) or b""))
                if keys and certificate.is_readable and certificate.key_info in keys:
                    return path
    return None


def distrusted(host: Host, family: Family, sources: Sequence[Source], hidden: Collection[str]) -> set[str]:
    """Return those of the certificates that the bundle does not show (SHA-256) which a file keeps out of it.

    A blocklist does, a file of `sources` that itself distrusts its certificate, or one that limits its key.
    """
    found: set[str] = set()
    barring = [one for directory in family.blocklists for one in _files(host, directory, family)] if hidden else []
    for source in (*barring, *sources):
        if not set(hidden).isdisjoint(source.certificates):
            held = [one for one in map(Certificate.held, source.ders()) if one.sha256 in hidden]
            plain = source not in barring and not source.distrusts()
            found |= {one.sha256 for one in held if not plain or _barring_file(host, family, one) is not None}
    return found


def _barring_file(host: Host, family: Family, certificate: Certificate) -> str | None:
    return blocking_file(host, family, certificate) or limiting_file(host, family, certificate)


def problems(
    family: Family, content: bytes | None, anchors: Sequence[Source], bundle: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each fault of the bundle, and for each anchor that it lacks."""
    if content is None:
        yield f"{family.bundle} is missing"
        return
    damaged = sum(block.label in CERTIFICATE_LABELS and block.der is None for block in pem_blocks(content))
    if damaged:
        yield f"{family.bundle} has {damaged} damaged blocks"
    tool = posixpath.basename(family.tool)
    for anchor in anchors:
        if not set(anchor.certificates) <= set(bundle):
            yield (
                f"{printable(anchor.path)} is not in {family.bundle}: {tool} was not run since, or leaves it out "
                "(it does so with what is distrusted, limited, no authority, or damaged)"
            )


def _files(host: Host, directory: str, family: Family) -> Iterator[Source]:
    """Read the files in a directory that the family's tool would read."""
    return files(host, directory, endings=family.reads, der=family.takes_der)


def _selected(host: Host, path: str) -> set[str]:
    """Return the packages' files that are trusted: a line each, as update-ca-certificates(8) of Debian says."""
    lines = (read(host, path) or b"").decode("utf-8", "surrogateescape").splitlines()
    return {line.strip() for line in lines if line.strip() and line.strip()[0] not in "#!"}


def _bars(der: bytes, certificate: Certificate) -> bool:
    """Whether p11-kit leaves a certificate out because of one on a blocklist with the same key, or the same number."""
    blocked = Certificate.held(der)
    try:
        return blocked.key_info == certificate.key_info or blocked.issued_as == certificate.issued_as
    except CertificateRefused:  # no program can read it
        return False
