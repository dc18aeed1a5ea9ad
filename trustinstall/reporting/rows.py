"""The rows of a report of `add` or `remove`: one for each group of stores, or one for each store with `-v`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result, own_failures
from trustinstall.reporting import words
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.style import BAD
from trustinstall.stores.groups import GROUPS, group_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.installer.result import ScopeResult

#: The order of results: if the stores of a group have several, the first one names the row.
_FIRST = (
    Result.ADDED,
    Result.REMOVED,
    Result.PLANNED,
    Result.FOREIGN,
    Result.PENDING,
    Result.ALREADY,
    Result.FOLLOWS,
    Result.SEALED,
    Result.STORE_MISSING,
    Result.FAILED,
)
_MOST = 6  # programs that a row names
_HIDDEN = frozenset({Result.NOT_COVERED, Result.ABSENT})


def shown(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes that a short report has rows for."""
    return [one for one in outcomes if one.result not in _HIDDEN]


def grouped(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """Yield every group that has outcomes, with them, in the order of reports."""
    every = list(outcomes)
    for group in GROUPS:
        if found := [one for one in every if group_of(one.store) == group]:
            yield group, found


def group_rows(outcomes: Sequence[Outcome]) -> list[list[Cell | str]]:
    """Return a row for each group: a mark if a store failed, the group, the result, and the programs."""
    rows: list[list[Cell | str]] = []
    for group, found in grouped(shown(outcomes)):
        bad = any(one.result in {Result.FAILED, Result.FOREIGN} for one in found)
        ones = _of_sources(found, outcomes)
        results = Counter(one.result for one in ones)
        first = next(one for one in _FIRST if results[one])
        mark = Cell(BAD, "bad") if bad else ""
        word = Cell(words.RESULTS[first], words.TONES.get(first, ""))
        rows.append([mark, words.title(group), word, _detail(group, ones, first, results)])
    return rows


def _of_sources(ones: Iterable[Outcome], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return outcomes with the failure of a source said once: stores that it feeds follow it, and did not fail."""
    own = {one.store.id for one in own_failures(outcomes)}
    return [
        replace(one, result=Result.FOLLOWS) if one.result is Result.FAILED and one.store.id not in own else one
        for one in ones
    ]


def _detail(group: str, ones: Sequence[Outcome], first: Result, results: Counter[Result]) -> str:
    names = program_names(one for one in ones if one.result is first)
    number = words.things(results[first], group)
    text = (
        f"{words.listed(names, _MOST)}: {number}"
        if names and results[first] > len(names)
        else ", ".join(names) or number
    )
    if first is Result.FOLLOWS and group == "java":
        text = number
    rest = [
        f"{results[one]:,} {words.RESULTS[one]}" for one in _FIRST if one is not first and results[one]
    ]  # a store that is gone, or read-only, is named with -v
    return "; ".join([text, *rest])


def program_names(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the programs that read the stores, each once."""
    return list(dict.fromkeys(name for one in outcomes for name in words.programs(one.store)))


def store_lines(page: Page, part: ScopeResult) -> list[str]:
    """Return a line for each store of a scope, below its group."""
    lines: list[str] = []
    for group, ones in grouped(part.outcomes):
        lines.append(f"    {page.style.tone(words.title(group), 'strong')}")
        rows: list[list[Cell | str]] = []
        for one in _of_sources(ones, part.outcomes):
            mark = Cell(BAD, "bad") if one.result is Result.FAILED else ""
            word = Cell(words.RESULTS[one.result], words.TONES.get(one.result, ""))
            follows = one.result is Result.FOLLOWS and one.detail
            note = f" ({words.followed(one.detail)})" if follows else f": {one.detail}" if one.detail else ""
            rows.append([mark, word, Cell(f"{one.store.id}{note}", whole=not one.detail)])
        lines += page.table(rows, "    ")
    return lines


def failure_lines(page: Page, outcomes: Iterable[Outcome]) -> list[str]:
    """Return each failure with its cause and advice; a store that another failed store feeds is left out."""
    lines: list[str] = []
    for one in own_failures(outcomes):
        cause, _, advice = one.detail.partition("; ")
        lines += page.marked(BAD, f"{words.full_name(one.store)}: {cause}", "  ")
        if advice:
            lines += page.paragraph(sentence(advice), "      ")
    return lines


def sentence(text: str) -> str:
    """Return a phrase as a sentence: a capital letter, unless it begins with a command or path, and a full stop."""
    a_word = text.partition(" ")[0].isalpha()
    begins = text[:1].upper() + text[1:] if a_word else text
    return begins if begins.endswith((".", ")", ":", "?")) else f"{begins}."
