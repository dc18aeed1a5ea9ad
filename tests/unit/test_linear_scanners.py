"""Each reader of files that other people write takes time in proportion to the size of the file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from functools import partial

import pytest

from trustinstall import editing
from trustinstall.certificates import other_formats
from trustinstall.certificates.pem import pem_blocks
from trustinstall.editing import pem_blocks as marked_blocks
from trustinstall.errors import TrustInstallError
from trustinstall.facts import shell_syntax
from trustinstall_platforms.java import options
from trustinstall_platforms.linux import p11kit_format, p11kit_limits
from trustinstall_platforms.tools.effective import condarc, lines, yaml_tree
from trustinstall_platforms.tools.sessions import plain_lines
from trustinstall_platforms.tools.sessions.values import Variables

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
_SMALL = 4 * 1024
_LARGE = 1024 * 1024 if FULL else 64 * 1024
_QUICK = 0.1  # seconds of the processor; what takes less is not looked at

#: What is repeated to fill a file: long lines, many keys, almost-keys, nesting, quotes, comments, continuations.
BODIES = (
    " ",
    "\t \t",
    "a",
    "=",
    "\n",
    "\\\n",
    "a = b\n",
    "a\n",
    "a \n ",
    "[s]\n",
    "[[s]]\nk = 1\n",
    '"a" ',
    "'",
    '"',
    "\\",
    "# c\n",
    "/* ",
    "{",
    '{"a":',
    "[",
    "- a\n",
    "a:\n ",
    "- - - ",
    "{a: [b, ",
    "a: 'b\n\n  c'\n",
    "a: >\n  b\n\n\n",
    "&a ",
    "a #b\n",
    "-----BEGIN CERTIFICATE-----\n",
    "-----",
    "MIIB\n",
    "$(",
    "${a:-",
    "export A=b\n",
    "A=b; ",
    "set -gx A b\n",
    "<settings>",
)
ENDS = ("", "x", "\n=") if FULL else ("\n=",)

Reader = Callable[[bytes], object]


def _everything(found: Iterable[object]) -> int:
    return sum(1 for _ in found)


def _text(read: Callable[[str], object]) -> Reader:
    return lambda content: read(content.decode())


def _variables(style: str, text: str) -> object:
    return shell_syntax.foreign(style, text, frozenset({"A"}))


def _of_format(name: str) -> Reader:
    path = ("http", "sslcainfo")
    return lambda content: editing.get(name, content, path)


READERS: dict[str, Reader] = {
    **{f"settings: {name}": _of_format(name) for name in editing.FORMATS},
    **{f"variables: {style}": _text(partial(_variables, style)) for style in shell_syntax.KEPT},
    "PEM": lambda content: _everything(pem_blocks(content)),
    "marked PEM": marked_blocks.marked,
    "unmarked PEM": lambda content: _everything(marked_blocks.unmarked(content)),
    "refused input": other_formats.describe,
    "p11-kit": lambda content: _everything(p11kit_format.certificates(content)),
    "p11-kit's objects": p11kit_format.parts,
    "p11-kit's limits": lambda content: _everything(p11kit_limits.refused_keys(content)),
    "Java's properties": _text(lambda text: _everything(options.in_properties(text))),
    "Java's options": _text(lambda text: _everything(options.in_words(text))),
    "Maven's launcher": _text(lambda text: _everything(options.in_launcher(text))),
    "curl": lambda content: _everything(lines.curl(content)),
    "PHP": lambda content: _everything(lines.php(content)),
    "Nix": lambda content: _everything(lines.nix(content)),
    "YAML": yaml_tree.rows,
    "conda's YAML": condarc.rows,
    "line by line": _text(lambda text: plain_lines.read(Variables(), "toml", text, "/x", {"A", "b"})),
}


def _seconds(reader: Reader, content: bytes) -> float:
    """Return the processor time of one reading; a file that is refused is read, too."""
    start = time.thread_time()
    with contextlib.suppress(editing.Malformed, TrustInstallError, ValueError, OSError):
        reader(content)
    return time.thread_time() - start


def _grows(reader: Reader, body: str, end: str) -> bool:
    """Whether the time grows more like the square of the size than like the size, in each of five measurements."""
    small, large = ((body * (size // len(body)) + end).encode() for size in (_SMALL, _LARGE))
    for _ in range(5):
        after = _seconds(reader, large)
        if after <= _QUICK or after <= (_LARGE / _SMALL) ** 1.5 * _seconds(reader, small):
            return False
    return True


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_linear(name: str) -> None:
    """The reader's worst of many texts costs no more than its length does."""
    slow = [(body, end) for body in BODIES for end in ENDS if _grows(READERS[name], body, end)]
    assert slow == []


def test_a_slow_reader_is_found() -> None:
    """The measure tells a quadratic reader: one that reads the rest of the text again at each of 4,096 places."""

    def quadratic(content: bytes) -> None:
        for start in range(0, len(content), _LARGE // 4096):
            sum(content[start:])

    assert any(_grows(quadratic, "a", "") for _ in range(5))  # a busy machine disturbs single measurements
