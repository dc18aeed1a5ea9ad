"""What a person sees on a real terminal: the screen after the last line of progress has gone."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.end_to_end.cli.machine import CERT, ROOT, TOOL, deliver, quick
from tests.support.terminal import Screen
from tests.support.throwaway import PROGRAM, Throwaway

TYPESCRIPT = "/var/tmp/typescript"
SLOW = f"#!/bin/sh\nsleep 1.2\nexec {TOOL}.real\n"


def drawn(root: Throwaway, columns: int, *words: str, answer: str = "", **environ: str) -> list[str]:
    """Run the program as root on a terminal of so many columns; return what is seen at its end."""
    line = f"stty cols {columns}; exec {shlex.join([*PROGRAM, *words])}"
    environ = {"TERM": "xterm", "LANG": "C.UTF-8", **environ}
    root.run(["script", "-qec", line, TYPESCRIPT], input=answer, env=environ)
    written = root.read(TYPESCRIPT).decode().splitlines(keepends=True)
    return Screen("".join(one for one in written if not one.startswith("Script ")), columns).lines


@pytest.mark.parametrize("columns", [80, 100])
def test_progress_leaves_nothing_behind(fresh: Throwaway, columns: int) -> None:
    """The line that moved is gone, and the first line of the screen is the answer."""
    deliver(fresh)
    quick(fresh)
    fresh.path(TOOL).rename(fresh.path(f"{TOOL}.real", follow=False))
    fresh.write(TOOL, SLOW, mode=0o755)
    seen = drawn(fresh, columns, "add", "--store", "debian", "--yes", CERT)
    assert seen[0] == "✓ Corp Root G2 is trusted in 1 store"
    assert not [line for line in seen if "Adding" in line]
    assert max(len(line) for line in seen if "/" not in line) <= columns


def test_the_question_shows_all_digits(fresh: Throwaway) -> None:
    """A person who is asked can compare the whole fingerprint, without colour and in ASCII, too."""
    deliver(fresh)
    for environ in ({}, {"NO_COLOR": "1"}, {"LC_ALL": "C"}):
        seen = drawn(fresh, 80, "add", CERT, answer="n\n", **environ)
        assert f"  SHA-256  {ROOT.sha256}" in seen
        assert any(re.search(r"Trust it\? \[y/N\]", line) for line in seen)


def test_ascii_where_the_locale_has_no_more(fresh: Throwaway) -> None:
    """In the locale C the mark of success is an asterisk."""
    deliver(fresh)
    quick(fresh)
    seen = drawn(fresh, 80, "add", "--store", "debian", "--yes", CERT, LC_ALL="C")
    assert "* Corp Root G2 is trusted in 1 store" in seen
    assert all(line.isascii() for line in seen)
