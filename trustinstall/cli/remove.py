"""`trustinstall remove`."""

from __future__ import annotations

from functools import partial

from trustinstall.cli import options as o
from trustinstall.cli.common import (
    EVERYBODY,
    Output,
    ask_for,
    change_all,
    confirm,
    decide_for,
    finish,
    installer_for,
    outside_host,
    same_stores,
    selection_of,
)
from trustinstall.cli.ended import take_out_ended
from trustinstall.cli.places import places_for
from trustinstall.errors import UsageProblem

_DIGITS = 64  # of a SHA-256 in hex


def remove(
    names: o.Names = None,
    sha256: o.Sha256 = [],  # noqa: B006  typer copies it
    scope: o.Scope = None,
    user: o.User = [],  # noqa: B006
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006
    account_gone: o.AccountGone = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    with_windows: o.WithWindows = False,
    refresh: o.Refresh = False,
    run_image_tool: o.RunImageTool = False,
    everything: o.All = False,
    not_ours: o.NotOurs = False,
    all_users: o.AllUsers = False,
    dry_run: o.DryRun = False,
    exit_code: o.ExitCode = False,
    strict: o.Strict = False,
    yes: o.Yes = False,
    no_input: o.NoInput = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Undo `add`. Copies that trustinstall did not add are shown and kept."""
    from trustinstall.installer import names as targets
    from trustinstall.reporting.add import certificate_lines

    output = Output(json=json, quiet=quiet, verbose=verbose)
    outside, installer = (
        outside_host(),
        installer_for(output, sysroot, java_storepass_file, run_image_tool=run_image_tool),
    )
    words = [*(names or []), *sha256]
    if everything == bool(words):
        raise UsageProblem("name what to remove (a file, a fingerprint or a subject), or say --all")
    if not_ours and (len(sha256) != 1 or names or everything or len(sha256[0].replace(":", "")) != _DIGITS):
        raise UsageProblem(
            "--not-ours takes out one certificate, named by its full fingerprint: --not-ours --sha256 HEX"
        )
    ask = ask_for(scope, user, all_users=all_users, no_input=no_input, silent=json or quiet)
    places = places_for(installer, ask, search, with_windows=with_windows, refresh=refresh)
    if not dry_run:
        take_out_ended(installer, output)
    known = installer.known(ask)
    find = partial(installer.find, discovery=places)
    chosen = tuple(known.values()) if everything else targets.resolve(outside, words, known, find)
    situation = decide_for(installer, ask)
    if chosen and situation.may_ask and not (yes or dry_run) and (everything or not_ours):
        output.say([line for one in chosen for line in certificate_lines(output.page, one)])
        confirm(f"Remove {len(chosen)} certificate{'s' if len(chosen) != 1 else ''}?")
    installer.diff = verbose
    change = partial(
        installer.remove,
        chosen,
        ask,
        discovery=places,
        foreign=not_ours,
        dry_run=dry_run,
        accounts_gone=account_gone,
    )
    report = change_all(installer, change, selection_of(store, skip), asks=situation.may_ask and not (yes or dry_run))
    options = same_stores(
        {
            "--scope": [scope] if scope else [EVERYBODY] if all_users else [],
            "--user": user,
            "--store": store,
            "--skip": skip,
            "--search": [str(one) if sysroot is not None else outside.absolute(str(one)) for one in search],
            "--java-storepass-file": [*map(outside.absolute, java_storepass_file)],
        },
        {
            "--all-users": all_users and scope is not None,
            "--with-windows": with_windows,
            "--run-image-tool": run_image_tool,
        },
    )
    finish(outside, output, report, None, strict=strict, inputs=(), options=options, asked=exit_code)
