"""What Debian's update-ca-certificates reads, makes and leaves behind.

Sources: update-ca-certificates(8) and the script itself (20230311 and 20250419 differ only in
quoting and in `--sysroot`), openssl-rehash(1), OpenSSL's crypto/x509/by_dir.c, and the hook of
ca-certificates-java 20230710.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates.pem import CERTIFICATE_LABELS, TRUSTED, pem_blocks
from trustinstall.errors import printable
from trustinstall.host import Kind
from trustinstall.host.commands import Guard, Run
from trustinstall.stores.files import read
from trustinstall.stores.plan import Refresh
from trustinstall_platforms.keystores import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.host import Host

TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"  # where an administrator puts certificates
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
HASHED = "/etc/ssl/certs"  # NAME.pem links to the files, HASH.N to those: OpenSSL's CApath
SHIPPED = "/usr/share/ca-certificates"  # what packages bring
SELECTION = "/etc/ca-certificates.conf"  # which of those are trusted; "!" deselects one
_JAVA_HOOK = "/etc/ca-certificates/update.d/jks-keystore"  # reads "+PEM" and "-PEM" lines
_KEYSTORE = "/etc/ssl/certs/java/cacerts"  # what that hook keeps up to date
_JAVA_ALIAS = re.compile(r"debian:([^/\0\n]+)\.pem")
_DPKG_LOCK = "/var/lib/dpkg/lock-frontend"
_MAINTAINER = "DPKG_MAINTSCRIPT_PACKAGE"  # set while dpkg runs a package's own script: dpkg(1)
_OPENSSL = "/usr/bin/openssl"
_TOOL_NAME = posixpath.basename(TOOL)
_HASH_LINK = re.compile(r"([0-9a-f]{8})\.([0-9]{1,4})")
_OUR_LINK = re.compile(r".*-[0-9a-f]{12}\.pem")
_LINK_NAME = str.maketrans(" (),", "_==_")  # what the tool does to characters that a shell minds
_DEEPEST = 16  # directories within each other


@dataclass(frozen=True)
class Source:
    """One file that the tool pastes into the bundle.

    Attributes:
        path: as the tool names it.
        content: what it holds.
        certificates: SHA-256 of each certificate in it.
        link: where it points, if it is a link itself.
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
        """The certificate, where the file holds one and no other."""
        return self.certificates[0] if len(self.certificates) == 1 else None

    @property
    def ours(self) -> bool:
        """Whether its name is the one that we would give it."""
        return not self.shipped and self.alone is not None and self.path.endswith(f"-{self.alone[:12]}.crt")


@dataclass(frozen=True)
class Sight:
    """What was looked at.

    Attributes:
        sources: the files that the tool knows.
        bundle: SHA-256 of each certificate in the bundle, and how often it is there.
        plain: those of them that every client reads (GnuTLS skips a `TRUSTED CERTIFICATE`).
        hashed: what OpenSSL finds by way of the hash links.
        loose: hash-linked files that the tool does not know: somebody put them there by hand.
        damaged: how many blocks of the bundle cannot be read; None where there is no bundle.
    """

    sources: tuple[Source, ...]
    bundle: Counter[str]
    plain: frozenset[str]
    hashed: frozenset[str]
    loose: tuple[Source, ...]
    damaged: int | None

    @property
    def fed(self) -> Counter[str]:
        """What the tool would make the bundle of: each certificate, and how often."""
        return Counter(sha256 for source in self.sources for sha256 in source.certificates)

    def holding(self, sha256: str) -> list[Source]:
        """List the files that hold a certificate and that the tool knows."""
        return [source for source in self.sources if sha256 in source.certificates]

    def lying(self, sha256: str) -> list[Source]:
        """List the loose files that hold a certificate."""
        return [source for source in self.loose if sha256 in source.certificates]


def look(host: Host) -> Sight:
    """Read files, bundle and links."""
    content = read(host, BUNDLE)
    blocks = list(_certificates(content or b""))
    # Most files hold nothing but one block of the bundle: they need not be decoded again.
    pasted = {block.text: block.sha256 for block in blocks if block.sha256}
    sources = tuple(_sources(host, pasted))
    hashed = list(_hashed(host, sources))
    return Sight(
        sources,
        bundle=Counter(block.sha256 for block in blocks if block.sha256),
        plain=frozenset(one.sha256 for one in blocks if one.sha256 and one.label != TRUSTED),
        hashed=frozenset(source.certificates[0] for source in hashed),
        loose=tuple(source for source in hashed if posixpath.dirname(source.path) == HASHED),
        damaged=None if content is None else sum(block.sha256 is None for block in blocks),
    )


