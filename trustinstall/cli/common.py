"""Common parts of the commands: output to the caller, the meaning of options, and the end of a command."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from trustinstall.errors import TrustInstallError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from functools import partial

    from trustinstall.certificates.intake import Intake
    from trustinstall.engine.request import Selection
    from trustinstall.host import ActingHost, Host
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report
    from trustinstall.installer.situation import ScopeOptions, Situation
    from trustinstall.reporting.layout import Page

EVERYBODY = "all-users"  # the value of --scope for the machine and all accounts
_CANCELLED = "cancelled, nothing was changed"
_ENDLESS = 10_000  # columns of a log: the reader's program wraps its lines


class Output:
    """The caller's choice of output; standard output is for the report alone."""

    def __init__(self, *, json: bool, quiet: bool, verbose: bool) -> None:
        from trustinstall.host import console
        from trustinstall.reporting.layout import page_for
        from trustinstall.reporting.style import PLAIN, Style

        self.json, self.quiet, self.verbose = json, quiet, verbose
        painter = paint if console.wants_colour() else PLAIN.paint
        self.page = page_for(console.columns(), Style(painter, console.wide_characters()))
        self.progress = console.progress()

    def on_progress(self, doing: str) -> None:
        """Show progress, unless the caller wants none."""
        if not (self.quiet or self.json):
            self.progress.on_progress(doing)

    def say(self, lines: list[str]) -> None:
        """Print lines for people."""
        self.progress.clear()
        if lines and not (self.quiet or self.json):
            self.write("\n".join(lines))

    def write(self, text: str) -> None:
        """Print a report; a report that cannot be printed does not fail the command."""
        from trustinstall.host import console

        reason = console.write(text)
        if reason:
            tell_error(f"the report could not be written: {reason}")


def tell_error(message: str) -> None:
    """Print an error on standard error."""
    from trustinstall.reporting.errors import error_lines

    tell(error_lines(error_page(), message))


def tell_warning(message: str) -> None:
    """Print a warning on standard error."""
    from trustinstall.reporting.errors import warning_lines

    tell(warning_lines(error_page(), message))


def tell(lines: Sequence[str]) -> None:
    """Print lines on standard error. If they cannot be written, the command goes on, and its exit code still counts."""
    from trustinstall.host import console

    try:
        typer.echo("\n".join(lines), err=True)
    except OSError as error:
        console.unwritten(error, sys.stderr)


def error_page() -> Page:
    """Return the page of standard error: as wide as its terminal, or without a limit."""
    from trustinstall.host import console
    from trustinstall.reporting.layout import Page, page_for
    from trustinstall.reporting.style import PLAIN, Style

    columns, wide = console.error_columns(), console.wide_characters()
    if columns is None:
        return Page(_ENDLESS, Style(PLAIN.paint, wide))
    return page_for(columns, Style(paint if console.wants_colour() else PLAIN.paint, wide))


def paint(text: str, colour: str) -> str:
    """Return a text in a colour, bold or dim, with the escape sequences of ECMA-48."""
    if colour == "bold":
        return typer.style(text, bold=True)
    return typer.style(text, dim=True) if colour == "dim" else typer.style(text, fg=colour)


def outside_host() -> ActingHost:
    """Return the machine that the program runs on: it holds the caller's files, and messages name commands for it."""
    from trustinstall.host import ActingHost

    return ActingHost.current()


def installer_for(
    output: Output,
    sysroot: str | None,
    storepass_files: Sequence[str],
    *,
    run_image_tool: bool = False,
    variables: str | None = None,
) -> Installer:
    """Return the installer that the options request. Raises UsageProblem if they contradict each other."""
    from trustinstall.installer.installer import Installer

    if sysroot is None and run_image_tool:
        raise UsageProblem("--run-image-tool runs the tool of an image; say which one with --sysroot DIR")
    passwords = tuple(map(outside_host().secret_in, storepass_files))
    installer = Installer(sysroot, run_tools=run_image_tool, on_progress=output.on_progress)
    installer.host = replace(installer.host, storepasses=passwords)
    if variables is not None:
        from trustinstall.catalog import with_variables

        installer.backends, installer.variables = with_variables(installer.backends, variables), variables
    return installer


def allowed(**faults: bool) -> frozenset[str]:
    """Return the faults of certificates that the caller allows, as words of `vetting.ALLOWABLE`."""
    return frozenset(word.replace("_", "-") for word, wanted in faults.items() if wanted)


def ask_for(
    scope: str | None, user: list[str], *, all_users: bool, no_input: bool, silent: bool = False
) -> ScopeOptions:
    """Return the caller's request about the scope."""
    from trustinstall.installer.situation import ScopeOptions

    everybody = all_users or scope == EVERYBODY
    return ScopeOptions(
        None if scope == EVERYBODY else scope, tuple(user), all_users=everybody, no_input=no_input, silent=silent
    )


