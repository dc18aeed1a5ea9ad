"""`trustinstall run`: trust for one command, with nothing installed."""

from __future__ import annotations

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, allowed, tell_warning


def run(
    command: o.Command,
    cert: o.Cert,
    sha256: o.Vouched = [],  # noqa: B006  typer copies it
    *,
    allow_expired: o.Expired = False,
    allow_weak: o.Weak = False,
    force: o.Force = False,
    allow_intermediate: o.Intermediate = False,
    java: o.Java = False,
    json: o.JsonAfter = False,
    quiet: o.Quiet = False,
) -> None:
    """Run one command with extra trusted roots; nothing is installed."""
    from trustinstall.certificates import intake
    from trustinstall.cli.ended import take_out_ended
    from trustinstall.host import ActingHost
    from trustinstall.installer import temporary_trust
    from trustinstall.installer.installer import Installer
    from trustinstall.reporting import json_report

    host = ActingHost.current()
    take_out_ended(Installer(host=host))
    allow = allowed(expired=allow_expired or force, weak=allow_weak or force)
    taken = intake.take(host, cert, sha256=sha256, allow=allow, allow_intermediate=allow_intermediate)
    lender = temporary_trust.lend_trust(host, [one.certificate for one in taken.accepted], java=java)
    for warning in () if quiet or json else lender.warnings:
        tell_warning(warning)
    status = host.lend(lender.lend, command, aside=json)
    if json:
        lent = json_report.Lent(command[0], lender.variables, lender.warnings)
        Output(json=json, quiet=quiet, verbose=False).write(json_report.lent(host, taken, lent, status))
    raise typer.Exit(status)