def problems(host: Host, sight: Sight) -> Iterator[str]:
    """Say what is wrong with the bundle and with links of ours, a sentence each."""
    fed = sight.fed
    if sight.damaged is None:
        yield f"{BUNDLE} is missing"
    elif sight.damaged:
        yield f"{BUNDLE} has {sight.damaged} damaged blocks"
    if lacking := len(fed.keys() - sight.bundle.keys()):
        yield f"{BUNDLE} lacks {lacking} certificates that its files hold"
    if twice := sum(sight.bundle[sha256] > times for sha256, times in fed.items()):
        yield f"{BUNDLE} has {twice} certificates more often than its files do"
    if host.status(f"{BUNDLE}.new") is not None:
        yield f"{BUNDLE}.new is there: {_TOOL_NAME} is running, or was killed"
    for name in filter(_OUR_LINK.fullmatch, host.names(HASHED)):
        target = host.link_target(f"{HASHED}/{name}") or ""
        if posixpath.dirname(target) == LOCAL and host.status(target) is None:
            yield f"{HASHED}/{printable(name)} leads nowhere"


def refresh(host: Host, gone: Sequence[str], *, rehash: bool, kept: Sequence[str] = ()) -> Refresh:
    """Take away links to files that are gone, mend hash links, make the bundle, and tell Java.

    The tool by itself leaves dangling links behind when a local file is gone, and never tells
    Java. Hash links come first: while HASH.0 is gone, OpenSSL does not look at HASH.1, which is
    somebody else's; and openssl-rehash(1) keeps a dangling HASH.0 where HASH.1 is good. Only the
    files' names are needed, because everything else may be gone already when a killed command is
    undone. `kept` are links that Java is told of again.
    """
    maintainer = host.environ.get(_MAINTAINER)
    env = ((_MAINTAINER, maintainer),) if maintainer else ()
    dangling = [link for path in gone for link in links_to(host, path)]
    names = [name_link(path) for path in gone]
    forgotten = [link for link in names if link in dangling or host.status(link) is None]
    runs: list[Run] = []
    if rehash:  # it fails where a stranger's link dangles, after all of its work
        runs.append(Run((_OPENSSL, "rehash", HASHED), env=env, must_succeed=False))
    runs.append(Run((TOOL,), env=env))
    if (forgotten or kept) and host.executable(_JAVA_HOOK):  # what comes of it, Java's store shows
        told = [f"-{link}\n" for link in forgotten] + [f"+{link}\n" for link in kept]
        runs.append(Run((_JAVA_HOOK,), _encoded("".join(told)), env, must_succeed=False))
    lock = None if maintainer else _DPKG_LOCK  # dpkg has called us, and holds it
    return Refresh(tuple(runs), (f"{BUNDLE}.new", *dangling), Guard(lock, _TOOL_NAME))


def local_links(host: Host) -> list[str]:
    """List the links that lead to local files which are there."""
    links = [f"{HASHED}/{name}" for name in host.names(HASHED) if name.endswith(".pem")]
    targets = {link: host.link_target(link) or "" for link in links}
    return [
        link for link, target in targets.items() if target.startswith(f"{LOCAL}/") and host.status(target) is not None
    ]


def links_to(host: Host, path: str) -> list[str]:
    """List the links that lead to a file: the HASH.N that lead to NAME.pem, and then that."""
    link = name_link(path)
    if host.link_target(link) != path:
        return []
    hashes = [f"{HASHED}/{name}" for name in host.names(HASHED) if _HASH_LINK.fullmatch(name)]
    name = posixpath.basename(link)
    return [*(one for one in hashes if host.link_target(one) in {name, link}), link]


def name_link(path: str) -> str:
    """Name the link that the tool makes for a file."""
    return f"{HASHED}/{posixpath.basename(path).removesuffix('.crt').translate(_LINK_NAME)}.pem"


