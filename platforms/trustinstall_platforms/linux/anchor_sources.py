"""Files that hold certificates: the input of the tools that make bundles."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, TRUSTED, pem_blocks, trusts_servers
from trustinstall.host import Kind
from trustinstall.stores.files import read, without
from trustinstall.stores.observation import Copy
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.linux import p11kit_format

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host

_P11_KIT = frozenset({"CERTIFICATE", TRUSTED})  # p11-kit passes over OpenSSL's oldest label: trust/parser.c
_ANCHORS = "anchors"  # the directory whose certificates p11-kit trusts: trust/token.c, loader_load_directory
_DER = b"\x30\x82"  # a SEQUENCE of 256 to 65535 octets: DER of a certificate begins so


class NewAnchor(NamedTuple):
    """A managed file that all derived files are to show, and the certificate in it."""

    path: str
    certificate: Certificate


@dataclass(frozen=True)
class Source:
    """One file of certificates.

    Attributes:
        path: its path.
        content: its bytes.
        certificates: SHA-256 of each certificate in it.
        link: its target, if it is a link itself.
        labels: the labels of PEM that its readers take.
    """

    path: str
    content: bytes
    certificates: tuple[str, ...]
    link: str | None
    labels: frozenset[str] = CERTIFICATE_LABELS

    def marked(self, ending: str) -> bool:
        """Whether its name carries the mark of trustinstall, in a directory where names end so."""
        return len(self.certificates) == 1 and self.path.endswith(our_ending(self.certificates[0], ending))

    def ders(self) -> list[bytes]:
        """Return the DER of each certificate in it."""
        return list(ders(self.content, self.labels)) or [self.content]

    def is_anchor(self, sha256: str) -> bool:
        """Whether p11-kit trusts a certificate in it: by its directory, by OpenSSL's settings, or by its own object."""
        if posixpath.basename(posixpath.dirname(self.path)) == _ANCHORS:
            return True
        trusted = (one.der for one in pem_blocks(self.content) if one.label == TRUSTED and one.der is not None)
        objects = (text for text in p11kit_format.parts(self.content)[1:] if p11kit_format.trusts(text))
        every = (*trusted, *(der for text in objects for der in ders(text, self.labels)))
        return sha256 in map(sha256_of, every)

    def without(self, going: set[str]) -> bytes | None:
        """Return its content without certificates (SHA-256); None if one object of p11-kit holds others beside them."""
        if p11kit_format.MAGIC not in self.content:
            return without(self.content, going)
        first, *objects = p11kit_format.parts(self.content)
        kept = [without(first, going)]
        for text in objects:
            held = set(fingerprints(text, self.labels))
            if held.isdisjoint(going):
                kept.append(text)
            elif not held.issubset(going):
                return None
        return b"".join(kept)

    def distrusts(self) -> bool:
        """Whether it says of a certificate in it that TLS servers may not be trusted by it.

        OpenSSL says so in a `TRUSTED CERTIFICATE`, and p11-kit in an object with `x-distrusted: true`.
        """
        refused = (one.extra and not trusts_servers(one.extra) for one in pem_blocks(self.content))
        return any(refused) or p11kit_format.distrusts(self.content)


def our_ending(sha256: str, ending: str) -> str:
    """Return the ending of a managed file's name: its mark."""
    return f"-{sha256[:12]}{ending}"


def files(host: Host, directory: str, *, endings: tuple[str, ...] = (), der: bool = False) -> Iterator[Source]:
    """Read the files directly in a directory that hold certificates, links to files among them, as the tools do.

    `endings` are the endings of names that count (none: all do); `der`: whether p11-kit reads them, and so DER, too.
    """
    labels = _P11_KIT if der else CERTIFICATE_LABELS
    for name in host.names(directory):
        path = f"{directory}/{name}"
        if name.startswith(".") or (endings and not name.endswith(endings)):
            continue
        status = host.status(path)
        if status is None or status.kind not in {Kind.FILE, Kind.LINK}:
            continue
        content = read(host, path) or b""
        certificates = tuple(fingerprints(content, labels))
        if not certificates and der and content.startswith(_DER):
            certificates = (sha256_of(content),)
        if certificates:
            yield Source(path, content, certificates, host.link_target(path), labels)


def ders(content: bytes, labels: frozenset[str] = CERTIFICATE_LABELS) -> Iterator[bytes]:
    """Yield the DER of each certificate in PEM with one of the labels, or in p11-kit's own format."""
    for block in pem_blocks(content):
        if block.label in labels and block.der is not None:
            yield block.der
    if p11kit_format.MAGIC in content:
        yield from p11kit_format.certificates(content)


def fingerprints(content: bytes, labels: frozenset[str] = CERTIFICATE_LABELS) -> Iterator[str]:
    """Yield the SHA-256 of each certificate in PEM with one of the labels, or in p11-kit's own format."""
    return map(sha256_of, ders(content, labels))


def copies(sources: Iterable[Source], names: Collection[str], ending: str) -> Iterator[Copy]:
    """Yield the copies of certificates in files that can be changed; `ending` is that of managed files."""
    for source, sha256 in _holders(sources, names):
        yield Copy(sha256, source.path, source.marked(ending))


def fixed_copies(sources: Iterable[Source], names: Collection[str]) -> Iterator[Copy]:
    """Yield the copies of certificates in files that must not be changed: a package's, or another program's."""
    for source, sha256 in _holders(sources, names):
        yield Copy(sha256, source.path, removable=False)


def _holders(sources: Iterable[Source], names: Collection[str]) -> Iterator[tuple[Source, str]]:
    for source in sources:
        for sha256 in dict.fromkeys(one for one in source.certificates if one in names):
            yield source, sha256
