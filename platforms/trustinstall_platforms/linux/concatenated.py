"""Bundles that a tool makes by joining files: Debian's, and Alpine's.

They are changed as the tool would change them, and nothing else in them: a file's text is removed, or inserted after
the text of the file before it in the tool's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.files import without
from trustinstall.stores.steps import Content, Edit, digest
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.anchor_sources import NewAnchor

Span = tuple[int, int]  # bundle[start:end]


class Concatenated(NamedTuple):
    """One file of a bundle: its path, and its content."""

    path: str
    content: bytes

    @property
    def text(self) -> bytes:
        """Its text in the bundle: Debian's tool ends its last line."""
        return self.content if self.content.endswith(b"\n") else self.content + b"\n"


class ShrunkFile(NamedTuple):
    """A file that goes (`after` is empty then), or loses some certificates."""

    path: str
    after: bytes


class BundleChange(NamedTuple):
    """The changes of a bundle.

    Attributes:
        bundle: its path.
        order: all files of the bundle as they are now, in the tool's order.
        added: files that the bundle is to show.
        shrunk: files that go or lose certificates.
        dropped: certificates (SHA-256) that the bundle is not to show, from any file.
    """

    bundle: str
    order: Sequence[Concatenated]
    added: Sequence[NewAnchor] = ()
    shrunk: Sequence[ShrunkFile] = ()
    dropped: frozenset[str] = frozenset()

    def apply(self, bundle: bytes) -> bytes:
        """Return the changed bundle.

        Raises StoreError if there is no line break before the place of a certificate.
        """
        after = {one.path: one.after for one in self.shrunk}
        spans = _spans(bundle, self.order)
        for path, (start, end) in sorted(spans.items(), key=lambda pair: pair[1], reverse=True):
            if path in after:
                text = Concatenated(path, after[path]).text if after[path] else b""
                bundle = bundle[:start] + text + bundle[end:]
        bundle = without(bundle, set(self.dropped))
        order = [Concatenated(one.path, after.get(one.path, one.content)) for one in self.order]
        return self._with_added(bundle, _spans(bundle, [one for one in order if one.content]))

    def _with_added(self, bundle: bytes, spans: Mapping[str, Span]) -> bytes:
        """Return the bundle with the added files that it does not show."""
        new = [
            (_place(bundle, one.path, spans), _encoded(one.path), one.certificate.pem)
            for one in self.added
            if one.path not in spans and _free(bundle, one.certificate.pem, spans.values()) is None
        ]
        for at, _, pem in sorted(new, reverse=True):
            if bundle[:at] and not bundle[:at].endswith(b"\n"):
                raise StoreError(
                    store=self.bundle,
                    cause=f"{self.bundle} has no line break where the certificate belongs",
                    advice="look at the text that was appended to it, and mend that",
                )
            bundle = bundle[:at] + pem + bundle[at:]
        return bundle


def steps(host: Host, change: BundleChange) -> Iterator[Step]:
    """Yield the edit of a bundle, if it needs one; raises StoreError as `BundleChange.apply` does."""
    path = host.real(change.bundle)
    old = host.read(path)
    new = change.apply(old)
    if new != old:
        yield Edit(path, Content(new), digest(old), separates=True)  # as the tool does, by renaming


def _spans(bundle: bytes, order: Sequence[Concatenated]) -> dict[str, Span]:
    """Return the place of each file's text: usually after that of the file before it, and never within another's."""
    spans: dict[str, Span] = {}
    cursor = 0
    for one in order:
        at = _free(bundle, one.text, spans.values(), cursor)
        if at is None:
            at = _free(bundle, one.text, spans.values())
        if at is not None:
            cursor = at + len(one.text)
            spans[one.path] = (at, cursor)
    return spans


def _free(bundle: bytes, text: bytes, taken: Collection[Span], start: int = 0) -> int | None:
    """Return the place of a text outside of the texts of known files, or None."""
    at = bundle.find(text, start)
    while at >= 0:
        inside = next((end for begin, end in taken if begin < at + len(text) and at < end), None)
        if inside is None:
            return at
        at = bundle.find(text, inside)
    return None


def _place(bundle: bytes, path: str, spans: Mapping[str, Span]) -> int:
    """Return the place for a local file's text: after the files before it, or else before those after it."""
    directory, name = path.rpartition("/")[0], _encoded(path)
    later = {one for one in spans if one.startswith(directory) and _encoded(one) > name}
    before = [end for one, (_, end) in spans.items() if one not in later]
    behind = [start for one, (start, _) in spans.items() if one in later]
    return max(before, default=min(behind, default=len(bundle)))


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
