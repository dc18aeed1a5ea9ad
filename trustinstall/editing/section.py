"""A managed section in a text file whose comments begin with a number sign, between two marks; or a whole file.

A line that another author wrote between the marks stays when the section goes.
"""

from __future__ import annotations

import re

from trustinstall.editing.text import MARK, Key, Malformed, Path, after, lines
from trustinstall.patterns import regex
from trustinstall.values import dataclass

PATH: Path = ("trustinstall",)
PROXIES: Path = ("trustinstall proxies",)  # a separate section: it comes and goes apart from the certificates
MADE, _HEAD = "made by trustinstall", 300
_LONGEST_MARK = 40  # characters of a mark, and the line break before it


_END = regex(r"^# <<< [\w ]+ <<<\Z", re.MULTILINE)


def ends_section(text: str, at: int) -> bool:
    """Whether a managed section's last line stands before a place: the line break there belongs to that section."""
    return text[at : at + 1] == "\n" and _END.search(text, max(0, at - _LONGEST_MARK), at) is not None


@dataclass(frozen=True)
class Section:
    """A section as one key: its value is the text between the marks, lines joined by line feeds.

    Attributes:
        path: the key.
        last: whether it is put at the end of the file, because of two lines for one name the later counts.
    """

    path: Path = PATH
    last: bool = False

    @property
    def _marks(self) -> tuple[str, str]:
        return f"# >>> {self.path[0]} >>>", f"# <<< {self.path[0]} <<<"

    def keys(self, text: str) -> list[Key]:
        """Return the section, if it exists; raises Malformed if a mark has no partner."""
        begin, end = self._marks
        found: list[Key] = []
        start: int | None = None
        body: list[str] = []
        for at, line in lines(text):
            if line == begin and start is None:
                start, body = at, []
            elif line == end and start is not None:
                found.append(Key(self.path, "\n".join(body), start, after(text, at)))
                start = None
            elif line in {begin, end}:
                raise Malformed("one of our marks stands alone in it")
            elif start is not None:
                body.append(line)
        if start is not None:
            raise Malformed("one of our marks stands alone in it")
        return found

    def written(self, lines_: list[str]) -> str:
        """Return a section of these lines, as `insertion` writes it."""
        begin, end = self._marks
        return "".join(f"{line}\n" for line in (begin, *lines_, end))

    def insertion(self, text: str, _path: Path, value: str) -> tuple[int, str]:
        """Insert as the first line, or after one that names the shell: no text before it can open a quote.

        Lines end as a shell reads them, even if the file's other lines end differently. Raises Malformed if it is to be
        the last one, and the line before it would go on in it.
        """
        if self.last:
            return self._at_the_end(text, value)
        start = len(MARK) if text.startswith(MARK) else 0
        at = after(text, start) if text.startswith("#!", start) else start
        new = self.written(value.split("\n"))
        return at, new if at == start or text[at - 1] == "\n" else f"\n{new}"

    def _at_the_end(self, text: str, value: str) -> tuple[int, str]:
        if text.rstrip("\r\n").endswith("\\"):
            raise Malformed("its last line goes on in the next one")
        between = "\n" if text.removeprefix(MARK) and text[-1] != "\n" else ""
        if between and ends_section(f"{text}\n", len(text)):
            raise Malformed("one of our marks is its last line, without a line break")
        return len(text), f"{between}{self.written(value.split(chr(10)))}"

    def others(self, text: str, key: Key, inserted: str) -> str:
        """Return the lines of other authors in a section; `inserted` ("": not known) has the managed lines."""
        if not inserted:
            return ""
        section = text[key.start : key.end]
        # A line break in front of the first managed line ends another author's line; it is not a managed empty line.
        ours = {line for _, line in lines(inserted.removeprefix("\n"))} | {*self._marks}
        return "".join(section[at : after(section, at)] for at, line in lines(section) if line not in ours)


class Whole:
    """A file that trustinstall owns whole, in a language without such comments; its first lines hold the mark."""

    def keys(self, text: str) -> list[Key]:
        """Return the whole file as one key; raises Malformed if the file belongs to another author."""
        if not text.strip():
            return []
        if MADE not in text[:_HEAD]:
            raise Malformed("a file of that name exists that trustinstall did not write; move it away")
        return [Key(PATH, text.removesuffix("\n"), 0, len(text))]

    def insertion(self, _text: str, _path: Path, value: str) -> tuple[int, str]:
        """Return the whole file."""
        return 0, f"{value}\n"
