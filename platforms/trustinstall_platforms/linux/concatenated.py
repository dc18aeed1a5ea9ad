"""Bundles that a tool makes by pasting files one behind the other: Debian's, and Alpine's.

They are changed as the tool would change them, and nothing else in them is touched: a file's text goes, and comes
behind the text of the file that is pasted before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.files import without
from trustinstall.stores.steps import Content, Edit, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step

#: What the tools do to characters in a file's name that a shell minds, when they name a link after it.
LINK_NAME = str.maketrans(" (),", "_==_")


@dataclass(frozen=True)
class Pasted:
    """One file that is pasted: its path, and what it holds."""

    path: str
    content: bytes

    @property
    def text(self) -> bytes:
        """As it is pasted: Debian's tool ends its last line."""
        return self.content if self.content.endswith(b"\n") else self.content + b"\n"


@dataclass(frozen=True)
class Leaving:
    """A file that goes, or loses some certificates: what it held, what it will hold, and which (SHA-256) they are."""

    before: Pasted
    after: bytes
    sha256: frozenset[str]


def steps(
    host: Host,
    bundle: str,
    order: Sequence[Pasted],
    coming: Sequence[tuple[str, Certificate]],
    leaving: Sequence[Leaving],
    lost: frozenset[str],
) -> Iterator[Step]:
    """The edit of a bundle, if it needs one.

    `order` are the files as the tool pastes them now; `coming` the paths and certificates of ours that shall be there;
    `lost` are certificates (SHA-256) that go although their file is gone already. Raises StoreError where the bundle
    does not end in a line break, so that nothing can be put behind it.
    """
    old = host.read(host.real(bundle))
    new = old
    for one in leaving:
        text, after = one.before.text, Pasted(one.before.path, one.after).text if one.after else b""
        new = new.replace(text, after, 1) if text in new else without(new, set(one.sha256))
    new = without(new, set(lost))
    for path, certificate in sorted(coming, key=lambda pair: pair[0].encode("utf-8", "surrogateescape")):
        if certificate.pem not in new:
            at = _place(new, path, order)
            if new[:at] and not new[:at].endswith(b"\n"):
                raise StoreError(
                    store=bundle,
                    cause=f"{bundle} has no line break where the certificate belongs",
                    advice="look at what was appended to it, and mend that",
                )
            new = new[:at] + certificate.pem + new[at:]
    if new != old:
        yield Edit(host.real(bundle), Content(new), digest(old))


def _place(bundle: bytes, path: str, order: Sequence[Pasted]) -> int:
    """Where the text of a local file belongs: behind the last one before it, or before the first one behind it."""
    directory = path.rpartition("/")[0]
    name = path.encode("utf-8", "surrogateescape")
    local = {one.path: one.path.encode("utf-8", "surrogateescape") for one in order if one.path.startswith(directory)}
    before = [one for one in order if one.path not in local or local[one.path] < name]
    for one in reversed(before):
        at = bundle.rfind(one.text)
        if at >= 0:
            return at + len(one.text)
    behind = (bundle.find(one.text) for one in order if one.path in local and local[one.path] > name)
    return next((at for at in behind if at >= 0), len(bundle))
