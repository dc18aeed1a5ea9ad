"""`trustinstall self uninstall`: deletes the program, once it manages no certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trustinstall.cli import options as o

if TYPE_CHECKING:
    from trustinstall.agent.accounts import Agents
    from trustinstall.host import ActingHost
    from trustinstall.installer.uninstalling import Uninstalling

Action = Annotated[
    Literal["uninstall"], typer.Argument(metavar="uninstall", help="Delete the program and its records.")
]
KeepTrust = Annotated[
    bool, o.general("--keep-trust", help="Leave added certificates trusted, and keep the records of them.")
]


def self_(
    action: Action,  # noqa: ARG001  the one word that there is
    *,
    keep_trust: KeepTrust = False,
    dry_run: o.DryRun = False,
    yes: o.Yes = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Delete trustinstall from this machine. Certificates that it added must be removed first."""
    from trustinstall.agent import accounts, agent
    from trustinstall.cli.common import Output, confirm, outside_host
    from trustinstall.host import console
    from trustinstall.installer import uninstalling
    from trustinstall.reporting import uninstall_report

    host = outside_host()
    plan = uninstalling.plan(host, keep_trust=keep_trust)
    others = accounts.find(host, uninstalling.starts(host, plan))
    plan = replace(plan, kept=(*plan.kept, *others.unknown))
    output = Output(json=json, quiet=quiet, verbose=False)
    deleted = (*agent.there(host), *others.paths, *plan.deleted)
    report = uninstall_report.as_json(host, plan, deleted, dry_run=dry_run) if json else ""
    output.say(uninstall_report.lines(output.page, plan, deleted, dry_run=dry_run))
    if dry_run:
        if json:
            output.write(report)
        raise typer.Exit
    if console.terminal() and not (yes or json or quiet):
        confirm("Go on?")
    whole = _delete(host, plan, others)
    if json:
        output.write(report)
    output.say(["Deleted." if whole else "Deleted, except for records that hold other files."])


def _delete(host: ActingHost, plan: Uninstalling, others: Agents) -> bool:
    """Delete agents, records and program, in this order; return whether the records' directory is gone."""
    from trustinstall.agent import accounts, agent
    from trustinstall.cli.common import tell_warning
    from trustinstall.errors import TrustInstallError
    from trustinstall.host import installation
    from trustinstall.installer import uninstalling

    def stop_agents() -> None:
        for problem in accounts.remove(host, others):
            tell_warning(problem)
        if agent.there(host):
            agent.remove(host)

    whole = uninstalling.delete_records(host, plan, stop_agents)
    try:
        if plan.program.directory:
            installation.delete(plan.program)
    except OSError as error:
        raise TrustInstallError(f"cannot delete {error.filename}: {error.strerror}; delete it by hand") from None
    return whole
