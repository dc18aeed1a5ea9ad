"""The files that Debian's update-ca-certificates reads, and those that clients read of its work.

Sources: update-ca-certificates(8) and the script itself (20230311 and 20250419 differ only in quoting and in
`--sysroot`), openssl-rehash(1), and OpenSSL's crypto/x509/by_dir.c.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, TRUSTED, blocks_of
from trustinstall.host import Kind
from trustinstall.stores.files import read
from trustinstall.stores.observation import Copy
from trustinstall.values import NamedTuple
from trustinstall_platforms.linux.hash_links import HASH_LINK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from trustinstall.host import Host

TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"  # the administrator's directory of certificates
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
HASHED = "/etc/ssl/certs"  # NAME.pem links to the files, HASH.N to those: OpenSSL's CApath
SHIPPED = "/usr/share/ca-certificates"  # the packages' files
SELECTION = "/etc/ca-certificates.conf"  # which of those are trusted; "!" deselects one
_REHASHED = (".pem", ".crt", ".cer", ".crl")  # openssl-rehash(1) links files with these endings
_DEEPEST = 16  # nested directories


class Source(NamedTuple):
    """One file of certificates.

    Attributes:
        path: the tool's name for it.
        content: the file's bytes.
        certificates: SHA-256 of each certificate in it.
        link: its target, if it is a link itself.
        beyond: whether it lies outside LOCAL, behind a link to a directory.
    """

    path: str
    content: bytes
    certificates: tuple[str, ...]
    link: str | None
    beyond: bool = False

    @property
    def shipped(self) -> bool:
        """Whether a package brought it."""
        return self.path.startswith(f"{SHIPPED}/")

    @property
    def alone(self) -> str | None:
        """The certificate, if the file holds exactly one."""
        return self.certificates[0] if len(self.certificates) == 1 else None

    @property
    def marked(self) -> bool:
        """Whether its name carries the mark of trustinstall: the beginning of the certificate's fingerprint."""
        return not self.shipped and self.alone is not None and self.path.endswith(f"-{self.alone[:12]}.crt")


class Contents(NamedTuple):
    """The store's files, bundle and hash links.

    Attributes:
        sources: the files of which the tool makes the bundle.
        bundle: SHA-256 of each certificate in the bundle, and how often it is there.
        plain: certificates of the bundle that every client reads (GnuTLS skips a `TRUSTED CERTIFICATE`).
        hashed: SHA-256 of each certificate that OpenSSL finds by hash links, and its file.
        unmanaged: files in HASHED that the tool did not make: hash links lead to them, now or after the next rehash.
        damaged: the number of blocks of the bundle that cannot be read; None if there is no bundle.
    """

    sources: tuple[Source, ...]
    bundle: Counter[str]
    plain: frozenset[str]
    hashed: Mapping[str, Source]
    unmanaged: tuple[Source, ...]
    damaged: int | None

    @property
    def fed(self) -> Counter[str]:
        """The certificates of which the tool would make the bundle, and how often each."""
        return Counter(sha256 for source in self.sources for sha256 in source.certificates)

    def holders(self, sha256: str) -> list[Source]:
        """Return the files that hold a certificate."""
        return [one for one in (*self.sources, *self.unmanaged) if sha256 in one.certificates]

    def copies(self, names: Collection[str]) -> Iterator[Copy]:
        """Yield the copies of certificates: a file that holds several of them is a copy of each."""
        for source in (*self.sources, *self.unmanaged):
            for sha256 in dict.fromkeys(one for one in source.certificates if one in names):
                yield Copy(sha256, source.path, source.marked, removable=not source.beyond)


def read_contents(host: Host) -> Contents:
    """Read files, bundle and links; again only after a change, where the host remembers answers."""
    return host.remembered("files of update-ca-certificates", lambda: _read_contents(host))


def _read_contents(host: Host) -> Contents:
    content = read(host, BUNDLE)
    blocks = list(_certificates(content or b""))
    # Most files hold exactly one block of the bundle, which is not decoded a second time.
    known = {block.text: block.sha256 for block in blocks if block.sha256}
    sources = tuple(_sources(host, known))
    hashed = list(_hashed(host, sources))
    unmanaged = {one.path: one for one in hashed if posixpath.dirname(one.path) == HASHED}
    unmanaged |= {one.path: one for one in _to_be_hashed(host, sources)}
    return Contents(
        sources,
        bundle=Counter(block.sha256 for block in blocks if block.sha256),
        plain=frozenset(one.sha256 for one in blocks if one.sha256 and one.label != TRUSTED),
        hashed={source.certificates[0]: source for source in hashed},
        unmanaged=tuple(unmanaged.values()),
        damaged=None if content is None else sum(block.sha256 is None for block in blocks),
    )


