"""`trustinstall apply` and `trustinstall export`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, finish_repair, installer_for, outside_host, tell_error
from trustinstall.cli.ended import take_out_ended

DeclaredIn = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="A document, a directory of them, or - (default: the configuration's)."),
]
Prune = Annotated[
    bool,
    o.general("--prune", help="Remove what it asked for before, and does not name any more."),
]
Form = Annotated[
    Literal["trust.toml", "trust.json"],
    o.general("--format", metavar="trust.toml|trust.json", help="The form of the document."),
]


def apply(
    document: DeclaredIn = None,
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006  typer copies it
    sysroot: o.Sysroot = None,
    *,
    prune: Prune = False,
    dry_run: o.DryRun = False,
    exit_code: o.ExitCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Apply a document: a file in TOML or JSON, a directory of such files, or - for standard input."""
    from trustinstall.declared import apply as applying
    from trustinstall.declared import difference, loading, unmatched
    from trustinstall.declared.mistakes import Mistakes
    from trustinstall.reporting import repair_report

    output = Output(json=json, quiet=quiet, verbose=verbose)
    try:
        declaration = loading.load(outside_host(), document)
    except Mistakes as mistakes:
        if json:
            raise
        for one in mistakes.found:
            tell_error(one.sentence)
        tell_error(f"{mistakes.count}; nothing was changed")
        raise typer.Exit(mistakes.exit_code) from None
    installer = installer_for(output, sysroot, java_storepass_file)
    declaration = applying.compared(installer, declaration)
    report = applying.apply(installer, declaration, prune=prune, dry_run=dry_run)
    notes = (*declaration.notes, *unmatched.notes(installer, declaration, dry_run=dry_run))
    ahead = repair_report.notes(output.page, notes)
    if dry_run:
        ahead += repair_report.differences(output.page, difference.differences(installer, declaration, prune=prune))
    finish_repair(installer.host, output, replace(report, notes=notes), ahead, asked=exit_code)


def export(
    form: Form = "trust.toml",
    sysroot: o.Sysroot = None,
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Print the present state as a document for `apply`."""
    from trustinstall.declared import exporting

    output = Output(json=json, quiet=quiet, verbose=False)
    installer = installer_for(output, sysroot, ())
    take_out_ended(installer)
    if json:
        from trustinstall.reporting import json_report

        output.write(json_report.exported(installer.host, exporting.as_json(installer)))
        raise typer.Exit
    output.write(exporting.as_toml(installer) if form == "trust.toml" else exporting.as_json(installer))
