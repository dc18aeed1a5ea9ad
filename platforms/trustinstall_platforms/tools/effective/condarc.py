"""The settings files of conda: YAML, in which a comment may have one line count more than the files above it.

Source: conda, conda/common/configuration.py, YamlRawParameter and ParameterFlag; conda documentation, Administering a
multi-user conda installation. ruamel.yaml, which reads them, refuses tabs between values and a key that is twice there;
conda refuses tags.
"""

from __future__ import annotations

from trustinstall.editing.text import MARK, Malformed, line_number, read
from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective import yaml_tree
from trustinstall_platforms.tools.effective.reading import FINAL

Row = tuple[tuple[str, ...], str, int]

_TAB = regex(r"^[^#\n]*\t", 8)  # re.MULTILINE
_FINAL = regex(r"[ \t]#[#!]*final[#!]*[ \t]*\Z")
_COMMENT = regex(r"[ \t]*#")


def rows(content: bytes) -> list[Row]:
    """Return the scalars, and again with FINAL those at the top that are final. Raises Malformed."""
    text = read(content)
    tab = _TAB.search(text)
    if tab is not None:
        raise _refused(line_number(text, tab.start()))
    found = yaml_tree.rows(content, frozenset({""}))
    lines = [*text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]
    seen: set[tuple[str, ...]] = set()
    for path, _, line in found:
        if path in seen:
            raise _refused(line)
        seen.add(path)
    final = [((*path, FINAL), value, line) for path, value, line in found if len(path) == 1 and _is_final(lines, line)]
    return [*found, *final]


def _is_final(lines: list[str], line: int) -> bool:
    """Whether a line ends with that comment: one in the line below would belong to it."""
    return _FINAL.search(lines[line - 1]) is not None and _COMMENT.match(lines[line]) is None


def _refused(line: int) -> Malformed:
    return Malformed(f"line {line} is no YAML that this program can be sure of", line)