def _sources(host: Host, known: Mapping[bytes, str]) -> Iterator[Source]:
    for name in selected(host):
        yield from _source(host, f"{SHIPPED}/{name}", known)
    yield from _local_sources(host, LOCAL, (host.real(LOCAL),), known)


def selected(host: Host) -> Iterator[str]:
    """Yield the packages' files that are trusted, by their paths below SHIPPED."""
    for line in (read(host, SELECTION) or b"").splitlines():
        name = line.strip().decode("utf-8", "surrogateescape")
        if name and name[0] not in "#!" and "\0" not in name:
            yield name


def _local_sources(host: Host, directory: str, ways: tuple[str, ...], known: Mapping[bytes, str]) -> Iterator[Source]:
    """`find -L DIRECTORY -type f -name '*.crt'`.

    `ways` are the real paths of LOCAL and the directories in between: no directory is entered within itself.
    """
    for name in host.names(ways[-1]):
        place = f"{ways[-1]}/{name}"
        kind, real = _kind(host, place)
        if kind is Kind.DIRECTORY and real not in ways and len(ways) < _DEEPEST:
            yield from _local_sources(host, f"{directory}/{name}", (*ways, real), known)
        elif kind is Kind.FILE and name.endswith(".crt"):
            beyond = not place.startswith(f"{ways[0]}/")
            for source in _source(host, place, known):
                yield source._replace(path=f"{directory}/{name}", beyond=beyond)


def _kind(host: Host, path: str) -> tuple[Kind | None, str]:
    """Return the kind of a path, links followed, and the real path."""
    status = host.status(path)
    if status is not None and status.kind is Kind.LINK:
        try:
            path = host.real(path)
        except OSError:  # links in a circle
            return None, path
        status = host.status(path)
    return (status.kind if status else None), path


def _source(host: Host, path: str, known: Mapping[bytes, str]) -> Iterator[Source]:
    content = read(host, path)
    if content is None:
        return
    if content in known:
        certificates: tuple[str, ...] = (known[content],)
    else:
        certificates = tuple(one.sha256 for one in _certificates(content) if one.sha256)
    yield Source(path, content, certificates, host.link_target(path))


class _Block(NamedTuple):
    """A certificate's block: its label, its bytes, its SHA-256 (None if it is damaged)."""

    label: str
    text: bytes
    sha256: str | None


def _certificates(content: bytes) -> Iterator[_Block]:
    for block in blocks_of(content):
        if block.label in CERTIFICATE_LABELS:
            sha256 = None if block.der is None else sha256_of(block.der)
            yield _Block(block.label, content[block.start : block.end], sha256)


def _hashed(host: Host, sources: Sequence[Source]) -> Iterator[Source]:
    """Yield the files that OpenSSL finds by a subject's hash: one certificate each.

    It opens HASH.0, HASH.1 … and stops at the first that is missing.
    """
    known = {source.path: source for source in sources}
    chains: dict[str, dict[int, str]] = {}
    for name in host.names(HASHED):
        if match := HASH_LINK.fullmatch(name):
            chains.setdefault(match[1], {})[int(match[2])] = f"{HASHED}/{name}"
    for chain in chains.values():
        for number in count():
            source = _end(host, chain[number], known) if number in chain else None
            if source is None:
                break
            if source.alone:
                yield source


def _end(host: Host, link: str, known: Mapping[str, Source]) -> Source | None:
    """Follow a hash link to its file; nearly always through NAME.pem to a file that is known."""
    path = link
    for _ in range(2):
        target = host.link_target(path)
        if target is None:
            break
        path = posixpath.join(HASHED, target)
    return known.get(path) or next(_source(host, path, {}), None)


def _to_be_hashed(host: Host, sources: Sequence[Source]) -> Iterator[Source]:
    """Yield the files in HASHED that `openssl rehash` gives a hash link, other than the tool's own links."""
    known = {source.path for source in sources}
    for name in host.names(HASHED):
        path = f"{HASHED}/{name}"
        if not name.endswith(_REHASHED) or path == BUNDLE:
            continue
        target = host.link_target(path)
        if target is not None and (target in known or target.startswith((f"{LOCAL}/", f"{SHIPPED}/"))):
            continue
        yield from (one for one in _source(host, path, {}) if one.alone)
