"""Reports for people: lines of at most 80 columns, with or without colour, of printable characters only."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.certificates.intake import Intake
    from trustinstall.installer.result import Report, ScopeResult
    from trustinstall.installer.tool_views import ToolView
    from trustinstall.installer.views import Held, Listed, StoreView, View
    from trustinstall.reporting.advice import Advice

WIDTH = 80
_NAME, _WORD = 13, 10  # columns of a store's name and of its result word
_NARROW = 30  # too few columns for a sentence
_GOOD = frozenset({Result.ADDED, Result.REMOVED, Result.ALREADY, Result.FOLLOWS})
_BAD = frozenset({Result.FAILED})


@dataclass(frozen=True)
class Style:
    """The colours of words; `plain` adds none."""

    paint: Callable[[str, str], str]

    def good(self, text: str) -> str:
        """Paint a success."""
        return self.paint(text, "green")

    def bad(self, text: str) -> str:
        """Paint a failure."""
        return self.paint(text, "red")

    def loud(self, text: str) -> str:
        """Paint a heading."""
        return self.paint(text, "bold")

    def quiet(self, text: str) -> str:
        """Paint text of minor importance."""
        return self.paint(text, "dim")


plain = Style(lambda text, _colour: text)


def certificate_line(certificate: Certificate, style: Style) -> str:
    """Name, start of the fingerprint and end date of a certificate."""
    name = style.loud(printable(certificate.name, 36))
    return f"{name}   sha256 {certificate.short}   valid until {certificate.not_after:%Y-%m-%d}"


def intake_lines(intake: Intake, style: Style) -> list[str]:
    """The accepted certificates, the certificates that were left out, and warnings about clients."""
    lines: list[str] = []
    for one in intake.accepted:
        lines.append(certificate_line(one.certificate, style))
        if one.found:
            lines += [f"  found in {one.origin}; its full SHA-256 is", f"  {one.certificate.sha256}"]
        for warning in one.warnings:
            lines += wrapped(f"Note: {warning}", "  ")
    for certificate, reason in intake.left_out:
        lines += wrapped(f"Left out: {printable(certificate.name, 60)}: {reason}", "  ")
    return lines


def change_lines(report: Report, advice: Advice, style: Style, *, verbose: bool) -> list[str]:
    """The report of a command that changes stores: store by store, and the next steps."""
    lines = [""]
    for part in report.parts:
        if part.recovered:
            lines.append("An earlier command had been interrupted; it was undone first.")
        if part.problem:
            lines += wrapped(f"{style.bad('failed')} for {part.scope}: {part.problem}", "  ")
        if part.skipped:
            lines += wrapped(f"{style.quiet('skipped')} {part.scope}: {part.skipped}", "  ")
        lines += _part_lines(part, style, verbose=verbose)
    lines += wrapped(_summary(report), "")
    return lines + _next_lines(advice, style)


def _part_lines(part: ScopeResult, style: Style, *, verbose: bool) -> list[str]:
    lines: list[str] = []
    shown = [one for one in part.outcomes if verbose or one.result is not Result.NOT_COVERED]
    groups: dict[tuple[str, Result, str], list[Outcome]] = {}
    for one in shown:
        alone = verbose or one.result in {Result.FAILED, Result.SEALED, Result.PLANNED, Result.STORE_MISSING}
        groups.setdefault((one.store.backend, one.result, one.store.id if alone else one.detail), []).append(one)
    for (_, result, _), ones in groups.items():
        first = ones[0]
        single = first.store.id == first.store.backend or first.store.system
        many = "" if first.store.on_demand else f" ({len(ones)})"  # each scope has one store that serves
        name = first.store.id if single else f"{first.store.backend}{many}"
        detail = first.detail or first.store.clients
        if len(ones) > 1 and not first.detail:
            detail = "-v lists them"
        if (verbose or result in _BAD | {Result.STORE_MISSING, Result.SEALED}) and not single:
            name = first.store.backend
            detail = f"{first.store.label or first.store.location}{': ' + first.detail if first.detail else ''}"
        paint = style.good if result in _GOOD else style.bad if result in _BAD else style.quiet
        lines += row(name, result.value, detail, paint)
        lines += [f"      {step}" for one in ones for step in one.steps]
        if any(one.foreign for one in ones) and result is Result.ALREADY:
            lines += wrapped("(put there by somebody else; add --adopt takes it over)", " " * (_NAME + _WORD + 2))
    return lines


def row(name: str, word: str, detail: str, paint: Callable[[str], str]) -> list[str]:
    """One line of a table (several if the detail is long): a name, a coloured word, and a detail."""
    name, detail = printable(name, 4096), printable(detail, 4096)
    start, middle = f"  {name:<{_NAME - 1}} ", f"{word:<{_WORD - 1}} "
    indent, first = " " * (len(start) + len(middle)), ""
    if WIDTH - len(indent) >= _NARROW:
        first, *rest = textwrap.wrap(detail, WIDTH - len(indent), break_on_hyphens=False) or [""]
    else:
        indent, rest = " " * 6, textwrap.wrap(detail, WIDTH - 6, break_on_hyphens=False)
    painted = f"{start}{paint(word)}{middle[len(word) :]}{first}"
    return [painted.rstrip(), *(f"{indent}{line}" for line in rest)]


def _summary(report: Report) -> str:
    missing: list[str] = []
    others = sum(one.result is Result.NOT_COVERED for one in report.outcomes)
    if others > report.wide:
        missing.append(f"{_count(others - report.wide, 'store')} of another scope (-v lists them)")
    if report.wide:
        missing.append(f"{_count(report.wide, 'store')} that cannot keep a root to some names (-v lists them)")
    sealed = sum(one.result is Result.SEALED for one in report.outcomes)
    if sealed:
        missing.append(f"{_count(sealed, 'sealed store')}")
    if report.situation.uncovered and report.command == "add" and not report.domains:
        missing.append(f"{_count(report.situation.uncovered, 'other account')} (--all-users)")
    return _result(report) + (f" Not covered: {', '.join(missing)}." if missing else "")


def _result(report: Report) -> str:
    results = [one.result for one in report.in_scope]
    total = _count(len(results), "store")
    if report.left:
        return "Still trusted by the machine, whose stores only an administrator may change."
    if not results and report.domains:
        return "No store in this scope can keep a root to some names."
    if not results:
        return "There is no store in this scope."
    if report.dry_run:
        return f"Dry run: {results.count(Result.PLANNED)} of {total} would change."
    if report.command == "add":
        held, every = report.covered
        return f"Trusted in {held} of {_count(every, 'store')}."
    if Result.FAILED in results:
        return f"Not removed from {_count(results.count(Result.FAILED), 'store')}."
    if not report.changed:
        return "Nothing of ours was there; nothing was changed."
    gone = sum(one in {Result.REMOVED, Result.FOLLOWS} for one in results)
    left = results.count(Result.FOREIGN)
    still = f" Still trusted in {_count(left, 'store')}, where somebody else put it." if left else ""
    return f"Removed from {_count(gone, 'store')}.{still}"


def _next_lines(advice: Advice, style: Style) -> list[str]:
    lines: list[str] = []
    for command in advice.foreign:
        lines += [
            "Still there, because somebody else put it there. To take exactly that out:",
            f"  {command}",
        ]
    if advice.restart:
        lines += wrapped(f"Restart to notice: {', '.join(advice.restart)}.", "")
    if advice.administrator:
        lines += ["For the whole machine, an administrator runs:", f"  {printable(advice.administrator, 4096)}"]
    if advice.env:
        lines += ["Programs that bring their own roots need:"]
        lines += [f"  {advice.env_word} {name}={value}" for name, value in advice.env.items()]
    lines += [line for note in advice.notes for line in wrapped(note, "")]
    if advice.undo:
        lines.append(style.quiet(f"Undo: {advice.undo}"))
    return lines


def profile_lines(path: str, style: Style, *, written: bool, dry_run: bool) -> list[str]:
    """The result of `add --profile-out`, and how to use the file."""
    word = "already" if not written else "would change" if dry_run else "written"
    return [
        "",
        *row("profile", word, path, style.good),
        *wrapped("No store was changed. Give the file to an MDM, or on the Mac:", ""),
        f"  open {printable(shlex.quote(path), 4096)}",
        *wrapped("and install it in System Settings, below Device Management or Profiles.", ""),
    ]


def failures(report: Report) -> list[str]:
    """A line for each store and scope that failed: the output of --quiet on standard error."""
    lines = [f"trustinstall: {part.scope}: {part.problem}" for part in report.parts if part.problem]
    failed = [one for one in report.outcomes if one.result is Result.FAILED]
    lines += [f"trustinstall: {printable(f'{one.store.id}: {one.detail}', 4096)}" for one in failed]
    lines += [f"trustinstall: {part.scope}: {part.skipped}" for part in report.parts if part.skipped]
    return lines or ["trustinstall: some stores are not covered; -v lists them"]


def list_lines(view: View, style: Style, *, files: bool, every_anchor: bool) -> list[str]:
    """The managed certificates, and the stores that hold them."""
    lines: list[str] = []
    for one in view.listed:
        lines += _listed_lines(one, style, files=files)
    if not view.listed:
        lines.append("No certificate of ours is trusted here; `trustinstall add FILE` adds one.")
    if every_anchor:
        for store in dict.fromkeys(anchor.store for anchor in view.anchors):
            found = [anchor for anchor in view.anchors if anchor.store == store]
            lines += ["", style.loud(f"{printable(store, 4096)}: {_count(len(found), 'anchor')}")]
            lines += [
                f"  {anchor.sha256[:16]} {'*' if anchor.ours else ' '} {printable(anchor.subject, 58)}"
                for anchor in found
            ]
    return [*lines, *(line for note in view.notes for line in wrapped(f"Note: {note}", ""))]


def _listed_lines(one: Listed, style: Style, *, files: bool) -> list[str]:
    grouped = "".join(one.sha256[at : at + 4] + " " for at in range(0, 8, 4))
    head = f"{style.loud(printable(one.name, 36))}   sha256 {grouped}…   valid until {one.not_after[:10]}"
    ends = f", until {one.until[:16].replace('T', ' ')} UTC" if one.until else ""
    lines = [head, f"  {one.scope}: since {one.since[:10]}, by {one.by}{ends}"]
    if one.expires_soon:
        lines.append(style.bad(f"  expires by itself on {one.not_after[:10]}: ask for its successor"))
    groups: dict[tuple[str, str], list[Held]] = {}
    for held in one.held:
        word = "not ours" if held.foreign else held.state
        groups.setdefault((held.store if files else held.store.partition(":")[0], word), []).append(held)
    for (name, word), ones in groups.items():
        many = ":" in ones[0].store and not files
        paint = style.good if word.startswith(("trusted", "follows")) else style.bad
        lines += row(f"{name} ({len(ones)})" if many else name, word, "", paint)
        entries = [line for held in ones if files for entry in held.entries for line in entry.split("\n") if line]
        lines += [f"      {printable(line, 4096)}" for line in entries]
    return lines


def stores_lines(view: View, style: Style) -> list[str]:
    """Every store that was found: one line each, and a second line for its fault."""
    lines: list[str] = []
    for one in view.stores:
        count = "unreadable" if one.anchors is None else _count(one.anchors, "anchor")
        ours = f", {one.ours} ours" if one.ours else ""
        lines.append(style.loud(printable(one.store, 4096)))
        lines += wrapped(f"{one.scope}; {_access(one)}; {count}{ours}; read by {one.clients}", "    ")
        if one.problem:
            lines += wrapped(style.bad(one.problem), "    ")
    return lines or ["No store was found on this machine."]


def tools_lines(found: Sequence[ToolView], style: Style) -> list[str]:
    """Every tool that was found: how it is made to trust a root, and its state."""
    lines: list[str] = []
    for one in found:
        paint = style.good if one.state == "set" or one.mode in {"follows", "store"} else style.quiet
        where = f"{one.file}: {one.key}: " if one.file else ""
        lines += row(one.tool, one.mode, f"{where}{one.state}; {one.known}", paint)
    return lines or ["No tool of the table was found for this account."]


def _access(one: StoreView) -> str:
    if one.follows:
        return f"follows {one.follows}"
    return "writable" if one.writable else "not writable here"


def wrapped(text: str, indent: str) -> list[str]:
    """Wrap text of any length to lines of at most 80 columns."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + ("  " if indent else ""),
        break_on_hyphens=False,
        break_long_words=False,
    ) or [indent]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
