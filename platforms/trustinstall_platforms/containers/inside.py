"""The content of an engine's machine: its system, its bundle, its administrator's anchors, its packages' roots.

One command reads all of it: grep prints every line after the path of its file, so that a banner, a shell's greeting or
a missing file does no harm, and a terminal's CR at the end of a line is removed (grep(1) of GNU and of BusyBox). The
output is untrusted: a path in it becomes a word of a command only if it is plain, and in the directory of the
administrator's anchors.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.patterns import regex
from trustinstall.stores.observation import Copy
from trustinstall.values import dataclass
from trustinstall_platforms.linux.anchor_sources import fingerprints, our_ending
from trustinstall_platforms.linux.debian_files import SHIPPED
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, RHEL, SUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall_platforms.linux.family import Family

_RELEASE = "/etc/os-release"
_FAMILIES = (DEBIAN, RHEL, SUSE, ARCH, ALPINE)
_BUNDLES = tuple(dict.fromkeys(family.bundle for family in _FAMILIES))
_DIRECTORIES = tuple(dict.fromkeys(family.anchors for family in _FAMILIES))
#: The packages' directories of roots: of each family below /usr/share.
_PACKAGES = {
    family.name: tuple(
        path for path in (*family.packages, *(SHIPPED,) * (family is DEBIAN)) if path.startswith("/usr/share")
    )
    for family in _FAMILIES
}
_TOPS = tuple(dict.fromkeys((*_DIRECTORIES, *(path for paths in _PACKAGES.values() for path in paths))))
_PLAIN = regex(r"[A-Za-z0-9/][A-Za-z0-9/._+-]*")
_ID = regex(rb"^ID(?:_LIKE)?=[\"']?([^\"'\n]*)", re.MULTILINE)
#: The file that cloud-init makes of Lima's roots (`ca_certs`, cloudinit/config/cc_ca_certs.py). It stays there when
#: the managed setting that named them has gone: beside a managed file, it is a copy that came through trustinstall.
_CLOUD_INIT = "cloud-init-ca-cert"

#: Prints everything of it. Its exit status does not count: files of other systems are always missing.
LOOK = ("grep", "-r", "-H", "-s", "-a", "-e", ".", _RELEASE, *_BUNDLES, *_TOPS)
#: The directory in which Debian's tool makes a link for each file, and leaves it there after the file has gone.
_LINKS, _REHASH = "/etc/ssl/certs", ("/usr/bin/openssl", "rehash", "/etc/ssl/certs")


@dataclass(frozen=True)
class Inside:
    """The content of one node.

    Attributes:
        family: the family of its system; None if its tool is not known.
        system: its name in os-release, for people; "" if nothing was read.
        bundle: the file that clients read.
        anchors: the SHA-256 of each certificate in each file among the anchors, by path.
        shipped: SHA-256 of each certificate that the system's packages brought.
    """

    family: Family | None
    system: str
    bundle: bytes
    anchors: dict[str, tuple[str, ...]]
    shipped: frozenset[str] = frozenset()

    @cached_property
    def trusted(self) -> frozenset[str]:
        """SHA-256 of each certificate in the bundle."""
        return frozenset(fingerprints(self.bundle))

    @cached_property
    def present(self) -> frozenset[str]:
        """SHA-256 of each certificate among the anchors."""
        return frozenset(one for found in self.anchors.values() for one in found)

    def damaged(self) -> int:
        """The number of blocks of the bundle that cannot be read."""
        return sum(one.label in CERTIFICATE_LABELS and one.der is None for one in pem_blocks(self.bundle))

    @cached_property
    def ours(self) -> dict[str, str]:
        """The paths of files with managed names, by the one certificate that they hold."""
        return {sha256: path for path, sha256 in self._alone if self._is_ours(path, sha256)}

    def copies(self, sha256: str) -> Iterator[Copy]:
        """Yield the places of a certificate; without an entry if no command of trustinstall could remove it."""
        alone = [path for path, one in self._alone if one == sha256]
        for path in (path for path, found in self.anchors.items() if sha256 in found):
            handed_over = sha256 in self.ours and f"/{_CLOUD_INIT}" in path
            known = path in alone
            yield Copy(sha256, path if known else "", known and (handed_over or self._is_ours(path, sha256)))
        if sha256 in self.shipped:
            yield Copy(sha256)

    def going(self, sha256: str, *, everything: bool, cloud_init: bool) -> tuple[str, ...]:
        """Return the paths of files that hold only this certificate, and go with it: managed or requested ones."""
        paths = [path for path, one in self._alone if one == sha256]
        return tuple(
            path
            for path in paths
            if self._is_ours(path, sha256) or everything or (cloud_init and f"/{_CLOUD_INIT}" in path)
        )

    @cached_property
    def _alone(self) -> tuple[tuple[str, str], ...]:
        """The files that hold one certificate, by paths that are fit for a command."""
        return tuple(
            (path, found[0])
            for path, found in self.anchors.items()
            if len(found) == 1 and _PLAIN.fullmatch(path) and ".." not in path
        )

    def _is_ours(self, path: str, sha256: str) -> bool:
        return self.family is not None and path.endswith(our_ending(sha256, self.family.ending))


def parse(answer: bytes) -> Inside:
    """Parse the output of LOOK."""
    files: dict[str, list[bytes]] = {}
    known = {path.encode(): path for path in (_RELEASE, *_BUNDLES)}
    inner = tuple(f"{path}/".encode() for path in _TOPS)
    for line in answer.split(b"\n"):
        head, colon, rest = line.partition(b":")
        path = known.get(head) or (head.decode("utf-8", "replace") if head.startswith(inner) else None)
        if colon and path is not None:
            files.setdefault(path, []).append(rest.removesuffix(b"\r"))
    content = {path: b"\n".join([*lines, b""]) for path, lines in files.items()}
    words = b" ".join(_ID.findall(content.get(_RELEASE, b""))).decode("ascii", "replace").lower().split()
    family = next((one for one in _FAMILIES if one.ids & set(words)), None)
    if family is None:
        return Inside(None, " ".join(words), b"", {})
    anchors = {
        path: tuple(fingerprints(text)) for path, text in content.items() if path.startswith(f"{family.anchors}/")
    }
    packages = tuple(f"{path}/" for path in _PACKAGES[family.name])
    shipped = frozenset(
        one for path, text in content.items() if path.startswith(packages) for one in fingerprints(text)
    )
    return Inside(family, " ".join(words), content.get(family.bundle, b""), anchors, shipped)


def path_for(family: Family, certificate: Certificate) -> str:
    """Return the path of the managed file for a certificate, as on a machine of that family."""
    return f"{family.anchors}/{certificate.slug}{our_ending(certificate.sha256, family.ending)}"


def removing(family: Family, paths: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the words of commands that remove files, with the links that Debian's tool has made for them.

    The hash links to these go as well: openssl-rehash(1) keeps a dangling HASH.0 if HASH.1 leads to another copy.
    """
    names: list[str] = []
    if family is DEBIAN:
        names = [f"{path.rpartition('/')[2].removesuffix('.crt')}.pem" for path in paths]
    links = (f"{_LINKS}/{name}" for name in names)
    hashed = (("find", _LINKS, "-maxdepth", "1", "-lname", name, "-delete") for name in names)
    return ("rm", "-f", *paths, *links), *hashed


def refreshing(family: Family, *, gone: bool) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Return the words that make the bundle again, and whether their exit status counts; `gone`: files may have gone.

    Debian's tool by itself leaves hash links of files that have gone (see `debian.refresh`). It appends to a new bundle
    that it did not finish because its disk failed or it was killed: that one is deleted first.
    """
    tool = ((family.tool, *family.arguments), family.status_counts)
    if family is not DEBIAN:
        return (tool,)
    started_anew = (("rm", "-f", f"{family.bundle}.new"), True)
    return ((_REHASH, False), started_anew, tool) if gone else (started_anew, tool)
