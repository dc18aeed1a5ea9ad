"""One key or line is cut out of a text, and every other one says what it said before."""

from __future__ import annotations

import pytest

from trustinstall.editing.text import Malformed
from trustinstall_platforms.tools.effective import cutting

#: format, text, key, its line, and what is left
KEYS: dict[str, tuple[str, str, tuple[str, ...], int, str]] = {
    "git": ("git", "[http]\n\tsslVerify = false\n\tproxy = x\n", ("http", "sslverify"), 2, "[http]\n\tproxy = x\n"),
    "git, one line": ("git", "[http] sslVerify = false\n[a]\n", ("http", "sslverify"), 1, "[http] \n[a]\n"),
    "npm, Windows' line ends": ("npmrc", "a=1\r\nstrict-ssl=false\r\n", ("strict-ssl",), 2, "a=1\r\n"),
    "npm, no line end": ("npmrc", "a=1\nstrict-ssl=false", ("strict-ssl",), 2, "a=1\n"),
    "pip, several lines": (
        "ini",
        "[global]\ntrusted-host =\n  a\n  b\ntimeout = 1\n",
        ("global", "trusted-host"),
        2,
        "[global]\ntimeout = 1\n",
    ),
    "JSON, the last member": ("json", '{"a": 1, "b": {"c": "0"}, "d": true}', ("d",), 1, '{"a": 1, "b": {"c": "0"}}'),
    "JSON, in an object": ("json", '{\n  "b": {"c": "0"}\n}', ("b", "c"), 2, '{\n  "b": {}\n}'),
    "YAML": ("yaml", "a: 1\nssl_verify: false # x\nb: 2\n", ("ssl_verify",), 2, "a: 1\nb: 2\n"),
    "TOML": ("toml", '[a]\nx = 1\ny = ["h"]\n', ("a", "y"), 3, "[a]\nx = 1\n"),
    "hg with directives": (
        "hg",
        "%include x\n[web]\na = 1\n%unset b\n",
        ("web", "a"),
        3,
        "%include x\n[web]\n%unset b\n",
    ),
    "curl": ("curlrc", "silent\n--insecure\nurl = x\n", ("insecure",), 2, "silent\nurl = x\n"),
    "apt": ("apt", 'A::B "x";\nA::C "no";\n', ("a::c",), 2, 'A::B "x";\n'),
    "bytes that are no UTF-8": ("npmrc", "a=\udcff\nstrict-ssl=false\n", ("strict-ssl",), 2, "a=\udcff\n"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_cut_and_comes_back_to_the_byte(name: str) -> None:
    """What is left says everything else, and what was cut, put back at its byte, is the file as it was."""
    format_, text, path, line, left = KEYS[name]
    content = text.encode("utf-8", "surrogateescape")
    found = cutting.key(format_, content, path, line)
    cut = found.out_of(content)
    assert (cut, found.line) == (left.encode("utf-8", "surrogateescape"), line)
    assert cut[: found.offset] + found.removed + cut[found.offset :] == content


@pytest.mark.parametrize(
    ("format_", "text", "path", "line"),
    [
        ("apt", 'A { B\n"no"; C "x"; }\n', ("a::b",), 1),  # the line holds half of it
        ("apt", 'A::B "no"; A::C "x";\n', ("a::b",), 1),  # and another one
        ("ini", "[DEFAULT]\nsslverify = 0\n[a]\nb = 1\n[c]\nd = 1\n", ("a", "sslverify"), 2),
        ("npmrc", "a=1\n", ("strict-ssl",), 1),  # it is gone
        ("npmrc", "\0", ("strict-ssl",), 1),
    ],
)
def test_what_is_not_certain_is_left(format_: str, text: str, path: tuple[str, ...], line: int) -> None:
    """A key that shares its line or section with others is not cut."""
    with pytest.raises(Malformed):
        cutting.key(format_, text.encode(), path, line)


@pytest.mark.parametrize(
    "line",
    ["export X=0", "X=0", "X='0' # old", 'export X="0";', "set -gx X 0", "set --export X 0"],
)
def test_a_line_that_sets_one_variable_is_cut(line: str) -> None:
    """In a shell's file, fish's or environment.d's."""
    found = cutting.variable(f"a\n{line}\nb\n".encode(), "X", 2)
    assert (found.line, found.removed.decode()) == (2, f"{line}\n")


@pytest.mark.parametrize(
    "text",
    [
        "export A=1 X=0\n",
        "X=0 npm install\n",
        "X=$(cat x)\n",
        'X="$Y"\n',
        "a && X=0\n",
        "if true; then\nX=0\nfi\n",
        "a &&\nX=0\n",
        "a \\\nX=0\n",
        "f() {\nX=0\n}\n",
        "case a in a)\nX=0\nesac\n",
        "while\nX=0\ndo a; done\n",
    ],
)
def test_a_line_that_does_more_is_left(text: str) -> None:
    """What a script needs, or what sets other things as well, is not cut."""
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "X=" in one)
    with pytest.raises(Malformed):
        cutting.variable(text.encode(), "X", line)


def test_a_line_that_is_not_there() -> None:
    """The file has become shorter."""
    with pytest.raises(Malformed):
        cutting.variable(b"", "X", 7)
