"""The screen of `--dry-run`: a plan of files and commands, folded by directory; with `-v`, a diff of each file."""

from __future__ import annotations

import posixpath
from collections import Counter
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.errors import printable
from trustinstall.reporting import rows, words
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.style import BAD, CHANGED, CREATED, DELETED, SAME, tone_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.installer.result import Report

_MARKS = {
    "create": CREATED,
    "link": CREATED,
    "change": CHANGED,
    "delete": DELETED,
    "run": BAD,
    "operate": BAD,
    "make-directory": CREATED,
    "remove-directory": DELETED,
}
_DIRECTORIES = frozenset({"make-directory", "remove-directory"})
_INSIDE = " " * 10  # before a line of a diff
_EACH = 3  # files that a plan names one by one
_BRANCHES = 4  # directories that a plan names one by one
_DEEP = 2  # components of a directory that says little yet: /usr/lib, /root/.pyenv


def plan_lines(page: Page, report: Report, *, verbose: bool) -> list[str]:
    """Return the plan of `add` or `remove`."""
    planned = [one for one in report.outcomes if one.result is Result.PLANNED]
    every = report.covered[1] if report.command == "add" else len(report.in_scope)
    names = words.names_of(report.certificates, ids=True)
    if not planned and not any(one.result is Result.FAILED for one in report.outcomes):
        told = page.marked(SAME, f"{names}: nothing would change in {words.count(every, 'store')}.")
        return [*told, *end_lines(page, report)]
    verb = "Plan for" if report.command == "add" else "Plan for the removal of"
    head = f"{verb} {names}: {len(planned):,} of {words.count(every, 'store')}, nothing changed yet"
    lines = page.paragraph(head, tone="strong")
    lines += [*planned_lines(page, planned, verbose=verbose), *end_lines(page, report)]
    return [*lines, *rows.failure_lines(page, report.outcomes)]


def end_lines(page: Page, report: Report) -> list[str]:
    """Return the certificates that were trusted before and have another end now, or would have."""
    lines: list[str] = []
    for until in dict.fromkeys(report.ends.values()):
        names = words.names_of([one for one in report.certificates if report.ends.get(one.sha256) == until])
        if report.dry_run:
            verb = f"would end on {words.minute(until)}" if until else "would have no end"
        else:
            verb = f"ends on {words.minute(until)} now" if until else "has no end now"
        lines += page.paragraph(f"The trust of {names} {verb}.", "  ", hanging="  ")
    return lines


def planned_lines(page: Page, planned: Sequence[Outcome], *, verbose: bool) -> list[str]:
    """Return the files and commands of planned changes, and their sum; with `verbose` each with its lines."""
    lines = _each(page, planned) if verbose else page.table(list(_folded(planned)), "    ")
    return [*lines, *(page.paragraph(_sum(planned)) if planned else [])]


def _folded(planned: Sequence[Outcome]) -> Iterator[list[Cell | str]]:
    """Yield the rows of each group: the group, the number of stores, and the files and commands."""
    for group, ones in rows.grouped(planned):
        head = [words.title(group), words.things(len(ones), group)]
        steps = list(dict.fromkeys(step for one in ones for step in one.steps if step.action not in _DIRECTORIES))
        for action in (one for one in _MARKS if any(step.action == one for step in steps)):
            targets = [step.target for step in steps if step.action == action]
            for text in targets if action in {"run", "operate"} else fold(targets):
                mark = _MARKS[action]
                run = "runs " if action == "run" else ""
                yield [*head, Cell(mark, tone_of(mark)), Cell(f"{run}{text}", whole=True)]
                head = ["", ""]
        if head[0]:  # only directories, or nothing that can be shown
            yield [*head, "", ""]


def fold(paths: Sequence[str]) -> list[str]:
    """Return a few paths one by one, and many as "11 below /root/.pyenv/versions"; duplicates count once.

    >>> fold(["/etc/a", "/etc/b"])
    ['/etc/a', '/etc/b']
    >>> fold([f"/srv/envs/{name}/cacert.pem" for name in "abcd"])
    ['4 below /srv/envs']
    """
    paths = list(dict.fromkeys(paths))
    if len(paths) <= _EACH:
        return paths
    common = posixpath.commonpath(paths) if all(path.startswith("/") for path in paths) else ""
    branches: dict[str, list[str]] = {}
    for path in paths:
        rest = path[len(common.rstrip("/")) + 1 :] if common else path
        branches.setdefault(rest.partition("/")[0], []).append(path)
    deep = common.count("/")
    if deep > _DEEP or (deep == _DEEP and len(branches) > _BRANCHES):
        return [f"{len(paths):,} below {common}"]
    if len(branches) == 1:  # paths of another system
        return [f"{len(paths):,} below {next(iter(branches))}"]
    return [line for ones in branches.values() for line in fold(ones)]


def _each(page: Page, planned: Iterable[Outcome]) -> list[str]:
    """Return every step of every store, with the lines that change."""
    lines: list[str] = []
    for group, ones in rows.grouped(planned):
        lines.append(f"    {page.style.tone(words.title(group), 'strong')}")
        for step in dict.fromkeys(step for one in ones for step in one.steps):
            lines += _step(page, step)
    return lines


def _step(page: Page, step: Planned) -> list[str]:
    run = "runs " if step.action == "run" else ""
    slash = "/" if step.action in _DIRECTORIES else ""
    mark = _MARKS[step.action]
    lines = [f"      {page.mark(mark)} {page.whole(f'{run}{step.target}{slash}')}"]
    cut = page.width - len(_INSIDE)
    return lines + [
        page.whole(printable(line, cut), _INSIDE, tone=tone_of(line[:1])) for line in _without_base64(step.diff)
    ]


def _without_base64(diff: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a diff, with one line in place of the Base64 lines of a PEM block."""
    inside = False
    for line in diff:
        text = line[1:].strip()
        if inside and text.startswith("-----END"):
            inside = False
            yield f"{line[:1]}…"
        if not inside:
            yield line
        inside = inside or text.startswith("-----BEGIN")


def _sum(planned: Iterable[Outcome]) -> str:
    steps = {step for one in planned for step in one.steps}
    actions = Counter(step.action for step in steps)
    parts = [
        (actions["create"] + actions["link"], "file", "to create"),
        (actions["change"], "file", "to change"),
        (actions["delete"], "file", "to delete"),
        (actions["run"] + actions["operate"], "command", "to run"),
    ]
    told = [f"{words.count(number, noun)} {what}" for number, noun, what in parts if number]
    return f"{', '.join(told)}." if told else "Nothing to do."
