"""The screen of `stores`: a table of every store that was found, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting import words
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.plan import fold
from trustinstall.reporting.style import BAD
from trustinstall.stores.groups import GROUPS, group_of_backend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.installer.views import StoreView, View

_FEW = 3  # stores of a kind that have rows of their own
_NAMED = 6  # names of stores with the same fault
_HEAD: list[Cell | str] = [
    Cell(""),
    *(Cell(word, "faint") for word in ("STORE", "ROOTS", "ADDED", "STATE")),
    Cell("WHERE", "faint", whole=True),
]


def stores_lines(page: Page, view: View, *, verbose: bool) -> list[str]:
    """Return a row for each store, or one for all Python files below a directory; with `verbose`, always for each."""
    if not view.stores:
        return ["No store was found on this machine."]
    table: list[list[Cell | str]] = [_HEAD]
    for group in GROUPS:
        found = [one for one in view.stores if group_of_backend(one.backend, one.label) == group]
        table += _each(found) if verbose or len(found) <= _FEW else _folded(found)
    lines = page.table(table, "")
    faults: dict[str, list[StoreView]] = {}
    for one in view.stores:
        if one.problem:
            faults.setdefault(one.problem, []).append(one)
    for problem, ones in faults.items():
        names = list(dict.fromkeys(map(_name, ones)))
        several = f"{words.count(len(ones), 'store')} ({words.listed(names, _NAMED)})"
        lines += page.marked(BAD, f"{ones[0].store if len(ones) == 1 else several}: {problem}", tone="")
    return [*lines, *(line for note in view.notes for line in page.marked(BAD, note))]


def _each(found: Sequence[StoreView]) -> Iterator[list[Cell | str]]:
    for one in found:
        roots = "?" if one.anchors is None else f"{one.anchors:,}" if one.anchors else "-"
        mark = Cell(BAD, "bad") if one.problem else ""
        where = one.location or one.store
        yield [mark, _name(one), roots, str(one.ours or "-"), _state(one), Cell(where, whole=True)]


def _folded(found: Sequence[StoreView]) -> Iterator[list[Cell | str]]:
    """Fold stores with the same name and state by directory."""
    kinds: dict[tuple[str, str], list[StoreView]] = {}
    for one in found:
        kinds.setdefault((one.backend, _state(one)), []).append(one)
    for (_, state), ones in kinds.items():
        if len(ones) <= _FEW or any(one.backend != "certifi" for one in ones):
            yield from _each(ones)
            continue
        counts = sorted(one.anchors for one in ones if one.anchors is not None)
        roots = f"{counts[0]}-{counts[-1]}" if counts and counts[0] != counts[-1] else str(counts[0] if counts else "?")
        ours = sum(bool(one.ours) for one in ones)
        mark = Cell(BAD, "bad") if any(one.problem for one in ones) else ""
        place = fold([one.location for one in ones])
        head: list[Cell | str] = [mark, f"python ({len(ones)})", roots, f"in {ours}" if ours else "-", state]
        for where in place:
            yield [*head, Cell(where, whole=True)]
            head = ["", "", "", "", ""]


def _name(one: StoreView) -> str:
    """Return the store's name for people, which `--store` accepts, too."""
    group = group_of_backend(one.backend, one.label)
    if group == "system" and one.store == one.backend:
        return one.store
    if one.backend == "certifi":
        return f"python {_package(one)}".rstrip()
    if one.backend in {"settings", "nss", "vm", "android-emulator"} or one.backend.endswith("-policy"):
        return one.label or one.backend
    if one.backend == "environment":
        return "variables"
    return one.backend


def _package(one: StoreView) -> str:
    name = one.label.rpartition(" (")[2].removesuffix(")") if one.label.endswith(")") else ""
    return f"({name})" if name else ""


def _state(one: StoreView) -> str:
    if one.follows:
        return "via system"
    if one.anchors is None:
        return "unreadable"
    return "ok" if one.writable else "not writable" if one.problem else "needs root"
