"""`trustinstall doctor` without a server: the health of this machine, and `--fix`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from trustinstall.cli.common import Output, ask_for, confirm, decide_for, tell_error
from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from trustinstall.doctor.health import TakenBack
    from trustinstall.installer.installer import Installer


def _mended(output: Output, installer: Installer, *, yes: bool) -> tuple[TakenBack, ...]:
    """Show the settings to cut out, ask, and cut them out; return the cut ones."""
    from trustinstall.installer.health import fix, plan_fixes
    from trustinstall.reporting import health as report

    planned = plan_fixes(installer)
    if not planned:
        return ()
    output.say(report.diff_lines(output.page, planned))
    if not yes:
        asks = decide_for(installer, ask_for(None, [], all_users=False, no_input=False, silent=output.json)).may_ask
        if not asks:
            raise UsageProblem("--fix changes settings; confirm with --yes")
        confirm("Take these out?")
    done = fix(installer, planned)
    for one in done:
        if one.problem:
            tell_error(f"{one.path} line {one.line}: {one.problem}")
    return tuple(one for one in done if one.possible)


def look_around(output: Output, installer: Installer, *, everything: bool, fix: bool, yes: bool) -> NoReturn:
    """Show the health of this machine, after mending if `fix` is set, and end."""
    from trustinstall.installer.health import examine, problems
    from trustinstall.reporting import health as report

    fixed = _mended(output, installer, yes=yes) if fix else ()
    every = examine(installer)
    found = every if everything else problems(every)
    code = report.exit_code(found)
    if output.json:
        output.write(report.as_json(installer.host, found, code, fixed))
    output.say(report.fixed_lines(output.page, fixed, every) if fixed else [])
    output.say(report.lines(output.page, found, everything=everything))
    raise typer.Exit(code)
