"""The answers of `test`, `[` and `[[`, as far as they can be known: True, False or None.

Sources: POSIX.1-2017, test; bash(1), CONDITIONAL EXPRESSIONS; zshmisc(1), CONDITIONAL EXPRESSIONS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.numbers import whole
from trustinstall.host import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trustinstall_platforms.tools.sessions.view import View

Answer = bool | None
_PAIR, _TRIPLE = 2, 3
_SAME, _OTHER = frozenset({"=", "=="}), "!="
#: Tests of files that are answered; others are not known.
_FILES = frozenset({"-e", "-a", "-f", "-d", "-r", "-s", "-x", "-L", "-h", "-N"})


def negated(answer: Answer) -> Answer:
    """Return the opposite."""
    return None if answer is None else not answer


def every(answers: Iterable[Answer]) -> Answer:
    """Return whether all hold."""
    found = set(answers)
    return False if False in found else None if None in found else True


def some(answers: Iterable[Answer]) -> Answer:
    """Return whether one holds."""
    found = set(answers)
    return True if True in found else None if None in found else False


def test(view: View, words: Sequence[str | None]) -> Answer:
    """Return the answer of `test` for these words; None stands for an unknown word."""
    return _alternatives(words, lambda one: _primary(view, one), ("-o", "-a"))


def _alternatives(
    words: Sequence[str | None], primary: Callable[[Sequence[str | None]], Answer], operators: tuple[str, str]
) -> Answer:
    either, both = operators
    if len(words) <= _TRIPLE:
        return primary(words)
    return some(every(primary(one) for one in _parts(part, both)) for part in _parts(words, either))


def _parts(words: Sequence[str | None], operator: str) -> list[list[str | None]]:
    parts: list[list[str | None]] = [[]]
    for one in words:
        if one == operator and parts[-1]:
            parts.append([])
        else:
            parts[-1].append(one)
    return parts


def _primary(view: View, words: Sequence[str | None]) -> Answer:
    if not words:
        return False
    if words[0] == "!" and len(words) > 1:
        return negated(_primary(view, words[1:]))
    if len(words) == 1:
        return None if words[0] is None else bool(words[0])
    if len(words) == _PAIR:
        return about(view, words[0], words[1])
    return compared(words[0], words[1], words[2]) if len(words) == _TRIPLE else None


def compared(left: str | None, operator: str | None, right: str | None) -> Answer:
    """Return the answer of a comparison of two texts."""
    if left is None or right is None:
        return None
    if operator in _SAME:
        return left == right
    if operator == _OTHER:
        return left != right
    numbers = {"-eq": "=", "-ne": _OTHER}.get(operator or "")
    first, second = whole(left.strip()), whole(right.strip())
    if numbers and first is not None and second is not None:
        return (first == second) is (numbers == "=")
    return None


def about(view: View, operator: str | None, word: str | None) -> Answer:
    """Return the answer of a test of one text or file."""
    if word is None:
        return None
    if operator in {"-n", "-z"}:
        return bool(word) is (operator == "-n")
    if operator not in _FILES:
        return None
    if not word.startswith("/"):
        return None if word else False
    if operator in {"-e", "-f", "-r", "-s"} and view.exists(word) and view.status(word) is None:
        return True  # a file that is assumed to exist
    status = view.status(word)
    if status is None:
        return False if operator not in {"-L", "-h"} else view.is_link(word)
    return {
        "-e": lambda: True,
        "-a": lambda: True,
        "-f": lambda: status.kind is Kind.FILE,
        "-d": lambda: status.kind is Kind.DIRECTORY,
        "-s": lambda: status.kind is not Kind.FILE or status.size > 0,
        "-r": lambda: view.readable(word),
        "-x": lambda: status.kind is Kind.DIRECTORY or view.executable(word),
        "-L": lambda: view.is_link(word),
        "-h": lambda: view.is_link(word),
    }.get(operator, lambda: None)()
