"""`trustinstall doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, ask_for, confirm, decide_for, installer_for, tell_error
from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.doctor.health import TakenBack
    from trustinstall.installer.installer import Installer


def doctor(
    url: o.Server = None,
    *,
    starttls: o.Starttls = "",
    proxy: o.ProxyUrl = "",
    everything: o.Everything = False,
    fix: o.Fix = False,
    yes: o.Yes = False,
    exit_code: o.RefusedCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Show which stores and tools here would accept a server, and why others refuse it.

    Without a URL: what is wrong with the stores, settings and variables here, each with its remedy. Exit status: 0 all
    is well, 10 something is wrong.
    """
    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, None, ())
    if url is None:
        _look_around(output, installer, _mended(output, installer, yes=yes) if fix else (), everything=everything)
    if fix or everything:
        raise UsageProblem("--fix and --all are about this machine; name no URL with them")
    from trustinstall.installer.diagnosis import diagnose
    from trustinstall.reporting import doctor as report

    host = installer.host
    found = diagnose(host, url, starttls=starttls, proxy=proxy)
    code = report.exit_code(found, asked=exit_code)
    if output.json:
        output.write(report.doctor_json(host, found, code))
    output.say(report.doctor_lines(output.page, found, host.program()))
    raise typer.Exit(code)


def _mended(output: Output, installer: Installer, *, yes: bool) -> tuple[TakenBack, ...]:
    """Show which settings would be taken back, ask, and take them back; return what was cut out."""
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
    done = tuple(one for one in done if one.possible)
    output.say(report.fixed_lines(output.page, done) if done else [])
    return done


def _look_around(output: Output, installer: Installer, fixed: Sequence[TakenBack], *, everything: bool) -> NoReturn:
    """Show the health of this machine, and end."""
    from trustinstall.installer.health import examine, problems
    from trustinstall.reporting import health as report

    every = examine(installer)
    found = every if everything else problems(every)
    code = report.exit_code(found)
    if output.json:
        output.write(report.as_json(installer.host, found, code, fixed))
    output.say(report.lines(output.page, found, everything=everything))
    raise typer.Exit(code)
