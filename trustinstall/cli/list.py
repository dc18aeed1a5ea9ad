"""`trustinstall list`."""

from __future__ import annotations

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import (
    Output,
    ask_for,
    installer_for,
    outside_host,
)
from trustinstall.cli.ended import take_out_ended
from trustinstall.cli.places import places_for


def list_(
    search: o.Search = [],  # noqa: B006
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006
    user: o.User = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    with_windows: o.WithWindows = False,
    foreign: o.Foreign = False,
    files: o.Entries = False,
    all_users: o.AllUsers = False,
    exit_code: o.ListExitCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """List the certificates that trustinstall added, and where."""
    from trustinstall.reporting.listing import list_lines

    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, sysroot, java_storepass_file)
    take_out_ended(installer, output)
    ask = ask_for(None, user, all_users=all_users, no_input=True)
    places = places_for(installer, ask, search, with_windows=with_windows)
    view = installer.look(ask, discovery=places, every_anchor=foreign)
    if json:
        from trustinstall.reporting import json_report

        output.write(json_report.listing(installer.host, view))
    today, program = f"{installer.host.now():%Y-%m-%d}", outside_host().command()
    shown = list_lines(output.page, view, program, today=today, files=files or verbose, every_anchor=foreign)
    output.say(shown)
    if exit_code:
        from trustinstall.installer import checking

        raise typer.Exit(checking.verdict(view, [one.sha256 for one in view.listed]).exit_code)
