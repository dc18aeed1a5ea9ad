"""The proxies in Maven's settings.xml: Python's parser finds the elements, and the text between them is changed.

The content of `proxies` is one key; comments and blanks around it, such as those of Maven's template, do not count.
Sources: maven.apache.org/settings.html, Proxies; Extensible Markup Language 1.0. Maven refuses an element that is there
twice, and elements that it does not know.
"""

from __future__ import annotations

from xml.parsers import expat

from trustinstall.editing.text import MARK, Key, Malformed, Path
from trustinstall.patterns import regex

PATH: Path = ("settings", "proxies")
_ROOT, _PROXIES = PATH
_HEAD = "<!-- made by trustinstall -->"
_WIDE = regex(r"[^\x00-\x7f]")


class Maven:
    """Settings of Maven."""

    def keys(self, text: str) -> list[Key]:
        """Return the proxies, and each other element of the first level."""
        return _Document(text).keys

    def insertion(self, text: str, _path: Path, value: str) -> tuple[int, str]:
        """Insert at the end of the proxies, or else of the settings, or else of the text."""
        document, new = _Document(text), f"{_HEAD}\n{value}\n"
        at = document.proxies if document.has_proxies else document.root
        if not document.has_proxies:
            new = f"<{_PROXIES}>\n{new}</{_PROXIES}>\n"
        if not document.has_root:
            return len(text), f"<{_ROOT}>\n{new}</{_ROOT}>\n"
        if at < 0:
            raise Malformed(f"it has an empty <{_PROXIES}/> or <{_ROOT}/>: write it as two tags")
        line = text.rfind("\n", 0, at) + 1
        return at if text[line:at].strip() else line, new


class _Document:
    """One text: its keys, and where the end tags of the proxies and of the settings begin (-1: none)."""

    def __init__(self, text: str) -> None:
        self.keys: list[Key] = []
        self.has_root = self.has_proxies = False
        self.root = self.proxies = -1
        self._text, self._base = text, len(MARK) if text.startswith(MARK) else 0
        self._open: list[tuple[str, int]] = []
        self._comments: list[tuple[int, int]] = []
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CommentHandler, parser.StartDoctypeDeclHandler = self._comment, self._refuse
        # One byte for each character, so that the parser's places are places of the text.
        plain = _WIDE.sub("x", text[self._base :])
        if plain.strip():
            try:
                parser.Parse(plain.encode("ascii"), True)  # noqa: FBT003  Expat's name for it is final
            except expat.ExpatError as error:
                raise Malformed(f"line {error.lineno} is no XML") from None

    @property
    def _at(self) -> int:
        return self._base + self._parser.CurrentByteIndex

    def _start(self, name: str, _attributes: object) -> None:
        if not self._open and name != _ROOT:
            raise Malformed("it holds no settings of Maven")
        self.has_root = True
        self.has_proxies |= self._is_proxies(name)
        self._open.append((name, self._text.find(">", self._at) + 1))

    def _end(self, name: str) -> None:
        _, start = self._open.pop()
        tag = self._at if self._text.startswith(f"</{name}", self._at) else -1
        end = max(start, tag)
        if not self._open:
            self.root = tag
        elif self._is_proxies(name):
            self.proxies = tag
            self._content(start, end)
            self._comments = []
        elif len(self._open) == 1:
            self.keys.append(Key((_ROOT, name), self._text[start:end], start, end))

    def _is_proxies(self, name: str) -> bool:
        return len(self._open) == 1 and name == _PROXIES

    def _content(self, start: int, end: int) -> None:
        """Add the key of the content between two places, if there is one, without comments around it."""
        for first, last in self._comments:
            if self._text[start:first].strip():
                break
            start = last
        for first, last in reversed(self._comments):
            if first < start or self._text[last:end].strip():
                break
            end = first
        content = self._text[start:end]
        value = content.strip()
        start += len(content) - len(content.lstrip())
        if value:
            self.keys.append(Key(PATH, value, start, start + len(value)))

    def _comment(self, _text: str) -> None:
        if len(self._open) == len(PATH) and self._open[-1][0] == _PROXIES:
            self._comments.append((self._at, self._text.find("-->", self._at) + 3))

    def _refuse(self, *_: object) -> None:
        raise Malformed("it has a document type")
