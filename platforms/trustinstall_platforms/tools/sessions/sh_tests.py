"""Conditions between `[[` and `]]`, which dash does not have: words are not split, and the right side is a pattern.

Sources: bash(1), CONDITIONAL EXPRESSIONS; zshmisc(1), CONDITIONAL EXPRESSIONS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions import conditions
from trustinstall_platforms.tools.sessions.words import Word

if TYPE_CHECKING:
    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.sh_nodes import Test
    from trustinstall_platforms.tools.sessions.sh_reading import Reading


def answer(reading: Reading, node: Test) -> Answer:
    """Return whether a condition holds."""
    if reading.dialect == "sh":
        return False
    answers: list[list[Answer]] = [[]]
    part: list[Word | str] = []
    for one in (*node.words, "&&"):
        if one in {"&&", "||"}:
            answers[-1].append(_one(reading, part))
            part = []
            if one == "||":
                answers.append([])
        else:
            part.append(one)
    return conditions.some(conditions.every(one) for one in answers)


def _one(reading: Reading, words: list[Word | str]) -> Answer:
    if not words or any(isinstance(one, str) for one in words):
        return None
    plain = [one for one in words if isinstance(one, Word)]
    if plain[0].plain == "!":
        return conditions.negated(_one(reading, list(plain[1:])))
    _, *rest = plain
    operator = rest[0].plain if rest[1:] and not rest[2:] else None  # of left, operator, right
    if operator in {"=", "==", "!="}:
        answer = reading.expander.matches(reading.expander.text(plain[0].parts), plain[2].parts)
        return conditions.negated(answer) if operator == "!=" else answer
    if operator == "=~":
        return None
    return conditions.test(reading.view, [reading.expander.text(one.parts) for one in plain])
