"""`trustinstall list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import (
    Output,
    ask_for_look,
    installer_for,
    outside_host,
    selection_of,
)
from trustinstall.cli.ended import take_out_ended
from trustinstall.cli.places import places_for

if TYPE_CHECKING:
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.situation import ScopeOptions


def list_(
    names: o.Listed = None,
    scope: o.Scope = None,
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006
    user: o.User = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    with_windows: o.WithWindows = False,
    refresh: o.Refresh = False,
    foreign: o.Foreign = False,
    files: o.Entries = False,
    all_users: o.AllUsers = False,
    exit_code: o.ListExitCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """List the certificates that trustinstall added, and where."""
    from trustinstall.installer.narrowing import narrowed
    from trustinstall.reporting.listing import Detail, list_lines

    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, sysroot, java_storepass_file)
    take_out_ended(installer, output)
    if exit_code:
        installer.host = installer.host.remembering()  # for both looks
    ask = ask_for_look(scope, user, all_users=all_users)
    places = places_for(installer, ask, search, with_windows=with_windows, refresh=refresh)
    chosen = _chosen(installer, ask, names) if names else []
    view = narrowed(
        installer.look(ask, discovery=places, every_anchor=foreign),
        scope=scope,
        selection=selection_of(store, skip),
        certificates=chosen if names else None,
    )
    if json:
        from trustinstall.reporting import json_report

        output.write(json_report.listing(installer.host, view))
    today, program = f"{installer.host.now():%Y-%m-%d}", outside_host().command()
    if names and not (view.certificates or view.anchors):
        output.say(output.page.paragraph("trustinstall has not added it; nothing is listed."))
    else:
        detail: Detail = "files" if files else "stores" if verbose else ""
        shown = list_lines(output.page, view, program, today=today, detail=detail, every_anchor=foreign)
        output.say(shown)
    if exit_code:
        from trustinstall.installer import checking
        from trustinstall.installer.lacking import lacking_in_scope

        wanted = chosen if names else [one.sha256 for one in view.certificates]
        absent = bool(names) and not wanted
        lacking = lacking_in_scope(installer, scope, wanted, selection_of(store, skip))
        raise typer.Exit(checking.NOT_AS_WANTED if absent else checking.verdict(view, wanted, lacking).exit_code)


def _chosen(installer: Installer, ask: ScopeOptions, words: list[str]) -> list[str]:
    """Return the SHA-256 of the certificates that the caller names."""
    from trustinstall.installer import names  # loads the parsers of certificates

    known = installer.known(ask)
    return [one.sha256 for one in names.resolve(outside_host(), words, known, known.get)]
