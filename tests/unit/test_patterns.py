"""Tests of regular expressions that are compiled at their first use."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import trustinstall
import trustinstall_platforms
from trustinstall.patterns import regex


def test_it_is_the_compiled_pattern() -> None:
    """A pattern has the methods and attributes of the compiled one, with its flags, for text and for octets."""
    word = regex(r"(?P<name>[a-z]+)", re.IGNORECASE)
    assert word.fullmatch("Corp")
    assert not word.fullmatch("Corp 1")
    assert (word.sub("x", "Corp 1"), word.groups, word.pattern) == ("x 1", 1, r"(?P<name>[a-z]+)")
    assert [found["name"] for found in word.finditer("a b")] == ["a", "b"]
    assert regex(rb"\d").findall(b"a1b2") == [b"1", b"2"]


def test_a_mistake_is_raised_at_the_first_use() -> None:
    """A pattern that cannot be compiled raises the library's own error when it is used."""
    broken = regex("(")
    with pytest.raises(re.error, match="unterminated"):
        broken.match("")


def _written(path: Path) -> list[ast.Call]:
    calls = [one for one in ast.walk(ast.parse(path.read_bytes())) if isinstance(one, ast.Call)]
    return [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "regex"]


def test_every_written_pattern_can_be_compiled() -> None:
    """Every pattern in the program's source is valid, although no start compiles it."""
    roots = [Path(one).parent for one in (trustinstall.__file__, trustinstall_platforms.__file__)]
    written = [call.args[0] for root in roots for path in root.rglob("*.py") for call in _written(path)]
    texts = [one.value for one in written if isinstance(one, ast.Constant)]
    assert len(texts) > 200
    for text in texts:
        assert isinstance(text, str | bytes)
        re.compile(text, re.VERBOSE if "\n" in str(text) else 0)
