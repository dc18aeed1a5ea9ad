"""The certificates in an Android device, from one archive that its own `tar` makes.

The store for certificates of users has one file for each certificate, HASH.N: the hash of the subject as OpenSSL made
it before 1.0, and a number. Programs look for HASH.0, HASH.1 and so on up to the first that is missing, so a file of no
bytes, a tombstone, takes the place of one that went before others. A file is DER, or PEM, of which the first block
counts. The system's own roots are in a directory of the same form, from Android 14 on in the module Conscrypt; a copy
of one among the removed ones switches it off.

Source: Conscrypt, TrustedCertificateStore.java (findCert, isTombstone, deleteCertificateEntry,
removeUnnecessaryTombstones) and OpenSSLX509CertificateFactory.java; the format of the archive: POSIX, pax, ustar.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.patterns import regex
from trustinstall.stores.observation import Copy
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.linux.subject_hash import old_subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The user of the device's owner, which is 0, whichever accounts are beside it.
USER = "/data/misc/user/0"
ADDED, REMOVED = f"{USER}/cacerts-added", f"{USER}/cacerts-removed"
_MODULE, _SYSTEM = "/apex/com.android.conscrypt/cacerts", "/system/etc/security/cacerts"
#: Prints all of it; its exit status does not count, because one of the system's directories may be missing.
LOOK = ("tar", "-c", "-f", "-", "-C", "/", *(one[1:] for one in (USER, _MODULE, _SYSTEM)))

_BLOCK = 512  # bytes
_OCTAL = regex(rb"[ \0]*([0-7]{1,11})[ \0]*")
_HASHED = regex(r"[0-9a-f]{8}\.(?:0|[1-9][0-9]{0,3})")
_FOR_ALL = 0o004, 0o005  # programs have accounts of their own: what a file, and a directory, must let everybody do


class Member(NamedTuple):
    """One file of the archive: its content, and its permission bits."""

    content: bytes
    mode: int


@dataclass(frozen=True)
class Inside:
    """The content of a device.

    Attributes:
        files: every file of the four directories, by path.
        rooms: the directories among them, with their permission bits.
    """

    files: Mapping[str, Member]
    rooms: Mapping[str, int]

    @cached_property
    def added(self) -> dict[str, Certificate]:
        """The certificates of users, by path, whether programs find them or not."""
        return dict(self._in(ADDED))

    @cached_property
    def trusted(self) -> dict[str, bytes]:
        """SHA-256 and DER of each certificate that programs find: the users', and the system's that are not removed."""
        readable = self.rooms.get(ADDED, 0) & _FOR_ALL[1] == _FOR_ALL[1]
        users = [one for path, one in self.added.items() if readable and self._is_found(path, one)]
        removed = {one.sha256 for _, one in self._in(REMOVED)}
        systems = [one for _, one in self._systems if one.sha256 not in removed]
        return {one.sha256: one.der for one in (*users, *systems)}

    def copies(self, sha256: str) -> Iterator[Copy]:
        """Yield the places of a certificate; the system's cannot be changed here."""
        for path, one in self.added.items():
            if one.sha256 == sha256:
                marked = self.is_marked(path, one)
                yield Copy(sha256, path if marked else "", marked)  # names are those of the settings' files, too
        if any(one.sha256 == sha256 for _, one in self._systems):
            yield Copy(sha256, removable=False)

    def is_marked(self, path: str, one: Certificate) -> bool:
        """Whether a file is as trustinstall writes it."""
        return self.files[path].content == content_of(one)

    def marked(self) -> frozenset[str]:
        """SHA-256 of each certificate with such a file."""
        return frozenset(one.sha256 for path, one in self.added.items() if self.is_marked(path, one))

    def path_for(self, certificate: Certificate, taken: frozenset[str] = frozenset()) -> str:
        """Return the first file that may be written for a certificate; `taken`: files of others in the same plan."""
        number, stem = 0, f"{ADDED}/{old_subject_hash(certificate)}"
        while (path := f"{stem}.{number}") in taken or not self._is_free(path, certificate):
            number += 1
        return path

    def going(self, certificate: Certificate, *, everything: bool) -> tuple[str, ...]:
        """Return the files that go with a certificate: as trustinstall writes them, cut off ones too; or all of it."""
        stem = f"{ADDED}/{old_subject_hash(certificate)}."
        ours = {path for path in self._named(ADDED) if path.startswith(stem) and self._is_ours(path, certificate)}
        others = {path for path, one in self.added.items() if everything and one == certificate}
        return tuple(sorted(ours | others))

    def following(self, path: str, gone: frozenset[str] = frozenset()) -> bool:
        """Whether a later file has the same hash, so that programs would not find it if this one were missing."""
        stem, _, number = path.rpartition(".")
        after = f"{stem}.{int(number) + 1}"
        return after in self.files and after not in gone

    def needless(self, path: str) -> Iterator[str]:
        """Yield the tombstones directly before a file, which nothing needs once that is gone."""
        stem, _, number = path.rpartition(".")
        for before in range(int(number) - 1, -1, -1):
            found = self.files.get(f"{stem}.{before}")
            if found is None or found.content:
                return
            yield f"{stem}.{before}"

    def _is_ours(self, path: str, certificate: Certificate) -> bool:
        """Whether trustinstall wrote a file for a certificate, or began to."""
        content, whole = self.files[path].content, content_of(certificate)
        return content == whole or (bool(content) and whole.startswith(content) and held(content) is None)

    def _is_free(self, path: str, certificate: Certificate) -> bool:
        """Whether a file may be written for a certificate: it is missing, a tombstone, or of trustinstall."""
        return path not in self.files or not self.files[path].content or self._is_ours(path, certificate)

    @cached_property
    def _systems(self) -> list[tuple[str, Certificate]]:
        return self._in(_MODULE) or self._in(_SYSTEM)

    def _in(self, directory: str) -> list[tuple[str, Certificate]]:
        found = ((path, held(self.files[path].content)) for path in self._named(directory))
        return [(path, one) for path, one in found if one is not None]

    def _named(self, directory: str) -> list[str]:
        """Return the files directly in a directory that have names as programs search for them."""
        split = ((path, *path.rpartition("/")[::2]) for path in self.files)
        return [path for path, parent, name in split if parent == directory and _HASHED.fullmatch(name)]

    def _is_found(self, path: str, one: Certificate) -> bool:
        stem, _, number = path.rpartition(".")
        hashed = stem.rpartition("/")[2] == old_subject_hash(one)
        return hashed and bool(self.files[path].mode & _FOR_ALL[0]) and int(number) < self._unbroken[stem]

    @cached_property
    def _unbroken(self) -> dict[str, int]:
        """The number of files HASH.0, HASH.1 and so on up to the first that is missing, by their path without it."""
        return {stem: self._count(stem) for stem in {path.rpartition(".")[0] for path in self.added}}

    def _count(self, stem: str) -> int:
        return next(index for index in range(len(self.files) + 1) if f"{stem}.{index}" not in self.files)


