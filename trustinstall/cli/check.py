"""`trustinstall check`: whether certificates are trusted, in one line and an exit code, for management tools."""

from __future__ import annotations

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, ask_for_look, installer_for, outside_host, selection_of
from trustinstall.errors import UsageProblem


def check(
    names: o.Checked = None,
    sha256: o.Sha256 = [],  # noqa: B006  typer copies it
    scope: o.Scope = None,
    user: o.User = [],  # noqa: B006
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    all_users: o.AllUsers = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Say in one line whether roots are trusted; change nothing. Exit status: 0 as wanted, 10 not.

    Without a file or fingerprint, it is about every certificate that trustinstall added. A store is missing if it no
    longer trusts one, or if repair would add it: new stores, and those that an interrupted add did not reach. A root
    whose trust has ended, and that a store still trusts, is not as wanted either.
    """
    from trustinstall.installer import checking
    from trustinstall.installer import names as targets
    from trustinstall.installer.lacking import lacking_in_scope
    from trustinstall.installer.narrowing import narrowed
    from trustinstall.reporting.check import sentence

    output = Output(json=json, quiet=quiet, verbose=False)
    installer = installer_for(output, sysroot, ())
    if names and sha256:
        raise UsageProblem("name a file or --sha256 HEX, not both")
    ask = ask_for_look(scope, user, all_users=all_users)
    selection = selection_of(store, skip)
    installer.host = installer.host.remembering()  # for both looks
    view = narrowed(installer.look(ask), scope=scope, selection=selection)
    if names or sha256:
        wanted = targets.fingerprints(outside_host(), names or [], sha256)
    else:
        wanted = tuple(dict.fromkeys(one.sha256 for one in view.certificates))
    lacking = lacking_in_scope(installer, scope, wanted, selection)
    verdict = checking.verdict(view, wanted, lacking, installer.host.now())
    if json:
        from trustinstall.reporting import json_report

        output.write(json_report.checked(installer.host, verdict))
    output.say([sentence(verdict)])
    raise typer.Exit(verdict.exit_code)
