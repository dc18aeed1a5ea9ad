"""Mistakes of documents, each with file, line and key; all of them are reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 50  # mistakes in one report


def dotted(path: Sequence[str | int]) -> str:
    """Return a key as messages show it: numbers count from 1.

    >>> dotted(("certificate", 0, "until"))
    'certificate.1.until'
    """
    return ".".join(printable(one, 80) if isinstance(one, str) else str(one + 1) for one in path)


class Mistake(UsageProblem):
    """One mistake: the document's name, the line (from 1), the key (or ""), and a sentence."""

    def __init__(self, name: str, line: int, key: str, what: str) -> None:
        self.name, self.line, self.key, self.what = name, line, key, what
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The mistake as one line."""
        key = f"{printable(self.key, 80)}: " if self.key else ""
        return f"{printable(self.name, 4096)}:{self.line}: {key}{self.what}"


class Mistakes(UsageProblem):
    """The mistakes of a command's documents, at most 50 of them; nothing was changed."""

    def __init__(self, found: Sequence[Mistake]) -> None:
        each = {one.sentence: one for one in found}  # one of [defaults] is met at each certificate
        found = tuple(each.values())
        self.found = found[:_MOST]
        self.count = f"{len(found)} mistake{'s' if len(found) != 1 else ''} in the documents"
        super().__init__("\n".join((f"{self.count}; nothing was changed", *(one.sentence for one in self.found))))
