"""`trustinstall doctor`."""

from __future__ import annotations

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, installer_for


def doctor(
    url: o.Server,
    *,
    exit_code: o.RefusedCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Show which stores and tools here would accept a server, and why others refuse it."""
    from trustinstall.installer.diagnosis import diagnose
    from trustinstall.reporting import doctor as report

    output = Output(json=json, quiet=quiet, verbose=verbose)
    host = installer_for(output, None, ()).host
    found = diagnose(host, url)
    code = report.exit_code(found, asked=exit_code)
    if output.json:
        output.write(report.doctor_json(host, found, code))
    output.say(report.doctor_lines(output.page, found, host.program()))
    raise typer.Exit(code)
