"""`trustinstall stores`."""

from __future__ import annotations

from trustinstall.cli import options as o
from trustinstall.cli.common import (
    Output,
    ask_for_look,
    installer_for,
    selection_of,
)
from trustinstall.cli.ended import take_out_ended
from trustinstall.cli.places import places_for
from trustinstall.cli.tools import show_tools


def stores(
    names: o.StoreNames = None,
    scope: o.Scope = None,
    store: o.Store = [],  # noqa: B006  typer copies it
    skip: o.Skip = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006
    user: o.User = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    with_windows: o.WithWindows = False,
    refresh: o.Refresh = False,
    tools: o.Tools = False,
    all_users: o.AllUsers = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Show every store on this machine, and whether it can be written."""
    from trustinstall.installer.narrowing import narrowed
    from trustinstall.reporting import json_report
    from trustinstall.reporting.stores import stores_lines

    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, sysroot, java_storepass_file)
    take_out_ended(installer, output)
    if tools:
        show_tools(output, installer.host, "stores")
        return
    ask = ask_for_look(scope, user, all_users=all_users)
    places = places_for(installer, ask, search, with_windows=with_windows, refresh=refresh)
    selection = selection_of([*(names or []), *store], skip)
    view = narrowed(installer.look(ask, discovery=places, through=True), scope=scope, selection=selection)
    if json:
        output.write(json_report.stores(installer.host, view))
    output.say(stores_lines(output.page, view, verbose=verbose))
