"""INI files: sections and `key = value`, as Python's configparser, Mercurial and Subversion read them.

Sources: docs.python.org/3/library/configparser.html (pip, the AWS CLI, gcloud and boto read with it); hgrc(5);
Subversion's runtime configuration area, whose files follow the same rules.
"""

from __future__ import annotations

from dataclasses import replace

from trustinstall.editing.text import MARK, Continued, Key, Malformed, Path, inserted, line_number, rows
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

_DELIMITER, _EQUALS = regex("[=:]"), regex("=")
_MOST_INHERITED = 10_000  # keys of the default section, times the sections that have them


class Ini(NamedTuple):
    """Files as configparser reads them: a line indented more than a key continues its value; a key needs a section.

    `defaults`: the section whose keys every other section of the file inherits; "" if the tool has none.
    `options`: whether keys are named like options, as pip's: `_` is `-`, and two dashes may come first; pip refuses a
    file with a byte-order mark.
    `directives`: whether the files are Mercurial's: lines that begin with `%` are directives (`%include`, `%unset`),
    and only `=` ends a key.
    `folded`: whether names of sections ignore case, too, as Subversion's: they are read in lower case.
    """

    defaults: str = "DEFAULT"
    options: bool = False
    directives: bool = False
    folded: bool = False

    def keys(self, text: str) -> list[Key]:
        """Return every key, its section's name first, those of the default section first; names of keys ignore case."""
        if self.options and text.startswith(MARK):
            raise Malformed("it begins with a byte-order mark, which pip refuses")
        found, headers = self._read(text)
        found = [replace(one, path=(one.path[0], _option(one.path[1]))) for one in found] if self.options else found
        own = [one for one in found if one.path[0] != self.defaults]
        general = [one for one in found if one.path[0] == self.defaults]
        sections = dict.fromkeys(name for _, name in headers if name != self.defaults) if general else {}
        if len(sections) * len(general) > _MOST_INHERITED:
            raise Malformed(f"[{self.defaults}] has more keys, for more sections, than any settings file needs")
        return [replace(one, path=(section, one.path[1])) for section in sections for one in general] + own

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert at the end of the section's keys; a missing section is added at the end, after an empty line."""
        section, key = path
        line = f"{key} = {value}"
        keys, headers = self._read(text)
        header = next((start for start, name in reversed(headers) if name == section), None)
        if header is None:
            if any(one.path[0] == self.defaults for one in keys):
                raise Malformed(f"[{self.defaults}] has keys that a new section [{section}] would say, too")
            empty = [] if text in {"", MARK} else [""]
            return len(text), inserted(text, len(text), [*empty, f"[{section}]", line])
        last = next((one for one in reversed(keys) if one.path[0] == section and one.start > header), None)
        if last is None:
            at = next(one.end for one in rows(text) if one.start == header)
            return at, inserted(text, at, [line])
        above = text[last.start :]
        indent = above[: len(above) - len(above.lstrip(" \t"))]  # a deeper one would continue that key
        return last.end, inserted(text, last.end, [indent + line])

    def _read(self, text: str) -> tuple[list[Key], list[tuple[int, str]]]:
        """Return every key of the text itself, and the start of each section."""
        open_: Continued | None = None
        found: list[Continued] = []
        headers: list[tuple[int, str]] = []
        depth = 0
        for row in rows(text):
            bare = row.text.strip()
            if not bare or bare[0] in "#;" or (self.directives and row.text[0] == "%"):
                continue
            indent = len(row.text) - len(row.text.lstrip())
            if open_ is not None and indent > depth:
                open_.go_on(bare, row.end)
                continue
            depth = indent
            close = bare.find("]") if bare[0] == "[" else -1
            if close > 1:
                if (
                    "]" in bare[close + 1 :]
                ):  # old versions of Python end the name at the first bracket, new ones at the last
                    raise Malformed(
                        f"line {line_number(text, row.start)} has two brackets at the end of a section's name"
                    )
                headers.append((row.start, bare[1:close].lower() if self.folded else bare[1:close]))
                open_ = None
                continue
            delimiter = (_EQUALS if self.directives else _DELIMITER).search(bare)
            if delimiter is None or not delimiter.start() or not headers:
                raise Malformed(f"line {line_number(text, row.start)} is neither a section nor a key in one")
            path = (headers[-1][1], bare[: delimiter.start()].rstrip().lower())
            open_ = Continued(path, [bare[delimiter.end() :].lstrip()], row.start, row.end)
            found.append(open_)
        return [one.key for one in found], headers


def _option(name: str) -> str:
    """Return the name of a key as pip reads it (src/pip/_internal/configuration.py, _normalize_name)."""
    return name.replace("_", "-").removeprefix("--")
