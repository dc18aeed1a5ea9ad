"""Bundles that a tool makes by writing files one behind the other: Debian's, and Alpine's.

They are changed as the tool would change them, and nothing else in them is touched: a file's text goes, and comes
behind the text of the file before it in the tool's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.files import without
from trustinstall.stores.steps import Content, Edit, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.anchor_sources import NewAnchor

#: How the tools replace characters in a file's name that a shell minds, when they name a link after it.
LINK_NAME = str.maketrans(" (),", "_==_")


@dataclass(frozen=True)
class Concatenated:
    """One file of a bundle: its path, and its content."""

    path: str
    content: bytes

    @property
    def text(self) -> bytes:
        """Its text in the bundle: Debian's tool ends its last line."""
        return self.content if self.content.endswith(b"\n") else self.content + b"\n"


@dataclass(frozen=True)
class ShrunkFile:
    """A file that goes (`after` is empty then), or loses some certificates."""

    path: str
    after: bytes


@dataclass(frozen=True)
class BundleChange:
    """What changes in a bundle.

    Attributes:
        bundle: its path.
        order: all files of the bundle as they are now, in the tool's order.
        added: files that the bundle is to show.
        shrunk: files that go or lose certificates.
        dropped: certificates (SHA-256) that the bundle is not to show, whichever file they came from.
    """

    bundle: str
    order: Sequence[Concatenated]
    added: Sequence[NewAnchor] = ()
    shrunk: Sequence[ShrunkFile] = ()
    dropped: frozenset[str] = frozenset()

    def apply(self, bundle: bytes) -> bytes:
        """Return the changed bundle.

        Raises StoreError where the bundle does not end in a line break, so that nothing can be put behind it.
        """
        after = {one.path: one.after for one in self.shrunk}
        for file in reversed([one for one in self.order if one.path in after]):
            at = _position(bundle, self.order, file)
            if at >= 0:
                text = Concatenated(file.path, after[file.path]).text if after[file.path] else b""
                bundle = bundle[:at] + text + bundle[at + len(file.text) :]
        bundle = without(bundle, set(self.dropped))
        for path, certificate in sorted(self.added, key=lambda one: _encoded(one.path)):
            if not self._shows(bundle, path, certificate.pem):
                bundle = self._with(bundle, path, certificate.pem)
        return bundle

    def _shows(self, bundle: bytes, path: str, pem: bytes) -> bool:
        """Whether a file's text is in the bundle, beside the equal texts of other files."""
        others = sum(one.text == pem for one in self.order if one.path != path)
        known = next((one for one in self.order if one.path == path), None)
        return bundle.count(pem) > others or (known is not None and _position(bundle, self.order, known) >= 0)

    def _with(self, bundle: bytes, path: str, pem: bytes) -> bytes:
        at = _place(bundle, path, self.order)
        if bundle[:at] and not bundle[:at].endswith(b"\n"):
            raise StoreError(
                store=self.bundle,
                cause=f"{self.bundle} has no line break where the certificate belongs",
                advice="look at the text that was appended to it, and mend that",
            )
        return bundle[:at] + pem + bundle[at:]


def steps(host: Host, change: BundleChange) -> Iterator[Step]:
    """Yield the edit of a bundle, if it needs one; raises StoreError as `BundleChange.apply` does."""
    path = host.real(change.bundle)
    old = host.read(path)
    new = change.apply(old)
    if new != old:
        yield Edit(path, Content(new), digest(old), separates=True)  # as the tool does, by renaming


def _position(bundle: bytes, order: Sequence[Concatenated], file: Concatenated) -> int:
    """Return where a file's text begins, or -1: files of equal text follow each other in the tool's order."""
    at = -1
    for one in order:
        if one.text == file.text:
            at = bundle.find(file.text, at + 1)
            if at < 0 or one.path == file.path:
                break
    return at


def _place(bundle: bytes, path: str, order: Sequence[Concatenated]) -> int:
    """Return where a local file's text belongs: behind the last file before it, or before the first behind it."""
    directory, name = path.rpartition("/")[0], _encoded(path)
    local = {one.path: _encoded(one.path) for one in order if one.path.startswith(directory)}
    before = [one for one in order if one.path not in local or local[one.path] < name]
    for one in reversed(before):
        at = bundle.rfind(one.text)
        if at >= 0:
            return at + len(one.text)
    behind = (bundle.find(one.text) for one in order if one.path in local and local[one.path] > name)
    return next((at for at in behind if at >= 0), len(bundle))


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