def java_files(host: Host, sha256: str) -> list[str]:
    """The files that Java's keystore still remembers for a certificate, although they are gone.

    Whoever deletes a local file by hand and runs the tool leaves them behind: nobody tells Java.
    """
    if not host.executable(_JAVA_HOOK) or host.status(_KEYSTORE) is None:
        return []
    try:
        aliases = [
            one.alias for one in distribution.read(host, _KEYSTORE) if hashlib.sha256(one.der).hexdigest() == sha256
        ]
    except (OSError, ValueError):
        return []
    names = [match[1] for match in map(_JAVA_ALIAS.fullmatch, aliases) if match]
    return [path for path in (f"{LOCAL}/{name}.crt" for name in names) if host.status(path) is None]


def deselected(selection: bytes, sources: Sequence[Source]) -> bytes:
    """Return /etc/ca-certificates.conf with files deselected, as its own comment says."""
    names = {_encoded(source.path.removeprefix(f"{SHIPPED}/")) for source in sources}
    lines = selection.splitlines(keepends=True)
    return b"".join(b"!" + line.lstrip() if line.strip() in names else line for line in lines)


def _sources(host: Host, pasted: Mapping[bytes, str]) -> Iterator[Source]:
    for line in (read(host, SELECTION) or b"").decode("utf-8", "surrogateescape").splitlines():
        name = line.strip()
        if name and name[0] not in "#!" and "\0" not in name:
            yield from _source(host, f"{SHIPPED}/{name}", pasted)
    yield from _local_sources(host, LOCAL, (host.real(LOCAL),), pasted)


def _local_sources(host: Host, directory: str, ways: tuple[str, ...], pasted: Mapping[bytes, str]) -> Iterator[Source]:
    """`find -L DIRECTORY -type f -name '*.crt'`.

    `ways` are the real paths of LOCAL and what lies between: no directory is entered within itself.
    """
    for name in host.names(ways[-1]):
        place = f"{ways[-1]}/{name}"
        kind, real = _kind(host, place)
        if kind is Kind.DIRECTORY and real not in ways and len(ways) < _DEEPEST:
            yield from _local_sources(host, f"{directory}/{name}", (*ways, real), pasted)
        elif kind is Kind.FILE and name.endswith(".crt"):
            beyond = not place.startswith(f"{ways[0]}/")
            for source in _source(host, place, pasted):
                yield replace(source, path=f"{directory}/{name}", beyond=beyond)


def _kind(host: Host, path: str) -> tuple[Kind | None, str]:
    """Say what stands at a path, links followed, and where."""
    status = host.status(path)
    if status is not None and status.kind is Kind.LINK:
        try:
            path = host.real(path)
        except OSError:  # links in a circle
            return None, path
        status = host.status(path)
    return (status.kind if status else None), path


def _source(host: Host, path: str, pasted: Mapping[bytes, str]) -> Iterator[Source]:
    content = read(host, path)
    if content is None:
        return
    if content in pasted:
        certificates: tuple[str, ...] = (pasted[content],)
    else:
        certificates = tuple(one.sha256 for one in _certificates(content) if one.sha256)
    yield Source(path, content, certificates, host.link_target(path))


class _Block(NamedTuple):
    """A certificate's block: its label, its bytes, its SHA-256 (None where it is damaged)."""

    label: str
    text: bytes
    sha256: str | None


def _certificates(content: bytes) -> Iterator[_Block]:
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS:
            sha256 = None if block.der is None else hashlib.sha256(block.der).hexdigest()
            yield _Block(block.label, content[block.start : block.end], sha256)


def _hashed(host: Host, sources: Sequence[Source]) -> Iterator[Source]:
    """Yield what OpenSSL finds by a subject's hash: one certificate each.

    It opens HASH.0, HASH.1 … and stops at the first that is not there.
    """
    known = {source.path: source for source in sources}
    chains: dict[str, dict[int, str]] = {}
    for name in host.names(HASHED):
        if match := _HASH_LINK.fullmatch(name):
            chains.setdefault(match[1], {})[int(match[2])] = f"{HASHED}/{name}"
    for chain in chains.values():
        for number in count():
            source = _end(host, chain[number], known) if number in chain else None
            if source is None:
                break
            if source.alone:
                yield source


def _end(host: Host, link: str, known: Mapping[str, Source]) -> Source | None:
    """Follow a hash link to its file; nearly always by way of NAME.pem to one that is known."""
    path = link
    for _ in range(2):
        target = host.link_target(path)
        if target is None:
            break
        path = posixpath.join(HASHED, target)
    return known.get(path) or next(_source(host, path, {}), None)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
