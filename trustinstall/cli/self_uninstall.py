"""`trustinstall self uninstall`: deletes the program, once nothing is trusted through it."""

from __future__ import annotations

from typing import Annotated

import typer

from trustinstall.cli import options as o

Action = Annotated[str, typer.Argument(metavar="uninstall", help="Delete the program and its records.")]
KeepTrust = Annotated[
    bool, typer.Option("--keep-trust", help="Leave added certificates trusted, and keep the records of them.")
]


def self_(
    action: Action,
    *,
    keep_trust: KeepTrust = False,
    dry_run: o.DryRun = False,
    yes: o.Yes = False,
) -> None:
    """Delete trustinstall from this machine. Certificates that it added must be removed first.

    Example: trustinstall self uninstall
    """
    from trustinstall.agent import agent
    from trustinstall.cli.common import confirm, outside_host
    from trustinstall.errors import TrustInstallError, UsageProblem
    from trustinstall.host import console, installation
    from trustinstall.installer import uninstalling

    if action != "uninstall":
        raise UsageProblem("self knows one word: trustinstall self uninstall")
    host = outside_host()
    plan = uninstalling.plan(host, keep_trust=keep_trust)
    lines = [f"  delete {path}" for path in (*agent.there(host), *plan.deleted)]
    lines += [f"  keep   {path}: {why}" for path, why in plan.kept]
    lines += [f"  then run: {plan.program.command}"] if plan.program.command else []
    typer.echo("\n".join(["Uninstalling trustinstall" + (" (dry run)" if dry_run else "") + ":", *lines]))
    if dry_run:
        raise typer.Exit
    if console.terminal() and not yes:
        confirm("Go on?")
    if agent.there(host):
        agent.remove(host)
    whole = uninstalling.delete_records(host, plan)
    try:
        if plan.program.directory:
            installation.delete(plan.program)
    except OSError as error:
        raise TrustInstallError(f"cannot delete {error.filename}: {error.strerror}; delete it by hand") from None
    typer.echo("Deleted." if whole else "Deleted, except for records that hold other files.")
