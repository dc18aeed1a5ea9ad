"""The certificates in a policy file of Firefox: the files that it names, and their content."""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.json_document import Document
from trustinstall.stores.observation import Copy
from trustinstall.typed_json import is_array
from trustinstall.values import dataclass
from trustinstall_platforms.browsers import firefox_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import Store

KEYS = ("policies", "Certificates", "Install")
_SHARED = ("/usr/lib/mozilla/certificates", "/usr/lib64/mozilla/certificates")
_LIMIT = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Listed:
    """A certificate that the policy names: the word in its list, the file on the machine, and the DER in it.

    `real`: the file's path, links resolved. Another program may name a managed file by another path than trustinstall.
    """

    word: str
    path: str
    der: bytes
    real: str

    @property
    def sha256(self) -> str:
        """The certificate's SHA-256."""
        return sha256_of(self.der)

    @property
    def marked(self) -> bool:
        """Whether the file has the name that trustinstall gives to it, in any directory."""
        return _name(self.sha256) in {posixpath.basename(self.path), posixpath.basename(self.real)}

    def is_copy(self, copy: Copy) -> bool:
        """Whether it names the file of a copy."""
        return self.sha256 == copy.sha256 and copy.entry in {self.path, *([self.real] if self.marked else [])}


class Contents:
    """The content of a policy file. A missing file is empty."""

    def __init__(self, host: Host, store: Store) -> None:
        """Read it. Raises OSError if it cannot be read."""
        self._host = host
        self.path = host.real(store.location)
        self.content = host.read_or_none(self.path, _LIMIT)
        self.document = Document(b"{}\n")
        self.problem = ""
        try:
            if self.content is not None:
                self.document = Document(self.content)
        except ValueError as error:
            self.problem = f"{store.location} is not JSON ({error}), so the application ignores all of it"
        self._inside = firefox_places.inside(store.location)
        words = self.document.get(*KEYS)
        self.words = [one for one in words if isinstance(one, str)] if is_array(words) else []
        found = (self._listed(one) for one in dict.fromkeys(self.words))
        self.listed = [one for one in found if one is not None]

    def own_path(self, sha256: str) -> str:
        """Return the path, existing or not, of trustinstall's file of a certificate on the machine."""
        return f"{posixpath.dirname(self.path)}/{_name(sha256)}"

    def own_word(self, sha256: str) -> str:
        """Return the policy's entry for that file: its path as the application sees it."""
        return f"{self._inside}/{_name(sha256)}"

    def file_of(self, path: str) -> tuple[bytes, str] | None:
        """Return the content of a file and the SHA-256 of the certificate in it, or None if it does not exist."""
        content = self._host.read_or_none(path, _LIMIT)
        return None if content is None else (content, hashlib.sha256(_first(content) or b"").hexdigest())

    def own_words(self, copy: Copy) -> set[str]:
        """Return the policy's entries that name the file of a copy; of a managed one also those without their file."""
        words = {one.word for one in self.listed if one.is_copy(copy)}
        return words | (self._unfollowed(copy.sha256) if copy.marked else set())

    def marked(self) -> frozenset[str]:
        """Return the certificates that the policy lists under a name of trustinstall's."""
        return frozenset(one.sha256 for one in self.listed if one.marked)

    def copies(self, names: frozenset[str]) -> Iterator[Copy]:
        """Yield the copies of certificates; that of trustinstall may be listed without its file, or not be listed."""
        listed = [one for one in self.listed if one.sha256 in names]
        for sha256 in sorted(names):
            own = self.file_of(self.own_path(sha256))
            marked = dict.fromkeys(one.real for one in listed if one.marked and one.sha256 == sha256)
            if own[1] == sha256 if own else not marked and self._unfollowed(sha256):
                marked = dict.fromkeys((self.own_path(sha256), *marked))
            yield from (Copy(sha256, path, marked=True) for path in marked)
        yield from (Copy(one.sha256, one.path) for one in listed if not one.marked)

    def _unfollowed(self, sha256: str) -> set[str]:
        """Return the policy's entries of trustinstall's name for a certificate that lead to no file."""
        followed = {one.word for one in self.listed}
        return {one for one in self.words if posixpath.basename(one) == _name(sha256) and one not in followed}

    def _listed(self, word: str) -> Listed | None:
        """Read the first file that a listed name leads to; files that belong to other accounts do not count."""
        for path in self._paths(word):
            try:
                real = self._host.real(path)
                if self._host.path_owner(real) not in {0, self._host.machine_owner}:
                    continue
                der = _first(self._host.read(real, _LIMIT))
            except OSError:
                continue
            return Listed(word, path, der, real) if der is not None else None
        return None

    def _paths(self, word: str) -> tuple[str, ...]:
        """Return the paths, on the machine, at which the application looks for a listed name."""
        if word.startswith(f"{self._inside}/"):
            return (f"{posixpath.dirname(self.path)}/{word[len(self._inside) + 1 :]}",)
        return (word,) if word.startswith("/") else tuple(f"{one}/{word}" for one in _SHARED)


def _name(sha256: str) -> str:
    return f"trustinstall-{sha256[:12]}.crt"


def _first(content: bytes) -> bytes | None:
    blocks = (one.der for one in pem_blocks(content) if one.label in CERTIFICATE_LABELS)
    return next(blocks, content if content.startswith(b"\x30") else None)
