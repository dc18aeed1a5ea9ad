"""A directory of hash links (OpenSSL's CApath): the certificates that a client finds in it.

Sources: openssl-rehash(1), and OpenSSL's crypto/x509/by_dir.c: it opens HASH.0, HASH.1 … of a subject's hash and stops
at the first that is missing.
"""

from __future__ import annotations

import posixpath
from itertools import count
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.patterns import regex
from trustinstall.stores.files import read
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from trustinstall.host import Host

#: The name of a link: the hash of a subject, and a number.
HASH_LINK = regex(r"([0-9a-f]{8})\.([0-9]{1,4})")
#: The replacements of a file name's special characters of the shell, when tools name a link after the file.
LINK_NAME = str.maketrans(" (),", "_==_")


class Linked(NamedTuple):
    """The target of one hash: the path HASH.N, its target if it is a link, and the certificate's DER."""

    path: str
    link: str | None
    der: bytes

    @property
    def sha256(self) -> str:
        """The certificate's fingerprint."""
        return sha256_of(self.der)


def linked(host: Host, directory: str) -> list[Linked] | None:
    """Read a directory of hash links; None if it does not exist, or has no such link."""
    chains: dict[str, dict[int, str]] = {}
    for name in host.names(directory):
        if match := HASH_LINK.fullmatch(name):
            chains.setdefault(match[1], {})[int(match[2])] = f"{directory}/{name}"
    return [one for chain in chains.values() for one in _chain(host, chain)] if chains else None


def links_to(host: Host, directory: str, paths: Collection[str]) -> tuple[str, ...]:
    """Return the hash links in a directory that lead to some files, even if these are gone."""
    links = [f"{directory}/{name}" for name in host.names(directory) if HASH_LINK.fullmatch(name)]
    targets = {link: host.link_target(link) for link in links}
    return tuple(link for link, target in targets.items() if target and posixpath.join(directory, target) in paths)


def _chain(host: Host, chain: dict[int, str]) -> Iterator[Linked]:
    for number in count():
        if (path := chain.get(number)) is None:
            return
        target = host.link_target(path)
        content = read(host, path if target is None else posixpath.join(posixpath.dirname(path), target))
        if content is None:
            return
        for block in pem_blocks(content):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield Linked(path, target, block.der)
                break  # a file of many is found by the first one's subject alone