def ask_for_look(scope: str | None, user: list[str], *, all_users: bool) -> ScopeOptions:
    """Return the scope of a command that changes nothing: every account may read the machine's stores."""
    return ask_for(EVERYBODY if scope == EVERYBODY else None, user, all_users=all_users, no_input=True)


def decide_for(installer: Installer, ask: ScopeOptions) -> Situation:
    """Return the defaults of this situation, and tell the installer whether a window may open."""
    from trustinstall.host import console
    from trustinstall.installer.situation import decide

    situation = decide(installer.host, ask, terminal=console.terminal())
    installer.host = replace(installer.host, dialogs=situation.may_answer)
    return situation


def selection_of(store: list[str], skip: list[str]) -> Selection:
    """Return the chosen stores; a comma separates names in one option."""
    from trustinstall.engine.request import Selection

    return Selection(_names_in(store), _names_in(skip))


def _names_in(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names in options; a path keeps its commas."""
    names = [name for word in words for name in ([word] if "/" in word or "\\" in word else word.split(","))]
    return tuple(name.strip() for name in names if name.strip())


def same_stores(values: Mapping[str, Sequence[str]], flags: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the options with which another command finds the same stores, as words."""
    words = [word for option, given in values.items() for one in given for word in (option, one)]
    return (*words, *(option for option, is_set in flags.items() if is_set))


def confirm(question: str) -> None:
    """Ask on the terminal. Raises TrustInstallError (exit code 1) if the answer is no."""
    from trustinstall.host import console

    try:
        agreed = typer.confirm(question, default=False, err=True)
    except console.Interrupted as interrupted:
        interrupted.told = _CANCELLED
        raise
    if not agreed:
        raise TrustInstallError(_CANCELLED)


def finish(
    host: Host,
    output: Output,
    report: Report,
    intake: Intake | None,
    *,
    strict: bool,
    inputs: Sequence[str],
    source: str = "",
    options: Sequence[str] = (),
    asked: bool = False,
    verify: str | None = None,
) -> None:
    """Print the report of add or remove, and end with its exit code; see `advise` for `source` and `options`.

    `asked`: `--exit-code`: a dry run that would change something ends with 10. `verify`: a server to look at; if a
    client refuses it, the exit code 0 becomes 10.
    """
    from trustinstall.cli import verifying
    from trustinstall.host import console
    from trustinstall.installer.checking import NOT_AS_WANTED
    from trustinstall.reporting import add, errors, json_report, remove
    from trustinstall.reporting import advice as guidance

    code = report.exit_code(strict=strict)
    if asked and not code and report.would_change:
        code = NOT_AS_WANTED
    advice = guidance.advise(report, host, inputs, source, options)
    lines = add.result_lines if report.command == "add" else remove.result_lines
    output.say(lines(output.page, report, advice, verbose=output.verbose))
    if (
        code not in {0, NOT_AS_WANTED} and not output.json and (output.quiet or not console.shown())
    ):  # a terminal has just shown them
        tell(errors.failures(error_page(), report))
    if verify is not None:
        found = verifying.look(output, host, verify, report)
        advice = replace(advice, diagnosis=found)
        code = code or (0 if found is not None and found.later else NOT_AS_WANTED)
    if output.json:
        output.write(json_report.change(host, report, intake, code, advice))
    raise typer.Exit(code)


def finish_repair(host: Host, output: Output, report: Report, ahead: Sequence[str] = (), *, asked: bool) -> None:
    """Print the report of repair or apply, with the lines `ahead` of it, and end with its exit code.

    `asked`: `--exit-code`: a dry run that would change something ends with 10.
    """
    from trustinstall.declared import repair
    from trustinstall.reporting import advice, errors, repair_report

    code, left = repair.exit_code(report, asked=asked), advice.left_copies(report, host)
    if output.json:
        output.write(repair_report.as_json(host, report, code, left))
    output.say([*ahead, *repair_report.lines(output.page, report, left, verbose=output.verbose)])
    if code and output.quiet:
        tell(errors.failures(error_page(), report))
    raise typer.Exit(code)


def change_all(installer: Installer, change: partial[Report], selection: Selection, *, asks: bool) -> Report:
    """Add or remove; on a terminal, ask for the unknown passwords of locked stores."""
    from trustinstall.host import console
    from trustinstall.installer.unlocking import unlock
    from trustinstall.reporting.errors import stopped

    def ask(question: str) -> str:
        try:
            return str(typer.prompt(question, default="", show_default=False, hide_input=True, err=True))
        except typer.Abort:  # all other stores are done, and the report still has to be printed
            return ""

    try:
        report = change(stores=selection.stores, skip=selection.skip)
        return unlock(installer, report, lambda store: change(stores=[store]), ask) if asks else report
    except console.Interrupted as interrupted:
        if change.keywords["dry_run"]:
            interrupted.told = "stopped, nothing was changed"
            raise
        with suppress(TrustInstallError):
            certificates, adding = change.args[0], change.func == installer.add
            number = installer.recorded(certificates)
            interrupted.told = stopped(installer.host, certificates, number, interrupted.total, adding=adding)
        raise