def content_of(certificate: Certificate) -> bytes:
    """Return the file of trustinstall for a certificate: PEM, and a mark behind it, where no reader looks."""
    return certificate.pem + f"# trustinstall {certificate.sha256}\n".encode()


def held(content: bytes) -> Certificate | None:
    """Return the certificate that programs read in a file: DER, or the first block of PEM that begins the file."""
    raw: bytes | None = content
    if content.startswith(b"-"):
        raw = next((one.der for one in pem_blocks(content)), None)
    try:
        outer = der.element(raw or b"")
    except der.Malformed:
        return None
    one = Certificate.held(outer.whole)
    return one if one.is_readable and not outer.cut_off else None


def parse(archive: bytes) -> Inside | None:
    """Read the archive that LOOK prints; None if a device prints anything else, or it is cut off."""
    files: dict[str, Member] = {}
    rooms: dict[str, int] = {}
    at = 0
    while (header := archive[at : at + _BLOCK]).strip(b"\0"):
        size, mode = _number(header[124:136]), _number(header[100:108])
        if len(header) < _BLOCK or header[257:262] != b"ustar" or size is None or mode is None:
            return None
        content = archive[at + _BLOCK : at + _BLOCK + size]
        if len(content) < size:
            return None
        name = b"/".join(filter(None, (_text(header[345:500]), _text(header[:100])))).decode("utf-8", "replace")
        path = f"/{name.strip('/')}"
        if header[156:157] in {b"0", b"\0"}:
            files[path] = Member(content, mode)
        elif header[156:157] == b"5":
            rooms[path] = mode
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
    return Inside(files, rooms) if len(header) == _BLOCK and (files or rooms) else None


def _number(field: bytes) -> int | None:
    match = _OCTAL.fullmatch(field)
    return int(match[1], 8) if match else None


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
